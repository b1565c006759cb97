"""What all suites share: the lanes they run on, and what an error has to say."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic

import pytest

from bench.errors import InstrumentError
from bench.testing.desk import Check, Desk, Device, Driver, Played, on_desk

LONGEST_SILENCE_NS = 120_000_000_000


class InstrumentSuite(Generic[Driver, Played]):
    """The promises of every instrument. Not collected by itself: a subclass named Test… is."""

    lanes: ClassVar[Sequence[Any]] = ("simulated",)
    """Where it is run; SERIAL_LANES or CAN_LANES add real time. May hold `pytest.param("tcp", marks=…)`."""
    torn_lanes: ClassVar[Sequence[Any]] = ("simulated",)
    """Where the plug is pulled."""
    told: ClassVar[Mapping[str, str]] = {}
    """What the error of a case has to say: regular expressions. Keys: torn, and those that a suite names."""

    def device(self) -> Device[Driver, Played]:
        """Your driver, and your simulator opposite it."""
        raise NotImplementedError(f"{type(self).__name__}.device: expected a method that returns a Device")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        for name, lanes in (("lane", self.lanes), ("torn_lane", self.torn_lanes)):
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, lanes)

    def says(self, case: str) -> str:
        return self.told.get(case, ".")

    def hold(self, check: Check[Driver, Played], lane: str = "simulated") -> None:
        """Run `check` on a desk with the device."""
        on_desk(self.device(), lane, check)

    def hold_opposite_nobody(self, check: Check[Driver, None]) -> None:
        """Run `check` with the driver on a line on which nobody answers."""
        device, nobody = self.device(), lambda _end, _clock: None
        on_desk(
            Device(drive=device.drive, play=nobody, on_can=device.on_can, baud=device.baud),
            "simulated",
            check,
        )

    async def ask(self, driver: Driver) -> object:
        """Something that only the instrument can answer."""
        raise NotImplementedError

    def test_a_torn_line_is_an_error(self, torn_lane: str) -> None:
        async def check(desk: Desk[Driver, Played]) -> None:
            await self.ask(desk.driver)
            desk.tear()
            with pytest.raises(InstrumentError, match=self.says("torn")):
                await self.ask(desk.driver)

        self.hold(check, torn_lane)

    def test_silence_is_an_error_in_time(self) -> None:
        async def check(desk: Desk[Driver, None]) -> None:
            with pytest.raises(InstrumentError):
                await self.ask(desk.driver)
            assert desk.clock.now_ns() < LONGEST_SILENCE_NS, "a driver gives up within two minutes"

        self.hold_opposite_nobody(check)


class SwitchedOff(InstrumentSuite[Driver, Played]):
    """An instrument with outputs: it has a `safe`."""

    async def safe(self, driver: Driver) -> None:
        raise NotImplementedError

    def test_silence_is_never_called_safe(self) -> None:
        async def check(desk: Desk[Driver, None]) -> None:
            with pytest.raises(InstrumentError):
                await self.safe(desk.driver)

        self.hold_opposite_nobody(check)

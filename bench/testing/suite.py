"""What all suites share: the lanes they run on, what an error has to say, and what a simulator can be asked to do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, NoReturn, Protocol, runtime_checkable

import pytest

from bench.errors import InstrumentError
from bench.testing.desk import Check, Desk, Device, Driver, Played, on_desk

LONGEST_SILENCE_NS = 120_000_000_000
FORGOTTEN_NS = 10_000_000_000  # what was heard so long ago names nobody who is there now


@runtime_checkable
class Sticking(Protocol):
    """A simulator of which something can be stuck."""

    def stick(self, number: int, now_ns: int) -> None:
        """From `now_ns` on, relay, cell or output `number` (from 1) stays as it is. Orders to it are acknowledged
        and not followed, and its readback tells its true state.

        In a monitor or sensor (number 1) the settings stay.
        """


@runtime_checkable
class Ailing(Protocol):
    """A simulator that can fail as an instrument that knows it does."""

    def ail(self) -> None:
        """From now on its readings carry its error, and its self-test finds one."""


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

    def unproven(self, hook: str) -> NoReturn:
        """What a promise needs that the simulator has not: a skip that names it."""
        pytest.skip(f"{type(self).__name__}: its simulator has no method {hook}: this promise is not proven")

    def stick(self, sim: Played, number: int, now_ns: int) -> None:
        """See `Sticking`. Override it where your simulator does so by another name."""
        if not isinstance(sim, Sticking):
            self.unproven("stick")
        sim.stick(number, now_ns)

    def ail(self, sim: Played) -> None:
        """See `Ailing`. Override it where your simulator does so by another name."""
        if not isinstance(sim, Ailing):
            self.unproven("ail")
        sim.ail()

    async def _refused(self, verb: Awaitable[object]) -> bool:
        try:
            await verb
        except InstrumentError:
            return True
        return False

    def identify(self, driver: Driver) -> Awaitable[str]:
        raise NotImplementedError

    def verbs(self) -> Mapping[str, Callable[[Driver], Awaitable[object]]]:
        """What the instrument has to answer, or it is not done."""
        return {"identify": self.identify}

    async def ask(self, driver: Driver) -> object:
        """Something that only the instrument can answer."""
        raise NotImplementedError

    def test_nothing_is_done_by_nobody(self) -> None:
        for name, verb in self.verbs().items():
            self._refused_by_nobody(name, verb)

    def _refused_by_nobody(self, name: str, verb: Callable[[Driver], Awaitable[object]]) -> None:
        async def check(desk: Desk[Driver, None]) -> None:
            assert await self._refused(verb(desk.driver)), f"{name}: done, and nobody has answered"

        self.hold_opposite_nobody(check)

    def test_a_name_comes_over_the_line_each_time(self) -> None:
        async def check(desk: Desk[Driver, Played]) -> None:
            assert await self.identify(desk.driver)
            desk.tear()
            await desk.clock.sleep_until(desk.clock.now_ns() + FORGOTTEN_NS)
            with pytest.raises(InstrumentError):
                await self.identify(desk.driver)

        self.hold(check)

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

"""What every firmware behind the stepped protocol promises: the bench's time is its only one, and it begins again."""

import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from bench.dut.stepped import SteppedProcess
from bench.links.legal import FD_LENGTHS, no_can_frame
from bench.trace.events import CanFrame
from bench.units import NS_PER_S

Said = list[tuple[int, str, CanFrame]]
"""(ns since power-on or reset, channel, frame)."""

_BORN_NS = 1_234_567  # no multiple of any base task
_PAUSE_S = 0.3


class SteppedSuite:
    """A program that `start = "stepped"` begins. A subclass names its `command` and `channels`."""

    command: ClassVar[Sequence[str]] = ()
    channels: ClassVar[Sequence[str]] = ("vehicle",)
    folder: ClassVar[Path] = Path()
    steps: ClassVar[int] = 200
    """Within so many base tasks it says something."""
    heard: ClassVar[Sequence[tuple[str, CanFrame]]] = ()
    """What it hears before every step: frames without which it would say nothing."""
    answer_ns: ClassVar[int] = 10 * NS_PER_S
    stores: ClassVar[bool] = False
    """True: what it says after a reset depends on what it stored before, and is not compared."""

    @contextmanager
    def begun(self) -> Iterator[SteppedProcess]:
        """A process without supply."""
        assert self.command, f"{type(self).__name__}.command: expected the words that start it"
        firmware = SteppedProcess(self.command, self.channels, self.folder, self.answer_ns)
        try:
            firmware.begin()
            yield firmware
        finally:
            firmware.end()

    def run(self, firmware: SteppedProcess, from_ns: int, pauses: int = 0) -> Said:
        """All that it says in `steps` base tasks from `from_ns` on. pauses: of real time, spread over them."""
        said: Said = []
        for turn in range(self.steps):
            if pauses and turn % (self.steps // pauses) == 0:
                select.select([], [], [], _PAUSE_S / pauses)
            now_ns = from_ns + turn * firmware.period_ns
            for channel, frame in self.heard:
                firmware.receive(now_ns, channel, frame)
            said += [(now_ns - from_ns, channel, frame) for channel, frame in firmware.step(now_ns)]
        return said

    def after_boot(self, pauses: int = 0) -> Said:
        with self.begun() as firmware:
            firmware.power_on(_BORN_NS)
            return self.run(firmware, _BORN_NS, pauses)

    def test_it_speaks_within_its_steps(self) -> None:
        assert self.after_boot(), f"not a frame in {self.steps} steps: nothing else could be compared"

    def test_it_sends_frames_that_a_bus_can_carry(self) -> None:
        wrong = [
            f"at {at_ns} ns: {why}" for at_ns, _, frame in self.after_boot() if (why := no_can_frame(frame))
        ]
        assert not wrong, wrong[:3]

    def test_two_processes_that_hear_the_same_say_the_same(self) -> None:
        assert self.after_boot() == self.after_boot(), "it draws lots, or reads what differs between two runs"

    def test_the_bench_time_is_its_only_one(self) -> None:
        assert self.after_boot() == self.after_boot(pauses=4), "the bench paused, and it says something else"

    def test_it_says_nothing_without_supply(self) -> None:
        with self.begun() as firmware:
            assert self.run(firmware, 0) == [], "it has no supply yet, and talks"
            born_ns = self.steps * firmware.period_ns
            firmware.power_on(born_ns)
            self.run(firmware, born_ns)
            off_ns = 2 * born_ns
            firmware.power_off(off_ns)
            assert self.run(firmware, off_ns) == [], "its supply is cut, and it talks"

    def test_it_starts_anew_with_its_supply(self) -> None:
        self._unless_it_stores()
        with self.begun() as firmware:
            firmware.power_on(_BORN_NS)
            first = self.run(firmware, _BORN_NS)
            now_ns = _BORN_NS + self.steps * firmware.period_ns
            firmware.power_off(now_ns)
            firmware.power_on(now_ns)
            assert self.run(firmware, now_ns) == first, "switched off and on, it goes on where it was"

    def test_it_starts_anew_with_its_reset(self) -> None:
        self._unless_it_stores()
        with self.begun() as firmware:
            firmware.power_on(_BORN_NS)
            first = self.run(firmware, _BORN_NS)
            now_ns = _BORN_NS + self.steps * firmware.period_ns
            firmware.pull_reset()
            assert self.run(firmware, now_ns) == first, "its reset was pulled, and it goes on where it was"

    def test_no_frame_ends_it(self) -> None:
        with self.begun() as firmware:
            firmware.power_on(_BORN_NS)
            for channel in self.channels:
                for turn, frame in enumerate(_strange()):
                    firmware.receive(_BORN_NS + turn, channel, frame)
            firmware.step(_BORN_NS + firmware.period_ns)
            assert firmware.alive()

    def test_it_ends_with_the_bench(self) -> None:
        with self.begun() as firmware:
            firmware.power_on(_BORN_NS)
            firmware.step(_BORN_NS)
            status = firmware.end()
            assert status == 0, f"its input ended, and it had to be ended ({status}); expected exit code 0"

    def _unless_it_stores(self) -> None:
        if self.stores:
            pytest.skip(f"{type(self).__name__}.stores: that it starts anew is not proven")


def _strange() -> Iterator[CanFrame]:
    """A thousand frames, of all lengths and kinds."""
    for can_id in range(0, 0x800, 16):
        for length in range(9):
            yield CanFrame(can_id, bytes(length))
    for length in sorted(FD_LENGTHS):
        yield CanFrame(0x1FFF_FFFF, b"\xff" * length, extended=True, fd=True, bitrate_switch=True)

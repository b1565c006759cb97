"""The house's own DUTs, held to the published suite."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.dut.adapter import AdaptedDut
from bench.dut.in_process import InProcessDut
from bench.dut.ports import Dut
from bench.dut.process import ProcessDut
from bench.links.simulated_can import SimulatedCanBus
from bench.testing import DutSuite
from bench.timing.clock import Clock, Timebase
from bench.timing.simulated import run_simulated
from bench.trace.events import CanFrame
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

TALKS = """
import sys, time
print("ready", flush=True)
while True:
    with open("said", "a") as file:
        file.write("x")
    time.sleep(0.005)
"""


class Whole:
    """The house's own bring every method that the suite asks for: no promise of theirs is left unproven."""

    def needs(self, hook: str) -> None:
        assert getattr(type(self), hook) is not getattr(DutSuite, hook), f"no method {hook}"


@pytest.mark.real_time
class TestProcess(Whole, DutSuite):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def dut(self, clock: Clock) -> Dut:
        made = ProcessDut([sys.executable, "-S", "-c", TALKS], "talker", folder=self.folder)

        self.pulls = 0

        async def pulled() -> None:
            self.pulls += 1

        made.reset_by = pulled
        return made

    def dead(self, clock: Clock) -> Dut:
        return ProcessDut([sys.executable, "-S", "-c", "raise SystemExit(3)"], "dead", folder=self.folder)

    async def kill(self, dut: Any) -> None:
        os.kill(dut.pid, signal.SIGKILL)

    def resets(self, dut: Dut) -> int:
        return self.pulls

    def said(self, dut: Dut) -> int:
        file = self.folder / "said"
        return file.stat().st_size if file.exists() else 0


class TestAdapted(TestProcess):
    """What an adapter brings, as the bench holds it."""

    def dut(self, clock: Clock) -> Dut:
        self.inner = super().dut(clock)
        return AdaptedDut(self.inner, "Acme")

    def dead(self, clock: Clock) -> Dut:
        return AdaptedDut(super().dead(clock), "Acme")

    async def kill(self, dut: Any) -> None:
        await super().kill(self.inner)


class Talker:
    period_ns = 10 * NS_PER_MS
    said = 0
    pulls = 0

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None: ...

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        self.said += 1
        return [("vehicle", CanFrame(0x100, bytes((self.said & 255,))))]

    def pull_reset(self) -> None:
        self.pulls += 1


class TestInProcess(Whole, DutSuite):
    """It lives as long as the bench: nothing kills it, and it always comes up."""

    def run(self, main: Any) -> Any:
        return run_simulated(main)

    def dut(self, clock: Any) -> Dut:
        bus = SimulatedCanBus(clock, Trace(timebase=Timebase.SIMULATED), "vehicle", 500_000)
        self.talker = Talker()
        return InProcessDut(clock, self.talker, {"vehicle": bus.node("dut")})

    def said(self, dut: Dut) -> int:
        return self.talker.said

    def resets(self, dut: Dut) -> int:
        return self.talker.pulls

    test_one_that_does_not_come_up_is_an_error = None  # type: ignore[assignment]
    test_one_that_dies_by_itself_is_not_alive = None  # type: ignore[assignment]

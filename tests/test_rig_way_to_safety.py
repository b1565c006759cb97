"""The way to the safe state is a row of steps, each on its own. `tests/harness` strikes them all."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness.errors import ORDINARY, RUDE
from harness.on_the_way import CUT_NS, cut_short, strike_clear

from bench.campaign.shots import shoot
from bench.instruments import virtual_cells
from bench.instruments.cell_emulator_sim import CellEmulatorSim
from bench.record.folder import RunFolder
from bench.record.shot import read_shot
from bench.rig.rig import Rig
from bench.rig.steps import Steps
from bench.scenario.prepare import Prepared
from bench.timing.clock import Phase
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import Kind
from bench.trace.facts import Fact
from bench.trace.mark import Mark
from bench.units import NS_PER_MS, NS_PER_S
from bench.verdict.result import Verdict
from bench.wiring.common import Wired


@pytest.fixture
def emulators(monkeypatch: pytest.MonkeyPatch) -> list[CellEmulatorSim]:
    made: list[CellEmulatorSim] = []

    class Kept(CellEmulatorSim):
        def __init__(self, *words: Any, **more: Any) -> None:
            super().__init__(*words, **more)
            made.append(self)

    monkeypatch.setattr(virtual_cells, "CellEmulatorSim", Kept)
    return made


@pytest.mark.parametrize("make", [*ORDINARY, *RUDE])
def test_one_step_takes_nothing_from_the_next(make: Callable[[], BaseException]) -> None:
    done: list[str] = []

    async def main(clock: SimulatedClock) -> list[str]:
        async def fails() -> None:
            await clock.sleep_until(5)
            raise make()

        async def works() -> None:
            await clock.sleep_until(clock.now_ns() + 5)
            done.append("worked")

        def fails_at_once() -> None:
            raise make()

        steps = Steps()
        assert not await steps.walk("first", fails, NS_PER_S)
        assert not steps.do("second", fails_at_once)
        assert await steps.walk("third", works, NS_PER_S)
        return steps.problems

    problems = run_simulated(main)
    assert done == ["worked"]
    assert [problem.partition(":")[0] for problem in problems] == ["first", "second"]


def test_a_step_that_hangs_and_does_not_heed_its_end_uses_up_its_own_patience_only() -> None:
    async def main(clock: SimulatedClock) -> tuple[list[str], int]:
        async def hangs() -> None:
            while clock.now_ns() < 100 * NS_PER_S:
                try:
                    await clock.sleep_until(100 * NS_PER_S)
                except asyncio.CancelledError:
                    continue

        steps = Steps()
        await steps.walk("a clear that hangs", hangs, 5 * NS_PER_S)
        return steps.problems, clock.now_ns()

    problems, now_ns = run_simulated(main)
    assert problems == ["a clear that hangs: not done within 5.000 s"]
    assert now_ns < 6 * NS_PER_S


def test_a_clear_that_hangs_delays_neither_the_outputs_nor_the_verdict(
    wired: Wired, prepared: dict[str, Prepared], emulators: list[CellEmulatorSim], tmp_path: Path
) -> None:
    off_ns: list[int] = []

    def watch(rig: Rig, *_: object) -> None:
        cut_short(rig, CUT_NS)
        strike_clear(rig, 0, None, [])

        def look(mark: Mark[Fact]) -> None:
            if mark.kind is Kind.STIMULUS_CONFIRMED:
                cut_ns = rig.clock.now_ns() + CUT_NS

                def is_off() -> None:
                    if not emulators[-1].is_on:
                        off_ns.append(rig.clock.now_ns() - cut_ns)

                rig.clock.every(10 * NS_PER_MS, Phase.OBSERVE, is_off, first_ns=cut_ns)

        rig.trace.on_mark(look)

    folder = RunFolder.create(tmp_path, "run", {})
    result = shoot(wired, prepared["open-wire-cell23"], 0, 1, 1, folder, watch)
    assert off_ns[0] < 500 * NS_PER_MS
    assert not emulators[-1].is_on
    assert result.judgement.verdict is Verdict.ERROR
    trace, _, _ = read_shot(folder.path / result.folder)
    assert [mark.kind for mark in trace.of_kind(Kind.FAULT_STUCK)]

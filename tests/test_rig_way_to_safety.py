"""The way to the safe state is a row of steps, each on its own. `tests/harness` strikes them all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from harness.errors import ORDINARY, RUDE
from harness.ground import ground, witnessed
from harness.on_the_way import CUT_NS, cut_short, strike_clear

from bench.instruments.scpi_cell_emulator import kind as emulator_kind
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim
from bench.record.folder import RunFolder
from bench.record.shot import read_shot
from bench.report.finding_words import reasons_words
from bench.rig.rig import Rig
from bench.rig.steps import Steps
from bench.running.shots import shoot
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

    monkeypatch.setattr(emulator_kind, "CellEmulatorSim", Kept)
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


@pytest.mark.parametrize("began_ns", [2_487_954_000, 22_487_954_000, 1_234_567_891, 700_000_001])
def test_a_step_that_hangs_ends_whatever_floats_make_of_its_instant(began_ns: int) -> None:
    """2.487954 s + 20 s − 20 s leaves 3.6e-15 s, for which the walker waited again and again."""

    async def main(clock: SimulatedClock) -> tuple[list[str], int]:
        await clock.sleep_until(began_ns)
        steps = Steps()
        await steps.walk("a clear that hangs", asyncio.get_running_loop().create_future, 20 * NS_PER_S)
        return steps.problems, clock.now_ns()

    problems, now_ns = run_simulated(main)
    assert problems == ["a clear that hangs: not done within 20.00 s"]
    assert now_ns == began_ns + 20 * NS_PER_S


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


def followed_badly(rig: Rig, after: int, then: Callable[[], Awaitable[None]]) -> None:
    """From its `after`-th command on the emulator does `then` in place of what it is told."""
    set_all, calls = rig.outputs.emulator.set_all, 0

    async def told(voltages_v: Sequence[float]) -> None:
        nonlocal calls
        calls += 1
        await (then() if calls > after else set_all(voltages_v))

    rig.outputs.emulator.set_all = told  # type: ignore[method-assign]


@pytest.mark.parametrize("scenario", ["ov-step-cell17", "ov-step-cell17--inside"])
def test_an_emulator_that_is_told_nothing_any_more_blames_the_bench_not_the_dut(
    wired: Wired, prepared: dict[str, Prepared], scenario: str
) -> None:
    """Its dead-man switches the outputs off, and the DUT rightly trips at 0 V."""

    async def hangs() -> None:
        await asyncio.get_running_loop().create_future()

    result = shoot(wired, prepared[scenario], 0, 1, 1, None, lambda rig, *_: followed_badly(rig, 3, hangs))
    assert result.judgement.verdict is Verdict.ERROR
    told = " | ".join(reasons_words(result.judgement))
    assert "the emulator was told nothing for" in told and "its dead-man has switched the outputs off" in told


def test_a_plant_that_is_no_longer_followed_ends_the_shot(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    """A task group takes a task that was cancelled for one that has ended well."""

    async def cancelled() -> None:
        raise asyncio.CancelledError

    quiet = prepared["ov-step-cell17--inside"]
    result = shoot(wired, quiet, 0, 1, 1, None, lambda rig, *_: followed_badly(rig, 3, cancelled))
    assert result.judgement.verdict is Verdict.ERROR
    assert "the plant is no longer followed" in " | ".join(reasons_words(result.judgement))


def test_other_outputs_go_off_at_once_beside_one_that_hangs_and_before_the_dut_is_stopped() -> None:
    where = ground("docs/benches/whole_desk.toml", "open-wire-cell23")
    off_ns: dict[str, int] = {}
    with witnessed() as witness:

        def watch(rig: Rig, *_: object) -> None:
            cut_short(rig, CUT_NS)
            cards = [side for side in witness.sides[0].sides if hasattr(side.driver, "safe")]

            async def hangs() -> None:
                await asyncio.get_running_loop().create_future()

            def kept(name: str, safe: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
                async def done() -> None:
                    await safe()
                    off_ns[name] = rig.clock.now_ns()

                return done

            cards[0].driver.safe = hangs
            for card in cards[1:]:
                card.driver.safe = kept(card.config.name, card.driver.safe)
            rig.dut.stop = hangs  # type: ignore[method-assign]
            rig.trace.on_mark(
                lambda mark: (
                    off_ns.setdefault("cut", mark.t_ns) and None
                    if mark.kind is Kind.STIMULUS_CONFIRMED
                    else None
                )
            )

        result = shoot(where.wired, where.one, 0, 1, 1, None, watch)
        assert result.judgement.verdict is Verdict.ERROR
        told = " | ".join(reasons_words(result.judgement))
    assert "wires_low: not off and read back within 10.00 s" in told and "the DUT's stop" in told
    assert {"wires_high", "supply"} <= set(off_ns)
    assert max(off_ns["wires_high"], off_ns["supply"]) - off_ns["cut"] < 5 * NS_PER_S

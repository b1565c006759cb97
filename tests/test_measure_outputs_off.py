"""No PASS without a confirmed safe state: the judgement itself asks for it, whatever the aim, stored or just fired."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.measure.finding.bench import SafeStateUnconfirmed
from bench.measure.measure import measure
from bench.measure.outputs_off import not_confirmed_safe
from bench.measure.plan import GapBound
from bench.record.codable import plan_from_dict
from bench.record.folder import RunFolder
from bench.record.shot import read_shot
from bench.report.finding_words import reasons_words
from bench.rig.rig import Rig
from bench.running.shots import judge_trace, shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.trace.facts import (
    Aborted,
    BenchBroke,
    Fact,
    FaultStuck,
    ObserversArmed,
    RunStarted,
    SafeStateMissed,
    SafeStateReached,
    StimulusCommanded,
)
from bench.trace.mark import Mark
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS
from bench.verdict.judge import judge
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

TRIP = "ov-step-cell17"
QUIET = "ov-step-cell17--inside"
REFUSED = "identity-missing"
STUCK = FaultStuck(fault="open_wire", owner="scenario engine", reason="the relay card is silent")


def trace_of(*facts: Fact) -> Trace:
    trace = Trace(timebase=Timebase.SIMULATED)
    for number, fact in enumerate(facts):
        trace.mark(number, fact, "rig")
    return trace


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ((), []),
        ((BenchBroke(reason="no such port"),), []),  # the rig could not even be built
        ((RunStarted(phase_ns=0), SafeStateReached(readback=True)), []),
        ((RunStarted(phase_ns=0),), ["nothing in the trace shows it"]),
        ((ObserversArmed(),), ["nothing in the trace shows it"]),
        ((RunStarted(phase_ns=0), SafeStateReached(readback=False)), ["nothing in the trace shows it"]),
        (
            (SafeStateReached(readback=True), RunStarted(phase_ns=0), Aborted(reason="by the user")),
            ["nothing in the trace shows it"],
        ),
        (
            (RunStarted(phase_ns=0), SafeStateReached(readback=True), StimulusCommanded(fault="x")),
            ["nothing in the trace shows it"],
        ),
        (
            (RunStarted(phase_ns=0), SafeStateMissed(problem="no answer"), SafeStateReached(readback=True)),
            ["no answer"],
        ),
        (
            (RunStarted(phase_ns=0), STUCK, SafeStateReached(readback=True)),
            ["open_wire of scenario engine is still on: the relay card is silent (fault stuck)"],
        ),
    ],
)
def test_what_confirms_a_safe_state(facts: tuple[Fact, ...], said: list[str]) -> None:
    assert [one.said for one in not_confirmed_safe(trace_of(*facts))] == said


def without_word(marks: list[Mark[Fact]]) -> list[Mark[Fact]]:
    return [mark for mark in marks if not isinstance(mark.fact, SafeStateReached)]


def not_read_back(marks: list[Mark[Fact]]) -> list[Mark[Fact]]:
    off = SafeStateReached(readback=False)
    return [mark._replace(fact=off) if isinstance(mark.fact, SafeStateReached) else mark for mark in marks]


def word_before_the_shot(marks: list[Mark[Fact]]) -> list[Mark[Fact]]:
    return [mark for mark in marks if isinstance(mark.fact, SafeStateReached)] + without_word(marks)


@pytest.mark.parametrize("change", [without_word, not_read_back, word_before_the_shot])
@pytest.mark.parametrize("scenario", [TRIP, QUIET, REFUSED])
def test_a_rig_left_without_a_word_about_its_outputs_passes_nothing(
    wired: Wired,
    prepared: dict[str, Prepared],
    scenario: str,
    change: Callable[[list[Mark[Fact]]], list[Mark[Fact]]],
) -> None:
    """The one thing a PASS may not lack, whatever else was seen; `judge` says so, and not only whoever calls it."""
    kept: list[Rig] = []
    one = prepared[scenario]
    passed = shoot(wired, one, 0, 1, 1, None, lambda rig, *_: kept.append(rig))
    assert passed.judgement.verdict is Verdict.PASS
    trace = kept[0].trace
    trace.marks[:] = change(trace.marks)
    measured, judgement = judge_trace(trace, one.plan, wired.databases)
    assert measured.unsafe == (SafeStateUnconfirmed(said="nothing in the trace shows it"),)
    assert judgement == judge(measured, one.plan)
    assert judgement.verdict is Verdict.ERROR
    assert "the rig's safe state is not confirmed: nothing in the trace shows it" in reasons_words(judgement)


def test_a_known_gap_needs_it_as_well(wired: Wired, prepared: dict[str, Prepared]) -> None:
    kept: list[Rig] = []
    one = prepared[TRIP]
    plan = replace(one.plan, fdti_budget_ns=2000 * NS_PER_MS, gap=GapBound(fdti_at_most_ns=3000 * NS_PER_MS))
    shoot(wired, one, 0, 1, 1, None, lambda rig, *_: kept.append(rig))
    trace = kept[0].trace
    assert judge(measure(trace, plan, wired.databases), plan).verdict is Verdict.GAP
    trace.marks[:] = without_word(trace.marks)
    assert judge(measure(trace, plan, wired.databases), plan).verdict is Verdict.ERROR


def test_a_stored_shot_is_asked_again(wired: Wired, prepared: dict[str, Prepared], tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "run", {})
    result = shoot(wired, prepared[TRIP], 0, 1, 1, folder)
    assert result.judgement.verdict is Verdict.PASS
    trace, plan, _ = read_shot(folder.path / result.folder)
    question = plan_from_dict(plan)
    assert judge_trace(trace, question, wired.databases) == (result.measurement, result.judgement)
    trace.marks[:] = without_word(trace.marks)
    assert judge_trace(trace, question, wired.databases)[1].verdict is Verdict.ERROR

"""How long a glitch was really shown, also where no value shows it, and on either clock."""

from dataclasses import replace
from pathlib import Path

import pytest
from test_measure_trace import DATABASE, DECODERS, MS, QUIET, shot

from bench.measure.finding.bench import GlitchTooLong
from bench.measure.measure import measure
from bench.measure.plan import Plan
from bench.running.load import load_rig, load_scenarios
from bench.scenario.model import Inject
from bench.timing.clock import Timebase
from bench.trace.facts import StimulusCleared, StimulusCommanded
from bench.trace.irregular import Irregular, Irregularity
from bench.trace.timeline import Trace
from bench.verdict.judge import judge
from bench.verdict.result import Verdict

NEXT = Irregularity(channel="vehicle", message="BMS_CellMinMax", what=Irregular.NEXT, signal="CellVoltageMax")
MISSING = replace(NEXT, what=Irregular.MISSING, signal=None, cycle_ns=20 * MS)


def glitched(*spans_ms: tuple[int, int], missing: tuple[int, int] = (0, 0)) -> Trace:
    """BMS_CellMinMax comes at 10, 30, 50 … ms. A trip is seen at 210 ms."""
    trace = shot(safe=None, dtc=None)
    trace.marks = [mark for mark in trace.marks if not isinstance(mark.fact, StimulusCommanded)]
    (closed,) = (trace.marks.pop(),)
    for begin_ms, end_ms in spans_ms:
        trace.mark(begin_ms * MS, StimulusCommanded(fault="x"), "engine")
        trace.mark(end_ms * MS, StimulusCleared(fault="x", owner="engine", why="by its owner"), "rig")
    trace.marks.append(closed)
    first, last = (one * MS for one in missing)
    asked = DATABASE["BMS_CellMinMax"].can_id
    trace.frames = [
        seen for seen in trace.frames if not (seen.frame.can_id == asked and first < seen.t_ns < last)
    ]
    return trace


def glitch_of(asked: Irregularity, under_ms: int) -> Plan:
    quiet = replace(QUIET, forbidden=(), confirm_by_readback=False)
    return replace(quiet, onset=(), onset_irregular=(asked,), glitch_under_ns=under_ms * MS)


def shown_ms(trace: Trace, plan: Plan) -> list[float]:
    found = measure(trace, plan, DECODERS)
    return [one.shown_ns / MS for one in found.doubts if isinstance(one, GlitchTooLong)]


@pytest.mark.parametrize("timebase", list(Timebase))
@pytest.mark.parametrize(
    ("spans_ms", "is_ms"),
    [
        (((100, 145),), 40),  # frames at 110 and 130 show it, that at 150 no longer
        (((100, 155),), 60),
        (((100, 145), (165, 225)), 60),  # two of them: the longer one counts, from 170 to 230
    ],
)
def test_what_no_value_shows_lasts_from_its_first_frame_to_the_first_after_it(
    timebase: Timebase, spans_ms: tuple[tuple[int, int], ...], is_ms: int
) -> None:
    trace = glitched(*spans_ms)
    trace.timebase = timebase
    assert shown_ms(trace, glitch_of(NEXT, is_ms)) == [is_ms]
    assert shown_ms(trace, glitch_of(NEXT, is_ms + 1)) == []
    plan = glitch_of(NEXT, is_ms)
    assert judge(measure(trace, plan, DECODERS), plan).verdict is Verdict.INCONCLUSIVE


def test_what_is_missing_lasts_from_when_it_was_due_to_when_it_came() -> None:
    trace = glitched((100, 160), missing=(90, 170))
    assert shown_ms(trace, glitch_of(MISSING, 60)) == [60], "due at 110 ms, came at 170"
    assert shown_ms(trace, glitch_of(MISSING, 61)) == []


def test_a_trip_under_a_glitch_that_was_short_enough_stays_a_fail() -> None:
    plan = glitch_of(NEXT, 41)
    found = judge(measure(glitched((100, 145)), plan, DECODERS), plan)
    assert found.verdict is Verdict.FAIL


def test_only_the_measured_step_is_the_glitch() -> None:
    """A load that was set before, and stays, is none."""
    trace = glitched((100, 145))
    trace.marks.insert(1, trace.marks[0]._replace(t_ns=20 * MS, fact=StimulusCommanded(fault="load", step=0)))
    trace.marks = [
        mark._replace(fact=StimulusCommanded(fault="x", step=1))
        if isinstance(mark.fact, StimulusCommanded) and mark.fact.fault == "x"
        else mark
        for mark in trace.marks
    ]
    plan = replace(glitch_of(NEXT, 40), onset_step=1)
    assert shown_ms(trace, plan) == [40]


def test_the_twin_of_a_later_step_measures_that_step() -> None:
    """The first step of ntc-stuck warms the cells; the sensor that stands still is the second injection."""
    root = Path(__file__).resolve().parents[1]
    wired = load_rig(root / "hil_config.toml", "simulated", "reference", None)
    found, _ = load_scenarios(wired, [root / "scenarios" / "measurement" / "ntc_stuck.toml"], None)
    steps = {one.scenario.twin_kind or "itself": one.plan.onset_step for one in found}
    glitches = [
        step.step
        for one in found
        for step in one.steps
        if one.scenario.twin_kind == "glitch" and isinstance(step, Inject) and step.duration_ns is not None
    ]
    assert steps["itself"] == steps["glitch"] == glitches[0] != 0

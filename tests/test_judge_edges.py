"""Edges on which a judge that is wrong by one sign, bound or name was not noticed by any other test."""

from dataclasses import replace
from pathlib import Path

import pytest
from sample_run import OVERVOLTAGE, latency, measurement, scenario, shot
from test_measure_trace import DECODERS, FAULT

from bench.measure.claim import Claim
from bench.measure.excused import longest_silence
from bench.measure.interval import Interval
from bench.measure.onset_spread import fdti_since_first, fdti_since_last
from bench.measure.plan import NOTHING
from bench.measure.questions import Question
from bench.measure.window import armed_window
from bench.timing.clock import Timebase
from bench.trace.events import CanFrame, FrameSeen
from bench.trace.facts import ObserversArmed, WindowClosed
from bench.trace.mark import Mark
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS
from bench.verdict.budgets import load_budgets
from bench.verdict.evidence import coverage_of
from bench.verdict.paired import pairs
from bench.verdict.result import Verdict

MS = NS_PER_MS


def test_frames_at_the_edges_of_the_window_belong_to_it() -> None:
    frames = [FrameSeen(t, "vehicle", CanFrame(1, b""), "dut") for t in (9, 10, 20, 21)]
    marks = [Mark(10, 0, "bench", ObserversArmed()), Mark(20, 0, "bench", WindowClosed())]
    window = armed_window(Trace(timebase=Timebase.SIMULATED, frames=frames, marks=marks, stamping={}))
    assert [seen.t_ns for seen in window.frames] == [10, 20]
    assert (window.late_ns, window.dut_waited_ns, window.faults) == (0, 0, ())


def test_no_time_holds_no_silence() -> None:
    assert longest_silence((), (5, 5), ()) == (0, 5)
    assert longest_silence((7,), (5, 10), ((7, 8),)) == (2, 5)


def test_a_latency_without_its_onset_stays_as_it_was_measured() -> None:
    found = replace(
        measurement(latency(100 * MS, 10 * MS), None),
        onset=None,
        onset_first=Interval(low_ns=1, high_ns=2),
        onset_last=Interval(low_ns=3, high_ns=4),
        detected=Interval(low_ns=500, high_ns=600),
    )
    assert fdti_since_first(found) == fdti_since_last(found) == found.fdti


def test_a_goal_without_a_source_of_its_hazard_names_none(tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "scenarios" / "budgets.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("hazard_source")]
    (tmp_path / "budgets.toml").write_text("\n".join(lines), encoding="utf-8")
    assert {one.hazard_source for one in load_budgets(tmp_path / "budgets.toml").values()} == {""}


@pytest.mark.parametrize(("cycles", "stood"), [(2, False), (3, True), (4, True)])
def test_a_flag_that_heals_is_told_in_three_frames_at_least(cycles: int, stood: bool) -> None:
    question = Question(FAULT, DECODERS)
    claim = Claim([question], replace(NOTHING, flag_stands=True, flag_heals=True))
    claim.hear(question, 1_000, b"", True, None)
    claim.hear(question, 1_000 + cycles * question.cycle_ns, b"", False, 0)
    assert (claim.standing(10**12) is not None) is stood


def test_another_code_in_turn_denies_when_it_has_come_round_three_times() -> None:
    question = Question(FAULT, DECODERS)
    claim = Claim([question], replace(NOTHING, flag_stands=True, in_turn=(FAULT,)))
    other = DECODERS["vehicle"].encode("BMS_Faults", CellOvervoltage=0).data
    claim.hear(question, 1, b"", True, None)
    stands = []
    for at in (2, 3, 4):
        claim.hear(question, at, other, False, None)
        stands.append(claim.stands)
    assert stands == [True, True, False]


def test_every_pair_of_which_one_shot_saw_nothing_is_counted() -> None:
    seen = [shot(k, Verdict.PASS, measurement(latency(100 * MS, MS), None)) for k in range(5)]
    blind = [shot(k, Verdict.PASS, measurement(None, None)) for k in range(3)]
    before = scenario("ov", "t", OVERVOLTAGE, seen, Verdict.PASS)
    after = scenario("ov", "t", OVERVOLTAGE, [*blind, *seen[3:]], Verdict.PASS)
    found = pairs(before, after, "FDTI")
    assert (len(found.both), found.alone) == (2, 3)


def test_fewer_shots_than_the_order_bound_nothing() -> None:
    assert [coverage_of(n, 0.95, order=3) for n in (0, 1, 2)] == [0.0, 0.0, 0.0]
    assert coverage_of(3, 0.95, order=3) > 0.0

"""Some shots are watched to the end of their window: what has opened stays open, and a result says how many were."""

from dataclasses import replace

import pytest
from test_measure_standing import STANDS
from test_measure_trace import DECODERS, MS, OPEN, of, shot
from told import told

from bench.measure.measure import measure
from bench.record.codable import decode, encode, plan_from_dict, plan_to_dict
from bench.report.finding_words import reasons_words
from bench.running.results import scenario_result
from bench.running.shots import shoot
from bench.running.watching import watched_to_the_end
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.trace.facts import Requested
from bench.verdict.judge import judge
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware

STAYS = replace(STANDS, stays=(OPEN,))  # open at 260 ms, held until 360, all counts until 460


def test_a_build_that_closes_again_fails_where_it_is_watched(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    mutant, trip = with_firmware(wired, "closes_again"), prepared["ov-step-cell17"]
    result = shoot(mutant, trip, 0, 59, 1, None)
    assert result.judgement.verdict is Verdict.FAIL
    said = "safe state was left unasked after the hold: ContactorPlusCommand == 0 no longer at"
    assert reasons_words(result.judgement)[0].startswith(said)
    assert result.measurement is not None and result.measurement.watched_to_end is True
    short = shoot(mutant, trip, 0, 59, 1, None, to_the_end=False)
    assert short.judgement.verdict is Verdict.PASS, "a shot that ends 100 ms after the hold cannot see it"
    assert short.measurement is not None and short.measurement.watched_to_end is False
    assert short.simulated_ns < result.simulated_ns - 1_000 * MS


@pytest.mark.parametrize("scenario", ["cell-drift", "sense-short-cell2", "vcu-late", "slow-opening"])
def test_what_follows_from_a_fault_that_is_left_as_it_is_fails_nobody(
    wired: Wired, prepared: dict[str, Prepared], scenario: str
) -> None:
    result = shoot(wired, prepared[scenario], 0, 59, 1, None)
    assert result.measurement is not None and result.measurement.watched_to_end is True
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)


def test_the_first_shot_and_one_by_the_seed_are_watched() -> None:
    seconds = set()
    for seed in range(20):
        watched = [index for index in range(59) if watched_to_the_end(seed, "ov-step-cell17", index, 59)]
        assert watched[0] == 0 and len(watched) == 2
        seconds.add(watched[1])
    assert len(seconds) > 10, "another seed, another shot"
    assert watched_to_the_end(1, "a", 0, 1)
    assert [watched_to_the_end(1, "a", index, 2) for index in range(2)] == [True, True]


def test_a_result_says_how_many_were_watched(wired: Wired, prepared: dict[str, Prepared]) -> None:
    trip = prepared["hvil-open-driving"]
    shots = [shoot(wired, trip, index, 5, 1, None) for index in range(5)]
    result = scenario_result(trip, shots, Timebase.SIMULATED, wired.profile)
    (note,) = [one for one in result.notes if "watched" in one]
    assert note.startswith("2 of 5 shots were watched to the end of the window of ")
    known = scenario_result(trip, shots[:1], Timebase.SIMULATED, wired.profile)
    assert not any("watched" in one for one in known.notes), "all of them were"


@pytest.mark.parametrize(
    ("reopen", "verdict"),
    [(None, Verdict.PASS), (380, Verdict.FAIL), (500, Verdict.FAIL), (590, Verdict.FAIL)],
)
def test_what_has_opened_stays_open_for_as_long_as_it_is_watched(
    reopen: int | None, verdict: Verdict
) -> None:
    found = of(shot(reopen=reopen), STAYS)
    assert judge(found, STAYS).verdict is verdict
    assert any("left unasked" in one for one in told(found.broken)) is (verdict is Verdict.FAIL)
    assert found.held is True, "the hold itself was over"
    old = replace(STANDS, stays=())
    assert judge(of(shot(reopen=reopen), old), old).verdict is Verdict.PASS, "a plan of a release before"


def test_what_the_bench_asks_for_after_the_hold_is_no_leaving() -> None:
    trace = shot(reopen=500)
    trace.mark(480 * MS, Requested(mode="drive", value=1), "engine")
    assert judge(of(trace, STAYS), STAYS).verdict is Verdict.PASS
    trace = shot(reopen=500)
    trace.mark(120 * MS, Requested(mode="drive", value=1), "engine")
    assert judge(of(trace, STAYS), STAYS).verdict is Verdict.FAIL, "asked for before it was safe"


def test_a_forbidden_report_counts_until_a_moment_after_the_hold() -> None:
    for closing, verdict in ((440, Verdict.FAIL), (480, Verdict.PASS)):
        assert judge(of(shot(closing=closing), STAYS), STAYS).verdict is verdict
    assert judge(of(shot(closing=480), replace(STAYS, flag_stands=False)), STAYS).verdict is Verdict.FAIL


def test_it_is_stored_with_plan_and_measurement(prepared: dict[str, Prepared]) -> None:
    plan = prepared["ov-step-cell17"].plan
    assert plan.stays and plan_from_dict(plan_to_dict(plan)) == plan
    assert not prepared["slow-opening"].plan.stays, "a warning goes with its cause"
    found = measure(shot(end=700), replace(STAYS, window_ns=600 * MS), DECODERS)
    assert found.watched_to_end is True
    stored = encode(found)
    assert decode(type(found), stored) == found
    del stored["watched_to_end"]
    assert decode(type(found), stored).watched_to_end is None

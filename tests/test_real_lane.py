"""The rule by which tests in real time judge a busy machine: it excuses lateness, and nothing else."""

from collections.abc import Callable

import pytest
from real_lane import MORE_SHOTS, Results, in_real_time

from bench.measure.finding.answer import NotDetected
from bench.measure.finding.base import Finding
from bench.measure.finding.bench import BenchLate, DutStarved
from bench.measure.finding.stimulus import NoOnset
from bench.measure.finding.times import Bound, Shrink, Straddles, Time
from bench.measure.interval import BENCH_LATENESS
from bench.record.codable import encode
from bench.report.finding_words import finding_words
from bench.units import NS_PER_MS, NS_PER_S
from bench.verdict.result import Judgement, Verdict

LATE = DutStarved(
    message="IO_Contactors", gap_ns=130 * NS_PER_MS, since_arming_ns=0, tolerated_ns=100 * NS_PER_MS
)
STILL = BenchLate(late_ns=70 * NS_PER_MS, limit_ns=50 * NS_PER_MS)
MISSED = NotDetected(window_ns=NS_PER_S)


def straddles(term: str) -> Straddles:
    return Straddles(
        time=Time.FDTI,
        bound=Bound.BUDGET,
        low_ns=2_680 * NS_PER_MS,
        high_ns=2_720 * NS_PER_MS,
        bound_ns=2_700 * NS_PER_MS,
        excess_ns=20 * NS_PER_MS,
        shrink=(Shrink(term=term, width_ns=40 * NS_PER_MS, by_ns=20 * NS_PER_MS),),
        all_terms_ns=40 * NS_PER_MS,
    )


STRADDLES = straddles("DUT reporting cycle")


def lane(*rounds: list[tuple[str, Finding | None]]) -> tuple[Callable[[int], Results], list[int]]:
    """A lane of one scenario that says these (verdict, reason) at its first run, its second, ..., and its calls."""
    asked: list[int] = []

    def run(shots: int) -> Results:
        asked.append(shots)
        said = rounds[len(asked) - 1]
        judgements = [Judgement.of(Verdict[v], *([why] if why is not None else [])) for v, why in said]
        return {"one": {"shots": [{"judgement": encode(one)} for one in judgements]}}

    return run, asked


def test_a_decisive_shot_is_enough_and_one_that_was_late_is_excused() -> None:
    run, asked = lane([("PASS", None), ("INCONCLUSIVE", LATE), ("INCONCLUSIVE", straddles(BENCH_LATENESS))])
    in_real_time(run)
    assert asked == [1]


@pytest.mark.parametrize(
    "said", [("FAIL", LATE), ("INCONCLUSIVE", STRADDLES), ("ERROR", NoOnset()), ("BLOCKED", None)]
)
def test_nothing_else_is_excused(said: tuple[str, Finding | None]) -> None:
    run, _ = lane([("PASS", None), said])
    with pytest.raises(AssertionError):
        in_real_time(run)


def test_a_broken_firmware_must_not_pass_but_may_be_undecided() -> None:
    run, _ = lane([("FAIL", MISSED), ("INCONCLUSIVE", LATE)])
    in_real_time(run, right="FAIL", wrong="PASS")
    run, _ = lane([("FAIL", MISSED), ("PASS", None)])
    with pytest.raises(AssertionError):
        in_real_time(run, right="FAIL", wrong="PASS")


def test_a_lane_that_decided_nothing_is_repeated_once_with_more_shots_and_both_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, asked = lane([("INCONCLUSIVE", LATE)], [("INCONCLUSIVE", STILL), ("PASS", None)])
    in_real_time(run)
    assert asked == [1, MORE_SHOTS]
    printed = capsys.readouterr().out
    assert finding_words(LATE) in printed and "70.0 ms late" in printed and "one: PASS" in printed
    run, asked = lane([("INCONCLUSIVE", LATE)], [("FAIL", MISSED)])
    with pytest.raises(AssertionError):
        in_real_time(run)


def test_a_lane_that_decided_nothing_twice_has_shown_nothing_and_says_so() -> None:
    run, asked = lane([("INCONCLUSIVE", LATE)], [("INCONCLUSIVE", LATE)])
    with pytest.raises(pytest.skip.Exception, match="too busy for real time"):
        in_real_time(run)
    assert asked == [1, MORE_SHOTS]

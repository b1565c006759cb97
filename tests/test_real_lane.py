"""The rule by which tests in real time judge a busy machine: it excuses lateness, and nothing else."""

from collections.abc import Callable

import pytest
from real_lane import MORE_SHOTS, Results, in_real_time

LATE = "the bench was late with IO_Contactors: 130 ms without one; the DUT tolerates 100 ms"
STRADDLES = "FDTI [2.68 s, 2.72 s] straddles the budget 2.70 s: 'DUT reporting cycle' (20 ms) is widest"


def lane(*rounds: list[tuple[str, str]]) -> tuple[Callable[[int], Results], list[int]]:
    """A lane of one scenario that says these (verdict, reason) at its first run, its second, ..., and its calls."""
    asked: list[int] = []

    def run(shots: int) -> Results:
        asked.append(shots)
        said = rounds[len(asked) - 1]
        return {"one": {"shots": [{"judgement": {"verdict": v, "reasons": [why]}} for v, why in said]}}

    return run, asked


def test_a_decisive_shot_is_enough_and_one_that_was_late_is_excused() -> None:
    run, asked = lane([("PASS", ""), ("INCONCLUSIVE", LATE)])
    in_real_time(run)
    assert asked == [1]


@pytest.mark.parametrize(
    "said", [("FAIL", LATE), ("INCONCLUSIVE", STRADDLES), ("ERROR", "no onset"), ("BLOCKED", "")]
)
def test_nothing_else_is_excused(said: tuple[str, str]) -> None:
    run, _ = lane([("PASS", ""), said])
    with pytest.raises(AssertionError):
        in_real_time(run)


def test_a_broken_firmware_must_not_pass_but_may_be_undecided() -> None:
    run, _ = lane([("FAIL", "too late"), ("INCONCLUSIVE", LATE)])
    in_real_time(run, right="FAIL", wrong="PASS")
    run, _ = lane([("FAIL", "too late"), ("PASS", "")])
    with pytest.raises(AssertionError):
        in_real_time(run, right="FAIL", wrong="PASS")


def test_a_lane_that_decided_nothing_is_repeated_once_with_more_shots_and_both_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, asked = lane(
        [("INCONCLUSIVE", LATE)], [("INCONCLUSIVE", "the bench was 70 ms late"), ("PASS", "in time")]
    )
    in_real_time(run)
    assert asked == [1, MORE_SHOTS]
    printed = capsys.readouterr().out
    assert LATE in printed and "70 ms late" in printed and "PASS in time" in printed
    run, asked = lane([("INCONCLUSIVE", LATE)], [("FAIL", "the DUT missed it")])
    with pytest.raises(AssertionError):
        in_real_time(run)


def test_a_lane_that_decided_nothing_twice_has_shown_nothing_and_says_so() -> None:
    run, asked = lane([("INCONCLUSIVE", LATE)], [("INCONCLUSIVE", LATE)])
    with pytest.raises(pytest.skip.Exception, match="too busy for real time"):
        in_real_time(run)
    assert asked == [1, MORE_SHOTS]

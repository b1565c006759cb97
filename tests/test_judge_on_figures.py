"""Verdicts, budgets and statistics where no other test of the judge looks: at their edges, by known values."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sample_run import latency, measurement, sample_run
from test_measure_trace import FAULT, MS, PLAN

from bench.config.lag import Lag
from bench.config.user_file import MOST_TOML_BYTES
from bench.errors import ConfigError
from bench.measure.finding.base import Blame, Since, When
from bench.measure.finding.bench import BenchLate
from bench.measure.finding.closed_set import FINDINGS
from bench.measure.finding.life import SilentTooLong
from bench.measure.interval import Reaction
from bench.measure.lagging import REPORT_LAG, lag_term
from bench.measure.plan import NOTHING, OLD_REFUSE, Aim, GapBound
from bench.measure.stood import Stood
from bench.verdict import gap
from bench.verdict.budgets import load_budgets
from bench.verdict.codes import judge_code
from bench.verdict.compare import why_not_comparable
from bench.verdict.enough import _for_a_late_tail, _for_an_alarm
from bench.verdict.extremes import _anderson_darling, _growth, _pareto
from bench.verdict.gap import NAMEABLE, up_to_the_gap
from bench.verdict.judge import judge
from bench.verdict.proportion import shots_for, upper_bound
from bench.verdict.reaction import judge_reactions
from bench.verdict.result import Verdict
from bench.verdict.shift import Shift

SCENARIOS = Path(__file__).parents[1] / "scenarios"


# --- known gaps ---


def test_a_gap_may_name_what_is_held_against_a_dut_and_nothing_else() -> None:
    may = gap._nameable()
    assert may == set(NAMEABLE)
    assert {"too-late", "dut-restarted", "nuisance-trip"} <= may
    assert all(FINDINGS[code].blame is Blame.DUT for code in may)
    not_the_duts = {code for code, kind in FINDINGS.items() if kind.blame is not Blame.DUT}
    assert not_the_duts and not not_the_duts & may


def test_what_is_known_to_be_late_is_known_to_begin_late() -> None:
    slow = Reaction(latency=latency(500 * MS, MS), floor_ns=0, ceiling_ns=100 * MS)
    found = replace(measurement(latency(100 * MS, MS), latency(400 * MS, MS)), reactions=(slow,))
    allowed, _ = up_to_the_gap(found, PLAN, GapBound(fhti_at_most_ns=900 * MS))
    assert [one.ceiling_ns for one in allowed.reactions] == [None]
    kept, _ = up_to_the_gap(found, PLAN, GapBound(never=True))
    assert [one.ceiling_ns for one in kept.reactions] == [100 * MS]


def test_a_gap_that_is_never_seen_covers_a_miss_and_nothing_that_was_detected() -> None:
    plan = replace(PLAN, gap=GapBound(never=True), dtc_test=None)
    missed = measurement(None, None)
    assert judge(missed, plan).verdict is Verdict.GAP
    assert judge(missed, replace(plan, gap=None)).verdict is Verdict.FAIL


# --- verdicts ---


def test_silence_alone_is_excused_by_a_machine_without_a_processor_and_nothing_else_is() -> None:
    silent = SilentTooLong(
        message="BMS_State", gap_ns=90 * MS, allowed_ns=50 * MS, since=When(offset_ns=0, since=Since.ONSET)
    )
    quiet = replace(
        NOTHING, aim=Aim.MUST_NOT_TRIP, detection=(FAULT,), heard=(("vehicle", "BMS_State", 50 * MS),)
    )
    starved = replace(
        measurement(None, None), silent=(silent,), excuses=(BenchLate(late_ns=80 * MS, limit_ns=50 * MS),)
    )
    assert judge(starved, quiet).verdict is Verdict.INCONCLUSIVE
    assert judge(replace(starved, excuses=()), quiet).verdict is Verdict.FAIL
    tripped = replace(starved, detected=starved.onset)
    assert judge(tripped, quiet).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("occurrences", "stood", "fails", "open_"),
    [
        (4, Stood(status=0x09, occurrences=3), [], []),
        (3, Stood(status=0x09, occurrences=3), ["dtc-not-stored-anew"], []),
        (None, Stood(status=0x09, occurrences=3), [], ["dtc-status-stood"]),
        (3, Stood(status=0x00, occurrences=3), [], []),  # its bits are new
        (255, Stood(status=0x09, occurrences=255), [], ["dtc-status-stood"]),  # a full counter tells nothing
        (None, Stood(status=None), [], []),
    ],
)
def test_whether_a_code_was_stored_anew(
    occurrences: int | None, stood: Stood, fails: list[str], open_: list[str]
) -> None:
    found = replace(
        measurement(latency(1, 1), None), dtc_status=0x09, dtc_occurrences=occurrences, dtc_stood=stood
    )
    failed: list[object] = []
    left_open: list[object] = []
    plan = replace(PLAN, dtc_status=("confirmed",))
    judge_code(found, plan, failed, left_open)  # type: ignore[arg-type]
    assert [one.code for one in failed] == fails  # type: ignore[attr-defined]
    assert [one.code for one in left_open] == open_  # type: ignore[attr-defined]


def test_a_lag_is_a_term_with_its_width_and_says_where_nobody_gave_its_source() -> None:
    given = replace(FAULT, lag=Lag(low_ns=0, high_ns=20 * MS, source="its data sheet"))
    assert [(one.name, one.width_ns, one.note) for one in lag_term(given, 5 * MS)] == [
        (REPORT_LAG, 5 * MS, "its data sheet")
    ]
    assumed = replace(FAULT, lag=Lag(low_ns=0, high_ns=20 * MS, source=""))
    assert [one.name for one in lag_term(assumed, 5 * MS)] != [REPORT_LAG]
    assert lag_term(given, 0) == lag_term(FAULT, 5 * MS) == ()


def test_an_aim_has_one_older_word_and_no_other() -> None:
    assert Aim(OLD_REFUSE) is Aim.MUST_REFUSE
    with pytest.raises(ValueError, match="must_dance"):
        Aim("must_dance")


# --- budgets ---


def budgets(tmp_path: Path, *goals: str) -> str:
    path = tmp_path / "budgets.toml"
    path.write_text("\n".join(goals), encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_budgets(path)
    return str(wrong.value)


def goal(name: str, **other: str) -> str:
    rows = {
        "title": '"t"', "asil": '"C"', "ftti": '"900 ms"', "fdti": '"500 ms"', "frti": '"100 ms"',
        "safe_state": '"open"', "latched": "true", "provenance": '"p"',
    }  # fmt: skip
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in {**rows, **other}.items())])


@pytest.mark.parametrize(
    ("key", "value"), [("fdti", "0 s"), ("fhti", "0 s"), ("fhti", "901 ms"), ("fhti", "5 ms")]
)
def test_a_time_that_is_none_is_told_with_goal_and_key(tmp_path: Path, key: str, value: str) -> None:
    told = budgets(tmp_path, goal("SG-A", **{key: f'"{value}"'}))
    assert f"SG-A.{key}" in told and "expected" in told and len(told.splitlines()) == 1
    assert not value.startswith("0") or "above 0" in told


def test_every_goal_with_a_mistake_has_a_line_of_its_own(tmp_path: Path) -> None:
    told = budgets(tmp_path, goal("SG-A", fdti='"0 s"'), goal("SG-B", fhti='"0 s"'), goal("SG-C"))
    first, second = told.splitlines()
    assert "SG-A.fdti" in first and "SG-B.fhti" in second


def test_a_file_of_goals_is_no_larger_than_any_other_file_of_a_user(tmp_path: Path) -> None:
    (tmp_path / "goal.toml").write_text(goal("SG-A"), encoding="utf-8")
    assert set(load_budgets(tmp_path / "goal.toml")) == {"SG-A"}
    told = budgets(tmp_path, goal("SG-A"), "#" * (MOST_TOML_BYTES + 1))
    assert "budgets.toml" in told and "more than 2 MiB" in told and "expected" in told


# --- statistics ---


def test_the_fewest_shots_are_those_at_which_the_bound_is_reached_and_not_one_less() -> None:
    for share in (0.01, 0.3, 0.5, 0.9, 0.99):
        for failures in (0, 1, 7):
            n = shots_for(share, 0.95, failures)
            assert 1.0 - upper_bound(failures, n) >= share
            assert n == failures + 1 or 1.0 - upper_bound(failures, n - 1) < share


def test_anderson_and_darling_of_an_exponential_sample_by_its_textbook_sum() -> None:
    sample = np.sort(-np.log((np.arange(1, 41) - 0.5) / 40)) * 7.0
    below = [1 - math.exp(-x / 7.0) for x in sample]
    n = len(below)
    wanted = (
        -n - sum((2 * i + 1) * (math.log(below[i]) + math.log(1 - below[n - 1 - i])) for i in range(n)) / n
    )
    assert _anderson_darling(sample, 0.0, 7.0) == pytest.approx(wanted, rel=1e-9)
    assert _anderson_darling(sample, 0.0, 7.0) < 1 < _anderson_darling(sample, 0.0, 70.0)


def test_the_heaviest_tail_and_none_at_all() -> None:
    assert _pareto([0.0, 0.0, 0.0, 8.0]) == (-2 + 1.0, 0.0)
    assert _pareto([4.0, 4.0, 4.0]) == (-0.5, 2.0)  # no spread, no such distribution


def shifted(**other: object) -> Shift:
    usual: dict[str, object] = {
        "shift_ns": 10.0, "low_ns": -5.0, "high_ns": 25.0, "tails": (), "tail_shift_ns": 0.0, "resolution_ns": 0.0,
        "p_location": 0.2, "p_tail": 0.5, "latest": (0, 4), "n_base": 30, "n_new": 30,
    }  # fmt: skip
    return Shift(**{**usual, **other})  # type: ignore[arg-type]


def test_more_tests_ask_for_more_shots_and_one_test_for_what_one_needs() -> None:
    one, two, many = (_for_an_alarm(shifted(), 30.0, tests, 0.05) for tests in (1, 2, 40))
    assert one < two < many
    assert one == _for_an_alarm(shifted(), 30.0, 0, 0.05)
    z = 1.959964 + 0.84
    assert one == math.ceil(math.ceil(30.0 * (15.0 / 1.959964 * z / 10.0) ** 2 * 1.2 - 1e-9))


def test_a_late_tail_needs_fewer_shots_the_more_of_them_are_late() -> None:
    few, more = (_for_a_late_tail(shifted(latest=(0, late)), 1, 0.001) for late in (4, 8))
    assert few is not None and more is not None and 30 < more < few
    assert _for_a_late_tail(shifted(latest=(4, 4)), 1, 0.05) is None
    both = _for_a_late_tail(shifted(latest=(4, 12)), 1, 0.001)
    alone = _for_a_late_tail(shifted(latest=(0, 12)), 1, 0.001)
    assert both is not None and alone is not None and both > alone
    assert _for_a_late_tail(shifted(latest=(7, 8)), 1, 0.001) is None  # no number of shots that is near


def test_an_opening_that_is_too_late_is_told_with_both_ends_and_its_bound() -> None:
    slow = Reaction(latency=latency(500 * MS, MS), floor_ns=0, ceiling_ns=100 * MS)
    fails: list[object] = []
    left_open: list[object] = []
    judge_reactions((slow,), fails, left_open)  # type: ignore[arg-type]
    (late,) = fails
    assert (late.low_ns, late.high_ns, late.bound_ns) == (500 * MS, 501 * MS, 100 * MS)  # type: ignore[attr-defined]
    judge_reactions((replace(slow, ceiling_ns=500 * MS),), fails, left_open)  # type: ignore[arg-type]
    assert len(fails) == len(left_open) == 1


def test_runs_of_an_older_bench_need_the_same_bench_file() -> None:
    one = replace(sample_run(), hashes={"config": "a" * 64, "pack": "b" * 64})
    assert why_not_comparable(one, one) == ()
    other = replace(sample_run(), hashes={"config": "c" * 64, "pack": "b" * 64})
    assert [why.split(":")[0] for why in why_not_comparable(one, other)] == ["config"]
    rigs = [replace(sample_run(), hashes={"rig": "d" * 64, "config": file * 64}) for file in "ac"]
    assert why_not_comparable(*rigs) == ()


def test_how_far_the_tail_grows_by_shape() -> None:
    assert _growth(0.0, 100.0) == pytest.approx(math.log(100.0))
    assert _growth(1e-7, 100.0) == pytest.approx(math.log(100.0))
    assert _growth(0.5, 100.0) == pytest.approx((1 - 0.1) / 0.5)

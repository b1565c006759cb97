"""Figures that verdicts and ratings rest on, each held on its own, on either side of its bound."""

import dataclasses
import math
import statistics
from pathlib import Path

import pytest
from sample_run import OVERVOLTAGE, latency, measurement, sample_run, scenario, shot
from told import said

from bench.errors import ConfigError
from bench.measure.finding.scenario import Unjudged
from bench.measure.finding.times import Bound, Time
from bench.measure.interval import Interval
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS
from bench.verdict.budgets import lint_budgets, load_budgets
from bench.verdict.censored import quantile
from bench.verdict.decision import straddles
from bench.verdict.evidence import Claim, claim_words, evidence, tolerance_bounds
from bench.verdict.fmea import Earned, earn
from bench.verdict.pool import pool
from bench.verdict.proportion import shots_for
from bench.verdict.result import Judgement, RunResult, ShotResult, Verdict
from bench.verdict.sequential import Sprt, rate
from bench.verdict.statistics import conclude, latency_statistics, wilks_confidence, wilks_n

MS = NS_PER_MS
P, F, G, E = Verdict.PASS, Verdict.FAIL, Verdict.GAP, Verdict.ERROR


def shots_of(*verdicts: Verdict, latencies: list[Interval] | None = None) -> list[ShotResult]:
    if latencies is None:
        return [shot(k, one, None) for k, one in enumerate(verdicts)]
    of = [latency(one.low_ns, one.width_ns) for one in latencies]
    return [shot(k, one, measurement(x, x)) for k, (one, x) in enumerate(zip(verdicts, of, strict=True))]


def test_what_a_scenario_earns_is_told_with_every_figure() -> None:
    times = [Interval(low_ns=100 * MS, high_ns=110 * MS), Interval(low_ns=90 * MS, high_ns=105 * MS)] * 3
    made = scenario("ov", "t", OVERVOLTAGE, shots_of(P, P, F, G, E, P, latencies=times), F)
    found = earn(dataclasses.replace(made, operating_point="drive"))
    assert found == Earned(
        rating=8,
        scenario_id="ov",
        operating_point="drive",
        timebase=Timebase.SIMULATED,
        attempts=6,
        not_handled=3,
        undecided=1,
        lower=pytest.approx(0.153, abs=5e-4),  # Clopper and Pearson, 3 of 6, one-sided 95 %
        scatter=pytest.approx(20 / 3000),
        why=f"at least {found.lower * 100:.2f} % handled inside the FHTI",
        more=shots_for(0.60, 0.95, 3),
    )


def test_nothing_tried_earns_nothing_and_one_latency_does_not_scatter() -> None:
    none = earn(scenario("ov", "t", OVERVOLTAGE, [], Verdict.NONE))
    assert (none.rating, none.lower, none.scatter, none.attempts) == (10, 0.0, None, 0)
    assert none.why == "no detection was seen"
    one = earn(scenario("ov", "t", OVERVOLTAGE, shots_of(P, latencies=[Interval(low_ns=1, high_ns=2)]), P))
    assert (one.scatter, one.lower) == (None, pytest.approx(0.05))
    two = [Interval(low_ns=1 * MS, high_ns=2 * MS), Interval(low_ns=1 * MS, high_ns=4 * MS)]
    both = earn(scenario("ov", "t", OVERVOLTAGE, shots_of(P, P, latencies=two), P))
    assert both.scatter == pytest.approx(3 / 3000)


def spread_over(n: int, low_ms: float, high_ms: float, width_ms: float) -> list[Interval]:
    return [
        Interval(
            low_ns=round((low_ms if k % 2 else high_ms) * MS),
            high_ns=round(((low_ms if k % 2 else high_ms) + width_ms) * MS),
        )
        for k in range(n)
    ]


@pytest.mark.parametrize("width_ms", [0.0, 40.0, 400.0])
def test_a_rating_of_five_ends_where_the_deviation_that_the_intervals_allow_is_a_quarter_of_the_fhti(
    width_ms: float,
) -> None:
    n, limit_ms = 30, 0.25 * 3000
    half = math.sqrt(n * (width_ms / 2) ** 2 / (n - 1))
    for factor, rating in ((0.99, 5), (1.01, 6)):
        step = statistics.stdev([0.0, 1.0] * (n // 2))
        apart = (limit_ms * factor - half) / step
        made = scenario(
            "ov",
            "t",
            OVERVOLTAGE,
            shots_of(*[P] * n, latencies=spread_over(n, 100, 100 + apart, width_ms)),
            P,
        )
        assert earn(made).rating == rating, (width_ms, factor)


def test_scatter_of_a_tenth_of_the_fhti_ends_the_better_ratings_and_no_number_mends_it() -> None:
    for apart_ms, rating in ((299.0, 3), (300.0, 4)):
        made = scenario(
            "ov",
            "t",
            OVERVOLTAGE,
            shots_of(*[P] * 299, latencies=spread_over(299, 100, 100 + apart_ms, 0)),
            P,
        )
        found = earn(made)
        assert found.rating == rating
        assert (found.more is None) == (rating == 4)
    assert (
        found.lacks
        == "latencies within less than 10% of the FHTI, they scatter over 10%, which no number of attempts mends"
    )
    few = scenario("ov", "t", OVERVOLTAGE, shots_of(*[P] * 99, latencies=spread_over(99, 100, 400, 0)), P)
    assert earn(few).lacks.endswith("which no number of attempts mends and 299 attempts")
    narrow = scenario("ov", "t", OVERVOLTAGE, shots_of(*[P] * 99, latencies=spread_over(99, 100, 399, 0)), P)
    assert (earn(narrow).more, earn(narrow).lacks) == (299, "")


def test_what_attempts_support_counts_every_one_of_them() -> None:
    found = evidence(shots_of(P, P, F, G, E, Verdict.BLOCKED, P), Claim(coverage=0.9, confidence=0.8))
    assert (found.attempts, found.judged, found.failures, found.undecided) == (7, 5, 2, 2)
    from scipy.stats import beta

    assert found.failure_bound == pytest.approx(beta.ppf(0.8, 5, 3))
    words = claim_words(found)
    bound = math.ceil(found.failure_bound * 10_000) / 100
    assert words == (
        f"4 of 7 not handled: failure share below {bound:g} % with 80 % confidence; 90 % handled would need "
        f"{shots_for(0.9, 0.8, 4)} attempts with no further failure"
    )
    assert claim_words(evidence(shots_of(P), Claim())).endswith(
        "95 % handled would need 59 attempts with no failure"
    )
    assert claim_words(evidence(shots_of(*[P] * 59), Claim())).endswith(
        "the claim of 95 % handled is supported"
    )
    assert claim_words(evidence([], Claim())) == "nothing was tried"


def test_a_bound_of_an_order_needs_as_many_shots() -> None:
    three = [Interval(low_ns=k, high_ns=k + 2) for k in (30, 10, 20)]
    assert [one.order for one in tolerance_bounds(three[:2], Claim())] == [1, 2]
    found = tolerance_bounds(three, Claim())
    assert [(one.order, one.bound.low_ns, one.bound.high_ns) for one in found] == [
        (1, 30, 32),
        (2, 20, 22),
        (3, 10, 12),
    ]
    assert [one.shots_needed for one in found] == [59, 93, 124]
    assert wilks_confidence(1, 0.95, 2) == 0.0
    assert wilks_confidence(2, 0.95, 2) == pytest.approx(0.05**2)
    assert wilks_n(0.05, 0.5, 1) == 1 and wilks_n(0.05, 0.5, 3) == 3
    with pytest.raises(ValueError, match=r"50 % of 0 latencies: expected at least one"):
        quantile([], 50)
    with pytest.raises(ValueError, match=r"share 1: expected a number in \(0, 1\)"):
        shots_for(1)
    with pytest.raises(ValueError, match="confidence 1:"):
        shots_for(0.9, 1)


def test_statistics_have_every_quantile_of_the_proper_ends() -> None:
    of = [latency(k * MS, (k % 7) * 100) for k in range(1, 301)]
    found = latency_statistics(of, spread_p=0.25)
    assert found is not None
    assert (found.n, found.min_low_ns, found.spread_p) == (300, MS, 0.25)
    lows, highs = (sorted(end) for end in zip(*((one.interval.low_ns, one.interval.high_ns) for one in of)))
    for percent in (50, 95, 99):
        assert getattr(found, f"p{percent}_low_ns") == lows[3 * percent - 1]
        assert getattr(found, f"p{percent}_high_ns") == highs[3 * percent - 1]
    assert (found.max_low_ns, found.max_high_ns) == (lows[-1], highs[-1])
    assert found.confidence_95 == pytest.approx(1 - 0.95**300)


def test_blocked_and_unjudged_attempts_are_counted_by_name() -> None:
    found = conclude(shots_of(P, P, Verdict.BLOCKED, Verdict.NONE))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert [one.finding for one in found.reasons] == [Unjudged(count=2, shots=4)]


def test_an_interval_across_a_bound_names_the_bound_and_what_must_shrink() -> None:
    one = latency(90, 20)
    found = straddles(Time.FHTI, one, Bound.FTTI, 100, 10)
    assert (found.time, found.bound, found.low_ns, found.high_ns) == (Time.FHTI, Bound.FTTI, 90, 110)
    assert (found.bound_ns, found.excess_ns, found.all_terms_ns) == (100, 10, 20)
    assert [(s.term, s.width_ns, s.by_ns) for s in found.shrink] == [("frame period", 20, 10)]


def test_signs_are_weighed_until_one_side_is_sure() -> None:
    test = Sprt(rate_good=0.1, rate_bad=0.6, error=0.05)
    assert test.step(True) == pytest.approx(math.log(6))
    assert test.step(False) == pytest.approx(math.log(0.4 / 0.9))
    assert test.bound == pytest.approx(math.log(19))
    assert [test.answer(at * test.bound) for at in (1, -1, 0.999, -0.999, 2, -2)] == [
        True,
        False,
        None,
        None,
        True,
        False,
    ]
    assert (rate(0, 4), rate(4, 4), rate(1, 1)) == (
        pytest.approx(0.1),
        pytest.approx(0.9),
        pytest.approx(0.75),
    )


def night(name: str, seed: int, *verdicts: Verdict, digest: str = "a", point: str = "drive") -> RunResult:
    made = scenario("ov", "t", OVERVOLTAGE, shots_of(*verdicts), max(verdicts))
    made = dataclasses.replace(
        made, operating_point=point, judgement=Judgement(verdict=max(verdicts), reasons=said(name))
    )
    return dataclasses.replace(
        sample_run(n=10), run_id=name, seed=seed, scenarios=(made,), hashes={"scenario.ov": digest}
    )


def test_nights_are_taken_together_shot_by_shot_under_the_last_ones_name() -> None:
    nights = [night("n1", 1, P), night("n2", 2, F), night("n3", 3, P, E)]
    whole = pool(nights)
    assert (whole.run_id, whole.seed) == ("n1 … n3 (3 runs)", 3)
    (one,) = whole.scenarios
    assert [shot.judgement.verdict for shot in one.shots] == [P, F, P, E]
    assert one.judgement == nights[1].scenarios[0].judgement, "a FAIL stands"
    assert pool(nights[:1]) is nights[0]


def test_only_the_same_scenario_at_the_same_point_is_taken_together() -> None:
    changed = pool([night("n1", 1, F, digest="b"), night("n2", 2, P)])
    assert [shot.judgement.verdict for shot in changed.scenarios[0].shots] == [P]
    other = pool([night("n1", 1, F, point="charge"), night("n2", 2, P)])
    assert other.scenarios[0].judgement.verdict is P


def test_runs_that_cannot_be_taken_together_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"^found no run to take together; expected at least one$"):
        pool([])
    nights = [night("n1", 7, P), night("n2", 8, P), night("n3", 7, P)]
    with pytest.raises(ConfigError) as refused:
        pool(nights, ["another host"])
    assert str(refused.value) == (
        "runs up to n3 cannot be taken together: another host; seed 7 more than once: these are the same shots"
    )


GOAL = {
    "title": '"A title"', "asil": '"C"', "ftti": '"4 s"', "fdti": '"2700 ms"', "frti": '"500 ms"',
    "safe_state": '"open"', "provenance": '"a source"',
}  # fmt: skip


def goal_file(folder: Path, **changed: str) -> Path:
    rows = GOAL | changed
    file = folder / "budgets.toml"
    file.write_text("[SG-X]\n" + "".join(f"{key} = {value}\n" for key, value in rows.items() if value))
    return file


def test_a_goal_is_read_whole(tmp_path: Path) -> None:
    goal = load_budgets(goal_file(tmp_path, latched="true", coverage='"99 %"', hazard_source='"HARA 7"'))[
        "SG-X"
    ]
    assert (goal.safety_goal, goal.title, goal.asil, goal.safe_state) == ("SG-X", "A title", "C", "open")
    assert (goal.ftti_ns, goal.fdti_ns, goal.frti_ns) == (4000 * MS, 2700 * MS, 500 * MS)
    assert (goal.provenance, goal.latched, goal.coverage) == ("a source", True, 0.99)
    assert goal.hazard_source == "HARA 7"


@pytest.mark.parametrize(
    ("changed", "place", "line"),
    [
        ({"fdti": '"3500 ms"'}, "SG-X",
         "fdti + frti = 4.000 s is not below ftti = 4.000 s; expected FDTI + FRTI < FTTI, strictly"),
        ({"fhti": '"3 s"'}, "SG-X.fhti", "3.000 s is below fdti + frti = 3.200 s; expected FDTI + FRTI <= FHTI < FTTI"),
        ({"fhti": '"4 s"'}, "SG-X.fhti", "4.000 s is not below ftti = 4.000 s; expected FDTI + FRTI <= FHTI < FTTI"),
        ({"fdti": ""}, "SG-X.fdti", 'no fdti; expected a duration such as "250 ms"'),
        ({"asil": ""}, "SG-X.asil", "no asil; expected text that is not empty"),
        ({"severity": '"S3"'}, "SG-X",
         "only severity; expected severity, exposure and controllability, or none of them"),
        ({"coverage": "0.95"}, "SG-X.coverage", '0.95; expected a share such as "95 %", below 100 %'),
        ({"coverage": '"49.9 %"'}, "SG-X.coverage", "'49.9 %'; expected a share such as \"95 %\", below 100 %"),
        ({"coverage": '"100 %"'}, "SG-X.coverage", "'100 %'; expected a share such as \"95 %\", below 100 %"),
        ({"coverage": '"95 V"'}, "SG-X.coverage", "'95 V'; expected a share such as \"95 %\", below 100 %"),
        ({"latched": "1"}, "SG-X.latched", "1; expected true or false"),
    ],
)  # fmt: skip
def test_a_mistake_is_this_line(tmp_path: Path, changed: dict[str, str], place: str, line: str) -> None:
    file = goal_file(tmp_path, **changed)
    with pytest.raises(ConfigError) as refused:
        load_budgets(file)
    assert str(refused.value) == f"{file} [{place}]: {line}"


def test_a_stated_fhti_may_be_as_short_as_its_shares_and_coverage_as_low_as_a_half(tmp_path: Path) -> None:
    assert load_budgets(goal_file(tmp_path, fhti='"3200 ms"'))
    assert load_budgets(goal_file(tmp_path, coverage='"50 %"'))["SG-X"].coverage == 0.5


@pytest.mark.parametrize("word", ["TBD", "todo: ask", "Unknown", "n/a"])
def test_what_will_not_convince_an_assessor_is_told(tmp_path: Path, word: str) -> None:
    goals = load_budgets(goal_file(tmp_path, provenance=f'"{word}"', frti='"501 ms"'))
    second = {
        "SG-Y": dataclasses.replace(goals["SG-X"], safety_goal="SG-Y", provenance="a source", frti_ns=0)
    }
    assert lint_budgets({**goals, **second}) == (
        "2 of 2 goals without severity, exposure, controllability (their ASIL is only stated): SG-X, SG-Y",
        "SG-X: fdti + frti use 80 % of the FTTI; above 80 % little margin is left",
        f"SG-X: provenance says '{word}'; name the source of the times",
    )
    assert lint_budgets(goals, lent=["SG-X"])[0].startswith("SG-X: fdti + frti")

"""Exact bounds, tolerance bounds, censored quantiles and the decision rule, against tables and by simulation."""

import numpy as np
import pytest

from bench.measure.finding.times import Bound, Time
from bench.measure.interval import Interval, Latency, Term
from bench.report.finding_words import finding_words
from bench.verdict.censored import ecdf_band, quantile
from bench.verdict.decision import Zone, combined_uncertainty_ns, decide, must_shrink, straddles
from bench.verdict.evidence import Claim, claim_words, coverage_of, evidence, tolerance_bounds
from bench.verdict.extremes import plausibility, plausibility_words
from bench.verdict.proportion import lower_bound, shots_for, upper_bound
from bench.verdict.result import Judgement, ShotResult, Verdict

MS = 1_000_000

# standards.md 6.1: upper 95 % bounds with 0, 1, 2 failures.
CLOPPER_PEARSON = [
    (10, 0.258866, 0.394163, 0.506901),
    (59, 0.049508, 0.077898, 0.102889),
    (299, 0.009969, 0.015767, 0.020905),
    (2995, 0.001000, 0.001583, 0.002101),
]


@pytest.mark.parametrize(("n", "none", "one", "two"), CLOPPER_PEARSON)
def test_clopper_pearson_table(n: int, none: float, one: float, two: float) -> None:
    assert [upper_bound(k, n) for k in range(3)] == pytest.approx([none, one, two], abs=6e-7)
    assert lower_bound(n, n) == pytest.approx(1 - none, abs=6e-7)


def test_shots_needed_are_the_table_of_monitoring_ratings() -> None:
    assert [shots_for(share) for share in (0.90, 0.97, 0.99, 0.999)] == [29, 99, 299, 2995]
    assert [shots_for(share, failures=1) for share in (0.60, 0.90, 0.97, 0.99)] == [10, 46, 157, 473]


def test_bounds_refuse_counts_that_cannot_be() -> None:
    for failures, n, confidence in ((-1, 5, 0.9), (6, 5, 0.9), (0, 5, 1.0)):
        with pytest.raises(ValueError, match="expected"):
            upper_bound(failures, n, confidence)
    assert upper_bound(0, 0) == upper_bound(4, 4) == 1.0


def shots(passes: int, fails: int = 0, errors: int = 0) -> list[ShotResult]:
    verdicts = [Verdict.PASS] * passes + [Verdict.FAIL] * fails + [Verdict.ERROR] * errors
    return [
        ShotResult(
            index=i,
            seed=i,
            phase_ns=0,
            judgement=Judgement(verdict=v, reasons=()),
            measurement=None,
            digest="",
            folder="",
            simulated_ns=0,
        )
        for i, v in enumerate(verdicts)
    ]


def test_every_attempt_counts_and_an_undecided_one_is_no_success() -> None:
    claim = Claim()
    assert evidence(shots(59), claim).supported
    assert not evidence(shots(58), claim).supported
    found = evidence(shots(58, errors=1), claim)
    assert (found.attempts, found.judged, found.failures, found.undecided) == (59, 58, 0, 1)
    assert not found.supported and not found.clean
    assert "would need 93 attempts" in claim_words(found)
    assert "59 attempts with no failure" in claim_words(evidence(shots(10), claim))
    assert "supported" in claim_words(evidence(shots(92, fails=1), claim))


def test_tolerance_bounds_of_higher_order() -> None:
    intervals = [Interval(low_ns=k, high_ns=k + 10) for k in range(93)]
    first, second, third = tolerance_bounds(intervals, Claim())
    assert (first.bound.high_ns, second.bound.high_ns, third.bound.low_ns) == (102, 101, 90)
    assert first.supports(Claim()) and second.supports(Claim()) and not third.supports(Claim())
    assert third.shots_needed == 124
    assert coverage_of(59, 0.95) == pytest.approx(0.95, abs=1e-3)
    assert coverage_of(0, 0.95) == 0.0


def test_quantiles_of_intervals_hold_every_possible_truth() -> None:
    rng = np.random.default_rng(3)
    low = rng.integers(0, 1000, 101)
    width = rng.integers(0, 200, 101)
    intervals = [Interval(low_ns=int(a), high_ns=int(a + w)) for a, w in zip(low, width)]
    for _ in range(50):
        truth = np.sort(low + rng.random(101) * width)
        for percent in (50, 95, 99, 100):
            found = quantile(intervals, percent)
            assert found.low_ns <= truth[-(-101 * percent // 100) - 1] <= found.high_ns
    left, right = ecdf_band(intervals)
    assert left[-1] == (int(low.max()), 1.0) and right[-1][0] == int((low + width).max())


def two_terms(low: int, cycle: int, stamp: int) -> Latency:
    return Latency(
        interval=Interval(low_ns=low, high_ns=low + cycle + stamp),
        terms=(Term(name="cycle", width_ns=cycle), Term(name="stamp", width_ns=stamp)),
    )


def test_the_guard_band_is_never_narrower_than_iso_14253_asks() -> None:
    rng = np.random.default_rng(1)
    for cycle, stamp in rng.integers(0, 10_000, (200, 2)):
        found = decide(two_terms(1_000, int(cycle), int(stamp)), 500)
        assert found.guard_ns >= found.guard_iso_ns - 1e-6
        assert found.zone is Zone.REJECT
    assert combined_uncertainty_ns(two_terms(0, 20, 0)) == pytest.approx(10 / 3**0.5)


def test_the_zone_says_which_terms_must_shrink() -> None:
    latency = two_terms(100 * MS, 20 * MS, 5 * MS)
    assert decide(latency, 125 * MS).zone is Zone.ACCEPT
    assert decide(latency, 115 * MS).zone is Zone.CONDITIONAL_ACCEPT
    assert decide(latency, 105 * MS).zone is Zone.CONDITIONAL_REJECT
    assert [(t.name, part) for t, part in must_shrink(latency, 3 * MS)] == [("cycle", 3 * MS)]
    assert "'cycle' (20.0 ms) is widest and must shrink by 3.0 ms" in shrink_words(latency, 3 * MS)
    assert [part for _, part in must_shrink(latency, 22 * MS)] == [20 * MS, 2 * MS]
    assert "less than the 30.0 ms that is missing" in shrink_words(latency, 30 * MS)


def shrink_words(latency: Latency, excess_ns: int) -> str:
    return finding_words(straddles(Time.FDTI, latency, Bound.BUDGET, 100 * MS, excess_ns))


def test_ten_thousand_duts_with_known_truth() -> None:
    """False accepts stay below the stated risk, and intervals hold the truth at least as often as stated.

    Each DUT's latencies are uniform, its true 95 % quantile known; each shot is seen through a reporting
    cycle of random phase and two stamps wrong by up to ±u. Half of the DUTs lie just above the budget.
    """
    rng = np.random.default_rng(20261124)
    duts, n, cycle, u = 10_000, 59, 20.0, 0.5
    spread = rng.uniform(1, 40, duts)
    q95 = np.where(rng.random(duts) < 0.5, 100.0 + 1e-6, rng.uniform(60, 140, duts))
    start = q95 - 0.95 * spread
    truth = start[:, None] + spread[:, None] * rng.random((duts, n))
    phase = rng.uniform(0, cycle, (duts, n))
    seen = phase + np.ceil((truth - phase) / cycle) * cycle  # first report after the detection
    stamps = rng.uniform(-u, u, (3, duts, n))
    low = seen - cycle + stamps[0] - stamps[2] - 2 * u
    high = seen + stamps[1] - stamps[2] + 2 * u
    assert np.mean((low <= truth) & (truth <= high)) == 1.0  # stated: the truth lies inside, always

    budget = 100.0
    passed = (high <= budget).all(axis=1)
    bad = q95 > budget
    risk = np.mean(passed[bad])
    assert risk <= 0.05, risk  # stated: 95/95
    clear = start + spread + cycle + 4 * u <= budget
    assert clear.sum() > 100 and passed[clear].all()  # the guard band costs no more than its width
    assert not (low > budget)[truth <= budget].any()  # no false reject of any single shot

    bound = high.max(axis=1)
    assert np.mean(bound >= q95) >= 0.95  # Wilks 95/95 on the upper ends
    p50_low, p50_high = np.sort(low, 1)[:, n // 2], np.sort(high, 1)[:, n // 2]
    empirical = np.sort(truth, 1)[:, n // 2]
    assert ((p50_low <= empirical) & (empirical <= p50_high)).all()


def test_clopper_pearson_covers_by_simulation() -> None:
    rng = np.random.default_rng(5)
    for share, n in ((0.02, 59), (0.1, 30), (0.5, 12)):
        bound = np.array([upper_bound(k, n) for k in range(n + 1)])
        assert np.mean(bound[rng.binomial(n, share, 10_000)] >= share) >= 0.95


def test_extreme_values_only_where_their_preconditions_hold() -> None:
    rng = np.random.default_rng(11)
    uniform = [Interval(low_ns=0, high_ns=int(v)) for v in rng.uniform(90, 110, 400) * MS]
    found = plausibility(uniform)
    assert found.usable and found.level_ns is not None
    assert 109 * MS < found.level_ns < 112 * MS  # a uniform distribution ends at 110
    words = plausibility_words(found)
    assert "no verdict" in words and "Anderson-Darling" in words and "bootstrap interval" in words
    assert found.level_95_ns is not None
    assert found.level_95_ns[0] < found.level_ns < found.level_95_ns[1] < 115 * MS
    assert plausibility(uniform) == found, "the same data give the same words"
    humps = np.concatenate([rng.uniform(90, 100, 200), rng.normal(120, 1, 120), rng.normal(400, 1, 80)])
    two_humps = [Interval(low_ns=0, high_ns=int(v)) for v in humps * MS]
    shuffled = [two_humps[i] for i in rng.permutation(400)]
    poor = plausibility(shuffled)
    assert poor.level_ns is None and "goodness of fit FAILS" in plausibility_words(poor)
    drifting = [Interval(low_ns=0, high_ns=k * MS) for k in range(100)]
    assert plausibility(drifting).level_ns is None
    assert "FAILS" in plausibility_words(plausibility(drifting))
    assert not plausibility(uniform[:20]).usable and not plausibility([]).usable

"""The comparison of builds keeps its false-alarm rate and finds what is worth finding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measure.interval import Interval
from bench.verdict.sequential import Sprt, rate
from bench.verdict.shift import Change, classify, holm, measure_shift
from bench.verdict.tail import fisher_more

MS = 1_000_000


def sample(rng: np.random.Generator, n: int, start: float, spread: float, cycle: float) -> list[Interval]:
    """Latencies uniform over `spread` ms, seen through a reporting cycle of random phase; ms."""
    truth = start + spread * rng.random(n)
    phase = rng.uniform(0, cycle, n)
    high = phase + np.ceil((truth - phase) / cycle) * cycle
    return [Interval(low_ns=int((h - cycle) * MS), high_ns=int(h * MS)) for h in high]


def test_a_thousand_pairs_of_equal_builds_keep_the_false_alarm_rate() -> None:
    """Three scenarios a pair; any alarm in any counts. Stated: at most 5 %."""
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(1_000):
        shifts = [
            measure_shift(sample(rng, 30, 100, w, 10), sample(rng, 30, 100, w, 10)) for w in (5.0, 15.0, 40.0)
        ]
        p = holm([*(s.p_location for s in shifts), *(s.p_tail for s in shifts)])
        changes = [classify(s, p[i], p[3 + i], 0.0, 0.05) for i, s in enumerate(shifts)]
        alarms += any(c in (Change.SLOWER, Change.FASTER, Change.WIDER) for c in changes)
    # 5 % and three standard deviations of a count in 1,000; and the test is no dead one
    assert 5 <= alarms <= 50 + 3 * (1_000 * 0.05 * 0.95) ** 0.5


def test_one_shot_against_one_says_nothing_and_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each draw would be as far off as what was found; of two against one some are not."""
    one, late, later = (Interval(low_ns=at * MS, high_ns=(at + 10) * MS) for at in (100, 900, 5_000))
    assert measure_shift([one, late], [later]).p_location == pytest.approx(2 / 3, abs=0.02)

    monkeypatch.setattr("bench.verdict.shift._DRAWS", 0)
    assert measure_shift([one], [later]).p_location == 1.0
    monkeypatch.setattr(np.random, "default_rng", None)
    assert measure_shift([one], [one]).p_location == 1.0


def test_ten_milliseconds_of_a_hundred_are_found_at_59_shots() -> None:
    """Among ten scenarios with two metrics and their spread: 40 tests to correct for."""
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(100):
        shift = measure_shift(sample(rng, 59, 90, 20, 20), sample(rng, 59, 100, 20, 20))
        p = min(1.0, 40 * shift.p_location)
        found += classify(shift, p, 1.0, 2 * MS, 0.05) is Change.SLOWER
        assert shift.low_ns <= shift.high_ns
    assert found >= 95


def test_sameness_is_shown_and_not_assumed() -> None:
    rng = np.random.default_rng(9)
    few = measure_shift(sample(rng, 5, 100, 20, 20), sample(rng, 5, 100, 20, 20))
    assert classify(few, 1.0, 1.0, 1 * MS, 0.05) is Change.UNDECIDED
    many = measure_shift(sample(rng, 299, 100, 4, 1), sample(rng, 299, 100, 4, 1))
    assert classify(many, 1.0, 1.0, 2 * MS, 0.05) is Change.SAME
    coarse = measure_shift(sample(rng, 299, 100, 4, 2), sample(rng, 299, 100, 4, 2))
    assert classify(coarse, 1.0, 1.0, 2 * MS, 0.05) is Change.UNDECIDED, "reported every 2 ms only"
    wide = measure_shift(sample(rng, 100, 100, 4, 2), sample(rng, 100, 90, 24, 2))
    assert classify(wide, 1.0, wide.p_tail, 2 * MS, 0.05) is Change.WIDER
    fast = measure_shift(sample(rng, 59, 100, 4, 2), sample(rng, 59, 80, 4, 2))
    assert classify(fast, fast.p_location, 1.0, 2 * MS, 0.05) is Change.FASTER
    with pytest.raises(ValueError, match="both sides"):
        measure_shift([], [Interval(low_ns=0, high_ns=1)])


@given(st.integers(0, 2**32 - 1))
def test_the_interval_of_a_shift_holds_wherever_in_their_intervals_the_truths_lie(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sides = [sample(rng, 30, 100, 4, 10), sample(rng, 30, 110, 4, 10)]
    told = measure_shift(*sides)
    lean = rng.choice([0.1, 1.0, 10.0], size=2)  # towards the late end, evenly, towards the early end
    truths = [
        [exactly(one.low_ns + (one.high_ns - one.low_ns) * rng.beta(1.0, b)) for one in side]
        for side, b in zip(sides, lean)
    ]
    exact = measure_shift(*truths)
    assert told.low_ns <= exact.low_ns + 1 and exact.high_ns <= told.high_ns + 1


def exactly(t_ns: float) -> Interval:
    return Interval(low_ns=round(t_ns), high_ns=round(t_ns))


def test_identical_runs_have_no_shift() -> None:
    same = [Interval(low_ns=k * MS, high_ns=(k + 10) * MS) for k in range(59)]
    found = measure_shift(same, same)
    assert found.shift_ns == 0 and found.p_location == pytest.approx(1.0)


def test_holm_and_fisher() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([]) == ()
    assert fisher_more(0, 3, 3, 3) == pytest.approx(1 / 20)  # one way of 20
    assert fisher_more(0, 59, 0, 59) == 1.0


def test_the_sequential_test_needs_few_shots_and_keeps_its_error() -> None:
    rng = np.random.default_rng(10)
    test = Sprt(rate_good=rate(1, 20), rate_bad=rate(15, 20), error=0.05)
    shots, wrong = [], 0
    for trial in range(2_000):
        bad, evidence, count = trial % 2 == 1, 0.0, 0
        while test.answer(evidence) is None:
            evidence += test.step(bool(rng.random() < (test.rate_bad if bad else test.rate_good)))
            count += 1
        wrong += test.answer(evidence) is not bad
        shots.append(count)
    assert wrong / 2_000 <= 0.05
    assert np.mean(shots) < 6

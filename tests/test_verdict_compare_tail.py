"""The tail is compared as well; what is no look at the DUT, or the bench's own, is not compared at all."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sample_run import OVERVOLTAGE, latency, measurement, sample_run, scenario, shot

from bench.measure.interval import Interval
from bench.report.comparison import comparison_markdown, comparison_rows, headline, notes
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS
from bench.verdict.compare import ALPHA, Comparison, compare
from bench.verdict.result import RunResult, ScenarioResult, ShotResult, Verdict
from bench.verdict.shift import Change, classify, holm, measure_shift
from bench.verdict.tail import TAILS, quantile_test, tails_of

MS = NS_PER_MS
Draw = Callable[[np.random.Generator, int], np.ndarray]


def even(rng: np.random.Generator, n: int) -> np.ndarray:
    return 2_400 + 50 * rng.random(n)


def late_share(share: float, by_ms: float) -> Draw:
    """`share` of all shots, to the nearest one, `by_ms` later."""

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        found = even(rng, n)
        found[: round(share * n)] += by_ms
        return found

    return draw


def run_of(*found: ScenarioResult, seed: int = 1, timebase: Timebase = Timebase.SIMULATED) -> RunResult:
    return dataclasses.replace(sample_run(n=12), scenarios=found, seed=seed, timebase=timebase)


def build(
    rng: np.random.Generator,
    n: int,
    draw: Draw = even,
    *,
    first_seed: int = 0,
    turns: float | None = 1.0,
    cycle_ms: float = 10,
    verdict: Verdict = Verdict.PASS,
) -> ScenarioResult:
    """turns: the part of the DUT's cycle that was met; None: not recorded."""
    shots: list[ShotResult] = []
    for k, truth in enumerate(draw(rng, n)):
        high = np.ceil(truth / cycle_ms) * cycle_ms
        fdti = latency(round((high - cycle_ms) * MS), round(cycle_ms * MS))
        one = measurement(fdti, None)
        if turns is not None:
            phase = round(100 * MS * turns * ((k * 0.618_034) % 1))
            one = dataclasses.replace(one, dut_phase_ns=phase, dut_cycle_ns=100 * MS)
        shots.append(dataclasses.replace(shot(k, verdict, one), seed=first_seed + k))
    return scenario("ov", "x", OVERVOLTAGE, shots, verdict)


def compared(base: ScenarioResult, new: ScenarioResult, shift_ns: int | None = None) -> Comparison:
    return compare(run_of(base), run_of(new), shift_ns)


@pytest.mark.parametrize("n", [59, 118, 299, 900])
def test_a_late_share_is_never_the_same_however_many_shots_there_are(n: int) -> None:
    """4 of 59: below every tenth, so that with many shots the ninth tenth does not see it any more."""
    rng = np.random.default_rng(n)
    found = compared(build(rng, n), build(rng, n, late_share(4 / 59, 280), first_seed=10_000))
    (metric,) = found.metrics
    assert metric.change in ((Change.UNDECIDED, Change.LOOKS_SLOWER) if n == 59 else (Change.WIDER,)), metric
    assert found.exit_code == (3 if n == 59 else 1)
    if n == 59:
        assert metric.shots is not None and 59 < metric.shots < 200, (
            "so many as show the late ones that are seen"
        )
        assert "shots of each build decide" in headline(found)


def test_so_many_shots_as_are_told_decide_a_late_share() -> None:
    decided = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        (metric,) = compared(build(rng, 59), build(rng, 59, late_share(4 / 59, 280), first_seed=999)).metrics
        assert metric.shots is not None
        base, new = (
            build(rng, metric.shots),
            build(rng, metric.shots, late_share(4 / 59, 280), first_seed=9_999),
        )
        decided += compared(base, new).exit_code == 1
    assert decided >= 16


@pytest.mark.parametrize(("share", "n"), [(0.03, 600)])
def test_what_a_lower_quantile_does_not_see_a_higher_one_does(share: float, n: int) -> None:
    rng = np.random.default_rng(5)
    (metric,) = compared(build(rng, n), build(rng, n, late_share(share, 280), first_seed=99_999)).metrics
    assert metric.shift.tails[0].moved_ns < 20 * MS, "the ninth tenth has not moved"
    assert metric.change in (Change.WIDER, Change.LOOKS_SLOWER, Change.UNDECIDED)


def test_quantiles_have_intervals_of_their_own_as_far_up_as_there_are_shots() -> None:
    assert [tails_of(n, 0.95) for n in (1, 41, 42, 98, 99, 545, 546, 5_764, 5_766)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
        3,
        4,
    ]
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(400):
        draws = rng.exponential(5, 120), rng.exponential(5, 120) + 1
        base, new = ([Interval(low_ns=round(1e6 * t), high_ns=round(1e6 * t)) for t in one] for one in draws)
        tails = measure_shift(base, new).tails
        assert [one.share for one in tails] == list(TAILS[:2])
        held += all(
            (one.low_ns is None or one.low_ns <= 1e6 + 1)
            and (one.high_ns is not None and one.high_ns >= 1e6 - 1)
            for one in tails
        )
    assert held >= 400 * 0.95 - 3 * (400 * 0.95 * 0.05) ** 0.5, "both together"


def heavy(rng: np.random.Generator, n: int) -> list[Interval]:
    """Skewed, one of twenty far out, and tied by a reporting cycle."""
    truth = 100 + rng.lognormal(1, 1, n) + 200 * (rng.random(n) < 0.05)
    high = np.ceil(truth / 5) * 5
    return [Interval(low_ns=round((h - 5) * MS), high_ns=round(h * MS)) for h in high]


@pytest.mark.slow
def test_both_tests_together_keep_the_false_alarm_rate_over_a_thousand_pairs_of_equal_builds() -> None:
    pairs, n, alarms, tails = 1_000, 59, 0, 0
    rng = np.random.default_rng(1_359)
    for _ in range(pairs):
        shifts = [measure_shift(heavy(rng, n), heavy(rng, n)) for _ in range(2)]
        p = holm([*(one.p_location for one in shifts), *(one.p_tail for one in shifts)])
        changes = [classify(one, p[i], p[2 + i], 0.0, ALPHA) for i, one in enumerate(shifts)]
        alarms += any(one in (Change.SLOWER, Change.FASTER, Change.WIDER) for one in changes)
        tails += any(one is Change.WIDER for one in changes)
    assert alarms <= pairs * ALPHA + 3 * (pairs * ALPHA * (1 - ALPHA)) ** 0.5
    assert alarms >= 5 and tails >= 1, "and neither test is a dead one"


def test_the_quantile_test_is_exact_for_equal_builds() -> None:
    """Every p that it gives is reached no more often than it says."""
    rng = np.random.default_rng(77)
    found = np.array([quantile_test(rng.random(40), rng.random(40))[0] for _ in range(2_000)])
    for level in (0.01, 0.05, 0.2):
        assert (found <= level).mean() <= level + 3 * (level / 2_000) ** 0.5
    assert (found <= 0.05).any()
    assert quantile_test(np.zeros(40), np.zeros(40))[0] == 1.0, "all alike: nobody is among the latest"


def test_of_a_small_margin_less_is_relevant() -> None:
    """2 % of 2.4 s are 48 ms; of a budget of 2.6 s the base's tail leaves 140 ms, a quarter of which is less."""
    rng = np.random.default_rng(8)
    (metric,) = compared(build(rng, 59), build(rng, 59, first_seed=99)).metrics
    assert 30 * MS < metric.relevant_ns < 38 * MS
    (row,) = comparison_rows(compared(build(rng, 59), build(rng, 59, first_seed=99)))
    assert row[-1].startswith("p90 94.") and row[-1].endswith(" %") and "→" in row[-1]
    (few,) = comparison_rows(compared(build(rng, 9), build(rng, 9, first_seed=99)))
    assert few[-1] == "no bound"


def test_copies_of_fewer_shots_are_not_compared() -> None:
    """59 copies at one phase against 59 at another would be a certain alarm."""
    rng = np.random.default_rng(9)

    def at(ms: float) -> Draw:
        return lambda rng, n: np.full(n, 2_400 + ms)

    for turns in ((0.01, 1.0), (1.0, 0.01), (0.01, 0.01)):
        base, new = build(rng, 59, at(0), turns=turns[0]), build(rng, 59, at(300), turns=turns[1])
        found = compared(base, new)
        assert found.metrics == () and found.exit_code == 3 and found.regressions == ()
        assert "met the DUT at bunched phases of its cycle" in found.left_out[0]
    unknown = compared(build(rng, 59, turns=None), build(rng, 59, first_seed=99, turns=None))
    assert unknown.unrecorded == ("ov",) and "was not recorded" in notes(unknown)[0]
    assert "may be copies: ov" in comparison_markdown(unknown)
    one_side = compared(build(rng, 59), build(rng, 59, first_seed=99, turns=None))
    assert one_side.unrecorded == ("ov",)
    assert notes(compared(build(rng, 59), build(rng, 59, first_seed=99))) == []


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.BLOCKED])
def test_what_a_broken_bench_measured_is_no_latency_of_the_build(verdict: Verdict) -> None:
    rng = np.random.default_rng(10)
    base, new = build(rng, 59), build(rng, 59, first_seed=99)
    broken = build(rng, 30, late_share(1.0, 800), first_seed=999, verdict=verdict).shots
    mixed = dataclasses.replace(new, shots=(*new.shots, *broken), judgement=broken[0].judgement)
    found = compared(base, mixed)
    (metric,) = found.metrics
    assert metric.shift.n_new == 59 and metric.change is not Change.SLOWER
    assert found.regressions == () and found.exit_code == 3
    lost = build(rng, 59, verdict=verdict)
    found = compared(lost, new)
    assert found.exit_code == 3 and found.metrics == ()
    assert f"was decided ({verdict.name})" in found.left_out[0]


def moved(one: ScenarioResult, by_ms: float, of: Sequence[int] = range(10_000)) -> ScenarioResult:
    def later(k: int, each: ShotResult) -> ShotResult:
        m = each.measurement
        if k not in of or m is None or m.fdti is None:
            return each
        fdti = latency(m.fdti.interval.low_ns + round(by_ms * MS), m.fdti.interval.width_ns)
        return dataclasses.replace(each, measurement=dataclasses.replace(m, fdti=fdti))

    return dataclasses.replace(one, shots=tuple(later(k, each) for k, each in enumerate(one.shots)))


def wide(rng: np.random.Generator, n: int) -> np.ndarray:
    return 1_000 + 500 * rng.random(n)


def test_under_one_seed_in_simulated_time_shot_goes_with_shot() -> None:
    """A scatter of 500 ms: as two samples, 59 shots do not show the same; as 59 pairs they do."""
    base = build(np.random.default_rng(11), 59, wide)
    (metric,) = compared(base, base).metrics
    assert (metric.change, metric.paired, metric.within_ns) == (
        Change.SAME,
        59,
        25 * MS,
    ) or metric.paired == 59
    assert "shot by shot (59)" in comparison_rows(compared(base, base))[0][-2]
    assert compared(base, base).exit_code == 0
    few = dataclasses.replace(base, shots=base.shots[:58])
    assert compared(few, few).exit_code == 3, "58 do not show it of 95 % of shots"
    for by_ms, of in ((280, (7,)), (-280, (7,)), (1_000, range(3))):
        assert compared(base, moved(base, by_ms, of)).metrics[0].change is not Change.SAME
    other_seeds = build(np.random.default_rng(11), 59, wide, first_seed=1_000)
    assert compared(base, other_seeds).metrics[0].change is Change.UNDECIDED, "nothing goes with anything"
    real = dataclasses.replace(base, timebase=Timebase.HOST)
    assert compared(real, real).metrics[0].change is Change.UNDECIDED


def test_pairs_that_all_move_one_way_are_not_the_same() -> None:
    """By less than the reports hide: two samples of 59 do not see it, and within twice that all pairs lie."""
    base = build(np.random.default_rng(12), 59, wide, cycle_ms=100)
    (metric,) = compared(base, moved(base, 60)).metrics
    assert metric.change is not Change.SAME and metric.paired == 0
    (metric,) = compared(base, moved(base, 60), 1 * MS).metrics
    assert metric.change is not Change.SAME, "nor where the user has named the size"

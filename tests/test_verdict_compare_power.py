"""A comparison says no more than its shots support: undecided, looks slower, same, and how many shots decide."""

import dataclasses
import io
import re

import numpy as np
import pytest
from rich.console import Console
from sample_run import OVERVOLTAGE, latency, measurement, sample_run, scenario, shot
from scipy.stats import binom, mannwhitneyu

from bench.cli import builds_commands
from bench.errors import ConfigError
from bench.measure.interval import Interval
from bench.report.comparison import comparison_markdown, headline
from bench.report.extras import ReportExtras
from bench.report.html import render_html
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS
from bench.verdict.compare import ALPHA, Comparison, compare
from bench.verdict.enough import fewest
from bench.verdict.order_statistics import quantile_indices, shift_index
from bench.verdict.pool import pool
from bench.verdict.result import RunResult, ShotResult, Verdict
from bench.verdict.shift import TAIL, Change, measure_shift

MS = NS_PER_MS
# Two-sided critical values of U at 5 %, as tabled (Hollander and Wolfe, table A.6, less n(n+1)/2).
TABLED = {(4, 4): 0, (5, 5): 2, (6, 6): 5, (7, 7): 8, (8, 8): 13, (9, 9): 17, (10, 10): 23, (3, 5): 0, (4, 5): 1,
          (5, 10): 8, (20, 20): 127}  # fmt: skip


@pytest.mark.parametrize(("sizes", "critical"), TABLED.items())
def test_the_order_statistics_are_those_of_the_tables(sizes: tuple[int, int], critical: int) -> None:
    n, m = sizes
    assert shift_index(n, m, 0.95) == shift_index(m, n, 0.95) == critical
    assert p_of(n, m, critical) <= 0.05 < p_of(n, m, critical + 1)


def p_of(n: int, m: int, u: int) -> float:
    """scipy's exact two-sided p of samples whose U is `u`."""
    new = [-1.0] * (n - u // m - (u % m > 0)) + [float(u % m) - 0.5] * (u % m > 0) + [m + 1.0] * (u // m)
    result = mannwhitneyu(np.array(new) + np.linspace(0, 1e-6, n), np.arange(m), method="exact")
    assert min(result.statistic, n * m - result.statistic) == u
    return float(result.pvalue)


def test_there_is_no_interval_where_none_exists() -> None:
    for n, m in ((1, 1), (2, 2), (3, 3), (3, 4), (1, 38), (2, 7)):
        assert shift_index(n, m, 0.95) is None, (n, m)
    for n, m in ((4, 4), (3, 5), (1, 39), (2, 8)):
        assert shift_index(n, m, 0.95) == 0, (n, m)
    three = measure_shift([exactly(k) for k in (1, 2, 3)], [exactly(k) for k in (11, 12, 13)])
    assert (three.low_ns, three.high_ns) == (None, None) and three.shift_ns == 10


def exactly(t_ns: float) -> Interval:
    return Interval(low_ns=round(t_ns), high_ns=round(t_ns))


@pytest.mark.parametrize("n", [4, 5, 10, 40])
def test_the_intervals_hold_the_shift_and_the_tail_as_often_as_they_say(n: int) -> None:
    """Skewed, so that nothing rests on symmetry; 800 comparisons, the truth is +1 ms."""
    rng = np.random.default_rng(n)
    held = tail_held = 0
    for _ in range(800):
        k = shift_index(n, n, 0.95)
        assert k is not None
        base, new = rng.exponential(5, n), rng.exponential(5, n) + 1
        differences = np.sort((new[:, None] - base[None, :]).ravel())
        held += differences[k] <= 1 <= differences[-1 - k]
        low, high = quantile_indices(n, TAIL, 0.95)
        truth = -5 * np.log(1 - TAIL)
        ordered = np.sort(base)
        tail_held += (low is None or ordered[low] <= truth) and (high is None or truth <= ordered[high])
    assert min(held, tail_held) >= 800 * 0.95 - 3 * (800 * 0.95 * 0.05) ** 0.5
    low, high = quantile_indices(n, TAIL, 0.95)
    assert high is None or binom.sf(high, n, TAIL) <= 0.025 < binom.sf(high - 1, n, TAIL)
    assert low is None or binom.cdf(low, n, TAIL) <= 0.025


def build(
    rng: np.random.Generator, n: int, scenarios: int = 3, later_ms: float = 0.0, cycle_ms: float = 10.0
) -> RunResult:
    """A build of which nothing is known but its shots: FDTI over 50 ms, seen through a cycle; FHTI 200 ms later."""

    def shots() -> list[ShotResult]:
        found = []
        for k in range(n):
            truth = 2_400 + later_ms + 50 * rng.random()
            phase = cycle_ms * rng.random()
            high = phase + np.ceil((truth - phase) / cycle_ms) * cycle_ms
            low, width = round((high - cycle_ms) * MS), round(cycle_ms * MS)
            m = measurement(latency(low, width), latency(low + 200 * MS, width))
            found.append(shot(k, Verdict.PASS, m))
        return found

    ones = [scenario(f"ov-{k}", "x", OVERVOLTAGE, shots(), Verdict.PASS) for k in range(scenarios)]
    return dataclasses.replace(sample_run(n=12), scenarios=tuple(ones))


def test_eight_hundred_milliseconds_at_five_shots_are_not_nothing() -> None:
    rng = np.random.default_rng(1)
    found = compare(build(rng, 5), build(rng, 5, later_ms=800))
    assert {m.change for m in found.metrics} == {Change.LOOKS_SLOWER} and found.exit_code == 3
    told = headline(found)
    assert told.startswith("Undecided: looks slower: ov-0 (FDTI +") and "shots of each build decide" in told
    assert "became slower" not in told and all(m.shots and m.shots > 5 for m in found.metrics)
    enough = max(m.shots or 0 for m in found.metrics)
    again = compare(build(rng, enough), build(rng, enough, later_ms=800))
    assert {m.change for m in again.metrics} == {Change.SLOWER} and again.exit_code == 1


def test_one_shot_against_one_shows_nothing() -> None:
    rng = np.random.default_rng(2)
    one = build(rng, 1)
    found = compare(one, one)
    assert found.exit_code == 3 and {m.change for m in found.metrics} == {Change.UNDECIDED}
    assert "no interval" in comparison_markdown(found) and headline(found).startswith(
        "Undecided: neither slower"
    )
    assert {m.shots for m in found.metrics} == {fewest()} == {42}


@pytest.mark.parametrize("n", [2, 5, 20])
@pytest.mark.slow
def test_so_many_shots_as_are_told_do_decide(n: int) -> None:
    """Planned from a small sample, so it may be wrong; four times of five is what is aimed at."""
    rng = np.random.default_rng(n)
    decided = 0
    for _ in range(30):
        few = compare(build(rng, n, 1), build(rng, n, 1))
        assert few.exit_code == 3
        enough = max(m.shots or 0 for m in few.metrics)
        assert n < enough < 300
        decided += compare(build(rng, enough, 1), build(rng, enough, 1)).exit_code == 0
    assert decided >= 21


def test_what_the_dut_hides_no_number_of_shots_shows() -> None:
    rng = np.random.default_rng(3)
    coarse = [build(rng, 59, 1, cycle_ms=40) for _ in range(2)]
    found = compare(*coarse, 30 * MS)
    assert found.exit_code == 3 and "no number of shots shows less than the 40.0 ms" in headline(found)
    assert {m.shots for m in found.metrics} == {None}
    one, other = found.metrics[:2]
    partly = dataclasses.replace(found, metrics=(dataclasses.replace(one, shots=638), other))
    assert "no number of shots" in headline(partly) and "638" not in headline(partly), "it decides not all"
    assert "638 shots" in comparison_markdown(partly)
    by_default = compare(*coarse)
    assert by_default.exit_code == 0 and {m.within_ns for m in by_default.metrics} == {80.0 * MS}
    assert "within 80.0 ms" in comparison_markdown(by_default), "and the table says within which bounds"


def test_a_tail_that_moved_is_not_the_same() -> None:
    """4 of 59 shots are 280 ms later: the median has not moved, and the share is too small for an alarm."""
    rng = np.random.default_rng(4)
    base, new = build(rng, 59, 1), build(rng, 59, 1)
    shots = list(new.scenarios[0].shots)
    for k in range(4):
        m = shots[k].measurement
        assert m is not None and m.fdti is not None
        later = latency(m.fdti.interval.low_ns + 280 * MS, m.fdti.interval.width_ns)
        shots[k] = dataclasses.replace(shots[k], measurement=dataclasses.replace(m, fdti=later))
    late = dataclasses.replace(new, scenarios=(dataclasses.replace(new.scenarios[0], shots=tuple(shots)),))
    fdti, fhti = compare(base, late).metrics
    assert fdti.change is not Change.SAME and fhti.change is Change.SAME
    assert compare(base, late).exit_code == 3


def test_error_and_blocked_are_no_regression_of_the_build() -> None:
    rng = np.random.default_rng(5)
    base, new = build(rng, 59), build(rng, 59)
    first, second, third = new.scenarios
    broken = [shot(k, Verdict.ERROR, None, "the supply did not answer") for k in range(59)]
    blocked = [shot(k, Verdict.BLOCKED, None, "no relay") for k in range(59)]
    ended = (
        dataclasses.replace(first, shots=tuple(broken), judgement=broken[0].judgement),
        dataclasses.replace(second, shots=tuple(blocked), judgement=blocked[0].judgement),
        third,
    )
    found = compare(base, dataclasses.replace(new, scenarios=ended))
    assert (found.exit_code, found.regressions) == (3, ())
    assert headline(found) == (
        "Undecided: without a verdict that says anything of the build: ov-0 ERROR, ov-1 BLOCKED"
    )
    assert [(h.new_bad, h.new_n) for h in found.handled] == [(0, 0), (0, 0), (0, 59)]


def test_a_mismatch_that_is_no_longer_noticed_is_worse() -> None:
    """Its shots have to fail: a PASS of one is what goes wrong."""
    caught = [shot(k, Verdict.FAIL, measurement(None, None), "trips") for k in range(20)]
    missed = [shot(k, Verdict.PASS, measurement(None, None)) for k in range(20)]
    one = dataclasses.replace(
        scenario("lfp-on-nmc", "x", OVERVOLTAGE, caught, Verdict.PASS), mismatch="lfp on nmc"
    )
    base = dataclasses.replace(sample_run(n=12), scenarios=(one,))
    now = dataclasses.replace(
        one, shots=tuple(missed), judgement=dataclasses.replace(one.judgement, verdict=Verdict.FAIL)
    )
    found = compare(base, dataclasses.replace(base, scenarios=(now,)))
    assert "20 of 20 attempts failed, 0 of 20 before" in found.regressions[0]
    assert compare(base, base).regressions == ()


def in_terminal(found: Comparison, monkeypatch: pytest.MonkeyPatch) -> str:
    out = io.StringIO()
    monkeypatch.setattr("rich.console.Console", lambda **_: Console(file=out, width=4_000))
    builds_commands._show(found)
    return out.getvalue()


@pytest.mark.parametrize(("n", "later_ms"), [(1, 0), (5, 800), (59, 0), (59, 200)])
def test_terminal_markdown_and_html_say_the_same_sentence(
    n: int, later_ms: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(n)
    found = compare(build(rng, n), build(rng, n, later_ms=later_ms))
    told = headline(found)
    assert told in comparison_markdown(found)
    html = re.sub(r"\s+", " ", render_html(found.new, extras=ReportExtras(previous=found)))
    assert told.replace("'", "&#39;").replace("<", "&lt;") in html
    assert told in in_terminal(found, monkeypatch)


def false_alarms(pairs: int, seed: int) -> tuple[int, int]:
    """(comparisons of equal builds that alarm, latencies among them that look slower)."""
    rng = np.random.default_rng(seed)
    alarms = looks = 0
    for _ in range(pairs):
        found = compare(build(rng, 20, 3), build(rng, 20, 3), 1)  # nothing is too small to be relevant
        alarms += found.exit_code == 1
        looks += sum(m.change is Change.LOOKS_SLOWER for m in found.metrics)
    return alarms, looks


@pytest.mark.slow
def test_equal_builds_alarm_no_more_often_than_stated() -> None:
    pairs = 300
    alarms, looks = false_alarms(pairs, 11)
    assert alarms <= pairs * ALPHA + 3 * (pairs * ALPHA * (1 - ALPHA)) ** 0.5
    assert looks <= pairs * 6 * 0.05


@pytest.mark.slow
def test_a_thousand_pairs_of_equal_builds_alarm_no_more_often_than_stated() -> None:
    alarms, looks = false_alarms(1_000, 12)
    assert 1 <= alarms <= 1_000 * ALPHA + 3 * (1_000 * ALPHA * (1 - ALPHA)) ** 0.5, (
        "and the test is no dead one"
    )
    assert looks <= 1_000 * 6 * 0.05


def test_nights_of_one_shot_are_taken_together() -> None:
    """Seven against seven show what one against one cannot; the same seed twice is the same shot twice."""
    rng = np.random.default_rng(13)

    def nights(later_ms: float, first: int) -> list[RunResult]:
        return [
            dataclasses.replace(
                build(rng, 1, 1, later_ms), seed=first + k, run_id=f"n{first + k}", timebase=Timebase.HOST
            )
            for k in range(7)
        ]

    before, after = nights(0, 1), nights(800, 11)
    assert compare(before[-1], after[-1]).metrics[0].change is Change.UNDECIDED
    together = pool(before)
    assert [len(s.shots) for s in together.scenarios] == [7] and together.run_id == "n1 … n7 (7 runs)"
    assert compare(together, pool(after)).metrics[0].change in (Change.SLOWER, Change.LOOKS_SLOWER)
    assert pool(before[:1]) is before[0]
    with pytest.raises(ConfigError, match="seed 1 more than once"):
        pool([*before, before[0]])
    with pytest.raises(ConfigError, match="host: a against b"):
        pool(before, ["host: a against b"])
    failed = dataclasses.replace(
        before[2].scenarios[0], judgement=shot(0, Verdict.FAIL, None, "late").judgement
    )
    assert (
        pool([*before[:2], dataclasses.replace(before[2], scenarios=(failed,)), *before[3:]]).verdict
        is Verdict.FAIL
    )
    other = dataclasses.replace(before[0], hashes={**before[0].hashes, "scenario.ov-0": "1"})
    assert len(pool([other, *before[1:]]).scenarios[0].shots) == 6

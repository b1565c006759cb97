"""The tests of a steady DUT have the error that they state, over the order of firing, and see a drift there."""

import dataclasses
import math

import pytest
from sample_run import OVERVOLTAGE, latency, measurement, scenario, shot

from bench.measure.interval import Interval
from bench.report.sampling import bounds_words
from bench.report.steady_words import drift_words
from bench.report.supported import evidence_lines
from bench.running.firing import firing_order
from bench.units import NS_PER_MS
from bench.verdict.extremes import Precondition, plausibility
from bench.verdict.result import ScenarioResult, ShotResult, Verdict
from bench.verdict.spread import spread_p
from bench.verdict.statistics import latency_statistics
from bench.verdict.steady import ERROR, in_firing_order, runs_p

MS = NS_PER_MS
N = 59


def one_of(values: list[float], name: str) -> Precondition:
    found = plausibility([Interval(low_ns=0, high_ns=round(value)) for value in values])
    return next(one for one in found.preconditions if one.name == name)


def by_phase(stratum: int) -> float:
    """A latency that is all phase: late where the DUT has just looked."""
    return (100 - 100 * stratum / N) * MS


KINDS = {
    "all phase": by_phase,
    "reported every 20 ms": lambda k: 20 * MS * math.ceil(by_phase(k) / (20 * MS)),
    "six are late": lambda k: (100 if k < 6 else 50) * MS,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_steady_dut_is_refused_as_often_as_stated(kind: str) -> None:
    """600 runs of other seeds in shuffled order. 18 and more would come once in 20,000 at an error of 1 %."""
    refused = {"stationarity": 0, "independence": 0}
    for seed in range(600):
        values = [KINDS[kind](stratum) for stratum in firing_order(seed, "x", N)]
        for name in refused:
            one = one_of(values, name)
            refused[name] += not one.holds and "too few" not in one.detail
    assert max(refused.values()) < 18, refused


@pytest.mark.parametrize("n", [10, 25, 59])
def test_the_trend_test_never_exceeds_its_error(n: int) -> None:
    """Exactly: of all n! orders, by how many pairs are out of order (Mahonian numbers)."""
    likely = [1.0]
    for k in range(2, n + 1):
        wider = [0.0] * (len(likely) + k - 1)
        for i, p in enumerate(likely):
            for j in range(k):
                wider[i + j] += p / k
        likely = wider
    pairs, variance = n * (n - 1) // 2, n * (n - 1) * (2 * n + 5) / 18
    beyond = math.fsum(
        p
        for i, p in enumerate(likely)
        if (s := pairs - 2 * i) and abs(s - math.copysign(1, s)) / math.sqrt(variance) >= 2.576
    )
    assert 0.4 * ERROR < beyond <= ERROR


@pytest.mark.parametrize(("above", "below"), [(5, 5), (5, 54), (29, 29), (30, 29), (150, 150)])
def test_the_runs_test_never_exceeds_its_error(above: int, below: int) -> None:
    """By the normal approximation it refused 1.6 % of 5 and 5, and 3.4 % of 5 and 54."""
    total = math.comb(above + below, above)

    def ways(runs: int) -> int:
        half, odd = divmod(runs, 2)
        pairs = ((half, half - 1), (half - 1, half)) if odd else ((half - 1, half - 1),) * 2
        return sum(math.comb(above - 1, i) * math.comb(below - 1, j) for i, j in pairs)

    every = {runs: ways(runs) for runs in range(2, 2 * min(above, below) + 2)}
    assert sum(every.values()) == total
    assert sum(many for runs, many in every.items() if runs_p(runs, above, below) <= ERROR) / total <= ERROR
    assert runs_p(2, 5, 5) == pytest.approx(4 / 252)


def fired(order: tuple[int, ...] | None, drift_ms: float = 0.0) -> ScenarioResult:
    """59 shots, index = stratum; latencies all phase, and a drift over the order of firing."""
    shots: list[ShotResult] = []
    for index in range(N):
        turn = index if order is None else order.index(index)
        found = latency(round(by_phase(index) + 300 * MS + turn * drift_ms * MS), MS)
        one = shot(index, Verdict.PASS, measurement(found, found))
        shots.append(dataclasses.replace(one, place=None if order is None else turn))
    return scenario("ov", "t", OVERVOLTAGE, shots, Verdict.PASS)


def told(one: ScenarioResult) -> str:
    return next(line for line in evidence_lines(one) if line.startswith("FHTI extreme"))


def test_a_drift_is_told_from_the_phase() -> None:
    order = firing_order(1, "ov", N)
    assert "stationarity holds" in told(fired(order)) and "each test refuses at most 1% of" in told(
        fired(order)
    )
    assert "stationarity FAILS" in told(fired(order, drift_ms=2.0))


def test_of_an_older_run_no_drift_can_be_told() -> None:
    """Its shots were fired by index, so the phase looks like a drift, and a drift like the phase."""
    for drift_ms in (0.0, 2.0):
        words = told(fired(None, drift_ms))
        assert "stationarity FAILS (fired in the order of the phase" in words and "trend z" not in words


def test_the_order_is_that_of_firing() -> None:
    shots = fired(firing_order(1, "ov", N)).shots
    assert [one.place for one in in_firing_order(shots)[0]] == list(range(N))
    assert in_firing_order(fired(None).shots) == (list(fired(None).shots), False)


def test_a_drift_leaves_no_tolerance_bound() -> None:
    """The worst of 59 latencies that grow from shot to shot bounds those that come no more than those that will."""
    order = firing_order(1, "ov", N)
    steady, drifting = (measured(fired(order, drift_ms)) for drift_ms in (0.0, 3.0))
    assert any("order 1:" in line for line in evidence_lines(steady))
    for name in ("FDTI", "FHTI"):
        line = next(one for one in evidence_lines(drifting) if one.startswith(f"{name} tolerance"))
        assert f"bounds: none, since the {name} came later from shot to shot" in line
    assert "bounds 95 %" in bounds_words([steady])[0]
    (line,) = bounds_words([drifting])
    assert line.startswith(
        "No bound for ov: the FDTI came later from shot to shot in the order of firing: rig or"
    )
    assert drift_words(fired(None, 3.0).shots, "FDTI") == "", "it may be the phase"
    assert drift_words(steady.shots[:9], "FDTI") == ""


def measured(one: ScenarioResult) -> ScenarioResult:
    """With the place in the DUT's cycle of each shot: its stratum."""
    shots = []
    for each in one.shots:
        assert each.measurement is not None
        found = dataclasses.replace(
            each.measurement, dut_phase_ns=each.index * MS, dut_cycle_ns=N * MS, dut_uptime_ns=each.index * MS
        )
        shots.append(dataclasses.replace(each, measurement=found))
    times = [
        found.fdti for each in shots if (found := each.measurement) is not None and found.fdti is not None
    ]
    told = latency_statistics(times, spread_p(shots))
    return dataclasses.replace(one, shots=tuple(shots), fdti=told, fhti=told)

"""Wilks' bounds against the table of standards.md 6.2; quantiles; one verdict from many shots."""

import pytest

from bench.measure.interval import Interval, Latency
from bench.verdict.result import Judgement, ShotResult, Verdict
from bench.verdict.statistics import conclude, latency_statistics, wilks_confidence, wilks_n

WILKS = [
    (0.90, 0.90, 1, 22),
    (0.90, 0.95, 1, 29),
    (0.90, 0.99, 1, 44),
    (0.95, 0.90, 1, 45),
    (0.95, 0.95, 1, 59),
    (0.95, 0.99, 1, 90),
    (0.99, 0.90, 1, 230),
    (0.99, 0.95, 1, 299),
    (0.99, 0.99, 1, 459),
    (0.999, 0.90, 1, 2302),
    (0.999, 0.95, 1, 2995),
    (0.999, 0.99, 1, 4603),
    (0.95, 0.95, 2, 93),
    (0.95, 0.95, 3, 124),
    (0.95, 0.95, 4, 153),
    (0.95, 0.95, 5, 181),
    (0.99, 0.95, 2, 473),
    (0.99, 0.95, 3, 628),
]


@pytest.mark.parametrize(("coverage", "confidence", "order", "n"), WILKS)
def test_wilks_table(coverage: float, confidence: float, order: int, n: int) -> None:
    assert wilks_n(coverage, confidence, order) == n
    assert wilks_confidence(n, coverage, order) >= confidence > wilks_confidence(n - 1, coverage, order)


def test_wilks_refuses_what_is_no_share() -> None:
    for coverage, confidence in ((0.0, 0.9), (1.0, 0.9), (0.9, 1.0), (0.9, 0.0)):
        with pytest.raises(ValueError, match="expected"):
            wilks_n(coverage, confidence)
    assert wilks_confidence(0, 0.95) == 0.0


def test_quantiles_are_nearest_rank_of_the_proper_ends() -> None:
    latencies = [Latency(interval=Interval(low_ns=k, high_ns=k + 10), terms=()) for k in range(100, 0, -1)]
    found = latency_statistics(latencies)
    assert found is not None
    assert (found.n, found.min_low_ns, found.max_low_ns, found.max_high_ns) == (100, 1, 100, 110)
    assert (found.p50_low_ns, found.p50_high_ns, found.p95_high_ns, found.p99_high_ns) == (50, 60, 105, 109)
    assert found.confidence_95 == pytest.approx(1 - 0.95**100)
    assert latency_statistics([]) is None


def shot(verdict: Verdict, *reasons: str) -> ShotResult:
    return ShotResult(
        index=0,
        seed=0,
        phase_ns=0,
        judgement=Judgement(verdict=verdict, reasons=reasons),
        measurement=None,
        digest="",
        folder="",
        simulated_ns=0,
    )


def test_worst_wins_and_alike_reasons_are_counted() -> None:
    shots = [shot(Verdict.PASS)] * 56 + [shot(Verdict.FAIL, f"FDTI {k}.5 ms is late") for k in range(3)]
    assert conclude(shots) == Judgement(verdict=Verdict.FAIL, reasons=("3 of 59: FDTI 0.5 ms is late",))
    shots.append(shot(Verdict.ERROR, "port gone"))
    assert conclude(shots).verdict is Verdict.ERROR
    assert conclude([shot(Verdict.PASS)] * 2) == Judgement(verdict=Verdict.PASS, reasons=())
    assert conclude([shot(Verdict.FAIL, "one")]).reasons == ("one",)
    cause_first = [shot(Verdict.ERROR, "the cause", "what follows")] * 2
    assert conclude(cause_first).reasons == ("2 of 2: the cause", "2 of 2: what follows")


def test_different_dtcs_and_signals_are_different_reasons() -> None:
    shots = [shot(Verdict.FAIL, "DTC 0x1A0117 missing"), shot(Verdict.FAIL, "DTC 0x1A0216 missing")]
    assert len(conclude(shots).reasons) == 2


def test_attempts_without_a_verdict_cannot_pass() -> None:
    blocked = shot(Verdict.BLOCKED, "no emulator")
    assert conclude([blocked, blocked]) == Judgement(
        verdict=Verdict.BLOCKED, reasons=("2 of 2: no emulator",)
    )
    assert conclude([blocked, shot(Verdict.PASS)]).verdict is Verdict.INCONCLUSIVE
    assert conclude([shot(Verdict.NONE), shot(Verdict.PASS)]).verdict is Verdict.INCONCLUSIVE
    assert conclude([blocked, shot(Verdict.FAIL, "late")]).verdict is Verdict.FAIL
    assert conclude([]).verdict is Verdict.NONE

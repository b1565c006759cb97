"""Wilks' bounds against the table of standards.md 6.2; quantiles; one verdict from many shots."""

import dataclasses

import pytest

from bench.measure.finding.answer import DtcNotReported, NotDetected, NuisanceTrip
from bench.measure.finding.base import Finding
from bench.measure.finding.bench import BenchError
from bench.measure.finding.scenario import RigLacks
from bench.measure.finding.stimulus import NoOnset, NoReadback
from bench.measure.finding.times import Bound, Time, TooEarly, TooLate
from bench.measure.interval import Interval, Latency
from bench.report.finding_words import joined_words
from bench.verdict.result import Held, Judgement, Reason, ShotResult, Verdict, together
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
    assert (found.p50_low_ns, found.p50_high_ns, found.p95_high_ns) == (50, 60, 105)
    assert found.confidence_95 == pytest.approx(1 - 0.95**100)
    assert latency_statistics([]) is None


def shot(verdict: Verdict, *found: Finding) -> ShotResult:
    return ShotResult(
        index=0,
        seed=0,
        phase_ns=0,
        judgement=Judgement.of(verdict, *found),
        measurement=None,
        digest="",
        folder="",
        simulated_ns=0,
    )


def test_worst_wins_and_alike_reasons_are_counted() -> None:
    shots = [shot(Verdict.PASS)] * 56 + [shot(Verdict.FAIL, NotDetected(window_ns=k)) for k in range(3)]
    first = Reason(finding=NotDetected(window_ns=0), count=3, shots=59)
    assert conclude(shots) == Judgement(verdict=Verdict.FAIL, reasons=(first,))
    shots.append(shot(Verdict.ERROR, BenchError(source="can0", said="port gone")))
    assert conclude(shots[:56] + shots[-1:]).verdict is Verdict.ERROR
    assert conclude([shot(Verdict.PASS)] * 2) == Judgement(verdict=Verdict.PASS, reasons=())
    assert conclude([shot(Verdict.FAIL, NuisanceTrip())]).reasons == (Reason(finding=NuisanceTrip()),)
    cause_first = [shot(Verdict.ERROR, NoReadback(), NoOnset())] * 2
    assert [(one.finding.code, one.count, one.shots) for one in conclude(cause_first).reasons] == [
        ("no-readback", 2, 2),
        ("no-onset", 2, 2),
    ]


def test_a_failure_that_stands_is_not_undone_by_the_bench_s_trouble_in_another_shot() -> None:
    broken = shot(Verdict.ERROR, BenchError(source="can0", said="port gone"))
    late = shot(Verdict.FAIL, NotDetected(window_ns=1))
    found = conclude([broken, broken, shot(Verdict.PASS), late, shot(Verdict.INCONCLUSIVE)])
    assert found.verdict is Verdict.FAIL
    assert [(one.finding.code, one.count, one.held) for one in found.reasons] == [
        ("not-detected", 1, Held.AGAINST),  # what makes the verdict stands first
        ("bench-error", 2, Held.AGAINST),
        ("partly-decided", None, Held.NOTED),
    ]
    told = found.reasons[-1].finding
    assert (told.decided, told.errors, told.shots) == (2, 2, 5)  # type: ignore[attr-defined]
    assert joined_words(found).endswith("decided in 2 of 5 shots; 2 ended in an ERROR of the bench")
    assert conclude([broken, shot(Verdict.PASS)]).verdict is Verdict.ERROR
    assert conclude([broken, shot(Verdict.INCONCLUSIVE)]).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ((Verdict.PASS, Verdict.FAIL, Verdict.ERROR), Verdict.FAIL),
        ((Verdict.PASS, Verdict.ERROR, Verdict.BLOCKED), Verdict.ERROR),
        ((Verdict.GAP, Verdict.PASS), Verdict.GAP),
        ((), Verdict.NONE),
    ],
)
def test_the_same_holds_over_scenarios_and_over_runs(found: tuple[Verdict, ...], verdict: Verdict) -> None:
    assert together(found) is verdict


def test_different_dtcs_and_signals_are_different_reasons() -> None:
    shots = [shot(Verdict.FAIL, DtcNotReported(dtc=dtc)) for dtc in (0x1A0117, 0x1A0216)]
    assert len(conclude(shots).reasons) == 2


def test_attempts_without_a_verdict_cannot_pass() -> None:
    blocked = shot(Verdict.BLOCKED, RigLacks(lacking=("cell_voltage",)))
    (reason,) = conclude([blocked, blocked]).reasons
    assert conclude([blocked, blocked]).verdict is Verdict.BLOCKED
    assert (reason.finding.code, reason.count, reason.shots) == ("rig-lacks", 2, 2)
    assert conclude([blocked, shot(Verdict.PASS)]).verdict is Verdict.INCONCLUSIVE
    assert conclude([shot(Verdict.NONE), shot(Verdict.PASS)]).verdict is Verdict.INCONCLUSIVE
    assert conclude([blocked, shot(Verdict.FAIL, NuisanceTrip())]).verdict is Verdict.FAIL
    assert conclude([]).verdict is Verdict.NONE


def test_what_was_held_against_the_dut_and_what_was_not_are_two_reasons() -> None:
    late = NotDetected(window_ns=1)
    held = shot(Verdict.FAIL, late)
    doubted = dataclasses.replace(
        held,
        judgement=Judgement(
            verdict=Verdict.INCONCLUSIVE, reasons=(Reason(finding=late, held=Held.NOT_HELD),)
        ),
    )
    found = conclude([held, doubted, held]).reasons[:2]
    assert [(one.held, one.count) for one in found] == [(Held.AGAINST, 2), (Held.NOT_HELD, 1)]


def late(low_ns: int, high_ns: int) -> TooLate:
    return TooLate(time=Time.FDTI, bound=Bound.BUDGET, low_ns=low_ns, high_ns=high_ns, bound_ns=10)


def test_the_worst_of_alike_findings_is_quoted_wherever_it_stands_among_the_shots() -> None:
    spans = [(11, 20), (13, 30), (12, 30), (15, 25)]
    for turned in range(len(spans)):
        order = spans[turned:] + spans[:turned]
        found = conclude([shot(Verdict.FAIL, late(*one)) for one in order])
        assert found.reasons == (Reason(finding=late(13, 30), count=4, shots=4),)


def test_the_earliest_of_trips_that_are_too_early_is_the_worst() -> None:
    def early(low_ns: int) -> TooEarly:
        return TooEarly(time=Time.FDTI, bound=Bound.FLOOR, low_ns=low_ns, high_ns=low_ns + 1, bound_ns=9)

    found = conclude([shot(Verdict.FAIL, early(low_ns)) for low_ns in (5, 2, 7)])
    assert [one.finding for one in found.reasons] == [early(2)]

"""A synthetic RunResult with every kind of verdict, for the tests of record and report."""

import random

from told import said, worded

from bench.measure.finding.base import Finding
from bench.measure.interval import Interval, Latency, Measurement, Term
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS
from bench.verdict.result import (
    Budget,
    Judgement,
    LatencyStatistics,
    RunResult,
    ScenarioResult,
    ShotResult,
    Verdict,
)
from bench.verdict.rules import RULES

OVERVOLTAGE = Budget(
    safety_goal="SG-01",
    title="No cell is charged above its limit",
    asil="C",
    ftti_ns=4_000 * NS_PER_MS,
    fdti_ns=2_600 * NS_PER_MS,
    frti_ns=400 * NS_PER_MS,
    safe_state="contactors open",
    provenance="assumed: example of the reference pack, see docs/budgets.md",
)
WELD = Budget(
    safety_goal="SG-04",
    title="A welded contactor is never closed upon",
    asil="B",
    ftti_ns=1_000 * NS_PER_MS,
    fdti_ns=250 * NS_PER_MS,
    frti_ns=100 * NS_PER_MS,
    safe_state="restart inhibited",
    provenance="assumed",
)


def latency(low_ns: int, width_ns: int) -> Latency:
    return Latency(
        interval=Interval(low_ns=low_ns, high_ns=low_ns + width_ns),
        terms=(Term(name="frame period", width_ns=width_ns, note="BMS_State every 10 ms"),),
    )


def measurement(fdti: Latency | None, fhti: Latency | None, broken: tuple[Finding, ...] = ()) -> Measurement:
    onset = Interval(low_ns=1_000, high_ns=1_200)
    return Measurement(
        onset=onset,
        detected=None,
        safe=None,
        fdti=fdti,
        frti=None,
        fhti=fhti,
        dtc_seen=fdti is not None,
        held=fhti is not None,
        broken=broken,
        silent=(),
        bench_faults=(),
        anomalies=(),
        observable_ns=10_000_000,
    )


def statistics(found: list[Latency]) -> LatencyStatistics | None:
    if not found:
        return None
    lows = sorted(one.interval.low_ns for one in found)
    highs = sorted(one.interval.high_ns for one in found)
    last = len(found) - 1
    return LatencyStatistics(
        n=len(found),
        min_low_ns=lows[0],
        p50_low_ns=lows[last // 2],
        p50_high_ns=highs[last // 2],
        p95_low_ns=lows[round(last * 0.95)],
        p95_high_ns=highs[round(last * 0.95)],
        p99_low_ns=lows[round(last * 0.99)],
        p99_high_ns=highs[round(last * 0.99)],
        max_low_ns=lows[-1],
        max_high_ns=highs[-1],
        confidence_95=1 - 0.95 ** len(found),
        spread_p=0.4,
    )


def shot(index: int, verdict: Verdict, measured: Measurement | None, *reasons: str) -> ShotResult:
    return ShotResult(
        index=index,
        seed=2**64 + index,
        phase_ns=index * 1_700_000,
        measurement=measured,
        judgement=Judgement(verdict=verdict, reasons=said(*reasons)),
        digest=f"{index:064x}",
        folder=f"scenarios/x/shot-{index:03d}",
        simulated_ns=4_000_000_000,
    )


def scenario(
    scenario_id: str,
    title: str,
    budget: Budget,
    shots: list[ShotResult],
    verdict: Verdict,
    *reasons: str,
    aim: str = "must_trip",
    timebase: Timebase = Timebase.SIMULATED,
    notes: tuple[str, ...] = (),
) -> ScenarioResult:
    measured = [one.measurement for one in shots if one.measurement]
    return ScenarioResult(
        scenario_id=scenario_id,
        title=title,
        file=f"scenarios/{scenario_id}.toml",
        aim=aim,
        timebase=timebase,
        budget=budget,
        requirements=("REQ-BMS-012", "REQ-BMS-013"),
        standards=("ISO 26262-4:2018, 7.4.4",),
        shots=tuple(shots),
        judgement=Judgement(verdict=verdict, reasons=said(*reasons)),
        fdti=statistics([m.fdti for m in measured if m.fdti]),
        fhti=statistics([m.fhti for m in measured if m.fhti]),
        notes=notes,
    )


def sample_run(n: int = 59, run_id: str = "2026-11-23-sample") -> RunResult:
    chance = random.Random(7)
    good, weld = [], []
    for k in range(n):
        low = round(chance.uniform(2_400, 2_500) * NS_PER_MS)
        good.append(
            shot(
                k,
                Verdict.PASS,
                measurement(latency(low, 10_200_000), latency(low + 212 * NS_PER_MS, 10_400_000)),
            )
        )
        low = round(chance.gauss(212, 18) * NS_PER_MS)
        weld.append(
            shot(
                k,
                Verdict.PASS,
                measurement(latency(low, 10_000_000), latency(low + 10 * NS_PER_MS, 12_000_000)),
            )
        )
    late = measurement(latency(300 * NS_PER_MS, 10_000_000), latency(420 * NS_PER_MS, 10_000_000))
    weld[5] = shot(5, Verdict.FAIL, late, "FDTI [300.0 ms, 310.0 ms] is above its budget of 250.0 ms")
    weld[9] = shot(
        9, Verdict.FAIL, measurement(None, None), "WeldPlus was never set within 1.000 s after onset"
    )
    quiet = [shot(k, Verdict.PASS, measurement(None, None)) for k in range(20)]
    tripped = [
        shot(
            0,
            Verdict.FAIL,
            measurement(None, None, (worded("State = Error"),)),
            "nuisance trip: <State> = Error",
        )
    ]
    return RunResult(
        run_id=run_id,
        started_utc="2026-11-23T22:00:00Z",
        timebase=Timebase.SIMULATED,
        seed=20261123,
        bench_version="0.1.0",
        firmware="firmware_stubs.reference_bms",
        firmware_identity="reference_bms 1.0.0 sha256:ab12cd34",
        rules=RULES,
        chemistry="NMC",
        hashes={"dbc/bms.dbc": "a" * 64, "scenarios/budgets.toml": "b" * 64},
        environment={"python": "3.11.9", "platform": "Linux x86_64"},
        scenarios=(
            scenario(
                "cell-overvoltage", "One cell above 4.25 V while charging", OVERVOLTAGE, good, Verdict.PASS
            ),
            scenario(
                "weld-plus",
                "Plus contactor welded",
                WELD,
                weld,
                Verdict.FAIL,
                "2 of 59 shots failed; worst FDTI [300.0 ms, 310.0 ms] against 250.0 ms",
                notes=("Feedback is sampled every 10 ms.",),
            ),
            scenario(
                "noise-below-limit",
                "Noise of 20 mV below the limit",
                OVERVOLTAGE,
                quiet,
                Verdict.PASS,
                aim="must_not_trip",
            ),
            scenario(
                "dip-short",
                "A dip shorter than the debounce",
                OVERVOLTAGE,
                tripped,
                Verdict.FAIL,
                "shot 0: nuisance trip: <State> = Error",
                aim="must_not_trip",
            ),
            scenario("hvil-open", "HVIL loop opened", WELD, [], Verdict.BLOCKED, "the rig has no HVIL relay"),
            scenario(
                "insulation-lost",
                "Insulation monitor silent",
                WELD,
                [shot(0, Verdict.ERROR, None, "instrument imd on /dev/ttyUSB3 did not answer within 200 ms")],
                Verdict.ERROR,
                "1 of 1 shots: instrument imd did not answer",
            ),
        ),
        aborted=None,
    )

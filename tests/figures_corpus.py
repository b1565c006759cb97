"""Some hundred seeded inputs of the statistics and of the judgement, and what comes of each: any change is seen.

It says what is computed, not that this is right: that is held by oracles (scipy, numpy, enumeration) and by tests
made by hand. `python tests/figures_corpus.py` writes what is computed today.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import judged_corpus as corpus
from neighbours import nudged, rounded

from bench.codec.uds import STATUS_BITS
from bench.measure.ending import EndedBy, EndFound, EndQuestion
from bench.measure.estimate import EstimateFound
from bench.measure.interval import Interval, Latency, Measurement, StateSeen, Term
from bench.measure.measure import measure
from bench.measure.plan import Aim, GapBound, Plan, StateAsked
from bench.measure.stood import Stood
from bench.record.codable import encode
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS
from bench.verdict import (
    censored,
    decision,
    enough,
    evidence,
    extremes,
    fmea,
    gap,
    order_statistics,
    paired,
    proportion,
    sampling,
    sequential,
    shift,
    spread,
    statistics,
    tables,
    tail,
)
from bench.verdict.compare import compare
from bench.verdict.judge import judge
from bench.verdict.result import Budget, Judgement, RunResult, ScenarioResult, ShotResult, Verdict
from bench.wiring.common import Wired

STORED = Path(__file__).parent / "data" / "figures_corpus.txt"
STATISTICS = 40  # cases of each kind
JUDGEMENTS, IN_A_LINE = 150, 40
MS = NS_PER_MS
Rng = random.Random


def line(name: str, compute: Callable[[], Any]) -> str:
    """A digest over all that comes of it; a type of error is an answer too. Floats to nine places."""
    try:
        content = json.dumps(rounded(encode(compute()), digits=9), sort_keys=True)
    except Exception as error:  # noqa: BLE001
        return f"{name} raises {type(error).__name__}"
    return f"{name} {hashlib.sha256(content.encode()).hexdigest()[:12]}"


def intervals(rng: Rng, n: int) -> list[Interval]:
    """Latencies as benches measure them: scattered, drifting, in steps, with ties, with a late share."""
    middle, scatter = rng.choice((3, 40, 250, 2400)) * MS, rng.choice((0, 1, 5, 60)) * MS
    width, kind = rng.choice((0, 1, 10, 100)) * MS, rng.choice(("even", "normal", "steps", "drift", "late"))
    found = []
    for k in range(n):
        low = middle
        if kind == "even":
            low += round(rng.uniform(0, scatter))
        elif kind == "normal":
            low += round(abs(rng.gauss(0, scatter)))
        elif kind == "steps":
            low += rng.randrange(4) * scatter
        elif kind == "drift":
            low += k * scatter // 8
        elif rng.random() < 0.1:
            low += 280 * MS
        found.append(Interval(low_ns=low, high_ns=low + rng.choice((width, width, width // 2))))
    return found


def _latency(one: Interval | None) -> Latency | None:
    if one is None:
        return None
    terms = (
        Term(name="frame period", width_ns=one.width_ns),
        Term(name="bench lateness", width_ns=one.width_ns // 3),
    )
    return Latency(interval=one, terms=terms)


def _measurement(rng: Rng, fdti: Interval | None, fhti: Interval | None) -> Measurement:
    cycle = rng.choice((0, 10 * MS, 100 * MS)) if rng.random() < 0.1 else 100 * MS
    return Measurement(
        onset=Interval(low_ns=1_000, high_ns=1_200),
        detected=None,
        safe=None,
        fdti=_latency(fdti),
        frti=None,
        fhti=_latency(fhti),
        dtc_seen=fdti is not None,
        held=True,
        broken=(),
        silent=(),
        bench_faults=(),
        anomalies=(),
        observable_ns=10_000 * MS,
        dut_cycle_ns=cycle,
        dut_phase_ns=None if rng.random() < 0.01 else rng.randrange(100 * MS),
        dut_uptime_ns=None if rng.random() < 0.02 else rng.randrange(1, 5000) * MS,
    )


def shots(rng: Rng, n: int, late_ns: int = 0, seed: int = 5) -> list[ShotResult]:
    mostly = rng.choice((Verdict.PASS, Verdict.PASS, Verdict.PASS, Verdict.FAIL, Verdict.GAP))
    rare, share = rng.choice(list(Verdict)), rng.choice((0.0, 0.02, 0.1, 0.4))
    found = []
    for k, one in enumerate(intervals(rng, n)):
        moved = Interval(low_ns=one.low_ns + late_ns, high_ns=one.high_ns + late_ns)
        fhti = Interval(low_ns=moved.low_ns + 200 * MS, high_ns=moved.high_ns + 210 * MS)
        seen = rng.random()
        measured = _measurement(rng, moved if seen > 0.03 else None, fhti if seen > 0.06 else None)
        verdict = rare if rng.random() < share else mostly
        found.append(
            ShotResult(
                index=k,
                seed=seed + k // rng.choice((1, 1, 1, 9)),
                phase_ns=rng.choice((k, k, 0)) * MS,
                judgement=Judgement(verdict=verdict, reasons=()),
                digest="",
                measurement=None if verdict in (Verdict.ERROR, Verdict.BLOCKED) else measured,
                folder="",
                simulated_ns=1,
            )
        )
    return found


def _budget(rng: Rng) -> Budget:
    fdti = rng.choice((10, 60, 300, 2600)) * MS
    return Budget(
        safety_goal="SG",
        title="",
        asil=rng.choice("ABCD"),
        ftti_ns=3 * fdti,
        fdti_ns=fdti,
        frti_ns=fdti // 2,
        safe_state="",
        provenance="",
        coverage=rng.choice((0.9, 0.95, 0.99)),
        confidence=rng.choice((0.9, 0.95)),
    )


def scenario(rng: Rng, name: str, n: int, late_ns: int = 0) -> ScenarioResult:
    made = shots(rng, n, late_ns)
    timebase = rng.choice((Timebase.SIMULATED, Timebase.SIMULATED, Timebase.HOST))
    return ScenarioResult(
        scenario_id=name,
        title="",
        file="",
        aim=rng.choice(("must_trip", "must_trip", "must_not_trip", "must_reach")),
        timebase=timebase,
        budget=_budget(rng),
        requirements=(),
        standards=(),
        shots=tuple(made),
        judgement=statistics.conclude(made),
        fdti=None,
        fhti=None,
        notes=(),
        operating_point=rng.choice(("", "drive")),
        mismatch=rng.choice(("", "", "", "wrong cells")),
    )


def runs(rng: Rng) -> tuple[RunResult, RunResult]:
    """Two builds with scenarios in common: equal, or the second is late in one of them."""
    names = [f"s{k}" for k in range(rng.choice((1, 2, 5)))]
    late = rng.choice((0, 0, 2, 30, 280)) * MS
    state = rng.getrandbits(32)
    sides: list[RunResult] = []
    for side in range(2):
        same = Rng(f"{state}") if rng.random() < 0.4 else Rng(f"{state}/{side}")
        sizes = [rng.choice((1, 3, 8, 14, 15, 40, 90)) for _ in names]
        found = [
            scenario(same, one, n, late * side * (k == 0))
            for k, (one, n) in enumerate(zip(names, sizes, strict=True))
        ]
        hashes = {f"scenario.{one}": rng.choice("aaaaaab") for one in names} | {
            "rig": rng.choice("aaaaaaaaaab")
        }
        sides.append(
            RunResult(
                run_id=f"r{side}",
                started_utc=f"2026-11-0{side + 1}T00:00:00Z",
                timebase=found[0].timebase,
                seed=5 + side,
                bench_version="1",
                firmware="f",
                firmware_identity=f"build {side}",
                chemistry="NMC",
                hashes=hashes,
                environment={},
                scenarios=tuple(found[: len(names) - (rng.random() < 0.2)]),
                aborted=None,
                rules=2,
            )
        )
    return sides[0], sides[1]


def _counts(rng: Rng) -> tuple[int, int]:
    n = rng.choice((1, 2, 3, 10, 59, 60, 299, 1000))
    return rng.randint(0, min(n, rng.choice((0, 1, 3, n)))), n


def _mode(rng: Rng) -> fmea.FailureMode:
    severity, frequency, occurrence = (rng.randint(1, 10) for _ in range(3))
    return fmea.FailureMode(
        id="m",
        title="",
        element="",
        safety_goal="",
        faults=(),
        scenarios=(),
        severity=severity,
        severity_source="",
        frequency=frequency,
        frequency_source="",
        occurrence=occurrence,
        occurrence_source="",
        given=tuple(rng.sample(fmea.INPUTS, rng.randint(0, 3))),
    )


def _shift_of(rng: Rng) -> shift.Shift:
    n, m = (rng.choice((1, 2, 4, 8, 14, 15, 40, 93, 120)) for _ in range(2))
    late = rng.choice((0, 0, 1, 5, 60)) * MS
    base = intervals(rng, n)
    new = base[:m] if rng.random() < 0.3 else intervals(Rng(rng.random()), m)
    moved = [Interval(low_ns=one.low_ns + late, high_ns=one.high_ns + late) for one in new]
    return shift.measure_shift(base, moved, rng.choice((0.9, 0.95, 0.99)))


def _compared(rng: Rng) -> Any:
    found = compare(*runs(rng), rng.choice((None, None, 5 * MS)), rng.choice(((), (), (), ("x",))))
    told = found.regressions, found.undecided, [one.scenario_id for one in found.not_judged], found.unrecorded
    return found.refused, found.left_out, found.metrics, found.handled, told, found.exit_code


def _enough(rng: Rng) -> Any:
    found = _shift_of(rng)
    relevant, within = rng.choice((1, 5, 40)) * MS, rng.choice((1, 10, 100)) * MS
    return enough.shots_that_decide(
        found, relevant, within, rng.choice((0, 1, 3, 300)), rng.choice((0.05, 0.01))
    )


def _classified(rng: Rng) -> Any:
    p, q = (rng.choice((0.0, 0.01, 0.05, 0.2)) for _ in range(2))
    within = rng.choice((None, 10 * MS, 200 * MS))
    return shift.classify(_shift_of(rng), p, q, rng.choice((1, 5, 60)) * MS, 0.05, within)


def _paired(rng: Rng) -> Any:
    before, after = runs(rng)
    found = paired.pairs(before.scenarios[0], after.scenarios[0], rng.choice(("FDTI", "FHTI")))
    return found, [found.same_within(within * MS, coarse) for within in (1, 20) for coarse in (0, 2)]


def _decided(rng: Rng) -> Any:
    (one,) = intervals(rng, 1)
    limit = rng.choice(
        (one.low_ns, one.high_ns, one.low_ns + 1, one.high_ns - 1, (one.low_ns + one.high_ns) // 2, 1)
    )
    latency = _latency(one)
    assert latency is not None
    return decision.decide(latency, limit), decision.must_shrink(latency, rng.choice((0, 1, MS, 90 * MS)))


def _claimed(rng: Rng) -> Any:
    claim = evidence.Claim(coverage=rng.choice((0.9, 0.95, 0.99)), confidence=rng.choice((0.9, 0.95)))
    found = evidence.evidence(shots(rng, rng.choice((0, 1, 20, 59, 60, 93, 300))), claim)
    return found, found.clean, found.supported, evidence.claim_words(found)


def _growing(rng: Rng) -> list[Interval]:
    n = rng.choice((0, 4, 9, 12, 61, 64, 100))
    scale, kind = rng.choice((1, 20)) * MS, rng.choice(("pareto", "even", "drift", "normal"))
    draw = {
        "pareto": lambda k: rng.paretovariate(3),
        "even": lambda k: rng.random(),
        "drift": lambda k: k / 20 + rng.random(),
        "normal": lambda k: rng.gauss(9, 1),
    }[kind]
    lows = [max(0, round(scale * draw(k))) for k in range(n)]
    return [Interval(low_ns=one, high_ns=one + MS) for one in lows]


def _extreme(rng: Rng) -> Any:
    found = extremes.plausibility(_growing(rng), rng.choice((1000, 10_000)))
    return found, found.usable, extremes.plausibility_words(found)


KINDS: dict[str, Callable[[Rng], Any]] = {
    "compare": _compared,
    "enough": _enough,
    "shift": _shift_of,
    "classify": _classified,
    "holm": lambda rng: shift.holm(
        [rng.choice((rng.random(), 0.01, 0.05)) for _ in range(rng.randint(0, 9))]
    ),
    "paired": _paired,
    "shift_index": lambda rng: order_statistics.shift_index(
        rng.choice((1, 2, 3, 5, 8, 20, 59, 400, 460)),
        rng.choice((1, 3, 4, 9, 30, 451)),
        rng.choice((0.8, 0.95, 0.99)),
    ),
    "quantile_indices": lambda rng: order_statistics.quantile_indices(
        rng.choice((1, 2, 5, 29, 59, 93, 400)),
        rng.choice((0.5, 0.9, 0.95, 0.999)),
        rng.choice((0.8, 0.95, 0.99)),
    ),
    "tails_of": lambda rng: tail.tails_of(
        rng.choice((1, 28, 29, 58, 59, 80, 120, 600, 5000)), rng.choice((0.9, 0.95))
    ),
    "fisher": lambda rng: tail.fisher_more(*_counts(rng), *_counts(rng)),
    "latest": lambda rng: tail.latest_p(*_counts(rng), *_counts(rng)),
    "spread": lambda rng: spread.spread_p(shots(rng, rng.choice((0, 1, 5, 30)))),
    "kuiper": lambda rng: spread.kuiper_p(
        [rng.random() ** rng.choice((1, 1, 4)) for _ in range(rng.choice((1, 2, 5, 59)))]
    ),
    "sampled": lambda rng: (
        sampling.sampled(found := shots(rng, rng.choice((0, 1, 9)))),
        sampling.bunched(found),
    ),
    "latencies": lambda rng: statistics.latency_statistics(
        [found for one in intervals(rng, rng.choice((0, 1, 2, 5, 59))) if (found := _latency(one))]
    ),
    "wilks": lambda rng: (
        statistics.wilks_confidence(
            rng.choice((1, 5, 59, 3000)), rng.choice((0.9, 0.99)), rng.choice((1, 2, 3))
        ),
        statistics.wilks_n(rng.choice((0.9, 0.95)), rng.choice((0.9, 0.99)), rng.choice((1, 2, 4))),
    ),
    "conclude": lambda rng: statistics.conclude(shots(rng, rng.choice((0, 1, 2, 9)))),
    "quantile": lambda rng: censored.quantile(
        intervals(rng, rng.choice((1, 2, 7, 59))), rng.choice((1, 50, 95, 99, 100))
    ),
    "ecdf": lambda rng: censored.ecdf_band(intervals(rng, rng.choice((1, 3, 12)))),
    "upper": lambda rng: proportion.upper_bound(*_counts(rng), rng.choice((0.5, 0.95))),
    "shots_for": lambda rng: proportion.shots_for(
        rng.choice((0.5, 0.9, 0.99)), rng.choice((0.9, 0.95)), rng.randint(0, 3)
    ),
    "sprt": lambda rng: [sequential.rate(*_counts(rng))],
    "decide": _decided,
    "evidence": _claimed,
    "extremes": _extreme,
    "earn": lambda rng: fmea.earn(scenario(rng, "s", rng.choice((0, 1, 2, 30, 100, 320)))),
    "rate": lambda rng: fmea.rate(_mode(rng), rng.randint(1, 10), rng.random() < 0.5),
    "handled": lambda rng: (
        fmea.handled(
            [
                (
                    rng.choice((None, 0.0, 1.0, 7.5, 20.0)) if rng.random() < 0.3 else 4.0,
                    None if rng.random() < 0.1 else fmea.earn(scenario(rng, "s", rng.choice((1, 30, 59)))),
                )
                for _ in range(rng.randint(0, 4))
            ]
        ),
        _mode(rng).inputs_assumed,
    ),
    "priority": lambda rng: (
        tables.action_priority(*(rng.randint(1, 10) for _ in range(3))),
        tables.msr_action_priority(*(rng.randint(1, 10) for _ in range(3))),
        tables.asil_of(
            rng.choice(("S0", "S1", "S2", "S3")),
            rng.choice(("E1", "E2", "E4")),
            rng.choice(("C0", "C1", "C3")),
        ),
        tables.decompositions(rng.choice("ABCD")),
    ),
    "worst": lambda rng: fmea.worst(
        [fmea.earn(scenario(rng, f"s{k}", 12)) for k in range(rng.randint(0, 3))]
    ),
}


def statistics_lines(kind: str) -> Iterator[str]:
    for case in range(STATISTICS):
        name = f"{kind}/{case}"
        yield line(name, lambda name=name: KINDS[kind](Rng(name)))  # type: ignore[misc]


Material = list[tuple[Measurement, Plan]]


def material(wired: Wired, prepared: dict[str, Prepared]) -> Material:
    """Measurements of true shots and of some altered ones, with their plans."""
    corpus.DECODERS[:] = [wired.databases]
    found = []
    for name in corpus.SCENARIOS:
        whole = corpus._trace_of(wired, prepared[name])
        for case in range(4):
            rng, trace, plan = Rng(f"material {name}/{case}"), whole, prepared[name].plan
            for step in rng.choices(corpus.ALTERATIONS, k=case):
                with contextlib.suppress(TypeError, ValueError):  # there is no such trace or plan
                    trace, plan = step(trace, plan, rng)
            with contextlib.suppress(Exception):  # what cannot be measured is the other corpus' matter
                found.append((measure(trace, plan, wired.databases), plan))
    return found


def _crossed(value: Any, others: list[Any], rng: Rng) -> Any:
    """With one field as it is in another shot or plan, or gone."""
    name = rng.choice([one.name for one in dataclasses.fields(value) if one.init])
    return dataclasses.replace(value, **{name: getattr(rng.choice(others), name)})


def _step(found: Measurement, plan: Plan, rng: Rng, known: Material) -> tuple[Measurement, Plan]:
    which = rng.random()
    if which < 0.35:
        return nudged(found, rng), plan
    if which < 0.6:
        return _crossed(found, [one for one, _ in known], rng), plan
    if which < 0.85:
        return found, nudged(plan, rng)
    return found, _crossed(plan, [one for _, one in known], rng)


def judgement_lines(known: Material) -> Iterator[str]:
    for number in range(JUDGEMENTS):
        rng = Rng(f"judgement {number}")
        cases = [_case(rng, known) for _ in range(IN_A_LINE)]
        yield line(f"judgement/{number}", lambda cases=cases: [_judged(*one) for one in cases])  # type: ignore[misc]


def _case(rng: Rng, known: Material) -> tuple[Measurement, Plan]:
    found, plan = rng.choice(known)
    wanted = rng.choice((1, 3, 6, 10, 16))
    for _ in itertools.repeat(None, 60):
        try:
            found, plan = _step(found, plan, rng, known)
        except (ValueError, TypeError):  # no such measurement or plan can be
            continue
        wanted -= 1
        if not wanted:
            break
    plan = dataclasses.replace(plan, aim=rng.choice(list(Aim))) if rng.random() < 0.3 else plan
    return _further(found, plan, rng) if rng.random() < 0.4 else (found, plan)


def _further(found: Measurement, plan: Plan, rng: Rng) -> tuple[Measurement, Plan]:
    """What few shots of the corpus have: further states, the end of a protection test, estimates, a known gap."""
    at = found.fdti.interval.high_ns if found.fdti is not None else 50 * MS
    edge = rng.choice((at, at, found.fhti.interval.low_ns if found.fhti is not None else at)) + rng.choice(
        (-1, 0, 1, MS)
    )
    which = rng.randrange(5)
    if which == 4:
        stood = rng.choice(
            (None, Stood(status=rng.choice((None, 0x08, 0x2F)), occurrences=rng.choice((None, 3, 255))))
        )
        found = dataclasses.replace(
            found,
            dtc_status=rng.choice((None, 0, 0x08, 0x09, 0x2F)),
            dtc_stood=stood,
            dtc_unclear=rng.random() < 0.1,
            dtc_occurrences=rng.choice((None, 3, 4)),
            dtc_status_problem=rng.choice((None, None, None, "no answer")),
        )
        asked = tuple(rng.sample(STATUS_BITS[:4], rng.randint(0, 3)))
        return found, dataclasses.replace(
            plan, dtc_status=asked, dtc_test=plan.dtc_test or next(iter(plan.detection), None)
        )
    if which == 0:
        seen = [
            StateSeen(name=name, latency=rng.choice((None, found.fdti, found.fhti)))
            for name in ("first", "last")
        ]
        bounds = {rng.choice(("at_least_ns", "at_most_ns")): edge}
        asked = [StateAsked(name=name, tests=(), **bounds) for name in ("first", "last", "never")]
        return dataclasses.replace(found, states=tuple(seen)), dataclasses.replace(
            plan, states=tuple(asked[: rng.randint(1, 3)])
        )
    if which == 1:
        end = EndFound(
            question=EndQuestion(observe_ns=100),
            by=rng.choice(list(EndedBy)),
            at_ns=rng.choice((None, 5)),
            observed_ns=rng.choice((99, 100, 101)),
            problems=found.broken[: rng.randint(0, 1)],
        )
        return dataclasses.replace(found, end=end), plan
    if which == 2:
        limit, half = rng.choice((0.02, 0.03)), rng.choice((0.0, 0.001, 0.01))
        estimate = EstimateFound(
            question=dataclasses.replace(
                rng.choice(corpus.ESTIMATES), rms=rng.choice((None, limit)), max=rng.choice((None, limit))
            ),
            n=40,
            u=half,
            rms=limit + rng.choice((-half, half, -1e-3, 2e-3)),
            max_abs=limit + rng.choice((-half, 0.0, 0.02)),
            worst_ns=7,
            bias=0.001,
            span_ns=10**9,
            drift_per_day=rng.choice((None, 5.0, -5.1, 400.0)),
            inside_ns=rng.choice((None, 399 * MS, 400 * MS, 401 * MS)),
            maybe_ns=rng.choice((None, 399 * MS, 400 * MS, 401 * MS)),
            first=0.1,
            last=0.01,
        )
        found = dataclasses.replace(found, estimates=(estimate,))
    bound = GapBound(
        fdti_at_most_ns=rng.choice((None, edge)),
        fhti_at_most_ns=rng.choice((None, edge)),
        error_at_most=rng.choice((None, 0.025, 0.04)),
        never=rng.random() < 0.2,
        findings=tuple(rng.sample(corpus.KNOWN_GAPS, rng.choice((0, 2)))),
    )
    tighter = {
        name: rng.choice((getattr(plan, name), edge - 2))
        for name in ("fdti_budget_ns", "fhti_budget_ns", "ceiling_ns")
    }
    return found, dataclasses.replace(plan, gap=bound, **tighter)


def _judged(found: Measurement, plan: Plan) -> Any:
    try:
        return judge(found, plan), _of_a_gap(found, plan)
    except Exception as error:  # noqa: BLE001 - a type of error is an answer too
        return type(error).__name__


def _of_a_gap(found: Measurement, plan: Plan) -> Any:
    fails = [one.finding for one in judge(found, plan).reasons]
    return gap.not_known(fails, [one.code for one in fails[:1]])


def write_what_is_computed() -> None:
    from bench.cli.options import load_rig, load_scenarios

    wired = load_rig(Path(__file__).parents[1] / "hil_config.toml", "simulated", "reference", None)
    prepared = {one.scenario.id: one for one in load_scenarios(wired, None, None)[0]}
    lines = [one for kind in KINDS for one in statistics_lines(kind)]
    lines += judgement_lines(material(wired, prepared))
    STORED.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    write_what_is_computed()

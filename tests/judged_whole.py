"""Measurements and plans of a few nanoseconds, where every bound is met, and figures of runs: all that comes of them.

`PYTHONPATH=.:tests python tests/judged_whole.py` writes what comes of them today.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from figures_corpus import _growing, intervals, runs, scenario, shots
from traces_asked import ASKED_SOC, CLOSING, DTC, FLAG, OPEN
from whole_value import digest

from bench.config.lag import Lag
from bench.errors import ConfigError
from bench.measure import clock_rate, lagging, onset_spread, reaction, trip_band
from bench.measure.ending import EndedBy, EndFound, EndQuestion
from bench.measure.estimate import EstimateFound
from bench.measure.finding.answer import ForbiddenSeen, SafeStateBeforeFault, SafeStateNotHeld
from bench.measure.finding.base import Since, When
from bench.measure.finding.bench import DutRefused, HoldCutShort, SafeStateUnconfirmed
from bench.measure.finding.life import FrameMisfit, NeverHeard
from bench.measure.finding.plant import EstimateStale, TruthTooFew
from bench.measure.interval import (
    Interval,
    Latency,
    LeftOut,
    Measurement,
    Reaction,
    StampUsed,
    StateSeen,
    Term,
)
from bench.measure.plan import NOTHING, Aim, GapBound, Plan, StateAsked
from bench.measure.shot import Seen, all_of, latency
from bench.measure.stood import Stood
from bench.verdict import (
    compare,
    decision,
    enough,
    evidence,
    extremes,
    family,
    fmea,
    gap,
    order_statistics,
    paired,
    pool,
    proportion,
    sampling,
    sequential,
    shift,
    spread,
    statistics,
    steady,
    tail,
    uncertainty,
)  # fmt: skip
from bench.verdict.judge import judge
from bench.verdict.result import Judgement, ScenarioResult, Verdict, together

STORED = Path(__file__).parent / "data" / "judged_whole.txt"
CASES = {
    "judged": 40,
    "compared": 15,
    "grown": 30,
    "sides": 60,
    "run": 50,
}  # lines of a kind; 100 of every other
JUDGED = 60  # judgements in a line
Rng = random.Random


def _span(rng: Rng, most: int = 6) -> Interval:
    low_ns = rng.randint(0, most)
    return Interval(low_ns=low_ns, high_ns=low_ns + rng.randint(0, 3))


def _latency(rng: Rng) -> Latency | None:
    if rng.random() < 0.1:
        return None
    span = _span(rng, 9)
    parts = (("frame period", 1), ("bench lateness", 2), ("stamp on vehicle", 1))
    terms = [Term(name=name, width_ns=rng.randint(0, 3) * k, note="n") for name, k in parts]
    return Latency(interval=span, terms=tuple(terms[: rng.randint(0, 3)]))


def _some(rng: Rng, *values: Any) -> tuple[Any, ...]:
    return tuple(rng.sample(values, rng.choice((0, 0, 0, 1, len(values)))))


def _measured(rng: Rng) -> Measurement:
    def rare(value: Any, share: float = 0.05) -> Any:
        return value if rng.random() < share else None

    when = When(offset_ns=3, since=Since.ONSET)
    misfit = FrameMisfit(message="M", length=7, expected_length=8, count=2)
    return Measurement(
        onset=rng.choice((None, *(_span(rng) for _ in range(9)))),
        detected=rng.choice((None, *(_span(rng, 12) for _ in range(6)))),
        safe=rng.choice((None, *(_span(rng, 12) for _ in range(6)))),
        fdti=_latency(rng), frti=_latency(rng), fhti=_latency(rng),
        dtc_seen=rng.choice((None, True, True, False)), held=rng.choice((True, True, False, None)),
        broken=_some(rng, ForbiddenSeen(test=CLOSING, when=when), SafeStateBeforeFault(),
                     SafeStateNotHeld(test=OPEN, when=when, after_ns=2)) if rng.random() < 0.2 else (),
        silent=(NeverHeard(message="S", channel="vehicle"),) if rng.random() < 0.1 else (),
        bench_faults=(HoldCutShort(short_ns=1),) if rng.random() < 0.03 else (),
        anomalies=(), observable_ns=rng.choice((None, 0, 2)),
        dtc_status=rng.choice((None, 0, 0x08, 0x09, 0x2F)), dtc_status_problem=rare("no answer"),
        doubts=(HoldCutShort(short_ns=9),) if rng.random() < 0.06 else (),
        excuses=(HoldCutShort(short_ns=8),) if rng.random() < 0.3 else (),
        refused=rare(DutRefused(source="bench", said="another")), misfits=(misfit,) if rng.random() < 0.04 else (),
        not_begun=rng.random() < 0.03, estimates=tuple(_estimate(rng) for _ in range(rng.choice((0, 0, 1, 2)))),
        end=_end(rng) if rng.random() < 0.2 else None, dtc_unclear=rng.random() < 0.1,
        dtc_stood=Stood(status=rng.choice((None, 0x08, 0x2F, 1)), occurrences=rng.choice((None, 3, 255)))
        if rng.random() < 0.5 else None, dtc_occurrences=rng.choice((None, 3, 4)),
        unsafe=(SafeStateUnconfirmed(said="s"),) if rng.random() < 0.04 else (),
        onset_first=rare(_span(rng), 0.3), onset_last=rare(_span(rng), 0.3), crashed=rare(SafeStateBeforeFault(), 0.02),
        start_missed=rare(SafeStateBeforeFault(), 0.02),
        reactions=tuple(_reaction(rng) for _ in range(rng.choice((0, 1, 2)))),
        states=tuple(StateSeen(name=one, latency=_latency(rng)) for one in _some(rng, "first", "last")),
        at_terminal=rare(_span(rng), 0.7), left_out=rng.choice((LeftOut.KNOWN, *LeftOut)),
        rate_ppb=rng.choice((0, 7, 90_000_000)), rate_why=rng.choice(("", "w")),
        stamps=(StampUsed(channel="vehicle", source="kernel", u_ns=rng.randint(0, 3)),),
    )  # fmt: skip


def _reaction(rng: Rng) -> Reaction:
    late = _latency(rng) or Latency(interval=_span(rng), terms=())
    return Reaction(latency=late, floor_ns=rng.randint(0, 9), ceiling_ns=rng.choice((None, 5, 7, 9)))


def _estimate(rng: Rng) -> EstimateFound:
    limits: Any = {key: rng.choice((None, 0.25, 0.5)) for key in ("rms", "max", "band")}
    asked = replace(
        ASKED_SOC, **limits, converge_ns=rng.choice((None, 3)), drift_per_day=rng.choice((None, 0.5))
    )
    if rng.random() < 0.1:
        stale = EstimateStale(estimate="soc", message="M", age_ns=3)
        lacking = TruthTooFew(estimate="soc", count=1, expected=5)
        known = {"problem": stale} if rng.random() < 0.5 else {"lacking": lacking}
        return EstimateFound(question=asked, **known)
    return EstimateFound(
        question=asked, n=9, span_ns=86_400 * 10**9, rms=rng.choice((0.125, 0.25, 0.375, 0.5)),
        u=rng.choice((0.0, 0.125)),
        max_abs=rng.choice((0.25, 0.5, 0.625)), first=0.5, last=0.25,
        drift_per_day=rng.choice((None, 0.25, 0.5, -0.75)),
        inside_ns=rng.choice((None, 2, 3, 4)), maybe_ns=rng.choice((None, 2, 3, 4)),
    )  # fmt: skip


def _end(rng: Rng) -> EndFound:
    problems = _some(rng, SafeStateBeforeFault())
    by, at_ns = rng.choice((None, *EndedBy)), rng.choice((None, 5))
    return EndFound(
        question=EndQuestion(observe_ns=3),
        by=by,
        at_ns=at_ns,
        observed_ns=rng.choice((2, 3, 4)),
        problems=problems,
    )


def _plan(rng: Rng) -> Plan:
    known = GapBound(
        fdti_at_most_ns=rng.choice((None, 6, 9)), fhti_at_most_ns=rng.choice((None, 6, 9)),
        error_at_most=rng.choice((None, 0.5)), never=rng.random() < 0.3,
        findings=_some(rng, "forbidden-seen", "safe-state-before-fault"),
    )  # fmt: skip
    bound: Any = {
        key: rng.choice((None, 3, 5, 7, 9))
        for key in ("fdti_budget_ns", "fhti_budget_ns", "ftti_ns", "floor_ns")
    }
    states = (
        StateAsked(name="first", tests=(), at_least_ns=4),
        StateAsked(name="last", tests=(), at_most_ns=rng.randint(3, 9)),
    )
    return replace(
        NOTHING, aim=rng.choice((Aim.MUST_TRIP, Aim.MUST_TRIP, Aim.MUST_TRIP, *Aim)),
        ceiling_ns=rng.choice((None, 5, 8)),
        detection=rng.choice(((), (FLAG,), (FLAG,), (FLAG,))), safe_state=rng.choice(((), (OPEN,), (OPEN,), (OPEN,))),
        forbidden=rng.choice(((), (CLOSING,))), heard=rng.choice(((), (("vehicle", "M", 5),))), hold_ns=3, window_ns=6,
        dtc_test=rng.choice((None, DTC)), dtc_status=rng.choice(((), ("confirmed",), ("confirmed", "test_failed"))),
        gap=known if rng.random() < 0.4 else None, states=states if rng.random() < 0.4 else (),
        reached=rng.choice(((), ((OPEN,),))), **bound,
    )  # fmt: skip


def _judged(rng: Rng) -> list[Any]:
    found: list[Any] = []
    for _ in range(JUDGED):
        measured, plan = _measured(rng), _plan(rng)
        found.append(judge(measured, plan))
        if plan.gap is not None:
            found += gap.up_to_the_gap(measured, plan, plan.gap)
        found += [onset_spread.fdti_since_first(measured), onset_spread.fdti_since_last(measured)]
    return found


# --- figures of runs ---


def _series(rng: Rng) -> list[float]:
    n = rng.choice((0, 1, 9, 10, 11, 40, 80))
    kind = rng.choice(("even", "ties", "drift", "turns"))
    by: dict[str, Callable[[int], float]] = {
        "even": lambda _: rng.random(),
        "ties": lambda _: float(rng.randrange(3)),
        "drift": lambda k: k / 9 + rng.random(),
        "turns": lambda k: float(k % 2),
    }
    return [by[kind](k) for k in range(n)]


def _steady(rng: Rng) -> Any:
    series = _series(rng)
    fired = shots(rng, rng.choice((0, 1, 2, 8)))
    places = rng.sample(range(len(fired)), len(fired))
    kept = [
        replace(one, place=None if rng.random() < 0.02 else k) for one, k in zip(fired, places, strict=True)
    ]
    order, shuffled = steady.in_firing_order(rng.choice((fired[::-1], kept)))
    above, below = rng.randint(1, 12), rng.randint(1, 12)
    told = extremes._independent(series), extremes._stationary(series)
    p = [steady.runs_p(runs, above, below) for runs in range(2, 2 * min(above, below) + 1)]
    return steady.trend_p(series), [(one.index, one.place) for one in order], shuffled, told, p


def _run_figures(rng: Rng) -> Any:
    before, after = runs(rng)
    both = (before, replace(after, hashes=rng.choice((before.hashes, after.hashes))))
    told: Any
    try:
        taken = pool.pool(both[: rng.choice((0, 1, 2, 2, 2, 2))], rng.choice(((), (), (), ("other rules",))))
        told = taken.run_id, [(one.scenario_id, one.shots, one.judgement) for one in taken.scenarios]
    except ConfigError as error:
        told = str(error)
    at_once = family.at_once([*before.scenarios, *after.scenarios], rng.choice((0.95, 0.9)))
    return told, at_once, [family.counted(one) for one in before.scenarios]


def _sides(rng: Rng) -> Any:
    """Two runs in which some scenarios lack a latency, or were never decided."""
    before, after = (
        replace(one, scenarios=tuple(_lacking(rng, each) for each in one.scenarios)) for one in runs(rng)
    )
    if rng.random() < 0.8:
        after = replace(after, hashes=before.hashes)
    changed = rng.choice(({}, {}, {"rules": 1}, {"chemistry": "LFP"}, {"environment": {"host": "lab"}}))
    found = compare.compare(before, replace(after, **changed), rng.choice((None, 5_000_000)))
    told = found.regressions, found.undecided, [one.scenario_id for one in found.not_judged], found.unrecorded
    return found.refused, found.left_out, found.metrics, found.handled, told, found.exit_code


def _lacking(rng: Rng, one: ScenarioResult) -> ScenarioResult:
    which = rng.choice(("", "", "fdti", "fhti", "undecided"))
    if which == "undecided":
        open_ = Judgement(verdict=rng.choice((Verdict.INCONCLUSIVE, Verdict.ERROR)), reasons=())
        return replace(one, shots=tuple(replace(shot, judgement=open_) for shot in one.shots))
    without: Any = {which: None} if which else {}
    measured = [shot.measurement and replace(shot.measurement, **without) for shot in one.shots]
    return replace(
        one,
        shots=tuple(
            replace(shot, measurement=found) for shot, found in zip(one.shots, measured, strict=True)
        ),
    )


def _budgets(rng: Rng) -> Any:
    one = scenario(rng, "s", rng.choice((1, 3, 6)))
    budget = replace(
        one.budget, ftti_ns=rng.choice((8, 9, 12)), fdti_ns=rng.choice((4, 6)), frti_ns=rng.choice((1, 3))
    )
    measured = [
        replace(shot, measurement=_measured(rng) if rng.random() < 0.9 else None) for shot in one.shots
    ]
    return uncertainty.uncertainty_of(replace(one, budget=budget, shots=tuple(measured)))


def _small_shots(rng: Rng) -> Any:
    found = shots(rng, rng.choice((0, 1, 4, 20, 59, 61)))
    claim = evidence.Claim(coverage=rng.choice((0.9, 0.95)), confidence=0.95)
    spans = intervals(rng, rng.choice((1, 22, 59, 93)))
    told = evidence.evidence(found, claim)
    verdicts = [shot.judgement.verdict for shot in found] or [Verdict.NONE]
    return (
        statistics.conclude(found), told, told.clean, told.supported, evidence.claim_words(told), together(verdicts),
        evidence.tolerance_bounds(spans, claim), spread.spread_p(found),
        sampling.sampled(found), sampling.bunched(found),
    )  # fmt: skip


def _tails(rng: Rng) -> Any:
    import numpy as np

    n, m = rng.choice((1, 30, 60, 130)), rng.choice((1, 29, 59, 130))
    lows = np.array([rng.randrange(40) for _ in range(n + m)], float)
    highs = lows + np.array([rng.randrange(3) for _ in range(n + m)])
    return tail.tail_shifts(lows, highs, n, rng.choice((0.9, 0.95))), tail.quantile_test(lows[:n], lows[n:])


def _rated(rng: Rng) -> Any:
    earned = [fmea.earn(scenario(rng, f"s{k}", rng.choice((0, 1, 12, 59)))) for k in range(3)]
    rates = [rng.choice((None, 0.0, 2.0)) for _ in earned]
    few = rng.randint(0, 3)
    return earned, fmea.handled(list(zip(rates, earned, strict=True))[:few]), fmea.worst(earned[:few])


def _seen(rng: Rng) -> Any:
    lags = [
        None,
        Lag(low_ns=1, high_ns=3, source="a"),
        Lag(low_ns=0, high_ns=2, source="b"),
        Lag(low_ns=2, high_ns=2),
    ]
    test = replace(
        FLAG, lag=rng.choice(lags), together=_some(rng, replace(OPEN, lag=lags[1]), replace(DTC, lag=lags[2]))
    )
    seen = [
        Seen(interval=_span(rng), t_ns=rng.randint(0, 9), terms=(Term(name="t", width_ns=k, note=""),))
        for k in (1, 2)
    ]
    late = rng.choice((None, *seen))
    ppb = rng.choice((0, 1, 400_000_000))
    return (
        lagging.lag_ends(test), lagging.lag_term(test, rng.randint(0, 3)),
        lagging.fact_after_ns(test, rng.choice((None, 5))), all_of(seen, 7),
        latency(seen[0], seen[1], ppb) if seen[1].interval.high_ns >= seen[0].interval.low_ns else None,
        onset_spread.spread_over(seen[: rng.randint(0, 2)], rng.choice((0, 2, 5))), clock_rate.widened(_span(rng), ppb),
        trip_band.across_the_band(rng.choice((None, seen[0])), lambda _: late, 9), reaction.__name__,
    )  # fmt: skip


def _compared(rng: Rng) -> Any:
    n, m = rng.choice((1, 4, 9, 15, 30)), rng.choice((1, 5, 14, 16, 40))
    moved = shift.measure_shift(intervals(rng, n), intervals(rng, m), rng.choice((0.9, 0.95)))
    return moved, order_statistics.shift_index(n, m, 0.95), enough.shots_that_decide(moved, 5, 10, 3, 0.05)


def _decided(rng: Rng) -> Any:
    late = _latency(rng) or Latency(interval=_span(rng), terms=())
    limits = range(12)
    failures = rng.randint(0, 3)
    return (
        [decision.decide(late, one) for one in limits if one], [decision.must_shrink(late, one) for one in range(4)],
        proportion.upper_bound(failures, 9), proportion.lower_bound(failures, 9),
        proportion.shots_for(0.9, 0.95, failures),
        sequential.rate(failures, 9), [statistics.wilks_n(0.9, 0.95, one + 1) for one in range(failures)],
    )  # fmt: skip


def _grown(rng: Rng) -> Any:
    found = extremes.plausibility(_growing(rng), 1000, shuffled=rng.random() < 0.9)
    return found, extremes.plausibility_words(found)


def _paired(rng: Rng) -> Any:
    one = scenario(rng, "s", rng.choice((3, 8, 20)))
    other = scenario(rng, "s", rng.choice((3, 8, 20)))
    found = paired.pairs(one, other, rng.choice(("FDTI", "FHTI")))
    return found, [found.same_within(within, coarse) for within in (1, 10**7) for coarse in (0.0, 1.0)]


KINDS: dict[str, Callable[[Rng], Any]] = {
    "judged": _judged, "sides": _sides, "steady": _steady, "run": _run_figures, "budget": _budgets,
    "shots": _small_shots, "tails": _tails,
    "rated": _rated, "seen": _seen, "compared": _compared, "decided": _decided, "grown": _grown, "paired": _paired,
}  # fmt: skip


def said(kind: str) -> Iterator[str]:
    for case in range(CASES.get(kind, 100)):
        try:
            told = digest(KINDS[kind](Rng(f"{kind} whole {case}")))
        except (ValueError, ZeroDivisionError) as error:
            told = f"raises {type(error).__name__}"
        yield f"{kind}/{case} {told}"


if __name__ == "__main__":
    STORED.write_text("".join(f"{line}\n" for kind in KINDS for line in said(kind)), encoding="utf-8")

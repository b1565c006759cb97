"""Scores what the DUT says of its state of charge or health against the plant's truth, which stands in the trace."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench.codec.heard import heard
from bench.measure.beyond_fit import no_truth_for
from bench.measure.estimate import EstimateFound, EstimateQuestion
from bench.measure.finding.plant import EstimateAbsent, EstimateStale, TruthTooFew
from bench.measure.frames import Frames
from bench.measure.questions import Codec, message_of
from bench.measure.window import Window
from bench.trace.facts import Truth
from bench.trace.mark import Mark
from bench.trace.timeline import Trace
from bench.units import NS_PER_S

FEWEST = 5  # truths that an error is told from
STALE_CYCLES = 3
DAY_NS = 86_400 * NS_PER_S


class Sample(NamedTuple):
    """At `t_ns` the truth was `true`, and the newest frame said `said`, which is good to `u`."""

    t_ns: int
    true: float
    said: float
    u: float

    @property
    def error(self) -> float:
        return self.said - self.true


def samples_of(
    trace: Trace, question: EstimateQuestion, window: Window, decoders: Mapping[str, Codec]
) -> tuple[list[Sample], EstimateStale | EstimateAbsent | None]:
    """One sample for each TRUTH mark of the window, and what is wrong with them."""
    message = message_of(decoders, question.channel, question.message)
    read = heard(message.reader(question.signal))
    address = (question.channel, message.can_id, message.extended)
    told = [(seen.t_ns, seen.frame.data) for seen in sorted(Frames.of(trace.frames).only([address]))]
    samples: list[Sample] = []
    at = 0
    last_true: tuple[int, float] | None = None
    lapsed_ns = 0
    for mark in _truths(trace, window):
        true = _true(mark.fact, question)
        while at < len(told) and told[at][0] <= mark.t_ns:
            at += 1
        age_ns = mark.t_ns - told[at - 1][0] if at else mark.t_ns
        if not at or age_ns > STALE_CYCLES * question.cycle_ns:
            stale = EstimateStale(estimate=question.name, message=question.message, age_ns=age_ns)
            return samples, stale
        value = read(told[at - 1][1])
        if value is None:
            absent = EstimateAbsent(estimate=question.name, message=question.message, signal=question.signal)
            return samples, absent
        moved = 0.0
        before_ns, lapsed_ns = lapsed_ns, (mark.fact.lapsed_ns or 0)
        if last_true is not None and lapsed_ns == before_ns:
            apart_ns = mark.t_ns - last_true[0]  # 0: two truths of one instant, of which either may be meant
            moved = abs(true - last_true[1]) * (min(1.0, age_ns / apart_ns) if apart_ns else 1.0)
        last_true = mark.t_ns, true
        samples.append(Sample(mark.t_ns, true, question.gain * value, question.resolution + moved))
    return samples, None


def _true(fact: Truth, question: EstimateQuestion) -> float:
    if question.full is None:
        return fact.soc if question.truth == "soc" else fact.soh
    limit_a = fact.charge_limit_a if question.truth == "charge_limit" else fact.discharge_limit_a
    if limit_a is None:
        raise ValueError(
            "found a TRUTH mark without limits; expected them where an estimate of a limit is asked for"
        )
    return limit_a / question.full


def score(
    trace: Trace, question: EstimateQuestion, window: Window, decoders: Mapping[str, Codec]
) -> EstimateFound:
    """A pure function of the trace."""
    samples, problem = samples_of(trace, question, window, decoders)
    if problem is not None:
        return EstimateFound(question=question, problem=problem)
    scored = [one for one in samples if one.t_ns >= samples[0].t_ns + question.after_ns]
    if len(scored) < FEWEST:
        lacking = TruthTooFew(estimate=question.name, count=len(scored), expected=FEWEST)
        return EstimateFound(question=question, lacking=lacking)
    worst = max(scored, key=lambda one: abs(one.error))
    truths = {mark.t_ns: mark for mark in _truths(trace, window)}
    span_ns = scored[-1].t_ns - scored[0].t_ns  # of the clock, and the days that passed beside it
    first, last = truths[scored[0].t_ns].fact, truths[scored[-1].t_ns].fact
    span_ns += (last.lapsed_ns or 0) - (first.lapsed_ns or 0)
    gaps = [abs(m.fact.soc_high - m.fact.soc_low) for m in _truths(trace, window)]
    return EstimateFound(
        question=question,
        n=len(scored),
        span_ns=span_ns,
        rms=math.sqrt(sum(one.error**2 for one in scored) / len(scored)),
        max_abs=abs(worst.error),
        worst_ns=worst.t_ns,
        bias=sum(one.error for one in scored) / len(scored),
        first=samples[0].error,
        last=samples[-1].error,
        u=max(one.u for one in scored),
        inside_ns=_inside(samples, question.band, 1),
        maybe_ns=_inside(samples, question.band, -1),
        drift_per_day=(scored[-1].error - scored[0].error) * DAY_NS / span_ns,
        spread=max(gaps),
        beyond_fit=no_truth_for(trace, question.name, scored[-1].t_ns),
        max_over=max(0.0, *(one.error for one in scored)),
    )


def _truths(trace: Trace, window: Window) -> Sequence[Mark[Truth]]:
    return [m for m in trace.of(Truth) if window.start_ns <= m.t_ns <= window.end_ns]


def _inside(samples: Sequence[Sample], band: float | None, sign: int) -> int | None:
    """How long after the first sample (ns) the error enters the band and stays there to the end. None: it is outside
    at the end.
    """
    if band is None:
        return None
    since_ns: int | None = None
    for one in samples:
        if abs(one.error) + sign * one.u > band:
            since_ns = None
        elif since_ns is None:
            since_ns = one.t_ns
    return None if since_ns is None else since_ns - samples[0].t_ns

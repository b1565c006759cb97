"""What the DUT estimates, against what is true: the question, and the figures found. Shares of 1; durations in ns."""

from dataclasses import dataclass

from bench.measure.finding.base import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateQuestion:
    """A signal of the DUT that estimates what the plant knows exactly. A limit of None is not checked.

    truth: the fact of the TRUTH marks it is compared with, "soc", "soh", "charge_limit", "discharge_limit".
    gain: signal's unit to a share. full: the current in A that such a share is of; None: the truth is a share itself.
    resolution: of the signal, as a share. after_ns: nothing is scored before, counted from the first TRUTH mark.
    rms, max: of the error; over: of what is told too much alone. band, converge_ns: inside the band for good within
    the time. drift_per_day: of the error.
    """

    name: str
    truth: str
    channel: str
    message: str
    signal: str
    gain: float
    resolution: float
    cycle_ns: int
    after_ns: int
    rms: float | None = None
    max: float | None = None
    band: float | None = None
    converge_ns: int | None = None
    drift_per_day: float | None = None
    over: float | None = None
    full: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateFound:
    """Error = estimate - truth. Every figure is good to `u`: the signal's resolution, and how far the truth moves
    within the age of the frame. problem: what the
    DUT did not say; lacking: what the bench did not see; nothing can be said then. None where something can.
    beyond_fit: why the figures decide nothing, though they are there.

    n, rms, max_abs, worst_ns (instant), bias, max_over (the largest above the truth): of what was scored.
    first, last: errors of the whole window.
    inside_ns: from when on it was inside the band for good, for certain; maybe_ns: if u is taken in its favour.
    spread: the widest distance between emptiest and fullest cell: what "the" state of charge of a pack is worth.
    """

    question: EstimateQuestion
    n: int = 0
    span_ns: int = 0
    rms: float = 0.0
    max_abs: float = 0.0
    worst_ns: int = 0
    bias: float = 0.0
    first: float = 0.0
    last: float = 0.0
    u: float = 0.0
    inside_ns: int | None = None
    maybe_ns: int | None = None
    drift_per_day: float | None = None
    spread: float = 0.0
    max_over: float = 0.0
    problem: Finding | None = None
    lacking: Finding | None = None
    beyond_fit: Finding | None = None

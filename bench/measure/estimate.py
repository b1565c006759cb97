"""What the DUT estimates, against what is true: the question, and the figures found. Shares of 1; durations in ns."""

from dataclasses import dataclass

from bench.measure.finding.base import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateQuestion:
    """A signal of the DUT that estimates what the plant knows exactly. A limit of None is not checked.

    truth: the fact of the TRUTH marks that the signal is compared with: "soc", "soh", "charge_limit",
    "discharge_limit".
    gain: factor from the signal's unit to a share. full: the current in A that is the share 1; None: the truth is a
    share itself.
    resolution: of the signal, as a share. after_ns: nothing is scored earlier, counted from the first TRUTH mark.
    rms, max: limits of the error, as a share; over: of the part above the truth alone. drift_per_day: limit of the
    drift.
    band, converge_ns: from converge_ns on, the error has to stay within the band.
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
    """The error of an estimate, as a share: estimate - truth. Every figure is uncertain by `u`: the signal's
    resolution, and the change of the truth within the age of the frame.

    problem: what the DUT did not say. lacking: what the bench did not see. With either of them there is no score;
    both are None where there is one.
    beyond_fit: why the figures decide nothing, though they are there.
    n: number of samples scored. rms, max_abs, bias, max_over (the largest error above the truth): of these samples.
    worst_ns: the instant of the largest error.
    first, last: errors at the two ends of the whole window.
    inside_ns: from then on the error was certainly inside the band. maybe_ns: the same, if `u` is taken in the DUT's
    favour.
    spread: the widest distance between the emptiest and the fullest cell. It limits what one state of charge can say
    of the whole pack.
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

"""`--json` of `hil pool`; its table and its page are made of the same."""

from dataclasses import dataclass
from typing import ClassVar

from bench.report.told.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledTimeTold:
    """A mean over labs with its two-sided 95 % interval. between_s: standard deviation between labs.

    inconsistency: share of the spread that chance does not explain. differ_p: how often equal labs differ as much.
    """

    mean_s: float
    low_s: float
    high_s: float
    between_s: float
    inconsistency: float
    differ_p: float
    labs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledShareTold:
    """The share handled where labs may differ, with its two-sided 95 % interval by likelihood, low to high.

    correlation: between two shots of one lab, 0 to 1. differ_p: how often equal labs differ as much.
    """

    share: float
    low: float
    high: float
    correlation: float
    differ_p: float
    labs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabTold:
    """What one lab brings. undecided: shots that are no attempt. Times: mean and standard uncertainty."""

    lab: str
    rigs: int
    tried: int
    handled: int
    undecided: int
    fdti_mean_s: float | None
    fdti_uncertainty_s: float | None
    fhti_mean_s: float | None
    fhti_uncertainty_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledFaultTold:
    """One fault on one chemistry and build. handled_at_least: of these labs, one-sided 95 %, exact.

    contradicts: in which figures the labs differ by more than chance explains.
    """

    chemistry: str
    scenario: str
    scenario_hash: str
    goal: str
    build: str
    evidence: str
    tried: int
    handled: int
    undecided: int
    handled_at_least: float
    over_labs: PooledShareTold | None
    fdti: PooledTimeTold | None
    fhti: PooledTimeTold | None
    contradicts: tuple[str, ...]
    labs: tuple[LabTold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedTold:
    """What became of a run that was given. why: the code of the reason why it is not in the pool; None where it is."""

    folder: str
    run_id: str
    shots: int
    added: bool
    why: str | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferingTold:
    """One shot of simulated time whose frames differ from run to run."""

    scenario: str
    seed: str
    runs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTold(Document):
    """A pool. again: shots that it holds more than once, which count once."""

    schema_name: ClassVar[str] = "pool"
    pool: str
    runs: int
    labs: int
    shots: int
    again: int
    given: tuple[MergedTold, ...]
    faults: tuple[PooledFaultTold, ...]
    differing: tuple[DifferingTold, ...]

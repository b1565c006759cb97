"""`--json` of what sets builds against each other, and of what looks for their faults."""

from dataclasses import dataclass, field
from typing import ClassVar

from bench.report.told.document import Document, called
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.compare import Handled, Metric
from bench.verdict.result import Reason, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTold:
    """One side of a comparison: its newest run, and that one's verdict."""

    run_id: str
    started_utc: str
    firmware: str
    firmware_identity: str
    chemistry: str
    timebase: Timebase
    evidence: EvidenceClass
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareTold(Document):
    """`hil compare`: absolute verdicts (budget) and relative ones (has it moved?), kept apart.

    refused: why the two are not compared at all. left_out: scenarios that are not, each with its reason.
    regressions: what became worse, in words; undecided: latencies of which neither a change nor sameness is shown.
    absolute: verdicts of NEW. headline: the whole in one sentence.
    """

    schema_name: ClassVar[str] = "compare"
    base: BuildTold
    new: BuildTold
    headline: str
    refused: tuple[str, ...]
    altered: bool
    left_out: tuple[str, ...]
    regressions: tuple[str, ...]
    undecided: tuple[str, ...]
    absolute: dict[str, Verdict]
    metrics: tuple[Metric, ...]
    handled: tuple[Handled, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BisectTold(Document):
    """`hil bisect`: first_bad is None where builds that could not be told (skipped) leave a range of candidates."""

    schema_name: ClassVar[str] = "bisect"
    scenario: str
    first_bad: str | None
    candidates: tuple[str, ...]
    last_good: str | None
    skipped: tuple[str, ...]
    shots: int
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindTold:
    """One run of a hunt. changes: in what it differs from the scenario as it is."""

    verdict: Verdict
    reason: str
    latency_ns: int | None
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTold:
    """The scenario file that a hunt wrote, shrunk to `changes`, and how often it shows the find when it is run.

    file: "" where no file was asked for (`--out`), so that none is left.
    shots: 0 where it was stopped before it could be shrunk and proven.
    """

    file: str
    changes: tuple[str, ...]
    shrunk_in_runs: int
    shots: int
    shown: int
    latency_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntTold(Document):
    """`hil hunt`: found, where a run failed as was asked for; worst: the longest latency of all runs.

    varied, held: what of the scenario was varied, in words, and what was not. unclear: runs by verdicts that blame
    nobody. other_fails: failures of another kind than was asked for. unfit: points that are no scenario.
    """

    schema_name: ClassVar[str] = "hunt"
    scenario: str
    firmware: str
    goal: str
    seed: int
    budget: int
    runs: int
    stopped: bool
    varied: tuple[str, ...]
    held: tuple[str, ...]
    found: FindTold | None
    worst: FindTold | None
    written: WrittenTold | None
    unclear: dict[str, int]
    other_fails: int
    unfit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointTold:
    """One run of a scenario. baseline_ns: the median of up to five runs before with as many shots; notable: no test."""

    run_id: str
    firmware_identity: str
    verdict: Verdict
    findings: tuple[Reason, ...]
    shots: int
    value_ns: int | None
    baseline_ns: int | None
    notable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftTold:
    """From the pinned run of a scenario to its newest."""

    scenario: str
    pinned_run: str
    newest_run: str
    pinned_ns: int
    value_ns: int | None
    largest_step_ns: int
    notable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendTold(Document):
    """`hil trend`: by scenario. left_apart: why other runs are not on its line, and how many."""

    schema_name: ClassVar[str] = "trend"
    metric: str
    timebase: Timebase
    evidence: EvidenceClass
    chemistry: str
    series: dict[str, tuple[PointTold, ...]]
    left_apart: dict[str, dict[str, int]]
    altered: tuple[str, ...]
    since_pin: tuple[DriftTold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarmTold:
    """The good firmware failed a scenario."""

    scenario: str
    seed: int
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclearTold:
    """The good firmware neither passed nor failed a scenario."""

    scenario: str
    seed: int
    verdict: Verdict
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantTold:
    """caught_by: scenario to number of seeds. codes: by which findings."""

    kind: str = field(metadata=called("class"))
    caught_by: dict[str, int]
    codes: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantsTold(Document):
    """`hil mutants`: score: share of the mutants that were caught on every seed. unreached: work left undone."""

    schema_name: ClassVar[str] = "mutants"
    mutants: int
    caught: int
    score: float
    shots: int
    unreached: dict[str, int]
    survivors: tuple[str, ...]
    false_alarms: tuple[FalseAlarmTold, ...]
    unclear: tuple[UnclearTold, ...]
    matrix: dict[str, MutantTold]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSurvivorTold:
    """change: the line before and after. same_frames: it sent the good firmware's frames in every shot.

    differs_in: the scenarios in which it sent others, and which did not fail.
    """

    name: str
    file: str
    line: int
    function: str
    operator: str
    change: str
    same_frames: bool
    differs_in: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFunctionTold:
    """The mutants of one function or macro: killed of counted."""

    file: str
    function: str
    killed: int
    counted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineMutantsTold(Document):
    """`hil mutants --machine`: killed of counted, which are those that compile and are not proven equivalent.

    possible: all there are; chosen: of these; unreached: chosen, but not met. fates: how many came to what. score,
    lowest, highest: 0..1, with the two-sided interval of 95 %. killed_by: scenario to how many.
    """

    schema_name: ClassVar[str] = "machine_mutants"
    possible: int
    chosen: int
    unreached: int
    fates: dict[str, int]
    killed: int
    counted: int
    score: float
    lowest: float
    highest: float
    killed_by: dict[str, int]
    functions: tuple[MachineFunctionTold, ...]
    survivors: tuple[MachineSurvivorTold, ...]

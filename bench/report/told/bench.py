"""`--json` of what tells of a bench, its files and its tools."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from bench.measure.finding.base import Blame
from bench.report.told.document import Document, called
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.result import SpaceResult


class CheckKind(StrEnum):
    """note: good to know; warning: mend it some day; blocked, error: with what the scenario will end."""

    NOTE = "note"
    WARNING = "warning"
    BLOCKED = "blocked"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One thing that the check has to tell. about: the scenario, file or mode; "": the bench."""

    kind: CheckKind
    about: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTold(Document):
    """`hil check`: the number of scenarios that fit this bench, and further notes. A mistake is an `error`."""

    schema_name: ClassVar[str] = "check"
    config: str
    bench: str
    profile: str
    chemistry: str
    scenarios: int
    messages: int
    lines: tuple[CheckLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioListed:
    """repeat: shots in simulated time."""

    id: str
    title: str
    aim: str
    safety_goal: str
    asil: str
    repeat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentListed:
    """ports: where it is connected."""

    kind: str
    role: str
    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTold(Document):
    """`hil list`: names are those of --firmware and --chemistry; capabilities: what this rig can do."""

    schema_name: ClassVar[str] = "list"
    scenarios: tuple[ScenarioListed, ...]
    firmware: dict[str, str]
    chemistries: dict[str, str]
    instruments: dict[str, InstrumentListed]
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultListed:
    """lacks: why this rig cannot do it; None where it can. provided_by: what it asks of a rig, and who has that."""

    fault: str
    fault_class: str = field(metadata=called("class"))
    capability: str
    what: str
    onset: str
    lacks: str | None
    provided_by: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultsTold(Document):
    """`hil list faults`: the catalogue."""

    schema_name: ClassVar[str] = "faults"
    faults: tuple[FaultListed, ...]


class DoctorState(StrEnum):
    """bad: the configured bench cannot be used like this."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFound:
    """figures_us: what was measured, by name, in µs."""

    area: str
    state: DoctorState
    text: str
    mend: str
    figures_us: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorTold(Document):
    """`hil doctor`."""

    schema_name: ClassVar[str] = "doctor"
    usable: bool
    findings: tuple[DoctorFound, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTold:
    """A finding's code: whom it blames, and what it means and what to do, in words."""

    code: str
    blame: Blame
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainTold(Document):
    """`hil explain`: the codes asked for, or all."""

    schema_name: ClassVar[str] = "explain"
    codes: tuple[CodeTold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulerShotTold:
    """A programmed delay, what the bench measured of it, and how far off a naive script was."""

    shot: int
    truth_ns: int
    low_ns: int
    high_ns: int
    contained: bool
    error_ns: int
    naive_error_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulerTold:
    """One condition. sound: every interval holds the truth; enough: and there are shots enough, well spread."""

    timebase: Timebase
    condition: str
    asked: int
    contained: int
    sound: bool
    enough: bool
    undecided: int
    spread_p: float | None
    u_ns: int
    load_per_s: float
    errors: tuple[str, ...]
    shots: tuple[RulerShotTold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationTold:
    """Evidence that --full wrote. complete: each part reaches its minimum; not_shown: those that do not, and why.

    Complete evidence is no qualification before somebody has reviewed it.
    """

    file: str
    complete: bool
    not_shown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTold:
    """A review that --review sealed. sha256: of each file that was reviewed."""

    file: str
    reviewer: str
    reviewed_utc: str
    of: str
    sha256: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualifyTold(Document):
    """`hil qualify`: the ruler; with --full the files of evidence; with --review NAME the reviews alone."""

    schema_name: ClassVar[str] = "qualify"
    series: tuple[RulerTold, ...]
    qualifications: tuple[QualificationTold, ...]
    reviews: tuple[ReviewTold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRow:
    """A goal and a class of fault; absent: no scenario serves the goal. shown: PASS, NOT SHOWN …; None: not run."""

    safety_goal: str
    asil: str
    fault_class: str
    mapped: int
    run: int
    passed: int
    absent: bool
    not_passed: tuple[str, ...]
    not_run: tuple[str, ...]
    quiet: int
    quiet_passed: int
    gaps: tuple[str, ...]
    lent: tuple[str, ...]
    shown: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseTold:
    """A clause of a standard; verdicts: of what performs it and was run, in the order of performed_by."""

    clause: str
    performed_by: tuple[str, ...]
    touched_by: tuple[str, ...]
    verdicts: tuple[str, ...]
    not_run: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceTold(Document):
    """`hil trace`: what serves the safety goals. summary: the denominators in one line. evidence: the run's class."""

    schema_name: ClassVar[str] = "trace"
    run: str | None
    evidence: EvidenceClass | None
    rows: tuple[TraceRow, ...]
    summary: str
    not_shown: tuple[str, ...]
    clauses: tuple[ClauseTold, ...]
    altered: tuple[str, ...]
    space: SpaceResult | None = None

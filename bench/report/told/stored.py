"""`--json` of what runs, and of what reads a stored run."""

from dataclasses import dataclass, field
from typing import ClassVar

from bench.report.told.document import FLAT, Document
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.family import AtOnce
from bench.verdict.result import RunResult, Verdict
from bench.verdict.uncertainty import UncertaintyBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTold(Document):
    """`hil run`: the result as result.json in the run folder has it, and the run's verdict.

    files: what was written, by name. troubles: what of it could not be written. left_out: of the long lane, not run.
    uncertainty: of every scenario in which something was measured. at_once: what holds of all scenarios together; null
    for fewer than two.
    """

    schema_name: ClassVar[str] = "run"
    version: ClassVar[int] = 2  # p99 is null below 299 latencies
    run: RunResult = field(metadata=FLAT)
    verdict: Verdict
    files: dict[str, str]
    troubles: tuple[str, ...]
    left_out: tuple[str, ...]
    at_once: AtOnce | None
    uncertainty: tuple[UncertaintyBudget, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalTold:
    """A safety goal that the run tried. word: PASS by its own times, NOT SHOWN, or what failed or is open.

    over: a measured time is certainly not below the goal's FTTI. lines: what was measured by lent times.
    """

    safety_goal: str
    asil: str
    word: str
    over: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTold(Document):
    """`hil report`: a stored run. altered: what of it is not as it was written; then nothing here is evidence.

    written: the HTML report that was asked for. uncertainty: of every scenario in which something was measured.
    at_once: what holds of all scenarios together; null for fewer than two.
    """

    schema_name: ClassVar[str] = "report"
    version: ClassVar[int] = 2  # p99 is null below 299 latencies
    run: RunResult = field(metadata=FLAT)
    verdict: Verdict
    goals: tuple[GoalTold, ...]
    altered: tuple[str, ...]
    written: str | None
    at_once: AtOnce | None
    uncertainty: tuple[UncertaintyBudget, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellTold:
    """name: of its column, or of a fact. no: why it does not do; null where it does."""

    name: str
    text: str
    no: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalStatus:
    """shown: no entry of `cells` is a no, and none of the sheet's grounds."""

    safety_goal: str
    asil: str
    ftti_ns: int
    shown: bool
    cells: tuple[CellTold, ...]
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusTold(Document):
    """`hil report --status`: grounds hold for every goal. texts: of the requirements, where a file gave them."""

    schema_name: ClassVar[str] = "status"
    run: str
    firmware_identity: str
    evidence: EvidenceClass
    summary: str
    facts: tuple[CellTold, ...]
    grounds: tuple[CellTold, ...]
    goals: tuple[GoalStatus, ...]
    texts: dict[str, str]
    altered: tuple[str, ...]
    written: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyTold(Document):
    """`hil verify`. intact: the run has a footer, every byte is as written, and no signature is wrong.

    aborted: it has no footer, so there is nothing to verify against. key: the public key that was asked for.
    signature: why the signature does not hold; None where it holds, or where there is none and none was asked for.
    not_shown: why evidence on the tool does not support a qualification, or why a review does not hold; None for
    every other folder.
    reviewed: who has reviewed the evidence, and when.
    """

    schema_name: ClassVar[str] = "verify"
    run: str
    intact: bool
    aborted: bool
    files: int
    chain: str | None
    altered: tuple[str, ...]
    signed: bool
    key: str | None
    signature: str | None
    not_shown: str | None
    reviewed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejudgeTold(Document):
    """`hil rejudge`. agreed: number of shots that are judged as recorded. differences: one line for each change in a
    shot.

    of_run: facts of the run as a whole that do not follow from its shots and files.
    scenarios, scenarios_agreed: number of scenario results, and how many of them add up as recorded.
    unchecked: parts of the run that could not be made again.
    rules: the version by which the run was judged. rules_now: the version by which it is judged here. budgets: the
    file of other safety goals.
    altered, aborted: what is told of the run is no evidence, or covers only its beginning.
    """

    schema_name: ClassVar[str] = "rejudge"
    run: str
    shots: int
    agreed: int
    differences: tuple[str, ...]
    of_run: tuple[str, ...]
    scenarios: int
    scenarios_agreed: int
    rules: int
    rules_now: int
    budgets: str | None
    note: str | None
    unchecked: str | None
    aborted: bool
    altered: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTold(Document):
    """`hil export`: the files written, in the folder `out`."""

    schema_name: ClassVar[str] = "export"
    run: str
    to: str
    out: str
    files: tuple[str, ...]

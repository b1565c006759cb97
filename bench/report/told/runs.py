"""`--json` of `hil runs`."""

from dataclasses import dataclass
from typing import ClassVar

from bench.report.told.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTold:
    """A stored run. verdict: of the run, or RUNNING, CUT SHORT, ALTERED, UNREADABLE where it has none.

    scenarios: how many have a verdict. noted: a person closed an anomaly of it, or approved it.
    """

    run_id: str
    folder: str
    verdict: str
    started_utc: str
    firmware: str
    rig: str
    chemistry: str
    evidence: str
    scenarios: int
    label: str
    note: str
    by: str
    dut_serial: str
    signed: bool
    noted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsTold(Document):
    """The stored runs, the newest first. of: how many there are in the folder."""

    schema_name: ClassVar[str] = "runs"
    folder: str
    runs: tuple[ListedTold, ...]
    of: int

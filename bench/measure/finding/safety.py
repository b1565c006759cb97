"""Findings about the contacts that stop the bench: emergency stop and interlock."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyInputOpen(Finding):
    """A contact of [safety] was open, or could not be read: the rig went to its safe state at once.

    input: which. in_the_shot: it opened while outputs were on; else nothing was driven. off_within_ns: from the last
    time it was seen closed until all outputs had been read back as off; None where nothing was on, or nothing shows it.
    """

    code: ClassVar[str] = "safety-input-open"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("input", "said")
    input: str
    said: str
    in_the_shot: bool
    off_within_ns: int | None = None

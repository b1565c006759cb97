"""Findings about all shots of a scenario together, and about what the rig or the scenario's file says of them."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class NoShot(Finding):
    """No shot was made."""

    code: ClassVar[str] = "no-shot"
    blame: ClassVar[Blame] = Blame.NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged(Finding):
    """Some shots have no verdict: blocked, or not judged."""

    code: ClassVar[str] = "unjudged"
    blame: ClassVar[Blame] = Blame.NOBODY
    count: int
    shots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartlyDecided(Finding):
    """The verdict FAIL stands on the shots that could be decided. decided: PASS, GAP or FAIL; errors: of the rest."""

    code: ClassVar[str] = "partly-decided"
    blame: ClassVar[Blame] = Blame.NOBODY
    decided: int
    errors: int
    shots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShown(Finding):
    """What the stimulus showed the DUT, and where the flag's limit is. It explains a FAIL and makes no verdict.

    value, limit: in `unit`. numbers: the cells or sensors, from 1; () for the pack. lasts_ns, debounce_ns: how long it
    lasted, and how long the DUT's published debounce takes at most; None where it stays.
    """

    code: ClassVar[str] = "level-shown"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("flag", "quantity", "numbers")
    flag: str
    quantity: str
    unit: str
    value: float
    numbers: tuple[int, ...]
    op: str
    threshold: str
    limit: float
    lasts_ns: int | None = None
    debounce_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RigLacks(Finding):
    """The rig cannot do what the scenario needs. lacking: the capabilities, each with its reason."""

    code: ClassVar[str] = "rig-lacks"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("lacking",)
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MismatchUnnoticed(Finding):
    """The library did not notice a BMS on a pack it was not made for."""

    code: ClassVar[str] = "mismatch-unnoticed"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("mismatch",)
    mismatch: str
    hazard: str
    passed: int
    shots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MismatchCaught(Finding):
    """Every shot failed on a BMS on a pack it was not made for: the library has noticed."""

    code: ClassVar[str] = "mismatch-caught"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("mismatch",)
    mismatch: str
    hazard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGapFinding(Finding):
    """What all findings about a known gap say of it. until: ISO date. bound: how far it may go, in words."""

    aims: ClassVar[tuple[str, ...]] = ("owner", "why")
    owner: str
    until: str
    why: str
    bound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GapOpen(KnownGapFinding):
    """A failure that the scenario's file expects until a date."""

    code: ClassVar[str] = "gap-open"
    blame: ClassVar[Blame] = Blame.DUT


@dataclass(frozen=True, slots=True, kw_only=True)
class GapOverdue(KnownGapFinding):
    """A failure that the scenario's file expected, after its date."""

    code: ClassVar[str] = "gap-overdue"
    blame: ClassVar[Blame] = Blame.DUT


@dataclass(frozen=True, slots=True, kw_only=True)
class GapClosed(KnownGapFinding):
    """A failure that the scenario's file expects did not come: its [known_gap] has to go."""

    code: ClassVar[str] = "gap-closed"
    blame: ClassVar[Blame] = Blame.NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class GapMissed(KnownGapFinding):
    """A failure that is not the known one, or goes beyond its bound."""

    code: ClassVar[str] = "gap-missed"
    blame: ClassVar[Blame] = Blame.DUT


@dataclass(frozen=True, slots=True, kw_only=True)
class GapPartClosed(Finding):
    """Some of what the scenario's [known_gap] names was found in no shot. findings: their codes."""

    code: ClassVar[str] = "gap-part-closed"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("owner", "findings")
    owner: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded(Finding):
    """What a release before findings had types had to say, in its words."""

    code: ClassVar[str] = "words-of-version-1"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("said",)
    said: str

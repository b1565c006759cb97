"""`--json` of the hazard study, and of the ratings that runs have earned."""

from dataclasses import dataclass
from typing import ClassVar

from bench.report.told.document import Document
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.claims import ClaimFound
from bench.verdict.fmea import Earned, FailureMode, Rated
from bench.verdict.ftti_bound import FttiBound


@dataclass(frozen=True, slots=True, kw_only=True)
class BandTold:
    """Seconds over the samples; null where not reached within the horizon.

    floor_s, ceiling_s: bounds of 95 % of all draws with 95 % confidence; null, too, where `bound_order` is 0.
    """

    p5_s: float | None
    p50_s: float | None
    p95_s: float | None
    reached: int
    samples: int
    floor_s: float | None
    ceiling_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTold:
    """share: of the spread of the time, by rank; later: a larger figure makes it later."""

    figure: str
    share: float
    later: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTold:
    """low, high, computed (the median): s, or degC where `what` is a temperature. computed null: never in the model."""

    chemistry: str
    fault: str
    what: str
    low: float
    high: float
    computed: float | None
    far_off: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardCase:
    """stages: by name; left: from the limit to the hazard; allowed: what an FTTI has to stay below; null where the goal
    asks for a warning: that counts from the runaway, and no harm in the model ends it. spread: from the runaway to the
    harm at the next cell.

    Margins: against FTTI and measured FHTI.
    """

    chemistry: str
    fault: str
    safety_goal: str
    stages: dict[str, BandTold]
    hazard: BandTold
    hazard_is: str | None
    left: BandTold
    allowed: BandTold | None
    spread: BandTold
    shares: tuple[ShareTold, ...]
    ftti_s: float | None
    ftti_margin_s: float | None
    fhti_margin_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedTold:
    """A figure of a chemistry that no source gives. value: in the unit of its `place`."""

    chemistry: str
    figure: str
    value: float
    confidence: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardTold(Document):
    """`hil hazard`, and runs/hazard.json: computed, not measured. A stage that is never reached is null.

    draws: samples without the first, which is the file's own figures. bound_order: which smallest of them is a bound;
    0: so few bound nothing. stages: what each name means, in every chemistry.
    """

    schema_name: ClassVar[str] = "hazard"
    version: ClassVar[int] = 2
    kind: str
    seed: int
    samples: int
    draws: int
    bound_order: int
    stages: dict[str, str]
    horizon_s: float
    results: tuple[HazardCase, ...]
    assumed: tuple[AssumedTold, ...]
    published: tuple[PublishedTold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyCell:
    """One failure mode on one chemistry. hazard_s: the earliest time left to the hazard; null where never.

    missing: what is lacking for a better rating. stands: all that AP and RPN are made of is stated or of hardware, so
    that a reduction may be claimed.
    """

    mode: FailureMode
    chemistry: str
    earned: Earned | None
    rated: Rated
    fhti_s: float | None
    hazard_s: float | None
    missing: tuple[str, ...]
    margin_s: float | None
    stands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTold:
    """One claim for one chemistry. needed: `needs` in words."""

    found: ClaimFound
    needed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyTold(Document):
    """`hil safety`: altered runs earn nothing. evidence: the class of all that was earned.

    notes: how to read it, and what is open. claims: the four made for each chemistry. ftti: each goal on each chemistry
    against the time that the cell model leaves.
    """

    schema_name: ClassVar[str] = "safety"
    evidence: EvidenceClass
    cells: tuple[SafetyCell, ...]
    claims: tuple[ClaimTold, ...]
    ftti: tuple[FttiBound, ...]
    notes: tuple[str, ...]
    altered: tuple[str, ...]

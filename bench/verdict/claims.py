"""The four claims made for a new chemistry, and what was found of each: a value, which a report puts into words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Claim(StrEnum):
    """The four claims on a chemistry (docs/chemistries.md)."""

    SEVERITY = "severity_stays"
    OCCURRENCE = "occurrence_falls"
    DETECTION = "detection_improves"  # since there is more time
    EARNED = "earned_by_data"


class Ruling(StrEnum):
    """What the inputs decide of a claim."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    NOT_DECIDABLE = "not_decidable"


class Basis(StrEnum):
    """What a claim rests on, from the weakest. Runs count by their class of evidence."""

    ASSUMED = "assumed"
    COMPUTED = "computed"  # the cell model
    SIMULATED = "simulated"
    REAL_TIME = "real_time"
    HARDWARE = "hardware"
    STATED = "stated"  # data that a source gives


class Need(StrEnum):
    """What would decide a claim."""

    SEVERITY = "severity_with_source"
    OCCURRENCE = "occurrence_with_source"
    BOUND = "bound_of_hazard"
    FIGURES = "measured_figures"
    HARDWARE = "hardware_runs"
    TEST = "test_that_asks_there"


class ModeSays(StrEnum):
    """What one failure mode says of a claim."""

    FOR = "for"
    AGAINST = "against"
    NEITHER = "neither"  # inputs are there and decide nothing
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfMode:
    """says: by all there is; carried: that rests on stated data or hardware alone, so it may decide."""

    mode: str
    says: ModeSays
    carried: bool


class Part(StrEnum):
    """What a claim is also made of, or what the model has to say of it."""

    HARM = "harm"  # the same worst harm in the model: a runaway in both, or in none
    TIME = "time"  # more of it from the limit to the hazard, by bounds that do not overlap
    MONITORING = "monitoring"  # a better M, each from runs of its own chemistry


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidBy:
    """What one part says, failure mode by failure mode, and what that rests on."""

    part: Part
    basis: Basis
    by_modes: tuple[OfMode, ...]

    def count(self, says: ModeSays) -> int:
        return sum(one.says is says for one in self.by_modes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """of: failure modes, or figures of the chemistry's file, that it is needed for."""

    need: Need
    chemistry: str
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFound:
    """One claim for one chemistry, held against another. basis: the weakest that the ruling rests on.

    by_modes: what each failure mode says; only what is carried may confirm or refute. parts: what they are made of.
    """

    claim: Claim
    chemistry: str
    against: str
    ruling: Ruling
    basis: Basis
    by_modes: tuple[OfMode, ...]
    needs: tuple[Needed, ...]
    parts: tuple[SaidBy, ...] = ()

    def count(self, says: ModeSays) -> int:
        return sum(one.says is says for one in self.by_modes)


def ruling_of(by_modes: Sequence[OfMode]) -> Ruling:
    """One that carries against refutes; all that carry, and are for, confirm; nothing else decides."""
    if any(one.carried and one.says is ModeSays.AGAINST for one in by_modes):
        return Ruling.REFUTED
    if by_modes and all(one.carried and one.says is ModeSays.FOR for one in by_modes):
        return Ruling.CONFIRMED
    return Ruling.NOT_DECIDABLE

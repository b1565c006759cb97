"""Ratings of a failure mode that differ on one chemistry; what none of them names is the same on all."""

from __future__ import annotations

from dataclasses import dataclass

INPUTS = ("severity", "frequency", "occurrence")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnChemistry:
    """None: as on the others. given: which of them a source gives; the others are assumed."""

    chemistry: str
    severity: int | None = None
    severity_source: str = ""
    frequency: int | None = None
    frequency_source: str = ""
    occurrence: int | None = None
    occurrence_source: str = ""
    given: tuple[str, ...] = ()

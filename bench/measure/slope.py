"""How fast a stimulus climbs, and which instrument makes it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """`per_s` of `unit`, put out by this instrument of the bench file."""

    instrument: str
    unit: str
    per_s: float

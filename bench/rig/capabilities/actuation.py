"""What comes back from making a fault real."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actuation:
    """When the fault became real at the bench's output, and what was read back to know it."""

    low_ns: int
    high_ns: int
    readback: str

"""A fault that a hand has put on a rig."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A fault that is on the rig. number: takes it off again. It became real in [low_ns, high_ns] of the rig's clock.

    readback: what the instrument said, to know that it is there.
    """

    number: int
    fault: str
    low_ns: int
    high_ns: int
    readback: str

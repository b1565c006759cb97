"""A safety goal's FTTI on one chemistry, beside what the cell model leaves for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FttiBound:
    """Times in s. bound_s: the earliest harm under the worst modelled fault, a bound over `draws`; None: no bound.

    own: whether this chemistry has another FTTI than the rest. fault: None where no fault of the goal is modelled.
    warns: the goal asks for a warning this long after a runaway; no harm in the model ends that time.
    """

    goal: str
    chemistry: str
    ftti_s: float
    provenance: str
    own: bool
    fault: str | None
    bound_s: float | None
    draws: int | None
    warns: bool = False

    @property
    def too_long(self) -> bool | None:
        """Whether the model harms somebody before the FTTI is over; None where nothing bounds it."""
        return None if self.bound_s is None else self.bound_s <= self.ftti_s

"""The auxiliary contact lies: stuck open, stuck closed, inverted, or invalid."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from bench.faults.port import Kind, OnsetTest, Terminals
from bench.faults.readings import Reading, forced
from bench.faults.shapes import Contactor, InjectShape
from bench.rig.capabilities import Distort, Timers

_INVALID = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorFeedback(Reading):
    """A wrong feedback of one contactor; the contact itself works."""

    shows: str

    def distortion(self, timers: Timers, number: int) -> Distort:  # noqa: ARG002
        if self.shows == "inverted":
            return lambda true: None if true is None else 1.0 - true
        return forced({"open": 0.0, "closed": 1.0, "invalid": _INVALID}[self.shows])

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        """What a closed contact must not show; where it is open, the next frame."""
        if self.shows in ("open", "inverted"):
            return at.shown(self.quantity, "==", 0.0)
        if self.shows == "invalid":
            return at.shown(self.quantity, "==", _INVALID)
        return self.next_frame(at)


class ContactorFeedbackShape(InjectShape):
    contactor: Contactor
    shows: Literal["open", "closed", "inverted", "invalid"]

    MEANS: ClassVar = {
        "contactor": "the contactor whose auxiliary contact lies",
        "shows": "what the auxiliary contact shows",
    }

    def resolve(self, at: Terminals) -> ContactorFeedback:  # noqa: ARG002
        return ContactorFeedback(quantity=f"{self.contactor}_feedback", numbers=(0,), shows=self.shows)


KIND = Kind(
    name="contactor_feedback",
    fault_class="contactors",
    variants={"contactor_feedback": "the auxiliary contact shows open, closed, the opposite, or invalid"},
    shape=ContactorFeedbackShape,
    shows=("plus_feedback", "minus_feedback"),
)

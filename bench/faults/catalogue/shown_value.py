"""Any other input of the DUT shown wrong: pack and link voltage, supply, clamps, insulation monitor's state and age."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from bench.config.play import INDEXED, QUANTITIES
from bench.errors import choices, nearest
from bench.faults.port import Carried, Kind, OnsetTest, Terminals
from bench.faults.readings import Reading, forced, offset, scaled
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import Distort, ReadingStage, Timers
from bench.units import parse_quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownValue(Reading):
    """Forced to `value`, or off by `by`, in SI; or off by `by_share` of the true value."""

    value: float | None
    by: float | None
    by_share: float | None = None

    @property
    def stage(self) -> ReadingStage:
        return ReadingStage.SHOWN if self.by is None and self.by_share is None else ReadingStage.SENSOR

    def distortion(self, timers: Timers, number: int) -> Distort:  # noqa: ARG002
        if self.by_share is not None:
            return scaled(1.0 + self.by_share)
        return offset(self.by) if self.by is not None else forced(self.value)

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return self.next_frame(at, jump=self.by, share=self.by_share)

    def carried(self) -> tuple[Carried, ...]:
        return (Carried(quantity=self.quantity, value=self.value),) if self.value is not None else ()

    def inside(self, at: Terminals) -> "ShownValue | None":  # noqa: ARG002
        if self.by_share is not None:
            return replace(self, by_share=self.by_share / 10)
        return replace(self, by=self.by / 10) if self.by is not None else None


def _plain(text: str | float | int) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"'{text}'; expected a number without a unit") from None


class ShownValueShape(InjectShape):
    quantity: str
    value: str | float | int | None = None
    by: str | None = None

    MEANS: ClassVar = {
        "quantity": "which input of the DUT is shown wrong",
        "value": "what is shown: a number, or a quantity with its unit",
        "by": "how far off it is shown, in place of value: a quantity, or a share in %",
    }

    def resolve(self, at: Terminals) -> ShownValue:
        known = [name for name in QUANTITIES if name not in INDEXED and name != "counter"]
        if self.quantity not in known:
            near = nearest(self.quantity, known)
            at.tell(
                "quantity", f"found '{self.quantity}'; expected one of {choices(self.quantity, known)}{near}"
            )
        if (self.value is None) == (self.by is None):
            at.tell("", "found both or neither of 'value' and 'by'; expected one of them")
        dimension = QUANTITIES.get(self.quantity, "")

        def number(text: str | float | int | None, key: str) -> float | None:
            if text is None:
                return None
            try:
                if key == "by" and str(text).rstrip().endswith("%"):
                    return parse_quantity(str(text), "%") / 100.0
                if not dimension:
                    return _plain(text)
                return parse_quantity(str(text), dimension)
            except ValueError as wrong:
                at.tell(key, f"found {wrong}")
                return math.nan

        by = number(self.by, "by")
        if by == 0:
            at.tell("by", f"found '{self.by}', which changes nothing; expected another value")
        share = self.by is not None and self.by.rstrip().endswith("%")
        return ShownValue(
            quantity=self.quantity,
            numbers=(0,),
            value=number(self.value, "value"),
            by=None if share else by,
            by_share=by if share else None,
        )


KIND = Kind(
    name="shown_value",
    fault_class="measurement",
    variants={
        "shown_value": "any other input shown wrong, as a value or off by some (SI unit of the quantity, or %)"
    },
    shape=ShownValueShape,
    onset="the next frame that carries it",
)

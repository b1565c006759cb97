"""The interlock loop is open, permanently or in turns."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from bench.config.toml_file import DurationNs
from bench.faults.port import Kind, OnsetTest, Terminals
from bench.faults.readings import Reading, forced
from bench.faults.shapes import InjectShape
from bench.rig.capabilities import Distort, ReadingStage, Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class HvilOpen(Reading):
    """For good, or `on_ns` there and `off_ns` gone."""

    on_ns: int | None
    off_ns: int | None

    @property
    def stage(self) -> ReadingStage:
        return ReadingStage.THERE

    def distortion(self, timers: Timers, number: int) -> Distort:  # noqa: ARG002
        start_ns, on_ns, off_ns = timers.now_ns(), self.on_ns, self.off_ns
        if on_ns is None or off_ns is None:
            return forced(0.0)
        return lambda true: 0.0 if (timers.now_ns() - start_ns) % (on_ns + off_ns) < on_ns else true

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        return at.shown(self.quantity, "==", 0.0)


class HvilOpenShape(InjectShape):
    on: DurationNs | None = Field(default=None, gt=0)
    off: DurationNs | None = Field(default=None, gt=0)

    MEANS: ClassVar = {
        "on": "how long the loop is open, in turns; absent: for good",
        "off": "how long it is closed in between; absent: never",
    }

    def resolve(self, at: Terminals) -> HvilOpen:
        if (self.on is None) != (self.off is None):
            at.tell("", "found only one of 'on' and 'off'; expected both, or neither for good")
        return HvilOpen(quantity="hvil_closed", numbers=(0,), on_ns=self.on, off_ns=self.off)


KIND = Kind(
    name="hvil_open",
    fault_class="contactors",
    variants={"hvil_open": "interlock loop open, also off and on (ms)"},
    shape=HvilOpenShape,
    shows=("hvil_closed",),
)

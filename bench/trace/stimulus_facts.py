"""What was done to the DUT's terminals, and for how long it stood there."""

from dataclasses import dataclass
from typing import ClassVar

from bench.trace.events import Kind, Scalar
from bench.trace.fact import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusCommanded(Fact):
    """A stimulus begins. step: its number in the scenario. ttl_ns: after which the rig takes it off by itself."""

    kind: ClassVar[Kind] = Kind.STIMULUS_COMMANDED
    fault: str
    step: int | None = None
    ttl_ns: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusConfirmed(Fact):
    """A stimulus was read back. low_ns, high_ns: between them it was actuated. reached: the end it was to come to."""

    kind: ClassVar[Kind] = Kind.STIMULUS_CONFIRMED
    readback: bool
    value: str | None = None
    low_ns: int | None = None
    high_ns: int | None = None
    step: int | None = None
    reached: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusCleared(Fact):
    """A fault was taken off. why: in words. outlived_ns: its time to live, where the rig took it off at its end."""

    kind: ClassVar[Kind] = Kind.STIMULUS_CLEARED
    fault: str
    owner: str
    why: str
    outlived_ns: int | None = None

    def version_1(self) -> dict[str, Scalar]:
        return {"fault": self.fault, "owner": self.owner, "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusOutlasted(Fact):
    """A stimulus stood longer than asked, so another one was shown. stimulus: the name of its fault.

    late_ns: how late the bench came to take it off; the rest of what lasted_ns is above asked_ns is the instrument's.
    """

    kind: ClassVar[Kind] = Kind.ERROR
    stimulus: str
    asked_ns: int
    lasted_ns: int
    late_ns: int

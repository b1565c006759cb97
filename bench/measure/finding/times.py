"""Findings about latencies against their bounds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding


class Time(StrEnum):
    """The measured times of ISO 26262, and the part of the reaction for which a DUT publishes a delay."""

    FDTI = "FDTI"
    FHTI = "FHTI"
    OPENING = "delay to the opening"


class Bound(StrEnum):
    """What a time is held against."""

    BUDGET = "budget"
    FTTI = "FTTI"
    CEILING = "ceiling"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrink:
    """A term of an interval's width, and by how much it has to shrink; ns."""

    term: str
    width_ns: int
    by_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLate(Finding):
    """The whole interval lies above an upper bound."""

    code: ClassVar[str] = "too-late"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("time", "bound")
    time: Time
    bound: Bound
    low_ns: int
    high_ns: int
    bound_ns: int

    def severity(self) -> tuple[float, ...]:
        return (self.high_ns, self.low_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class TooEarly(Finding):
    """The whole interval lies below the floor: the DUT tripped, or opened, before what it has published allows."""

    code: ClassVar[str] = "too-early"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("time", "bound")
    time: Time
    bound: Bound
    low_ns: int
    high_ns: int
    bound_ns: int

    def severity(self) -> tuple[float, ...]:
        return (-self.low_ns, -self.high_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Straddles(Finding):
    """The bound lies inside the interval. excess_ns: what is too much; shrink: the terms that must shrink, or ()."""

    code: ClassVar[str] = "straddles-bound"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("time", "bound")
    time: Time
    bound: Bound
    low_ns: int
    high_ns: int
    bound_ns: int
    excess_ns: int
    shrink: tuple[Shrink, ...]
    all_terms_ns: int

    def severity(self) -> tuple[float, ...]:
        return (self.excess_ns, self.high_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class NearFtti(Finding):
    """A warning: the reaction uses most of the fault tolerant time interval."""

    code: ClassVar[str] = "near-ftti"
    blame: ClassVar[Blame] = Blame.NOBODY
    high_ns: int
    ftti_ns: int

    def severity(self) -> tuple[float, ...]:
        return (self.high_ns,)

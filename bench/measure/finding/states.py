"""Findings about the further safe states of a scenario."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class StateNotReached(Finding):
    """A further safe state that has a bound was not reached."""

    code: ClassVar[str] = "state-not-reached"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    window_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTooLate(Finding):
    """A further safe state was reached, for certain, later than the scenario allows."""

    code: ClassVar[str] = "state-too-late"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    low_ns: int
    high_ns: int
    bound_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTooEarly(Finding):
    """A further safe state was reached, for certain, earlier than the scenario allows."""

    code: ClassVar[str] = "state-too-early"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    low_ns: int
    high_ns: int
    bound_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateStraddles(Finding):
    """A bound of a further safe state lies inside its interval."""

    code: ClassVar[str] = "state-straddles-bound"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("name", "bound_ns")
    name: str
    low_ns: int
    high_ns: int
    bound_ns: int

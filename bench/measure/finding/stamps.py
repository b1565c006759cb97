"""Findings about the stamps themselves: with an order of frames that cannot be, nothing measured is a time."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class StampsWentBack(Finding):
    """Frames of one sender were stamped earlier than frames that had come before them: a clock was set back.

    back_ns: how far at most.
    """

    code: ClassVar[str] = "stamps-went-back"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("channel",)
    channel: str
    count: int
    back_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StampsAhead(Finding):
    """Frames were stamped later than the shot ended: a clock was ahead. ahead_ns: how far at most."""

    code: ClassVar[str] = "stamps-ahead"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("channel",)
    channel: str
    count: int
    ahead_ns: int

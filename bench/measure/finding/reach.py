"""Findings about requests: whether the DUT comes into the mode that it is asked for."""

from dataclasses import dataclass
from typing import ClassVar

from bench.measure.finding.base import Blame, Finding, When
from bench.measure.signal_test import SignalTest

MUST_REACH_PREFIX = "must-reach-"
"""Of the ids of the scenarios that are made from a profile's modes; the mode follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReached(Finding):
    """The DUT was shown a valid request for a mode and did not come into it in time. lacking: what did not hold."""

    code: ClassVar[str] = "not-reached"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("mode", "lacking")
    mode: str
    lacking: tuple[SignalTest, ...]
    within_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKept(Finding):
    """The DUT left the mode again that it had been asked for, and was still asked for."""

    code: ClassVar[str] = "not-kept"
    blame: ClassVar[Blame] = Blame.DUT
    aims: ClassVar[tuple[str, ...]] = ("mode", "test")
    mode: str
    test: SignalTest
    since: When


@dataclass(frozen=True, slots=True, kw_only=True)
class StartModeMissed(Finding):
    """The DUT was heard healthy and did not come into the mode in which the scenario begins.

    must_reach: the scenario that asks for this mode and nothing else. outcome: its verdict in the same run, "" where it
    was not part of it.
    """

    code: ClassVar[str] = "start-mode-missed"
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ("mode",)
    mode: str
    said: str
    must_reach: str
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlMissing(Finding):
    """No frame before the fault shows that the DUT came into the mode that is its control."""

    code: ClassVar[str] = "control-missing"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("mode",)
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestUnseen(Finding):
    """No frame after the fault asked the DUT for the mode to the end, so that it had nothing to refuse."""

    code: ClassVar[str] = "request-unseen"
    blame: ClassVar[Blame] = Blame.BENCH
    aims: ClassVar[tuple[str, ...]] = ("mode",)
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToReach(Finding):
    """The plan of a must-reach scenario names nothing by which the mode is known."""

    code: ClassVar[str] = "nothing-to-reach"
    blame: ClassVar[Blame] = Blame.BENCH

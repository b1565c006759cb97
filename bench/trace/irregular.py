"""What can be irregular about the frames of a message, as a question to a Trace: plain data, stored with a plan."""

from dataclasses import dataclass
from enum import StrEnum


class Irregular(StrEnum):
    """A closed set of what can be irregular.

    MISSING: no frame came when one was due; an absence shows nothing else.
    SOONER: a frame came less than half a cycle after the last one.
    NEXT: simply the next frame. It carries what no single value can show: a drift, or a value that stands still.
    The others are about the bytes of one frame.
    """

    MISSING = "missing"
    SOONER = "sooner"
    CRC = "crc"
    COUNTER = "counter"
    LENGTH = "length"
    NEXT = "next"


@dataclass(frozen=True, slots=True, kw_only=True)
class Irregularity:
    """`what` is true of the message for the first time. signal: only frames that carry it count (a page of a sweep).

    cycle_ns: how often the message is sent, where the DBC does not say it.
    step: the signal moves by at least this much from one frame to the next, in the signal's unit. So a frame tells by
    itself whether it was built before the fault.
    step_share: the same, as a share of the value before.
    gap_ns: time between the pages of the message's sweep. With a gap each page is built when it is sent; with 0 all
    pages are built with the first. None: not known.
    """

    channel: str
    message: str
    what: Irregular
    signal: str | None = None
    cycle_ns: int | None = None
    step: float | None = None
    gap_ns: int | None = None
    step_share: float | None = None

"""What can be irregular about the frames of a message, as a question to a Trace: plain data, stored with a plan."""

from dataclasses import dataclass
from enum import StrEnum


class Irregular(StrEnum):
    """Closed set. MISSING: no frame when one was due (the only thing an absence shows); SOONER: less than half a
    cycle after the last; NEXT: simply the next one, which carries what no single value can show (a drift, a value
    that stands still); the others are about one frame's bytes.
    """

    MISSING = "missing"
    SOONER = "sooner"
    CRC = "crc"
    COUNTER = "counter"
    LENGTH = "length"
    NEXT = "next"


@dataclass(frozen=True, slots=True, kw_only=True)
class Irregularity:
    """`what` is first true of the message. signal: only frames that carry it count (a page of a sweep).

    cycle_ns: how often it is sent, where that is not what the DBC says. step: the signal moves by at least so much from
    one frame to the next when it comes, in the signal's unit; so a frame tells by itself whether it was made up before.
    step_share: the same as a share of what it was.
    gap_ns: between the pages of its sweep: with one each page is made up when it is sent, with 0 all are with the
    first. None: not known.
    """

    channel: str
    message: str
    what: Irregular
    signal: str | None = None
    cycle_ns: int | None = None
    step: float | None = None
    gap_ns: int | None = None
    step_share: float | None = None

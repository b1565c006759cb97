"""A cyclic message of the DUT that has to be heard, as what the plan asks is said there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAsked:
    """longest_ns: for how long it may be unheard before the window closes."""

    channel: str
    message: str
    longest_ns: int

"""What a DUT has published of its reaction, as plain data: after which report it begins to open, and when."""

from dataclasses import dataclass

from bench.measure.signal_test import SignalTest


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A fault, told by any of `tests`, and the delay after it until the DUT begins to open, as published; ns.

    floor_ns: 0 where it may open at once. ceiling_ns: None where nothing is promised.
    """

    tests: tuple[SignalTest, ...]
    floor_ns: int
    ceiling_ns: int | None = None

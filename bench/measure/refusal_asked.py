"""What a refusal is asked with, as plain data: the request that has to be refused, and a control that is obeyed."""

from dataclasses import dataclass

from bench.measure.signal_test import SignalTest


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlAsked:
    """A mode that the DUT has to enter before the fault, in the same shot. reached: one of each group, all at once."""

    mode: str
    reached: tuple[tuple[SignalTest, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalAsked:
    """The last request among the steps. shown: a frame in which this holds asks the DUT for the mode."""

    mode: str
    shown: SignalTest

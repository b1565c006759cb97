"""A yes/no question to one signal, as plain data."""

from dataclasses import dataclass

from bench.config.lag import Lag


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTest:
    """A yes/no question to one signal: `op` is == != >= <= > or <, `value` physical (choices as numbers).

    together: questions to the same message that have to hold in the same frame, else the answer is no.
    lag: how long after the fact a frame tells it, where it is not told at once.
    """

    channel: str
    message: str
    signal: str
    op: str
    value: float
    together: tuple["SignalTest", ...] = ()
    lag: Lag | None = None

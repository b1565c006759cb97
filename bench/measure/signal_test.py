"""A yes/no question to one signal, as plain data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTest:
    """A yes/no question to one signal: `op` is == != >= <= > or <, `value` physical (choices as numbers).

    together: questions to the same message that have to hold in the same frame, else the answer is no.
    """

    channel: str
    message: str
    signal: str
    op: str
    value: float
    together: tuple["SignalTest", ...] = ()

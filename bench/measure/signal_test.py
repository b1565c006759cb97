"""A yes/no question to one signal, as plain data."""

from dataclasses import dataclass

from bench.config.lag import Lag


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTest:
    """A yes/no question to one signal: `op` is == != >= <= > or <, `value` physical (choices as numbers).

    `has` asks for bits: all that are set in `value` are set.

    together: questions to the same message that have to hold in the same frame, else the answer is no.
    either: questions to the same message of which one is enough for a yes.
    lag: how long after the fact a frame tells it, where it is not told at once.
    hex_digits: how the value is written in words, as trouble codes are known by; 0: as a decimal number.
    """

    channel: str
    message: str
    signal: str
    op: str
    value: float
    together: tuple["SignalTest", ...] = ()
    lag: Lag | None = None
    hex_digits: int = 0
    either: tuple["SignalTest", ...] = ()

    @property
    def words(self) -> str:
        """`DtcCode == 0x1A0117 and DtcOccurrences > 3`."""
        joined = " or " if self.either else " and "
        asked = (self, *self.together, *self.either)
        return joined.join(f"{one.signal} {one.op} {one.written}" for one in asked)

    @property
    def written(self) -> str:
        """The value as it is read by people."""
        return f"0x{round(self.value):0{min(self.hex_digits, 16)}X}" if self.hex_digits else f"{self.value:g}"

"""Contactors as mechanics: they move some milliseconds after the command, and they can weld or stick."""

import random
from dataclasses import dataclass, field

from bench.units import NS_PER_MS


@dataclass(slots=True, kw_only=True)
class Contactor:
    """One contactor. `closed` is the physical position; times in ns from the command to the moved contact."""

    name: str
    closing_time_ns: int = 12 * NS_PER_MS
    opening_time_ns: int = 12 * NS_PER_MS
    command: bool = False
    closed: bool = False
    _welded: bool = field(default=False, init=False)
    _stuck_open: bool = field(default=False, init=False)
    _moving_ns: int = field(default=0, init=False)

    @property
    def feedback(self) -> int:
        """The auxiliary contact, mechanically coupled: 0 open, 1 closed."""
        return int(self.closed)

    def weld(self) -> None:
        """From its next closing on, or at once when closed, the contact cannot open."""
        self._welded, self._stuck_open = True, False

    def stick_open(self) -> None:
        """The coil is dead: it cannot close, and drops open after its opening time when it is closed."""
        self._stuck_open, self._welded = True, False

    def heal(self) -> None:
        """Follows its command again, after the usual time."""
        self._welded = self._stuck_open = False

    def advance(self, dt_ns: int) -> None:
        """Let time pass. The contact moves when the demand has stood for the whole moving time."""
        wanted = self.command and not self._stuck_open
        if wanted == self.closed or (self.closed and self._welded):
            self._moving_ns = 0
            return
        self._moving_ns += dt_ns
        if self._moving_ns >= (self.closing_time_ns if wanted else self.opening_time_ns):
            self.closed = wanted
            self._moving_ns = 0


class Contactors:
    """The two main contactors and the precharge contactor, which bypasses plus through a resistor."""

    def __init__(self, rng: random.Random) -> None:
        self.plus = _drawn("plus", rng)
        self.minus = _drawn("minus", rng)
        self.precharge = _drawn("precharge", rng)

    @property
    def main_path(self) -> bool:
        return self.plus.closed and self.minus.closed

    @property
    def precharge_path(self) -> bool:
        return self.precharge.closed and self.minus.closed and not self.plus.closed

    def advance(self, dt_ns: int) -> None:
        self.plus.advance(dt_ns)
        self.minus.advance(dt_ns)
        self.precharge.advance(dt_ns)


def _drawn(name: str, rng: random.Random) -> Contactor:
    """Times differ by specimen: 10 to 15 ms, typical for EV contactors."""
    low_ns, high_ns = 10 * NS_PER_MS, 15 * NS_PER_MS
    return Contactor(
        name=name, closing_time_ns=rng.randint(low_ns, high_ns), opening_time_ns=rng.randint(low_ns, high_ns)
    )

"""Contactors as mechanics: they move some milliseconds after the command, bounce, arc, weld or stick."""

import random
from dataclasses import dataclass, field

from bench.units import NS_PER_MS

# Typical for an EV main contactor of the 150 to 250 A class; engineering estimates, no source.
BREAK_LIMIT_A = 2000.0
MAKE_LIMIT_A = 3000.0
ARC_WELDS_AFTER_NS = 50 * NS_PER_MS


@dataclass(slots=True, kw_only=True)
class Contactor:
    """One contactor. `closed` is the physical position; times in ns from the command to the moved contact.

    `bounce_ns` after closing it opens and closes again at every step. Opening above `break_limit_a` leaves an arc,
    which conducts and after 50 ms welds the contact; making more than `make_limit_a` welds it at once.
    """

    name: str
    closing_time_ns: int = 12 * NS_PER_MS
    opening_time_ns: int = 12 * NS_PER_MS
    bounce_ns: int = 0
    break_limit_a: float = BREAK_LIMIT_A
    make_limit_a: float = MAKE_LIMIT_A
    command: bool = False
    closed: bool = False
    _welded: bool = field(default=False, init=False)
    _stuck_open: bool = field(default=False, init=False)
    _moving_ns: int = field(default=0, init=False)
    _arc_ns: int = field(default=0, init=False)
    _bouncing_ns: int = field(default=0, init=False)

    @property
    def feedback(self) -> int:
        """The auxiliary contact, mechanically coupled: 0 open, 1 closed."""
        return int(self.closed)

    @property
    def welded(self) -> bool:
        """Whether the contact cannot open; a weld set on an open contact takes hold when it closes."""
        return self._welded

    @property
    def arcing(self) -> bool:
        return self._arc_ns > 0

    @property
    def settled(self) -> bool:
        """Where it was told to be, or welded: letting time pass changes nothing."""
        if self._bouncing_ns or self._arc_ns:
            return False
        return self.closed == (self.command and not self._stuck_open) or (self.closed and self._welded)

    def weld(self) -> None:
        """From its next closing on, or at once when closed, the contact cannot open."""
        self._welded, self._stuck_open = True, False

    def stick_open(self) -> None:
        """The coil is dead: it cannot close, and drops open after its opening time when it is closed."""
        self._stuck_open, self._welded = True, False

    def heal(self) -> None:
        """Follows its command again, after the usual time."""
        self._welded = self._stuck_open = False

    def make(self, inrush_a: float) -> None:
        """It has just closed onto `inrush_a`: too much welds it."""
        if abs(inrush_a) > self.make_limit_a:
            self._welded = True

    def advance(self, dt_ns: int, current_a: float = 0.0) -> None:
        """Let time pass. The contact moves when the demand has stood for the whole moving time."""
        wanted = self.command and not self._stuck_open
        if self._bouncing_ns > 0:
            self._bouncing_ns = max(0, self._bouncing_ns - dt_ns) if wanted else 0
            self.closed = not self.closed if self._bouncing_ns > 0 else wanted
            return
        if wanted == self.closed or (self.closed and self._welded):
            self._moving_ns = self._arc_ns = 0
            return
        self._moving_ns += dt_ns
        if self._moving_ns < (self.closing_time_ns if wanted else self.opening_time_ns):
            return
        if not wanted and abs(current_a) > self.break_limit_a:
            self._arc_ns += dt_ns
            if self._arc_ns >= ARC_WELDS_AFTER_NS:
                self._welded = True
            return
        self.closed = wanted
        self._moving_ns = self._arc_ns = 0
        self._bouncing_ns = self.bounce_ns if wanted and not self._welded else 0


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

    @property
    def settled(self) -> bool:
        return self.plus.settled and self.minus.settled and self.precharge.settled

    def advance(self, dt_ns: int, current_a: float = 0.0) -> None:
        """`current_a` flows through the closed path; only one contact has to break it."""
        self.plus.advance(dt_ns, current_a)
        self.minus.advance(dt_ns, current_a)
        self.precharge.advance(dt_ns)


def _drawn(name: str, rng: random.Random) -> Contactor:
    """Times differ by specimen: 10 to 15 ms, typical for EV contactors."""
    low_ns, high_ns = 10 * NS_PER_MS, 15 * NS_PER_MS
    return Contactor(
        name=name, closing_time_ns=rng.randint(low_ns, high_ns), opening_time_ns=rng.randint(low_ns, high_ns)
    )

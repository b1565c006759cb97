"""Contactors as mechanics: they move some milliseconds after the command, bounce, arc, weld or stick."""

import random
from dataclasses import dataclass, field

from bench.plant.source import Figure
from bench.units import NS_PER_MS

# Of an EV main contactor of the 150 to 250 A class.
MAKE_LIMIT_A = Figure(
    value=1250.0,
    confidence="Mr",
    source="data sheets of EV main contactors: making into a capacitive load, 1,250 A (recalled)",
)
BREAK_LIMIT_A = Figure(
    value=2000.0,
    confidence="M",
    source="data sheet TE EVC135: releases within 10 ms, arc included, at 2,000 A",
)
# No data sheet that was read says by how much a worn contact welds sooner: contact material that has moved leaves less
# of it to melt, and a smaller gap to bounce in. Half the limit at the end of its life; so many makings at it.
WORN_SHARE = Figure(value=0.5, confidence="E", source="engineering estimate, no source")
MAKINGS_AT_LIMIT = Figure(value=50.0, confidence="E", source="engineering estimate, no source")
ARC_WELDS_AFTER_NS = 50 * NS_PER_MS  # engineering estimate


@dataclass(slots=True, kw_only=True)
class Contactor:
    """One contactor. `closed` is the physical position; times in ns from the command to the moved contact.

    For `bounce_ns` after closing it opens and closes again at every step. Opening above `break_limit_a` leaves an
    arc, which conducts and welds the contact after 50 ms. Making more than `welds_above_a` welds it at once. That
    limit is `make_limit_a` for a new contact, and falls with its `wear` (0 new, 1 at the end of its life). Each
    making adds to the wear by the square of its current.
    `moved_ns_ago`: how long before the end of the last step it moved, -1 where it did not move in it.
    """

    name: str
    closing_time_ns: int = 12 * NS_PER_MS
    opening_time_ns: int = 12 * NS_PER_MS
    bounce_ns: int = 0
    break_limit_a: float = BREAK_LIMIT_A.value
    make_limit_a: float = MAKE_LIMIT_A.value
    wear: float = 0.0
    command: bool = False
    closed: bool = False
    moved_ns_ago: int = field(default=-1, init=False)
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
    def welds_above_a(self) -> float:
        """What it can make as worn as it is."""
        return self.make_limit_a * (1.0 - WORN_SHARE.value * min(1.0, self.wear))

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
        """It has just closed onto `inrush_a`: it wears, and too much welds it."""
        if abs(inrush_a) > self.welds_above_a:
            self._welded = True
        self.wear += (inrush_a / self.make_limit_a) ** 2 / MAKINGS_AT_LIMIT.value

    def parts_in_ns(self, dt_ns: int) -> int | None:
        """After how much of a step of `dt_ns` its closed contact parts (an arc: has parted); None if it does not."""
        if not self.closed or self._welded or (self.command and not self._stuck_open):
            return None
        left_ns = max(0, self.opening_time_ns - self._moving_ns)
        return left_ns if left_ns <= dt_ns else None

    def advance(self, dt_ns: int, current_a: float = 0.0, *, bridged: bool = False) -> None:
        """Let time pass. The contact moves when the demand has stood for the whole moving time.

        `bridged`: an arc in the other contact keeps this one conducting, however far it has parted.
        """
        self.moved_ns_ago = -1
        wanted = self.command and not self._stuck_open
        if self._bouncing_ns > 0:
            was = self.closed
            self._bouncing_ns = max(0, self._bouncing_ns - dt_ns) if wanted else 0
            self.closed = not self.closed if self._bouncing_ns > 0 else wanted
            self.moved_ns_ago = 0 if self.closed != was else -1
            return
        if wanted == self.closed or (self.closed and self._welded):
            self._moving_ns = self._arc_ns = 0
            return
        self._moving_ns += dt_ns
        if bridged and not wanted:
            return
        if self._moving_ns < (self.closing_time_ns if wanted else self.opening_time_ns):
            return
        strikes = (
            self._arc_ns > 0 or self._moving_ns - dt_ns < self.opening_time_ns
        )  # parted before: a wide gap
        if not wanted and strikes and abs(current_a) > self.break_limit_a:
            self._arc_ns += dt_ns
            if self._arc_ns >= ARC_WELDS_AFTER_NS:
                self._welded = True
            return
        self.closed = wanted
        self.moved_ns_ago = self._moving_ns - (self.closing_time_ns if wanted else self.opening_time_ns)
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
        """`current_a` flows through the closed path. The main contact that parts first breaks it, and draws the arc.

        While an arc burns in it the other contact, parted too or not, conducts on and counts as closed. Once the first
        is welded, the other's gap has long been wide enough to break the current without an arc that welds.
        """
        parting = [
            (at_ns, main)
            for main in (self.plus, self.minus)
            if (at_ns := main.parts_in_ns(dt_ns)) is not None
        ]
        first = next((main for main in (self.plus, self.minus) if main.arcing), None)
        if first is None and parting:
            first = min(parting, key=lambda one: one[0])[1]
        if first is not None:
            first.advance(dt_ns, current_a)
        for main in (self.plus, self.minus):
            if main is not first:
                main.advance(dt_ns, bridged=first is not None and first.arcing)
        self.precharge.advance(dt_ns)

    def make(self, inrush_a: float) -> None:
        """The mains have just closed the path onto `inrush_a`: it passes the contact that closed last."""
        moved = [main for main in (self.plus, self.minus) if main.closed and main.moved_ns_ago >= 0]
        if moved:
            min(moved, key=lambda main: main.moved_ns_ago).make(inrush_a)


def _drawn(name: str, rng: random.Random) -> Contactor:
    """Times differ by specimen: 10 to 15 ms, typical for EV contactors."""
    low_ns, high_ns = 10 * NS_PER_MS, 15 * NS_PER_MS
    return Contactor(
        name=name, closing_time_ns=rng.randint(low_ns, high_ns), opening_time_ns=rng.randint(low_ns, high_ns)
    )

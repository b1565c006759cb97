"""Whether the plant stays where its chemistry's fit holds; where it left that, and how far, is marked once a side."""

from dataclasses import dataclass, field

from bench.plant.pack import Pack
from bench.rig.vehicle import PLANT_PERIOD_NS
from bench.timing.clock import Clock
from bench.trace.events import Fitted
from bench.trace.facts import FitLeft
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

_LOOKS_EVERY = 500 * NS_PER_MS // PLANT_PERIOD_NS


@dataclass(slots=True)
class _Left:
    """since_ns: first seen outside; at_ns, value, cell (from 1; None: the whole pack): where it was farthest."""

    since_ns: int
    bound: float
    value: float
    at_ns: int
    cell: int | None


@dataclass(slots=True, kw_only=True)
class FitWatch:
    """`look` after every step of the plant: at its current each time, at its cells every half second.

    It reads the cells as they are, which may be 100 ms old: to bring them up to date would change how they are stepped.
    """

    clock: Clock
    trace: Trace
    pack: Pack
    _left: dict[Fitted, _Left] = field(default_factory=dict)
    _until_cells: int = 0

    def quiet_steps(self) -> int | None:
        """How many looks from now on see nothing new where the pack only coasts; None: all."""
        return None if self.pack.chemistry.validity is None else max(0, self._until_cells - 1)

    def left_out(self, looks: int) -> None:
        """So many looks at a pack that only coasted were left out."""
        if self.pack.chemistry.validity is not None:
            self._until_cells -= looks

    def look(self) -> None:
        box = self.pack.chemistry.validity
        if box is None:
            return
        rate = self.pack.pack_current_a / self.pack.full_ah
        if not -box.charge_c_rate <= rate <= box.discharge_c_rate:
            for side, value, bound in box.rates(rate, rate):
                self._note(side, value, bound, None)
        self._until_cells -= 1
        if self._until_cells > 0:
            return
        self._until_cells = _LOOKS_EVERY
        temp_c, soc = self.pack.temp_c, self.pack.soc
        for side, value, bound in box.temperatures(float(temp_c.min()), float(temp_c.max())):
            index = temp_c.argmin() if side is Fitted.COLD else temp_c.argmax()
            self._note(side, value, bound, int(index) + 1)
        for side, value, bound in box.charges(float(soc.min()), float(soc.max())):
            index = soc.argmin() if side is Fitted.EMPTY else soc.argmax()
            self._note(side, value, bound, int(index) + 1)

    def _note(self, side: Fitted, value: float, bound: float, cell: int | None) -> None:
        now_ns = self.clock.now_ns()
        before = self._left.get(side)
        if before is None:
            self._left[side] = _Left(since_ns=now_ns, bound=bound, value=value, at_ns=now_ns, cell=cell)
        elif abs(value - bound) > abs(before.value - bound):
            before.value, before.at_ns, before.cell = value, now_ns, cell

    def tell(self) -> None:
        """Mark what was left so far, once a side; where it stayed inside, nothing is marked."""
        now_ns = self.clock.now_ns()
        for side, one in self._left.items():
            fact = FitLeft(
                side=side,
                bound=one.bound,
                value=round(one.value, 4),
                cell=one.cell,
                since_ns=one.since_ns,
                farthest_ns=one.at_ns,
            )
            self.trace.mark(now_ns, fact, "plant")
        self._left.clear()

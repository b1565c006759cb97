"""Between a cell and the front end's input: open, high-ohmic, shorted, reversed, or two taps swapped."""

from dataclasses import dataclass
from typing import Literal

from bench.faults.port import Actuation, Fault, Kind, OnsetTest, Terminals
from bench.faults.readings import Distort, forced, scaled
from bench.faults.shapes import InjectShape, Numbers
from bench.instruments.ports import CAPABILITY_OF, WireFault
from bench.rig.rig import Rig

# A front end's pull-down current through a bad contact lowers the reading and raises the neighbour's by as much.
HIGH_OHM_SHARE = 0.85
SHORT_V = 0.05
MOVES_V = 0.5  # at least, in one frame: a reading that is lost, turned round, or added to its neighbour
# A front end converts no lower than this (its inputs bear -0.3 V): an input the wrong way round gives no reading.
LOWEST_READ_V = -0.3
ADOW_FINDS_OPEN = "afe_open_wire"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseWire(Fault):
    """Of `cells` (from 1). By relays where the rig has a fault unit, else by what the played front end shows."""

    cells: tuple[int, ...]
    wire: str

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        unit, relay = rig.fault_unit, self.relay
        if self.wire == "open":  # what the front end's own open-wire check reports, where the bench plays it
            rig.senses.distort[ADOW_FINDS_OPEN, 0] = forced(float(self.cells[0]))
        if unit is not None and relay in unit.wire_faults:
            seen = await unit.insert(self.cells, relay)
            return Actuation(
                low_ns=seen.low_ns, high_ns=seen.high_ns, readback=f"{relay} {seen.note}".strip()
            )
        for cell, change in self._changes(rig):
            rig.senses.distort["cell_voltage", cell - 1] = change
        return Actuation(low_ns=now_ns, high_ns=rig.clock.now_ns(), readback=f"{self.wire}: {self.cells}")

    @property
    def relay(self) -> WireFault:
        return {"open": WireFault.OPEN, "short": WireFault.SHORT, "reversed": WireFault.REVERSED}.get(
            self.wire, WireFault.NONE
        )

    def _changes(self, rig: Rig) -> list[tuple[int, Distort]]:
        if self.wire == "swapped":
            return self._swapped(rig)
        change = {
            "open": forced(None),
            "high_ohm": scaled(HIGH_OHM_SHARE),
            "short": forced(SHORT_V),
            "reversed": _wrong_way_round,
        }[self.wire]
        return [(cell, change) for cell in self.cells]

    def _swapped(self, rig: Rig) -> list[tuple[int, Distort]]:
        """The taps above `cells[0]` and above its neighbour: between them the neighbour is read backwards, and the
        cells on either side are read together with it."""
        volts = rig.pack.cell_voltage_v
        low, mid, high = (self.cells[0] + offset for offset in range(3))

        def with_mid(true: float | None) -> float | None:
            return None if true is None else true + rig.overrides_v.get(mid, float(volts[mid - 1]))

        changes: list[tuple[int, Distort]] = [(low, with_mid), (mid, _wrong_way_round)]
        return [*changes, (high, with_mid)] if high <= len(volts) else changes

    async def clear(self, rig: Rig) -> None:
        rig.senses.distort.pop((ADOW_FINDS_OPEN, 0), None)
        unit = rig.fault_unit
        if unit is not None and self.relay in unit.wire_faults:
            await unit.mend(self.cells)
            return
        for cell in (*self.cells, self.cells[0] + 1, self.cells[0] + 2):
            rig.senses.distort.pop(("cell_voltage", cell - 1), None)

    @property
    def at_once(self) -> bool:
        return True

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:
        if self.wire == "short":
            return at.shown("cell_voltage", "<=", SHORT_V + 0.01, self.cells)
        jump = None if self.wire == "high_ohm" else 2 * MOVES_V
        return at.next_of("cell_voltage", self.cells, jump)


def _wrong_way_round(true: float | None) -> float | None:
    return None if true is None or -true < LOWEST_READ_V else -true


class SenseWireShape(InjectShape):
    cells: Numbers
    wire: Literal["open", "high_ohm", "short", "reversed", "swapped"]

    def resolve(self, at: Terminals) -> SenseWire:
        cells = at.known_cells(self.cells)
        if self.wire == "swapped" and (len(cells) != 1 or cells[0] >= at.cells):
            at.tell("cells", f"found {list(cells)}; expected one cell with a neighbour above it")
        return SenseWire(cells=cells, wire=self.wire)

    def needs(self) -> str:
        return _NEEDS[self.wire]


_NEEDS = {
    "open": CAPABILITY_OF[WireFault.OPEN],
    "short": CAPABILITY_OF[WireFault.SHORT],
    "reversed": CAPABILITY_OF[WireFault.REVERSED],
    "high_ohm": "high_ohm_wire",
    "swapped": "swapped_wires",
}

KIND = Kind(
    name="sense_wire",
    fault_class="measurement",
    variants={
        "open_wire": "sense wire of a cell open",
        "cell_short": "sense inputs of a cell shorted",
        "reversed_polarity": "cell put in the wrong way round, or its wires crossed",
        "high_ohm_wire": "sense wire high-ohmic: the reading sags",
        "swapped_wires": "two taps swapped: a cell read backwards, its neighbours double",
    },
    shape=SenseWireShape,
    shows=("cell_voltage",),
    onset="the first frame after the wire changed",
)

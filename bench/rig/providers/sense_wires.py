"""The sense wires: relays where there are any, and what a front end played by the bench shows of a broken wire."""

from dataclasses import dataclass

from bench.errors import InstrumentError
from bench.instruments.ports import FaultUnit, WireFault
from bench.plant.pack import Pack
from bench.rig.capabilities import WIRE_VARIANTS, Actuation, Distort, FrontEnd, ReadingStage, Sensors, Timers

# A front end's pull-down current through a bad contact lowers the reading and raises the neighbour's by as much.
HIGH_OHM_SHARE = 0.85
SHORT_V = 0.05
# A front end converts no lower than this (its inputs bear -0.3 V): an input the wrong way round gives no reading.
LOWEST_READ_V = -0.3
ADOW_FINDS_OPEN = "afe_open_wire"
PLAYED = frozenset(WIRE_VARIANTS)
_RELAYS = {"open": WireFault.OPEN, "short": WireFault.SHORT, "reversed": WireFault.REVERSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayedWires:
    """Provides SenseWires by relays alone. What a front end's open-wire check finds is shown where it is played."""

    unit: FaultUnit
    sensors: Sensors

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(wire for wire, relay in _RELAYS.items() if relay in self.unit.wire_faults)

    async def change(self, cells: tuple[int, ...], wire: str) -> Actuation:
        if wire not in self.kinds:
            raise InstrumentError(
                f"sense wire: found no relay for '{wire}'; expected {', '.join(sorted(self.kinds)) or 'none'}"
            )
        _tell_open(self.sensors, cells, wire)
        seen = await self.unit.insert(cells, _RELAYS[wire])
        return Actuation(
            low_ns=seen.low_ns, high_ns=seen.high_ns, readback=f"{_RELAYS[wire]} {seen.note}".strip()
        )

    async def mend(self, cells: tuple[int, ...], wire: str) -> None:
        _tell_mended(self.sensors, cells, wire)
        if wire in self.kinds:
            await self.unit.mend(cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedWires:
    """Provides SenseWires by a front end that the bench plays; by `relays` what they can do."""

    front_end: FrontEnd
    relays: RelayedWires
    pack: Pack
    overrides_v: dict[int, float]
    timers: Timers

    @property
    def kinds(self) -> frozenset[str]:
        return PLAYED

    async def change(self, cells: tuple[int, ...], wire: str) -> Actuation:
        if wire in self.relays.kinds:
            return await self.relays.change(cells, wire)
        now_ns = self.timers.now_ns()
        _tell_open(self.front_end, cells, wire)
        for cell, change in self._changes(cells, wire):
            self.front_end.distort.put(
                "cell_voltage", cell - 1, change, by=_owner(cells, wire), stage=ReadingStage.WIRE
            )
        return Actuation(low_ns=now_ns, high_ns=self.timers.now_ns(), readback=f"{wire}: {cells}")

    async def mend(self, cells: tuple[int, ...], wire: str) -> None:
        if wire in self.relays.kinds:
            await self.relays.mend(cells, wire)
            return
        _tell_mended(self.front_end, cells, wire)
        for cell in (*cells, cells[0] + 1, cells[0] + 2):
            self.front_end.distort.take("cell_voltage", cell - 1, by=_owner(cells, wire))

    def _changes(self, cells: tuple[int, ...], wire: str) -> list[tuple[int, Distort]]:
        if wire == "swapped":
            return self._swapped(cells[0])
        change: Distort = {
            "open": lambda _: None,
            "high_ohm": lambda true: None if true is None else true * HIGH_OHM_SHARE,
            "short": lambda _: SHORT_V,
            "reversed": _wrong_way_round,
        }[wire]
        return [(cell, change) for cell in cells]

    def _swapped(self, low: int) -> list[tuple[int, Distort]]:
        """The taps above `low` and above its neighbour: between them the neighbour is read backwards, and the cells on
        either side are read together with it."""
        volts = self.pack.cell_voltage_v
        mid, high = low + 1, low + 2

        def with_mid(true: float | None) -> float | None:
            return None if true is None else true + self.overrides_v.get(mid, float(volts[mid - 1]))

        changes: list[tuple[int, Distort]] = [(low, with_mid), (mid, _wrong_way_round)]
        return [*changes, (high, with_mid)] if high <= len(volts) else changes


def _wrong_way_round(true: float | None) -> float | None:
    return None if true is None or -true < LOWEST_READ_V else -true


def _tell_open(sensors: Sensors, cells: tuple[int, ...], wire: str) -> None:
    if wire == "open":
        sensors.distort.put(ADOW_FINDS_OPEN, 0, lambda _: float(cells[0]), by=_owner(cells, wire))


def _tell_mended(sensors: Sensors, cells: tuple[int, ...], wire: str) -> None:
    sensors.distort.take(ADOW_FINDS_OPEN, 0, by=_owner(cells, wire))


def _owner(cells: tuple[int, ...], wire: str) -> tuple[str, str, tuple[int, ...]]:
    return "sense wire", wire, cells

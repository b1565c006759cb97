"""Relays in the sense wires as a fault unit: a card whose energised relay breaks one cell's wire."""

from collections.abc import Mapping, Sequence

from bench.errors import InstrumentError
from bench.instruments.ports import FaultUnit, RelayCard, Switched, WireFault


class RelayWires:
    """A FaultUnit that can open the wires it has relays for. `relay_of`: cell → relay, both from 1."""

    wire_faults = frozenset({WireFault.OPEN})

    def __init__(self, card: RelayCard, relay_of: Mapping[int, int]) -> None:
        self._card = card
        self._relay_of = dict(relay_of)

    async def insert(self, cells: Sequence[int], fault: WireFault) -> Switched:
        if fault is not WireFault.OPEN:
            raise InstrumentError(
                f"relays in sense wires: asked for {fault.value}, but they can only open wires"
            )
        moved = [await self._card.switch(self._relay(cell), True) for cell in cells]
        return Switched(low_ns=moved[0].low_ns, high_ns=moved[-1].high_ns)

    async def mend(self, cells: Sequence[int]) -> None:
        for cell in cells:
            await self._card.switch(self._relay(cell), False)

    async def wires(self, cells: Sequence[int]) -> list[WireFault]:
        states = await self._card.states()
        return [WireFault.OPEN if states[self._relay(cell) - 1] else WireFault.NONE for cell in cells]

    def _relay(self, cell: int) -> int:
        try:
            return self._relay_of[cell]
        except KeyError:
            known = ", ".join(map(str, self._relay_of))
            raise InstrumentError(
                f"relays in sense wires: none is in the wire of cell {cell}; expected {known}"
            ) from None


class RoutedWires:
    """Two fault units as one: relays where a cell has one and the fault is an open wire, else the emulator's own."""

    def __init__(self, emulator: FaultUnit, relays: Mapping[int, RelayWires]) -> None:
        self.wire_faults = emulator.wire_faults | {WireFault.OPEN}
        self._emulator = emulator
        self._relays = dict(relays)

    async def insert(self, cells: Sequence[int], fault: WireFault) -> Switched:
        mine = [cell for cell in cells if fault is WireFault.OPEN and cell in self._relays]
        others = [cell for cell in cells if cell not in mine]
        done = [await self._relays[cell].insert([cell], fault) for cell in mine]
        if others:
            done.append(await self._emulator.insert(others, fault))
        return Switched(
            low_ns=min(one.low_ns for one in done),
            high_ns=max(one.high_ns for one in done),
            note="; ".join(one.note for one in done if one.note),
        )

    async def mend(self, cells: Sequence[int]) -> None:
        for cell in cells:
            if cell in self._relays:
                await self._relays[cell].mend([cell])
        await self._emulator.mend(cells)

    async def wires(self, cells: Sequence[int]) -> list[WireFault]:
        own = await self._emulator.wires(cells)
        found = []
        for cell, wire in zip(cells, own):
            relays = self._relays.get(cell)
            broken = relays is not None and (await relays.wires([cell])) == [WireFault.OPEN]
            found.append(WireFault.OPEN if broken else wire)
        return found

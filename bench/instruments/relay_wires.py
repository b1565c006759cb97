"""Relays in the sense wires as a fault unit: a card whose energised relay breaks one cell's wire."""

from collections.abc import Mapping, Sequence

from bench.errors import InstrumentError
from bench.instruments.ports import RelayCard, Switched, WireFault


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

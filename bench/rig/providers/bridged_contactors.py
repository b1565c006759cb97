"""Relays across the main contacts of real contactors: one that is closed makes a weld of its contactor."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from bench.errors import InstrumentError
from bench.instruments.ports import RelayCard
from bench.rig.capabilities import Actuation, Timers
from bench.rig.providers.plant_contactors import PlantContactors


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """Relay `relay` (from 1) of a card of the bench file."""

    card: RelayCard
    relay: int
    card_name: str

    @property
    def words(self) -> str:
        return f"relay {self.relay} of '{self.card_name}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgedContactors:
    """Provides Contactors. bridges: by contactor. The plant follows, for whoever is shown its contacts and voltages.

    A contactor without a relay across it is the plant's alone, as on a bench without any.
    """

    bridges: Mapping[str, Bridge]
    plant: PlantContactors
    timers: Timers

    async def weld(self, names: Iterable[str]) -> Actuation:
        names = tuple(names)
        return await self._closed(names, partial(self.plant.weld, names))

    async def close(self, name: str) -> Actuation:
        return await self._closed((name,), partial(self.plant.close, name))

    async def stick_open(self, names: Iterable[str]) -> Actuation:
        """A coil that is dead: nothing across its contacts can do that."""
        return await self.plant.stick_open(names)

    async def heal(self, names: Iterable[str]) -> None:
        """All of them are tried, whatever becomes of the first."""
        names = tuple(names)
        await self.plant.heal(names)
        problems = []
        for name in names:
            if (bridge := self.bridges.get(name)) is not None:
                try:
                    await bridge.card.switch(bridge.relay, False)
                except InstrumentError as error:
                    problems.append(f"{bridge.words}, across the {name} contactor: {error}")
        if problems:
            raise InstrumentError("; ".join(problems))

    async def _closed(self, names: tuple[str, ...], plant: Callable[[], Awaitable[Actuation]]) -> Actuation:
        """The relays, each read back, and the plant. InstrumentError for one that does not move."""
        low_ns, told = self.timers.now_ns(), []
        for name in names:
            if (bridge := self.bridges.get(name)) is not None:
                await bridge.card.switch(bridge.relay, True)
                told.append(f"{bridge.words} closed across {name}")
        followed = await plant()
        return Actuation(
            low_ns=low_ns, high_ns=self.timers.now_ns(), readback="; ".join([*told, followed.readback])
        )

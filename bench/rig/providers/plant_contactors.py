"""The contactors of the plant model."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.errors import InstrumentError
from bench.plant.contactors import Contactor
from bench.plant.pack import Pack
from bench.plant.pack_string import split
from bench.rig.capabilities import Actuation, Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantContactors:
    """Provides Contactors and ContactorMechanics."""

    pack: Pack
    timers: Timers

    def _of(self, names: Iterable[str]) -> list[Contactor]:
        places = [split(name) for name in names]
        return [getattr(self.pack.of[string].contactors, what) for what, string in places]

    def _done(self, low_ns: int, readback: str) -> Actuation:
        return Actuation(low_ns=low_ns, high_ns=self.timers.now_ns(), readback=readback)

    async def weld(self, names: Iterable[str]) -> Actuation:
        now_ns, names = self.timers.now_ns(), tuple(names)
        for contact in self._of(names):
            contact.weld()
        closed = [contact.name for contact in self._of(names) if contact.closed]
        if len(closed) < len(names):
            raise InstrumentError(f"weld: {names} should be closed, only {closed} read back closed")
        return self._done(now_ns, f"closed: {', '.join(closed)}")

    async def close(self, name: str) -> Actuation:
        now_ns = self.timers.now_ns()
        (contact,) = self._of((name,))
        contact.closed = True
        contact.weld()
        if not contact.closed:
            raise InstrumentError(f"contactor {name}: should be closed, reads back open")
        return self._done(now_ns, "closed")

    async def stick_open(self, names: Iterable[str]) -> Actuation:
        now_ns, names = self.timers.now_ns(), tuple(names)
        for contact in self._of(names):
            contact.stick_open()
        return self._done(now_ns, f"coil dead: {', '.join(names)}")

    async def heal(self, names: Iterable[str]) -> None:
        for contact in self._of(names):
            contact.heal()

    async def open_after(self, names: Iterable[str], opening_time_ns: int) -> Actuation:
        now_ns = self.timers.now_ns()
        for contact in self._of(names):
            contact.opening_time_ns = opening_time_ns
        return self._done(now_ns, f"{opening_time_ns} ns")

    async def bounce(self, names: Iterable[str], bounce_ns: int) -> Actuation:
        now_ns = self.timers.now_ns()
        for contact in self._of(names):
            contact.bounce_ns = bounce_ns
        return self._done(now_ns, f"{bounce_ns} ns")

"""Several emulators in series as one: cells are numbered through, units are spoken to side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from bench.instruments.ports import CellEmulator, Confirmation, FaultUnit, Switched, WireFault

T = TypeVar("T")


class EmulatorUnit(CellEmulator, FaultUnit, Protocol):
    """What every cell emulator known so far is: it drives cells and has relays in their wires."""


class StackedEmulator:
    """A CellEmulator and a FaultUnit made of units; the last one may have channels to spare."""

    def __init__(self, units: Sequence[EmulatorUnit], cells: int) -> None:
        self.channels = cells
        self.highest_v = min(unit.highest_v for unit in units)
        self.has_dead_man = all(unit.has_dead_man for unit in units)
        self.wire_faults = frozenset.intersection(*(unit.wire_faults for unit in units))
        self._units = tuple(units)
        firsts = [sum(unit.channels for unit in units[:index]) for index in range(len(units))]
        self._place = [
            (index, channel)
            for index, unit in enumerate(units)
            for channel in range(1, min(unit.channels, cells - firsts[index]) + 1)
        ]
        if len(self._place) != cells:
            raise ValueError(f"{len(units)} units have {len(self._place)} channels, {cells} are needed")
        self._firsts = firsts

    async def identify(self) -> str:
        names = await _together([unit.identify for unit in self._units])
        return " + ".join(names)

    async def set_all(self, voltages_v: Sequence[float]) -> None:
        if len(voltages_v) != self.channels:
            raise ValueError(f"{len(voltages_v)} voltages for {self.channels} cells")
        jobs = []
        for unit, first in zip(self._units, self._firsts):
            part = list(voltages_v[first : first + unit.channels])
            part += [0.0] * (unit.channels - len(part))  # spare channels stay at 0 V
            jobs.append(partial(unit.set_all, part))
        await _together(jobs)

    async def set_cells(self, cells: Sequence[int], voltage_v: float) -> None:
        await self._each(cells, lambda unit, own: unit.set_cells(own, voltage_v))

    async def measure(self, cells: Sequence[int]) -> list[float]:
        return await self._in_order(cells, lambda unit, own: unit.measure(own))

    async def set_and_confirm(
        self, cells: Sequence[int], voltage_v: float, tolerance_v: float
    ) -> Confirmation:
        """The bracket spans all units: from the first command to the last confirmation."""
        parts = await self._each(cells, lambda unit, own: unit.set_and_confirm(own, voltage_v, tolerance_v))
        readings = dict(pair for own, part in parts for pair in zip(own, part.readback_v))
        return Confirmation(
            low_ns=min(part.low_ns for _, part in parts),
            high_ns=max(part.high_ns for _, part in parts),
            readback_v=tuple(readings[cell] for cell in cells),
        )

    async def outputs_on(self) -> None:
        await _together([unit.outputs_on for unit in self._units])

    async def arm_dead_man(self, timeout_ns: int) -> None:
        await _together([partial(unit.arm_dead_man, timeout_ns) for unit in self._units])

    async def safe(self) -> None:
        """Every unit is brought to its safe state, also when another one fails; then the first error is raised."""
        outcomes = await asyncio.gather(*(unit.safe() for unit in self._units), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def insert(self, cells: Sequence[int], fault: WireFault) -> Switched:
        parts = [part for _, part in await self._each(cells, lambda unit, own: unit.insert(own, fault))]
        return Switched(
            low_ns=min(part.low_ns for part in parts),
            high_ns=max(part.high_ns for part in parts),
            note=next((part.note for part in parts if part.note), ""),
        )

    async def mend(self, cells: Sequence[int]) -> None:
        await self._each(cells, lambda unit, own: unit.mend(own))

    async def wires(self, cells: Sequence[int]) -> list[WireFault]:
        return await self._in_order(cells, lambda unit, own: unit.wires(own))

    async def _in_order(
        self, cells: Sequence[int], verb: Callable[[EmulatorUnit, list[int]], Awaitable[list[T]]]
    ) -> list[T]:
        parts = await self._each(cells, verb)
        found = dict(pair for own, values in parts for pair in zip(own, values))
        return [found[cell] for cell in cells]

    async def _each(
        self, cells: Sequence[int], verb: Callable[[EmulatorUnit, list[int]], Awaitable[T]]
    ) -> list[tuple[list[int], T]]:
        """`verb` at every unit that has some of `cells`: (those cells, its result)."""
        shares: dict[int, tuple[list[int], list[int]]] = {}
        for cell in cells:
            if not 1 <= cell <= self.channels:
                raise ValueError(f"cell {cell}: the stack has cells 1 to {self.channels}")
            index, channel = self._place[cell - 1]
            mine, own = shares.setdefault(index, ([], []))
            mine.append(cell)
            own.append(channel)
        jobs = [partial(verb, self._units[i], own) for i, (_, own) in shares.items()]
        results = await _together(jobs)
        return [(mine, result) for (mine, _), result in zip(shares.values(), results)]


async def _together(jobs: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """All at once; when one fails, the others are cancelled and its own error is raised."""

    async def one(job: Callable[[], Awaitable[T]]) -> T:
        return await job()

    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one(job)) for job in jobs]
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    return [task.result() for task in running]

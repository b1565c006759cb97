"""Faults that are on a rig now. Each has an owner and a time to live, and the rig takes it off when that is over."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.timing.clock import Clock
from bench.trace.facts import FaultStuck, StimulusCleared
from bench.trace.timeline import Trace
from bench.trace.trouble import line_of
from bench.units import format_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFault:
    """One injected fault: who injected it, when it is taken off at the latest, and how."""

    name: str
    owner: str
    until_ns: int
    ttl_ns: int
    clear: Callable[[], Awaitable[None]]


class LiveFaults:
    """The dead-man of injected faults. A fault that cannot be taken off is told as such, and poisons the rig."""

    def __init__(self, clock: Clock, trace: Trace, before: Callable[[], None]) -> None:
        """`before` is called before a fault is put on or taken off: the plant is brought to the present."""
        self._before = before
        self._clock = clock
        self._trace = trace
        self._live: list[LiveFault] = []

    def __len__(self) -> int:
        return len(self._live)

    def admit(self, name: str, owner: str, ttl_ns: int, clear: Callable[[], Awaitable[None]]) -> LiveFault:
        """Before the fault is applied, so that one half applied is cleared too."""
        self._before()
        fault = LiveFault(
            name=name, owner=owner, until_ns=self._clock.now_ns() + ttl_ns, ttl_ns=ttl_ns, clear=clear
        )
        self._live.append(fault)
        return fault

    @property
    def latest_first(self) -> list[LiveFault]:
        return self._live[::-1]

    async def take_off(
        self, fault: LiveFault, why: str = "by its owner", outlived_ns: int | None = None
    ) -> None:
        """Does nothing for a fault that is off already. Marks FAULT_STUCK and re-raises when it stays on."""
        if fault not in self._live:
            return
        plant: Exception | None = None
        try:
            self._before()
        except Exception as error:  # noqa: BLE001 - a plant that cannot go on must not leave a fault on
            plant = error
        try:
            await fault.clear()
        except Exception as error:
            self.give_up(fault, line_of(error))
            raise
        self._live.remove(fault)
        cleared = StimulusCleared(fault=fault.name, owner=fault.owner, why=why, outlived_ns=outlived_ns)
        self._trace.mark(self._clock.now_ns(), cleared, "rig")
        if plant is not None:
            raise plant

    def give_up(self, fault: LiveFault, reason: str) -> None:
        """It stays on, and the trace says so."""
        if fault not in self._live:
            return
        self._live.remove(fault)
        stuck = FaultStuck(fault=fault.name, owner=fault.owner, reason=reason)
        self._trace.mark(self._clock.now_ns(), stuck, "rig")

    def any_outlived(self) -> bool:
        """Whether `expire` has something to take off."""
        now_ns = self._clock.now_ns()
        return any(one.until_ns <= now_ns for one in self._live)

    async def expire(self) -> None:
        """Take off what has outlived its time. Called by the rig's own loop, whatever the owner does meanwhile."""
        now_ns = self._clock.now_ns()
        for fault in [one for one in self._live if one.until_ns <= now_ns]:
            why = f"its time to live of {format_ns(fault.ttl_ns)} ended"
            await self.take_off(fault, why, outlived_ns=fault.ttl_ns)

    async def take_all_off(self) -> list[str]:
        """Latest first; what went wrong, in words: one that stays on keeps no other from being taken off."""
        problems = []
        for fault in self.latest_first:
            try:
                await self.take_off(fault, why="on the way to the safe state")
            except Exception as error:  # noqa: BLE001 - marked; the others are still to be taken off
                problems.append(f"{fault.name} cannot be cleared: {line_of(error)}")
        return problems

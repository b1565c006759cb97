"""The cell emulator's outputs: switched on at the plant's voltages, and kept there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bench.errors import InstrumentError
from bench.instruments.ports import CellEmulator
from bench.plant.pack import Pack
from bench.timing.clock import Clock
from bench.timing.looking import look_until
from bench.trace.facts import InstrumentIdentified, OutputBeyondRange
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S, format_ns

EMULATOR_PERIOD_NS = 100 * NS_PER_MS
REFRESH_NS = 500 * NS_PER_MS  # an emulator without a dead-man is still told now and then what it should hold
BEYOND_STEP_V = 0.05
EMULATOR_STEP_V = 0.0005  # smaller changes of the plant are not worth a command: the AFE resolves no finer
SETTLED_V = 0.005
SETTLED_POLL_NS = 10 * NS_PER_MS
SETTLED_WITHIN_NS = 10 * NS_PER_S  # the slowest emulator publishes its readings every 5 s


_FOR_EVER_NS = 2**62


@dataclass(frozen=True, slots=True)
class BeforeRound:
    """What comes before a round, and whether it is due."""

    is_due: Callable[[], bool]
    act: Callable[[], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class CellOutputs:
    """overrides_v: cells (from 1) that do not follow the plant. dead_man_ns: 0 where the emulator has none.

    `settle` brings the plant to the present.
    """

    clock: Clock
    trace: Trace
    emulator: CellEmulator
    pack: Pack
    settle: Callable[[], None]
    overrides_v: dict[int, float]
    dead_man_ns: int
    _driven_v: list[float] = field(default_factory=list)
    _told_beyond_v: float = 0.0
    _fed_ns: int = 0

    async def switch_on(self) -> None:
        """Identified, its dead-man armed, every output proven to be at its cell's voltage."""
        answer = await self.emulator.identify()
        self.trace.mark(self.clock.now_ns(), InstrumentIdentified(identity=answer), "cells")
        await self.emulator.arm_dead_man(self.dead_man_ns)
        self._driven_v = self._wanted_v()
        await self.emulator.set_all(self._driven_v)
        await self.emulator.outputs_on()
        await self._settled()

    async def follow(self, before: BeforeRound, after: Callable[[], None]) -> None:
        """Keep the outputs at the plant's cell voltages until cancelled. Also what feeds the emulator's dead-man.

        before, after: what is done in each round, around it. A round in which nothing has to be told is only a look.
        """
        clock, wanted_v = self.clock, None
        next_ns = self._fed_ns = clock.now_ns()
        refresh_ns = self.dead_man_ns // 4 or REFRESH_NS

        def is_due(wanted_v: list[float]) -> bool:
            moved = any(abs(a - b) >= EMULATOR_STEP_V for a, b in zip(wanted_v, self._driven_v))
            return moved or clock.now_ns() - self._fed_ns >= refresh_ns

        def acts() -> bool:
            nonlocal wanted_v
            wanted_v = None
            if before.is_due():
                return True
            told_v, wanted_v = self._told_beyond_v, self._wanted_v()
            if is_due(wanted_v) or self._told_beyond_v != told_v:
                return True
            after()
            return False

        while True:
            next_ns = max(next_ns + EMULATOR_PERIOD_NS, clock.now_ns())
            await look_until(clock, _FOR_EVER_NS, EMULATOR_PERIOD_NS, acts, first_ns=next_ns)
            next_ns += (clock.now_ns() - next_ns) // EMULATOR_PERIOD_NS * EMULATOR_PERIOD_NS
            if wanted_v is None:
                await before.act()
                wanted_v = self._wanted_v()
            if is_due(wanted_v):
                self._driven_v = wanted_v
                await self.emulator.set_all(wanted_v)
                self._fed_ns = clock.now_ns()
            after()

    async def _settled(self) -> None:
        """Read every cell back until it carries its set point. InstrumentError names the cell that does not."""
        cells = range(1, self.emulator.channels + 1)
        deadline_ns = self.clock.now_ns() + SETTLED_WITHIN_NS
        while True:
            volts = await self.emulator.measure(cells)
            apart = [
                (cell, volt, wanted_v)
                for cell, volt, wanted_v in zip(cells, volts, self._driven_v)
                if not abs(volt - wanted_v) <= SETTLED_V
            ]
            if not apart:
                return
            if self.clock.now_ns() > deadline_ns:
                cell, volt, wanted_v = apart[0]
                raise InstrumentError(
                    f"cells: {len(apart)} of {len(cells)} outputs are not at their set points "
                    f"{format_ns(SETTLED_WITHIN_NS)} after being switched on: cell {cell} reads {volt:.4f} V, expected "
                    f"{wanted_v:.4f} V ± {SETTLED_V * 1e3:g} mV; look at its wire, its load and its calibration"
                )
            await self.clock.sleep_until(self.clock.now_ns() + SETTLED_POLL_NS)

    def refuse_unfed(self) -> None:
        """BenchError where the emulator has not been told anything for so long that nobody knows what the DUT saw."""
        unfed_ns = self.clock.now_ns() - self._fed_ns
        if unfed_ns > (self.dead_man_ns or SETTLED_WITHIN_NS):
            acted = ": its dead-man has switched the outputs off" if self.dead_man_ns else ""
            raise InstrumentError(f"cells: the emulator was told nothing for {format_ns(unfed_ns)}{acted}")

    def _wanted_v(self) -> list[float]:
        self.settle()
        voltages: list[float] = self.pack.cell_voltage_v.tolist()
        highest_v = self.emulator.highest_v
        if min(voltages) < 0.0 or max(voltages) > highest_v:
            self._tell_beyond(voltages)
            voltages = [min(highest_v, max(0.0, volt)) for volt in voltages]
        for cell, voltage_v in self.overrides_v.items():
            voltages[cell - 1] = voltage_v
        return voltages

    def _tell_beyond(self, voltages_v: list[float]) -> None:
        """Cells that the plant takes where no output follows: told when it begins, and again 50 mV further on."""
        highest_v = self.emulator.highest_v
        beyond_v, cell = max((max(-volt, volt - highest_v), cell) for cell, volt in enumerate(voltages_v, 1))
        if self._told_beyond_v and beyond_v < self._told_beyond_v + BEYOND_STEP_V:
            return
        self._told_beyond_v = beyond_v
        odd = OutputBeyondRange(
            cell=cell, cell_voltage_v=voltages_v[cell - 1], highest_v=highest_v, beyond_v=beyond_v
        )
        self.trace.mark(self.clock.now_ns(), odd, "cells")

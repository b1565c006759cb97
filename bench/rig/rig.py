"""The rig: one shot's bench as a bundle, its closed loop plant ⇄ instruments, and its orderly way to the safe state."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from bench.codec.database import Database
from bench.config.lag import Lag
from bench.dut.ports import Dut
from bench.dut.uds import UdsTester
from bench.errors import InstrumentError, LinkError
from bench.instruments.ports import CellEmulator
from bench.links.ports import CanLink
from bench.plant.coasting import Coasting, Commands
from bench.plant.pack import Load, Pack
from bench.restbus.cyclic import CyclicMessage
from bench.rig.capabilities.provided import Provided
from bench.rig.live_faults import LiveFaults
from bench.rig.outputs_off import outputs_off
from bench.rig.phases import Phases, start_restbus
from bench.rig.providers.rig_timers import RigTimers
from bench.rig.safety_inputs import SafetyInputs
from bench.rig.senses import Senses
from bench.rig.stages import CellStages
from bench.rig.steps import Steps
from bench.rig.vehicle import PLANT_PERIOD_NS, VehicleSide
from bench.rig.view import TraceView
from bench.timing.clock import Clock, Phase, Timer
from bench.trace.events import PlantStage
from bench.trace.facts import (
    ContactorsFollowed,
    DutStarted,
    InstrumentIdentified,
    OutputBeyondRange,
    PlantState,
    SafeStateMissed,
    SafeStateReached,
    TimeLapsed,
    Truth,
)
from bench.trace.mark import Mark
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S, format_ns

EMULATOR_PERIOD_NS = 100 * NS_PER_MS
REFRESH_NS = 500 * NS_PER_MS  # an emulator without a dead-man is still told now and then what it should hold
BEAT_NS = 250 * NS_PER_MS
BEYOND_STEP_V = 0.05
EMULATOR_STEP_V = 0.0005  # smaller changes of the plant are not worth a command: the AFE resolves no finer
SETTLED_V = 0.005
SETTLED_POLL_NS = 10 * NS_PER_MS
STOPPED_WITHIN_NS = (
    60 * NS_PER_S
)  # for the DUT and for the hardware: power-off commands have time-outs of their own
SETTLED_WITHIN_NS = 10 * NS_PER_S  # the slowest emulator publishes its readings every 5 s


class Guard(Protocol):
    """Who watches over real outputs, and switches them off when this process is killed or hangs."""

    def driving(self) -> None:
        """From now on outputs may be on, and `beat` has to come."""

    def beat(self) -> None: ...

    def at_rest(self, confirmed: bool) -> None:
        """No more beats. Not confirmed: outputs may still be on, and are switched off when the bench has ended."""

    def trouble(self) -> str | None: ...


@dataclass(slots=True, kw_only=True)
class Rig:
    """Everything one shot needs, built by wiring. `provided`: what this rig can do to a DUT, and by whom.

    timers: what recurring faults run on. overrides_v: cells that do not follow the plant.
    contactor_lag: how long after the fact `contactor_commands` may hear of it.
    others_off: every output but the cell emulator's, off and read back within others_within_ns.
    safety: the contacts that stop it when they open.
    dead_man_ns: 0 where the emulator has none. safe_timeout_ns: patience with the instruments on the way to safety.
    """

    clock: Clock
    trace: Trace
    view: TraceView
    links: Mapping[str, CanLink]
    databases: Mapping[str, Database]
    pack: Pack
    emulator: CellEmulator
    dut: Dut
    vehicle: VehicleSide
    restbus: Sequence[CyclicMessage]
    phases: Phases
    senses: Senses
    provided: Provided
    timers: RigTimers
    coasting: Coasting
    dead_man_ns: int
    contactor_commands: Callable[[], tuple[bool, bool, bool] | None]
    charge_limit_a: Callable[[], float | None]
    start_hardware: Callable[[], Awaitable[None]]
    stop_hardware: Callable[[], Awaitable[None]]
    identify: Callable[[], Awaitable[None]]
    tester: UdsTester | None
    overrides_v: dict[int, float] = field(default_factory=dict)
    health: Callable[[], str | None] = lambda: None
    pyro_command: Callable[[], bool] = lambda: False
    contactor_lag: Lag | None = None
    safe_timeout_ns: int = 5 * NS_PER_S
    guard: Guard | None = None
    safety: SafetyInputs | None = None
    others_off: Callable[[], Awaitable[None]] | None = None
    others_within_ns: int = 0
    faults: LiveFaults = field(init=False)
    _stages: CellStages | None = None
    _commands: Commands = (False, False, False)
    _load: Load = field(default_factory=Load)
    _beat: Timer | None = None
    _timers: list[Timer] = field(default_factory=list)
    _driven_v: list[float] = field(default_factory=list)
    _told_beyond_v: float = 0.0
    _lapsed_ns: int = 0
    _boot_at_ns: int = 0
    _fed_ns: int = 0

    def __post_init__(self) -> None:
        self.faults = LiveFaults(self.clock, self.trace, before=self.coasting.settle)

    async def energise(self) -> None:
        """Bring the hardware up: instrument identified, dead-man armed, outputs proven to be at the plant's voltages.

        Only then may the DUT start: a first sweep taken in the ramp would be what it believes its cells have had.
        """
        if self.guard is not None:
            if trouble := self.guard.trouble():
                raise LinkError(trouble)
            self.guard.driving()
            now_ns = self.clock.now_ns()
            self._beat = self.clock.every(BEAT_NS, Phase.OBSERVE, self.guard.beat, first_ns=now_ns)
        await self.start_hardware()
        answer = await self.emulator.identify()
        self.trace.mark(self.clock.now_ns(), InstrumentIdentified(identity=answer), "cells")
        await self.emulator.arm_dead_man(self.dead_man_ns)
        self._driven_v = self._wanted_v()
        await self.emulator.set_all(self._driven_v)
        await self.emulator.outputs_on()
        await self._settled()
        now_ns = self.clock.now_ns()
        self._timers.append(self.clock.every(PLANT_PERIOD_NS, Phase.PLANT, self._step_plant, first_ns=now_ns))
        self._boot_at_ns = start_restbus(self.phases, self.restbus, self.clock, self.trace)

    async def boot(self) -> None:
        """Start the DUT at its place in the cycles of what it hears. Somebody has to feed the dead-man meanwhile."""
        await self.clock.sleep_until(self._boot_at_ns)
        await self.dut.start()
        self.trace.mark(self.clock.now_ns(), DutStarted(), "rig")

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

    async def follow_plant(self) -> None:
        """Keep the emulator's outputs at the plant's cell voltages until cancelled. Also what feeds its dead-man."""
        next_ns = self._fed_ns = self.clock.now_ns()
        refresh_ns = self.dead_man_ns // 4 or REFRESH_NS
        while True:
            next_ns = max(next_ns + EMULATOR_PERIOD_NS, self.clock.now_ns())
            await self.clock.sleep_until(next_ns)
            await self.faults.expire()
            wanted_v = self._wanted_v()
            moved = any(abs(a - b) >= EMULATOR_STEP_V for a, b in zip(wanted_v, self._driven_v))
            if moved or self.clock.now_ns() - self._fed_ns >= refresh_ns:
                self._driven_v = wanted_v
                await self.emulator.set_all(wanted_v)
                self._fed_ns = self.clock.now_ns()
            trouble = self.health() or (self.guard.trouble() if self.guard is not None else None)
            if trouble is not None:
                raise LinkError(trouble)

    async def safe(self) -> None:
        """Drive every output to the safe state and record that it is there. Never raises: it is the last thing done.

        Safe state: no load, no charge, no mode request, emulator outputs off with readback, DUT and hardware stopped.
        Every step is taken, whatever became of the others, and each has its own patience.
        """
        self.vehicle.load_a = self.vehicle.charge_a = 0.0
        self.vehicle.mode_request = self.vehicle.fault_reset = 0
        self.vehicle.speed_kmh = None
        steps = Steps()
        await outputs_off(steps, self.emulator, self.faults, self.safe_timeout_ns)
        if self.others_off is not None:  # before the DUT's stop, which may take a minute
            await steps.walk("", self.others_off, self.others_within_ns)
        if self.safety is not None:
            steps.do("", partial(self.safety.outputs_are_off, confirmed=not steps.problems))
        self.overrides_v.clear()
        for timer in (*self._timers, *self.timers.running):
            steps.do("a timer of the rig", timer.cancel)
        for message in self.restbus:
            steps.do(f"{message.message.name} goes on being sent", message.stop)
        await steps.walk("the DUT's stop", self.dut.stop, STOPPED_WITHIN_NS)
        await steps.walk("the hardware's stop", self.stop_hardware, STOPPED_WITHIN_NS)
        for channel, link in self.links.items():
            steps.do(f"'{channel}' cannot be closed", link.close)
        if self._beat is not None:
            steps.do("the guard's beat", self._beat.cancel)
        if self.guard is not None:
            confirmed, guard = not steps.problems, self.guard
            steps.do("the guard was not told", lambda: guard.at_rest(confirmed=confirmed))
        now_ns = self.clock.now_ns()
        if steps.problems:
            self.trace.mark(now_ns, SafeStateMissed(problem="; ".join(steps.problems)), "rig")
        else:
            self.trace.mark(now_ns, SafeStateReached(readback=True), "rig")

    def look_at_stages(self) -> None:
        """Mark what has become of the cells since the first call."""
        self.coasting.settle()
        now_ns = self.clock.now_ns()
        if self._stages is None:
            self._stages = CellStages(self.pack, self.trace, now_ns)
        self._stages.look(now_ns)

    @property
    def stages_reached(self) -> set[tuple[PlantStage, int]]:
        """(stage, cell from 1) as far as was looked."""
        return set() if self._stages is None else self._stages.reached

    def tell_state(self) -> Mark[PlantState]:
        """Mark what a protection test is ended by. Nominal: the cells' open-circuit voltage at half their charge."""
        self.look_at_stages()
        pack = self.pack
        state = PlantState(
            closed=pack.contactors.main_path and pack.path_whole,
            current_a=round(pack.pack_current_a, 3),
            hottest_c=round(float(pack.temp_c.max()), 3),
            pack_v=round(pack.pack_voltage_v, 3),
            nominal_v=round(pack.chemistry.ocv_v(0.5) * pack.cells.count, 3),
            iso_ohm_per_v=round(min(1e9, pack.isolation.ohm_per_volt(pack.pack_voltage_v)), 1),
        )
        return self.trace.mark(self.clock.now_ns(), state, "plant")

    def tell_truth(self) -> None:
        """Mark what the plant knows and the DUT estimates: shares of 1, of the mean cell and of the extremes."""
        self.coasting.settle()
        soc, soh = self.pack.soc, self.pack.cells.soh
        truth = Truth(
            soc=float(soc.mean()),
            soc_low=float(soc.min()),
            soc_high=float(soc.max()),
            soh=float(soh.mean()),
            current_a=self.pack.pack_current_a,
            lapsed_ns=self._lapsed_ns or None,
        )
        self.trace.mark(self.clock.now_ns(), truth, "plant")

    def let_days_pass(self, duration_ns: int) -> None:
        """The pack stands for so long between two instants of the rig's clock. Only where all of it is simulated."""
        self.coasting.settle()
        self.pack.cells.stand(duration_ns / NS_PER_S)
        self._lapsed_ns += duration_ns
        words = (
            f"the pack stood for {duration_ns / NS_PER_S / 3600:g} h, of which the DUT was not awake for any"
        )
        self.trace.mark(self.clock.now_ns(), TimeLapsed(lapsed_ns=duration_ns, note=words), "plant")

    def _wanted_v(self) -> list[float]:
        self.coasting.settle()
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

    def _tell_followed(self, commands: Commands, lag: Lag) -> None:
        """The bench can move the plant only when it hears of it; when it really was is told as an interval."""
        now_ns = self.clock.now_ns()
        plus, minus, precharge = commands
        followed = ContactorsFollowed(
            plus=plus,
            minus=minus,
            precharge=precharge,
            low_ns=now_ns - PLANT_PERIOD_NS - lag.high_ns,
            high_ns=now_ns - lag.low_ns,
        )
        self.trace.mark(now_ns, followed, "plant")

    def _step_plant(self) -> None:
        self.view.update()
        commands = self.contactor_commands() or self._commands
        if self.contactor_lag is not None and commands != self._commands:
            self._tell_followed(commands, self.contactor_lag)
        self._commands = commands
        if self.pyro_command():
            self.pack.fire_pyro()
        vehicle = self.vehicle
        limit_a = self.charge_limit_a()
        charge_a = vehicle.charge_a
        if limit_a is not None and not vehicle.charger_ignores_limit:
            charge_a = min(charge_a, limit_a)
        load = self._load
        if load.current_a != vehicle.load_a or load.charge_current_a != charge_a:
            load = self._load = Load(current_a=vehicle.load_a, charge_current_a=charge_a)
        self.coasting.step(PLANT_PERIOD_NS, self._commands, load)

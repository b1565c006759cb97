"""What a rig is made of on every timebase, around the few parts that differ."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from bench.config.bench_file import BenchConfig
from bench.config.instrument_kinds import CELLS
from bench.core.clock import CoreClock
from bench.dut.ports import Dut
from bench.dut.uds import UdsTester
from bench.instruments.afe import AnalogueFrontEnd
from bench.links.bus_faults import BusFaults
from bench.links.ports import CanLink
from bench.plant.pack import Pack
from bench.rig.cell_outputs import CellOutputs
from bench.rig.hardware import Hardware
from bench.rig.off_witness import OffWitness
from bench.rig.phases import Phases
from bench.rig.plant_loop import PlantLoop
from bench.rig.provider_shelf import asked_for
from bench.rig.providers.rig_timers import RigTimers
from bench.rig.rig import Rig
from bench.rig.senses import Senses
from bench.rig.vehicle import VehicleSide
from bench.rig.view import TraceView
from bench.timing.clock import Clock
from bench.trace.facts import Calibrated
from bench.trace.timeline import Trace
from bench.wiring.common import Wired, charge_limit_of, contactor_commands_of, pyro_command_of
from bench.wiring.core_plant import CorePlantLoop, grid_in_core, view_on
from bench.wiring.dut import identifier
from bench.wiring.instruments import CellBench
from bench.wiring.provide import Bench, bridges_of, chamber_of, leaks_of, provide
from bench.wiring.safety import safety_inputs
from bench.wiring.side_instruments import SideInstruments
from bench.wiring.virtual_signals import TellClipped, clipped_into, restbus_of, senses_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What stands before any instrument or DUT is there. overrides_v: cells (from 1) that do not follow the plant."""

    wired: Wired
    clock: Clock
    trace: Trace
    links: Mapping[str, CanLink]
    pack: Pack
    phases: Phases
    vehicle: VehicleSide
    overrides_v: dict[int, float]
    senses: Senses
    tell_clipped: TellClipped


def ground(
    wired: Wired, clock: Clock, trace: Trace, links: Mapping[str, CanLink], pack: Pack, phases: Phases
) -> Ground:
    """The parts that both builders of a rig start from."""
    vehicle = VehicleSide()
    overrides_v: dict[int, float] = {}
    return Ground(
        wired=wired,
        clock=clock,
        trace=trace,
        links=links,
        pack=pack,
        phases=phases,
        vehicle=vehicle,
        overrides_v=overrides_v,
        senses=senses_of(pack, vehicle, overrides_v),
        tell_clipped=clipped_into(clock, trace),
    )


def _healthy() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What differs between the timebases. afe, buses: None where another process plays them, or owns the wires."""

    cells: CellBench
    sides: SideInstruments
    dut: Dut
    tester: UdsTester | None
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    health: Callable[[], str | None] = field(default=_healthy)
    afe: AnalogueFrontEnd | None = None
    buses: Mapping[str, BusFaults] | None = None
    off_witness: OffWitness | None = None


def assemble(on: Ground, parts: Parts) -> Rig:
    """The rig of one shot."""
    wired, clock, trace = on.wired, on.clock, on.trace
    _tell_calibrated(wired.config, clock, trace)
    view = view_on(wired, clock, trace)
    plant = _plant(on, view)
    restbus = restbus_of(clock, on.links, wired.played, on.senses, on.tell_clipped)
    outputs = CellOutputs(
        clock=clock,
        trace=trace,
        emulator=parts.cells.emulator,
        pack=on.pack,
        settle=plant.settle,
        overrides_v=on.overrides_v,
        dead_man_ns=parts.cells.config.dead_man_ns,
    )
    timers = RigTimers(clock)
    bench = Bench(
        plant=plant,
        outputs=outputs,
        senses=on.senses,
        fault_unit=parts.sides.fault_unit(parts.cells.emulator),
        leaks=leaks_of(parts.sides),
        bridges=bridges_of(parts.sides),
        chamber=chamber_of(parts.sides),
        restbus=restbus,
        links=on.links,
        databases=wired.databases,
        dut=parts.dut,
        timers=timers,
        afe=parts.afe,
        of_emulator={
            (one.channel, one.message.name): (one.message.can_id, one.message.extended)
            for one in wired.played
            if one.by == "emulator"
        },
        buses=parts.buses,
        clock=clock,
        drivers={CELLS: parts.cells.emulator, **parts.sides.by_name()},
        brought=asked_for(wired.config),
    )
    return Rig(
        clock=clock,
        trace=trace,
        view=view,
        links=on.links,
        databases=wired.databases,
        dut=parts.dut,
        plant=plant,
        outputs=outputs,
        hardware=_hardware(on, parts),
        restbus=restbus,
        phases=on.phases,
        provided=provide(bench),
        timers=timers,
        identify=identifier(wired, clock, trace, on.links, parts.tester),
        tester=parts.tester,
    )


def _tell_calibrated(config: BenchConfig, clock: Clock, trace: Trace) -> None:
    """How uncertain each instrument is whose bench file says so: played ones, too, so that one file has one budget."""
    for name, one in config.instruments.items():
        if one.expanded is not None:
            expanded, unit = one.expanded
            fact = Calibrated(instrument=name, unit=unit, expanded=expanded, words=one.uncertainty)
            trace.mark(clock.now_ns(), fact, str(config.file.name))


def _plant(on: Ground, view: TraceView) -> PlantLoop:
    clock = on.clock
    core = clock if isinstance(clock, CoreClock) and grid_in_core(on.wired, clock, on.trace) else None
    kind: Callable[..., PlantLoop] = PlantLoop if core is None else partial(CorePlantLoop, native=core)
    loop = kind(
        clock=clock,
        trace=on.trace,
        view=view,
        pack=on.pack,
        vehicle=on.vehicle,
        contactor_commands=contactor_commands_of(on.wired, view),
        charge_limit_a=charge_limit_of(on.wired, view),
        pyro_command=pyro_command_of(on.wired, view),
        contactor_lag=on.wired.profile.contactor_lag,
    )
    if core is not None:
        core.plant = loop.step
    return loop


def _hardware(on: Ground, parts: Parts) -> Hardware:
    sides = parts.sides
    return Hardware(
        start=parts.start,
        stop=parts.stop,
        health=parts.health,
        others_off=sides.switch_off if sides.sides else None,
        others_within_ns=sides.off_within_ns,
        patience_ns=parts.cells.safe_ns,
        guard=on.wired.guard,
        safety=safety_inputs(on.wired.config, on.clock, on.trace),
        off_witness=parts.off_witness,
    )

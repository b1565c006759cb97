"""The default virtual bench in simulated time: everything in one process on one timeline."""

import random

from bench.dut.in_process import InProcessDut
from bench.errors import InstrumentError
from bench.instruments.afe import AnalogueFrontEnd
from bench.links.ports import CanLink
from bench.links.simulated_can import SimulatedCanBus
from bench.plant.coasting import Coasting
from bench.rig.providers.rig_timers import RigTimers
from bench.rig.rig import STOPPED_WITHIN_NS, Rig
from bench.rig.steps import Steps
from bench.rig.vehicle import VehicleSide
from bench.rig.view import TraceView
from bench.scenario.model import Start
from bench.timing.clock import Timebase
from bench.timing.simulated import SimulatedClock
from bench.trace.timeline import Trace
from bench.wiring.common import (
    Wired,
    build_pack,
    charge_limit_of,
    contactor_commands_of,
    own_ids,
    phases_of,
    pyro_command_of,
)
from bench.wiring.dut import firmware_of, identifier, tester_of
from bench.wiring.emulator_shown import emulator_shows
from bench.wiring.instruments import simulated_cells
from bench.wiring.provide import Bench, chamber_of, leaks_of, provide
from bench.wiring.safety import safety_inputs
from bench.wiring.side_instruments import identities_into, side_instruments
from bench.wiring.virtual_signals import clipped_into, restbus_of, senses_of
from firmware_stubs.builds import descriptions


def build_simulated(
    wired: Wired, clock: SimulatedClock, soc: float | None, rng: random.Random, start: Start | None = None
) -> Rig:
    """A fresh rig for one shot. `rng` sets the pack's spread, and where in its cycle everything starts."""
    config = wired.config
    trace = Trace(timebase=Timebase.SIMULATED)
    view = TraceView(trace, own_ids(wired))
    buses = {
        channel: SimulatedCanBus(clock, trace, channel, can.bitrate, can.data_bitrate)
        for channel, can in config.can.items()
    }
    bench_nodes: dict[str, CanLink] = {channel: bus.node("bench") for channel, bus in buses.items()}
    # A bus without a DBC is one of instruments: no DUT hangs on it.
    dut_nodes: dict[str, CanLink] = {
        channel: bus.node("dut") for channel, bus in buses.items() if config.can[channel].dbc
    }
    trace.stamping.update({channel: node.stamping for channel, node in bench_nodes.items()})

    pack = build_pack(wired, soc, rng, start)
    phases = phases_of(wired, rng)
    vehicle = VehicleSide()
    cells = simulated_cells(config, clock, rng, buses)
    dut = InProcessDut(
        clock,
        firmware_of(config.dut, wired.firmware_chemistry.path),
        dut_nodes,
    )
    overrides_v: dict[int, float] = {}
    senses = senses_of(pack, vehicle, overrides_v)
    sides = side_instruments(config, clock, lambda channel, name: buses[channel].node(name), senses)
    tell_clipped = clipped_into(clock, trace)
    shown = emulator_shows(wired.played)
    afe = AnalogueFrontEnd(
        clock,
        shown.messages,
        lambda: senses.cells(sides.after_relays(cells.output_v(clock.now_ns()))),
        buses[shown.channel].node("afe").send,
        cycle_ns=shown.cycle_ns,
        gap_ns=shown.gap_ns,
        tell=tell_clipped,
    )

    senses.provide("afe_sweep_crc", lambda: afe.sweep_crc.value)

    tester = tester_of(wired, clock, trace, bench_nodes)

    async def start_hardware() -> None:
        cells.start(clock.now_ns())
        await sides.start(identities_into(trace, clock))
        afe.start(clock.now_ns() + phases.front_end_ns)

    async def stop_hardware() -> None:
        steps = Steps()
        steps.do("", afe.stop)
        steps.do("", cells.stop)
        await steps.walk("", sides.stop, STOPPED_WITHIN_NS)
        if steps.problems:
            raise InstrumentError("; ".join(steps.problems))

    coasting, timers = Coasting(pack), RigTimers(clock)
    restbus = restbus_of(clock, bench_nodes, wired.played, senses, tell_clipped)
    provided = provide(
        Bench(
            pack=pack,
            coasting=coasting,
            vehicle=vehicle,
            senses=senses,
            overrides_v=overrides_v,
            emulator=cells.emulator,
            fault_unit=sides.fault_unit(cells.emulator),
            leaks=leaks_of(sides),
            chamber=chamber_of(sides),
            restbus=restbus,
            links=bench_nodes,
            databases=wired.databases,
            dut=dut,
            timers=timers,
            afe=afe,
            buses=buses,
        )
    )

    return Rig(
        clock=clock,
        trace=trace,
        view=view,
        links=bench_nodes,
        databases=wired.databases,
        pack=pack,
        emulator=cells.emulator,
        dut=dut,
        vehicle=vehicle,
        restbus=restbus,
        phases=phases,
        senses=senses,
        overrides_v=overrides_v,
        provided=provided,
        timers=timers,
        coasting=coasting,
        dead_man_ns=cells.config.dead_man_ns,
        safe_timeout_ns=cells.safe_ns,
        contactor_commands=contactor_commands_of(wired, view),
        contactor_lag=wired.profile.contactor_lag,
        charge_limit_a=charge_limit_of(wired, view),
        pyro_command=pyro_command_of(wired, view),
        start_hardware=start_hardware,
        stop_hardware=stop_hardware,
        others_off=sides.switch_off if sides.sides else None,
        others_within_ns=sides.off_within_ns,
        identify=identifier(wired, clock, trace, bench_nodes, tester),
        tester=tester,
        safety=safety_inputs(config, clock, trace),
    )


def firmware_builds() -> dict[str, str]:
    """Every build that can be named, and what it is."""
    return descriptions()

"""The same virtual bench in real time: DUT and rack as processes, CAN on python-can, the emulator behind a pty."""

import json
import random

from bench.config.instrument_kinds import CELLS
from bench.dut.process import ProcessDut
from bench.errors import DutError
from bench.rig.rig import Rig, VehicleSide
from bench.rig.view import TraceView
from bench.scenario.model import Start
from bench.timing.clock import Timebase, Timer
from bench.timing.host import HostClock
from bench.trace.timeline import Trace
from bench.wiring.by_hand import rack_words
from bench.wiring.can import open_buses, watch_lateness, watch_waiting
from bench.wiring.common import (
    Wired,
    build_pack,
    charge_limit_of,
    contactor_commands_of,
    phases_of,
    pyro_command_of,
)
from bench.wiring.dut import identifier, real_dut, tester_of
from bench.wiring.instruments import real_cells
from bench.wiring.side_instruments import identities_into, side_instruments
from bench.wiring.virtual_signals import listen_for_sweeps, restbus_of, senses_of


async def build_real(
    wired: Wired, clock: HostClock, soc: float | None, rng: random.Random, start: Start | None = None
) -> Rig:
    """A fresh rig for one shot in real time. Raises LinkError where a bus cannot be opened."""
    config = wired.config
    trace = Trace(timebase=Timebase.HOST)
    view = TraceView(trace)
    buses = open_buses(config.can, clock, trace)
    tell_lateness = watch_lateness(clock, trace)
    waiting: list[Timer] = []
    pack = build_pack(wired, soc, rng, start)
    phases = phases_of(wired, rng)
    vehicle = VehicleSide()
    overrides_v: dict[int, float] = {}
    senses = senses_of(pack, vehicle, overrides_v)
    instrument = config.instruments[CELLS]
    rack = ProcessDut(
        rack_words(wired, buses.rack_arguments, front_end_ns=phases.front_end_ns), "virtual rack"
    )
    tester = tester_of(wired, clock, trace, buses.links)
    # A bus without a DBC is one of instruments: no DUT hangs on it.
    arguments = {channel: bus for channel, bus in buses.arguments.items() if config.can[channel].dbc}
    dut = real_dut(wired, clock, arguments, tester)
    cells = real_cells(config, clock, buses.links)

    sweep_crc = listen_for_sweeps(wired.played, buses.links)
    senses.provide("afe_sweep_crc", lambda: sweep_crc.value)
    sides = side_instruments(config, clock, lambda channel, _: buses.links[channel], senses)

    async def start_hardware() -> None:
        waiting.append(watch_waiting(clock, trace, dut.waited_ns))
        ports, cards = await _ports_of(rack) if instrument.virtual else (instrument.ports, {})
        await cells.connect(ports)
        await sides.start(identities_into(trace, clock), cards)

    async def stop_hardware() -> None:
        for timer in waiting:
            timer.cancel()
        cells.close()
        try:
            await sides.stop()
        finally:
            await rack.stop()
            buses.give_back()
            tell_lateness()

    def health() -> str | None:
        if (trouble := buses.trouble()) is not None:
            return trouble
        if instrument.virtual and rack.died():
            return "virtual rack: its process ended by itself"
        if dut.died():
            return "the DUT's process ended by itself"
        return None

    return Rig(
        clock=clock,
        trace=trace,
        view=view,
        links=buses.links,
        databases=wired.databases,
        pack=pack,
        emulator=cells.emulator,
        fault_unit=sides.fault_unit(cells.emulator),
        dut=dut,
        vehicle=vehicle,
        restbus=restbus_of(clock, buses.links, wired.played, senses),
        phases=phases,
        senses=senses,
        overrides_v=overrides_v,
        capabilities=wired.capabilities,
        dead_man_ns=instrument.dead_man_ns,
        safe_timeout_ns=cells.safe_ns,
        contactor_commands=contactor_commands_of(wired, view),
        charge_limit_a=charge_limit_of(wired, view),
        pyro_command=pyro_command_of(wired, view),
        start_hardware=start_hardware,
        stop_hardware=stop_hardware,
        identify=identifier(wired, clock, trace, buses.links, tester),
        tester=tester,
        health=health,
        guard=wired.guard,
    )


async def _ports_of(rack: ProcessDut) -> tuple[tuple[str, ...], dict[str, str]]:
    """Start it: the ports of its emulator's lines, and those of its relay cards by name."""
    await rack.start()
    try:
        facts = json.loads(rack.first_line)
        return tuple(map(str, facts["ports"])), dict(facts["cards"])
    except (ValueError, KeyError, TypeError) as exc:
        raise DutError(
            f"virtual rack: said '{rack.first_line}'; expected a line of JSON with its ports"
        ) from exc

"""The same virtual bench in real time: DUT and rack as processes, CAN on python-can, the emulator behind a pty."""

import json
import random

from bench.config.instrument_kinds import CELLS
from bench.dut.ports import ended
from bench.dut.process import ProcessDut
from bench.errors import DutError, InstrumentError
from bench.plant.coasting import Coasting
from bench.plant.pack import Pack
from bench.rig.phases import Phases
from bench.rig.providers.rig_timers import RigTimers
from bench.rig.rig import STOPPED_WITHIN_NS, Rig
from bench.rig.steps import Steps
from bench.rig.vehicle import VehicleSide
from bench.rig.view import TraceView
from bench.scenario.model import Start
from bench.timing.clock import Timebase, Timer
from bench.timing.host import HostClock
from bench.trace.timeline import Trace
from bench.wiring.by_hand import rack_words
from bench.wiring.can import Buses, open_buses, watch_lateness, watch_waiting
from bench.wiring.clock_rate import watch_rate
from bench.wiring.common import (
    Wired,
    build_pack,
    charge_limit_of,
    contactor_commands_of,
    own_ids,
    phases_of,
    pyro_command_of,
)
from bench.wiring.dut import identifier, real_dut, tester_of
from bench.wiring.emulator_shown import emulator_shows, listen_for_sweeps, pack_voltages, watch_cells
from bench.wiring.instruments import real_cells
from bench.wiring.provide import Bench, chamber_of, leaks_of, provide
from bench.wiring.safety import safety_inputs
from bench.wiring.side_instruments import identities_into, side_instruments
from bench.wiring.stamp_worth import apply_measured
from bench.wiring.virtual_signals import clipped_into, restbus_of, senses_of


async def build_real(
    wired: Wired, clock: HostClock, soc: float | None, rng: random.Random, start: Start | None = None
) -> Rig:
    """A fresh rig for one shot in real time. Raises LinkError where a bus cannot be opened."""
    trace = Trace(timebase=Timebase.HOST)
    buses = open_buses(wired.config.can, clock, trace)
    apply_measured(trace, wired.config, wired.stamps)
    try:
        pack = build_pack(wired, soc, rng, start)
        return _rig_on(buses, trace, wired, clock, pack, phases_of(wired, rng))
    except BaseException:  # the next shot opens the same buses
        for link in buses.links.values():
            link.close()
        buses.give_back()
        raise


def _rig_on(buses: Buses, trace: Trace, wired: Wired, clock: HostClock, pack: Pack, phases: Phases) -> Rig:
    config = wired.config
    view = TraceView(trace, own_ids(wired))
    tell_lateness, tell_rate = watch_lateness(clock, trace), watch_rate(clock, trace, buses.links)
    waiting: list[Timer] = []
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

    tell_clipped = clipped_into(clock, trace)
    cells_v = pack_voltages(pack, overrides_v)

    async def start_hardware() -> None:
        if instrument.virtual:  # its front end is the rack's: what it cuts off is known here only
            waiting.append(watch_cells(clock, emulator_shows(wired.played), cells_v, tell_clipped))
        waiting.append(watch_waiting(clock, trace, dut.waited_ns))
        ports, cards = await _ports_of(rack) if instrument.virtual else (instrument.ports, {})
        await cells.connect(ports)
        await sides.start(identities_into(trace, clock), cards)

    async def stop_hardware() -> None:
        steps = Steps()
        for timer in waiting:
            steps.do("", timer.cancel)
        steps.do("", cells.close)
        await steps.walk("", sides.stop, STOPPED_WITHIN_NS)
        await steps.walk("the virtual rack", rack.stop, STOPPED_WITHIN_NS)
        steps.do("", buses.give_back)
        steps.do("", tell_rate)
        steps.do("", tell_lateness)
        if steps.problems:
            raise InstrumentError("; ".join(steps.problems))

    def health() -> str | None:
        if dut.died():  # first of all: a bus that ends at its process breaks with it
            raise ended(dut)
        if (trouble := buses.trouble()) is not None:
            return trouble
        if instrument.virtual and rack.died():
            return f"virtual rack: its process ended by itself{rack.how()}"
        return None

    coasting, timers = Coasting(pack), RigTimers(clock)
    restbus = restbus_of(clock, buses.links, wired.played, senses, tell_clipped)
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
            links=buses.links,
            databases=wired.databases,
            dut=dut,
            timers=timers,
        )
    )

    return Rig(
        clock=clock,
        trace=trace,
        view=view,
        links=buses.links,
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
        dead_man_ns=instrument.dead_man_ns,
        safe_timeout_ns=cells.safe_ns,
        contactor_commands=contactor_commands_of(wired, view),
        contactor_lag=wired.profile.contactor_lag,
        charge_limit_a=charge_limit_of(wired, view),
        pyro_command=pyro_command_of(wired, view),
        start_hardware=start_hardware,
        stop_hardware=stop_hardware,
        others_off=sides.switch_off if sides.sides else None,
        others_within_ns=sides.off_within_ns,
        identify=identifier(wired, clock, trace, buses.links, tester),
        tester=tester,
        health=health,
        guard=wired.guard,
        safety=safety_inputs(config, clock, trace),
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

"""The same virtual bench in real time: DUT and rack as processes, CAN on python-can, the emulator behind a pty."""

import json
import random

from bench.config.instrument_kinds import CELLS
from bench.dut.ports import ended
from bench.dut.process import ProcessDut
from bench.errors import DutError, InstrumentError
from bench.plant.pack import Pack
from bench.rig.phases import Phases
from bench.rig.rig import Rig
from bench.rig.steps import Steps
from bench.rig.way_to_safety import STOPPED_WITHIN_NS
from bench.scenario.model import Start
from bench.timing.clock import Timebase, Timer
from bench.timing.host import HostClock
from bench.trace.timeline import Trace
from bench.wiring.assemble import Parts, assemble, ground
from bench.wiring.by_hand import rack_words
from bench.wiring.can import Buses, open_buses, watch_lateness, watch_waiting
from bench.wiring.clock_rate import watch_rate
from bench.wiring.common import (
    Wired,
    build_pack,
    phases_of,
)
from bench.wiring.dut import real_dut, tester_of
from bench.wiring.emulator_shown import emulator_shows, listen_for_sweeps, pack_voltages, watch_cells
from bench.wiring.instruments import real_cells
from bench.wiring.off_seen import FrontEndHeard
from bench.wiring.side_instruments import identities_into, side_instruments
from bench.wiring.stamp_worth import apply_measured


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
    tell_lateness, tell_rate = watch_lateness(clock, trace), watch_rate(clock, trace, buses.links)
    waiting: list[Timer] = []
    on = ground(wired, clock, trace, buses.links, pack, phases)
    senses = on.senses
    instrument = config.instruments[CELLS]
    rack = ProcessDut(
        rack_words(wired, buses.rack_arguments, front_end_ns=phases.front_end_ns), "virtual rack"
    )
    tester = tester_of(wired, clock, trace, buses.links)
    # A bus without a DBC is one of instruments: no DUT hangs on it.
    arguments = {channel: bus for channel, bus in buses.arguments.items() if config.can[channel].dbc}
    dut = real_dut(wired, clock, arguments, tester)
    cells = real_cells(config, clock, buses.links)

    shown = emulator_shows(wired.played)
    sweep_crc = listen_for_sweeps(wired.played, buses.links)
    senses.provide("afe_sweep_crc", lambda: sweep_crc.value)
    sides = side_instruments(config, clock, lambda channel, _: buses.links[channel], senses)

    cells_v = pack_voltages(pack, on.overrides_v)
    senses.provide_sums("cell_voltage", lambda: [cells_v(index) for index in range(config.pack.cells)])

    async def start_hardware() -> None:
        if instrument.virtual:  # its front end is the rack's: what it cuts off is known here only
            waiting.append(watch_cells(clock, shown, cells_v, on.tell_clipped))
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

    return assemble(
        on,
        Parts(
            cells=cells,
            sides=sides,
            dut=dut,
            tester=tester,
            start=start_hardware,
            stop=stop_hardware,
            health=health,
            off_witness=FrontEndHeard(clock, shown, buses.links[shown.channel]),
        ),
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

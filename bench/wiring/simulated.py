"""The default virtual bench in simulated time: everything in one process on one timeline."""

import random
from collections.abc import Sequence

from bench.errors import InstrumentError
from bench.links.ports import CanLink
from bench.rig.rig import Rig
from bench.rig.steps import Steps
from bench.rig.way_to_safety import STOPPED_WITHIN_NS
from bench.scenario.model import Start
from bench.timing.simulated import SimulatedClock
from bench.trace.facts import DutSaid
from bench.wiring.assemble import Parts, assemble, ground
from bench.wiring.common import (
    Wired,
    build_pack,
    phases_of,
)
from bench.wiring.core import bus_on, dut_on, front_end_on, trace_on
from bench.wiring.dut import tester_of
from bench.wiring.emulator_shown import emulator_shows
from bench.wiring.instruments import simulated_cells
from bench.wiring.off_seen import FrontEndAsked
from bench.wiring.side_instruments import identities_into, side_instruments


def build_simulated(
    wired: Wired, clock: SimulatedClock, soc: float | None, rng: random.Random, start: Start | None = None
) -> Rig:
    """A fresh rig for one shot. `rng` sets the pack's spread, and where in its cycle everything starts."""
    config = wired.config
    trace = trace_on(clock)
    buses = {
        channel: bus_on(clock, trace, channel, can.bitrate, can.data_bitrate)
        for channel, can in config.can.items()
    }
    bench_nodes: dict[str, CanLink] = {channel: bus.node("bench") for channel, bus in buses.items()}
    # A bus without a DBC is one of instruments: no DUT hangs on it.
    dut = dut_on(
        clock,
        config.dut,
        wired.firmware_chemistry.path,
        config.pack.parallel,
        {channel: bus for channel, bus in buses.items() if config.can[channel].dbc},
    )

    def tell_console(line: str) -> None:
        trace.mark(clock.now_ns(), DutSaid(text=line), "DUT's console")

    dut.console = tell_console
    trace.stamping.update({channel: node.stamping for channel, node in bench_nodes.items()})

    pack = build_pack(wired, soc, rng, start)
    on = ground(wired, clock, trace, bench_nodes, pack, phases_of(wired, rng))
    cells = simulated_cells(config, clock, rng, buses)
    senses = on.senses
    sides = side_instruments(config, clock, lambda channel, name: buses[channel].node(name), senses)
    shown = emulator_shows(wired.played)

    def shown_v() -> Sequence[float | None]:
        return senses.cells(sides.after_relays(cells.output_v(clock.now_ns())))

    afe = front_end_on(
        clock,
        shown,
        buses[shown.channel],
        shown_v,
        on.tell_clipped,
    )

    senses.provide("afe_sweep_crc", lambda: afe.sweep_crc.value)
    senses.provide_sums("cell_voltage", shown_v)

    async def start_hardware() -> None:
        cells.start(clock.now_ns())
        await sides.start(identities_into(trace, clock))
        afe.start(clock.now_ns() + on.phases.front_end_ns)

    async def stop_hardware() -> None:
        steps = Steps()
        steps.do("", afe.stop)
        steps.do("", cells.stop)
        await steps.walk("", sides.stop, STOPPED_WITHIN_NS)
        if steps.problems:
            raise InstrumentError("; ".join(steps.problems))

    return assemble(
        on,
        Parts(
            cells=cells,
            sides=sides,
            dut=dut,
            tester=tester_of(wired, clock, trace, bench_nodes),
            start=start_hardware,
            stop=stop_hardware,
            afe=afe,
            buses=buses,
            off_witness=FrontEndAsked(lambda: sides.after_relays(cells.output_v(clock.now_ns()))),
        ),
    )

"""Every real output of a bench off, proven by readback, without a rig: for the doctor and for the guard."""

import asyncio
import dataclasses

from bench.config.bench_file import BenchConfig
from bench.config.instrument_kinds import CELLS
from bench.config.instruments import InstrumentConfig
from bench.errors import InstrumentError
from bench.instruments.kinds import SensorKind
from bench.links.ports import CanLink
from bench.rig.senses import Senses
from bench.rig.steps import Steps
from bench.timing.clock import Timebase
from bench.timing.host import HostClock
from bench.timing.stopping import was_stopped
from bench.trace.timeline import Trace
from bench.trace.trouble import line_of
from bench.units import NS_PER_S
from bench.wiring.can import open_buses
from bench.wiring.instruments import real_cells
from bench.wiring.side_instruments import side_instruments

_PATIENCE_S = 10.0  # on top of what a kind of cell emulator takes to be off


async def switch_off(config: BenchConfig, clock: HostClock) -> list[str]:
    """Every output of the real instruments off, proven by readback: their names. One that fails stops no other.

    Raises InstrumentError naming every one that is not proven to be off, or LinkError where a bus cannot be opened.
    """
    real = driving(config)
    cells = real.get(CELLS)
    on_bus = {} if cells is None or not cells.facts.on_can else {cells.link: config.can[cells.link]}
    buses = open_buses(on_bus, clock, Trace(timebase=Timebase.HOST))
    problems = []
    try:
        for name in real:
            off = _cells_off if name == CELLS else _side_off
            try:
                await off(config, clock, real[name], buses.links)
            except BaseException as error:  # whatever one raises, the next is switched off
                if was_stopped():
                    raise
                problems.append(f"'{name}': {line_of(error)}")
    finally:
        closing = Steps()  # what is off is off: a bus that cannot be closed changes nothing of it
        for link in buses.links.values():
            closing.do("", link.close)
        closing.do("", buses.give_back)
    if problems:
        raise InstrumentError("; ".join(problems))
    return list(real)


async def _side_off(
    config: BenchConfig, clock: HostClock, one: InstrumentConfig, links: dict[str, CanLink]
) -> None:
    alone = dataclasses.replace(config, instruments={one.name: one})
    side = side_instruments(alone, clock, lambda channel, _: links[channel], Senses({}, {}))
    async with asyncio.timeout(_PATIENCE_S):
        try:
            await side.start()
        finally:
            await side.stop()  # this is what switches off, and proves it


async def _cells_off(
    config: BenchConfig, clock: HostClock, cells: InstrumentConfig, links: dict[str, CanLink]
) -> None:
    unit = real_cells(config, clock, links)
    try:
        async with asyncio.timeout(_PATIENCE_S + unit.safe_ns / NS_PER_S):
            await unit.connect(cells.ports)
            await unit.emulator.identify()
            await unit.emulator.safe()
    finally:
        unit.close()


def driving(config: BenchConfig) -> dict[str, InstrumentConfig]:
    """The real instruments that have an output. A sensor on CAN drives nothing."""
    return {
        n: one
        for n, one in config.instruments.items()
        if not one.virtual and not isinstance(one.facts, SensorKind)
    }

"""Is the rig known to be in its safe state? Here a poisoned rig is switched off, confirmed, and given free again.

A rig is poisoned where an injected fault could not be cleared. What outlives a run is what real instruments still
drive: their outputs are switched off and read back. The ports decide, whichever clock the doctor is started with.
"""

import asyncio
import dataclasses

from bench.config.bench_file import BenchConfig
from bench.config.instrument_kinds import CELLS
from bench.config.instruments import InstrumentConfig
from bench.doctor.finding import Finding, State
from bench.errors import BenchError
from bench.links.ports import CanLink
from bench.record.poison import facts_of, lift, marker_of, rig_facts
from bench.rig.senses import Senses
from bench.timing.clock import Timebase
from bench.timing.host import HostClock, run_on_host
from bench.trace.timeline import Trace
from bench.units import NS_PER_S
from bench.wiring.can import open_buses
from bench.wiring.instruments import real_cells
from bench.wiring.side_instruments import ON_CAN, side_instruments

_AREA = "safe state"
_PATIENCE_S = 10.0  # on top of what a kind of cell emulator takes to be off
_BY_HAND = "see to it by hand that every output is off, then delete this file"


def confirm(config: BenchConfig) -> Finding:
    """One finding. BAD means: do not drive. Only a poisoned rig is switched; its marker is lifted once it is safe."""
    if marker_of(config.record.folder).exists():
        return _confirm_poisoned(config)
    real = _driving(config)
    if not real:
        return _finding(State.OK, "virtual instruments hold no energy between runs; the rig is not poisoned")
    text = (
        f"not poisoned; not read back here: {', '.join(real)}; every shot ends by reading outputs back as off"
    )
    return _finding(State.NOTE, text, "`hil run` with one short scenario confirms it")


def _confirm_poisoned(config: BenchConfig) -> Finding:
    marker = marker_of(config.record.folder)
    facts = facts_of(config.record.folder)
    if facts is None:
        return _finding(State.BAD, f"poisoned, and {marker} cannot be read: not lifted", _BY_HAND)
    why = f"poisoned: {facts.get('why', 'no reason given')}"
    for name, here in rig_facts(config).items():
        if facts.get(name) != here:
            text = (
                f"{why}; {marker} is of {name} '{facts.get(name, 'unknown')}', this is '{here}': not lifted"
            )
            return _finding(
                State.BAD, text, f"`hil doctor --config` with that rig's bench file, or {_BY_HAND}"
            )
    real = _driving(config)
    if real:
        try:
            run_on_host(lambda clock: switch_off(config, clock))
        except (BenchError, OSError, TimeoutError) as error:
            reason = str(error) or "no answer in time"
            text = f"{why}; outputs are NOT confirmed off: {reason}: not lifted"
            return _finding(State.BAD, text, f"mend the instrument and ask again, or {_BY_HAND}")
        did = f"switched off and read back as off: {', '.join(real)}"
    else:
        did = "every instrument is virtual, and nothing of it outlives the run"
    try:
        lift(config.record.folder)
    except OSError as error:
        return _finding(State.BAD, f"was {why}; {did}; the marker cannot be removed: {error}", _BY_HAND)
    return _finding(State.OK, f"was {why}; {did}; lifted: `hil run` drives this rig again")


async def switch_off(config: BenchConfig, clock: HostClock) -> None:
    """Every output of the real instruments off, proven by readback. Raises BenchError or TimeoutError."""
    real = _driving(config)
    sides = side_instruments(
        dataclasses.replace(config, instruments={n: one for n, one in real.items() if n != CELLS}),
        clock,
        lambda channel, _: links[channel],
        Senses({}, {}),
    )
    cells = real.get(CELLS)
    on_bus = (
        {} if cells is None or cells.facts.transports != ("can",) else {cells.link: config.can[cells.link]}
    )
    buses = open_buses(on_bus, clock, Trace(timebase=Timebase.HOST))
    links = buses.links
    try:
        if cells is not None:
            await _cells_off(config, clock, cells, links)
        async with asyncio.timeout(_PATIENCE_S * (1 + len(sides.sides))):
            try:
                await sides.start()
            finally:
                await sides.stop()  # this is what switches off, and proves it
    finally:
        for link in links.values():
            link.close()
        buses.give_back()


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


def _driving(config: BenchConfig) -> dict[str, InstrumentConfig]:
    """The real instruments that have an output. A sensor on CAN drives nothing."""
    return {n: one for n, one in config.instruments.items() if not one.virtual and one.kind not in ON_CAN}


def _finding(state: State, text: str, mend: str = "") -> Finding:
    return Finding(area=_AREA, state=state, text=text, mend=mend)

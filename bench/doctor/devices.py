"""Instruments and DUT: is there something behind the port, may we open it, does the firmware start."""

import asyncio
import dataclasses
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.config.bench_file import BenchConfig
from bench.config.instrument_kinds import CELLS
from bench.config.instruments import InstrumentConfig
from bench.doctor.finding import Checkup, Health
from bench.errors import BenchError
from bench.rig.senses import Senses
from bench.timing.clock import Timebase
from bench.timing.host import HostClock, run_on_host
from bench.trace.timeline import Trace
from bench.units import NS_PER_S
from bench.wiring.can import open_buses
from bench.wiring.guard import describe
from bench.wiring.instruments import open_stream, real_cells
from bench.wiring.side_instruments import side_instruments
from bench.wiring.switch_off import driving

_PATIENCE_S = 3.0
_CHECK = "power, cable and baud rate; is it the instrument that the bench file names?"


def examine_instruments(config: BenchConfig) -> Iterator[Checkup]:
    """A virtual instrument is there by definition; a real one is asked who it is, and nothing is switched."""
    for name, instrument in config.instruments.items():
        area = f"instrument '{name}'"
        if instrument.virtual:
            text = f"{instrument.kind}: virtual, the bench brings its own in real time and simulated time"
            yield Checkup(area=area, state=Health.OK, text=text)
            continue
        troubles = [(port, found) for port in instrument.ports if (found := trouble_of(port)) is not None]
        for port, (text, mend) in troubles:
            yield Checkup(area=area, state=Health.BAD, text=f"{instrument.kind} on {port}: {text}", mend=mend)
        if not troubles:
            yield _asked(config, area, instrument)
    yield from _guard(config)


def _guard(config: BenchConfig) -> Iterator[Checkup]:
    """What happens to outputs that have no dead-man of their own when the bench is killed."""
    bare = [name for name, one in driving(config).items() if not one.facts.dead_man]
    if not driving(config):
        return
    without = (
        f"no dead-man of their own: {', '.join(bare)}" if bare else "every output has a dead-man of its own"
    )
    text = f"{without}; {describe(config)}"
    if bare and not config.guard_hang_ns:
        mend = "take `enabled = false` out of [guard], or have an emergency switch in their supply"
        yield Checkup(area="guard", state=Health.NOTE, text=text, mend=mend)
    else:
        yield Checkup(area="guard", state=Health.OK, text=text)


def trouble_of(port: str) -> tuple[str, str] | None:
    """(what is wrong, how to mend it) with a serial device, without opening it; None where nothing is seen."""
    if port.startswith("tcp://") or port == "bus":
        return None  # only trying tells
    path = Path(port)
    if not path.exists():
        near = sorted(str(one) for pattern in ("ttyUSB*", "ttyACM*") for one in Path("/dev").glob(pattern))
        there = f"this machine has {', '.join(near)}" if near else "this machine has no USB serial port"
        return "there is no such device", f"plug it in, or correct 'port'; {there}"
    if not stat.S_ISCHR(path.stat().st_mode):
        return "this is no serial device", "correct 'port'"
    if not os.access(path, os.R_OK | os.W_OK):
        return _not_permitted(path)
    holders = held_by(path)
    if holders:
        return f"in use by {', '.join(holders)}", "end that process: two cannot talk to one instrument"
    return None


def _not_permitted(path: Path) -> tuple[str, str]:
    import grp

    number = path.stat().st_gid
    try:
        group = grp.getgrgid(number).gr_name
    except KeyError:
        group = str(number)
    text = f"no permission to open it: it is for group '{group}'"
    if number in os.getgroups():
        return text, f"you are in '{group}', and the group may not: a udev rule with MODE=\"0660\""
    return text, f"sudo usermod -aG {group} $USER, and log in anew"


def held_by(path: Path) -> list[str]:
    """Other processes that have this device open, as `name (pid)`; of another user's processes /proc tells nothing."""
    wanted = path.resolve()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            fds = [str(fd.readlink()) for fd in (process / "fd").iterdir()]
            if str(wanted) in fds:
                name = (process / "comm").read_text(encoding="utf-8").strip()
                found.append(f"{name} (process {process.name})")
        except OSError:  # ended meanwhile, or not ours to look at
            continue
    return sorted(found)


def _asked(config: BenchConfig, area: str, instrument: InstrumentConfig) -> Checkup:
    where = f"{instrument.kind} on {' '.join(instrument.ports)}"
    try:
        who = run_on_host(lambda clock: _identity(config, clock, instrument))
    except (BenchError, TimeoutError, OSError) as error:
        text = f"{where}: {error or 'no answer in time'}"
        return Checkup(area=area, state=Health.BAD, text=text, mend=_CHECK)
    return Checkup(area=area, state=Health.OK, text=f"{where}: answers as {who}")


async def _identity(config: BenchConfig, clock: HostClock, one: InstrumentConfig) -> str:
    on_bus = {one.link: config.can[one.link]} if one.facts.on_can else {}
    buses = open_buses(on_bus, clock, Trace(timebase=Timebase.HOST))
    alone = dataclasses.replace(config, instruments={one.name: one})
    close: list[Callable[[], None]] = [link.close for link in buses.links.values()]
    try:
        async with asyncio.timeout(_PATIENCE_S + (one.facts.safe_ns / NS_PER_S if on_bus else 0)):
            if one.name == CELLS:
                cells = real_cells(alone, clock, buses.links)
                close.append(cells.close)
                await cells.connect(one.ports)
                return await cells.emulator.identify()
            (side,) = side_instruments(
                alone, clock, lambda channel, _: buses.links[channel], Senses({}, {})
            ).sides
            if side.line is not None:
                side.line.connect(await open_stream(one.port, one.baud))
                close.append(side.line.close)
            return str(await side.driver.identify())
    finally:
        for shut in close:
            shut()
        buses.give_back()


def examine_dut(config: BenchConfig) -> Iterator[Checkup]:
    """How the DUT would be started. It is not started here: a doctor does not drive anything real."""
    dut = config.dut
    switch = None if dut.power is None else dut.power.relay or dut.power.supply
    if switch is not None and (trouble := trouble_of(switch.port)) is not None:
        text, mend = f"its supply's {switch.kind} on {switch.port}: {trouble[0]}", trouble[1]
        yield Checkup(area="DUT", state=Health.BAD, text=text, mend=mend)
    if dut.start == "external":
        text = "external: whoever powers it; the bench waits for its first frame in every shot"
        yield Checkup(area="DUT", state=Health.OK, text=text)
        return
    if dut.start in ("subprocess", "stepped"):
        words = list(getattr(dut, "command", None) or ())
        in_step = ", stepped in simulated time" if dut.start == "stepped" else ""
        program = getattr(words[0], "text", str(words[0])) if words else ""
        if program and shutil.which(program) is None and not (config.file.parent / program).exists():
            text = f"its command starts '{program}', which is not there"
            yield Checkup(
                area="DUT", state=Health.BAD, text=text, mend="correct 'command' in [dut], or build it"
            )
        else:
            yield Checkup(area="DUT", state=Health.OK, text=f"a process: {program}{in_step}")
        return
    yield Checkup(
        area="DUT", state=Health.OK, text=f"firmware '{dut.firmware}' of this project, started by the bench"
    )

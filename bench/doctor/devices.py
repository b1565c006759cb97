"""Instruments and DUT: is there something behind the port, may we open it, does the firmware start."""

import asyncio
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from bench.config.bench_file import BenchConfig
from bench.config.instruments import InstrumentConfig
from bench.doctor.finding import Finding, State
from bench.errors import BenchError
from bench.instruments.cell_emulator import ScpiCellEmulator
from bench.links.pyserial_link import open_serial
from bench.timing.host import HostClock, run_on_host

_PATIENCE_S = 3.0


def examine_instruments(config: BenchConfig) -> Iterator[Finding]:
    """A virtual instrument is there by definition; a real one is asked who it is, and nothing is switched."""
    for name, instrument in config.instruments.items():
        area = f"instrument '{name}'"
        if instrument.virtual:
            text = f"{instrument.kind}: virtual, the bench brings its own in real time and simulated time"
            yield Finding(area=area, state=State.OK, text=text)
            continue
        trouble = _not_openable(instrument.port)
        if trouble is not None:
            text, mend = trouble
            yield Finding(
                area=area, state=State.BAD, text=f"{instrument.kind} on {instrument.port}: {text}", mend=mend
            )
            continue
        yield _asked(config, area, instrument)


def _not_openable(port: str) -> tuple[str, str] | None:
    if ":" in port and not port.startswith("/"):
        return None  # host:port, or a URL: only trying tells
    path = Path(port)
    if not path.exists():
        near = sorted(str(one) for pattern in ("ttyUSB*", "ttyACM*") for one in Path("/dev").glob(pattern))
        there = f"this machine has {', '.join(near)}" if near else "this machine has no USB serial port"
        return "there is no such device", f"plug it in, or correct 'port'; {there}"
    if not stat.S_ISCHR(path.stat().st_mode):
        return "this is no serial device", "correct 'port'"
    if not os.access(path, os.R_OK | os.W_OK):
        return "no permission to open it", "sudo usermod -aG dialout $USER, and log in anew"
    return None


def _asked(config: BenchConfig, area: str, instrument: InstrumentConfig) -> Finding:
    where = f"{instrument.kind} on {instrument.port}"

    async def main(clock: HostClock) -> str:
        line = open_serial(instrument.port, config.serial[instrument.link].baud)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await ScpiCellEmulator(line, clock).identify()
        finally:
            line.close()

    try:
        who = run_on_host(main)
    except (BenchError, TimeoutError, OSError) as error:
        text = f"{where}: {error or 'no answer'}"
        return Finding(
            area=area, state=State.BAD, text=text, mend="power, cable, baud rate; is it used by another?"
        )
    return Finding(area=area, state=State.OK, text=f"{where}: answers as {who}")


def examine_dut(config: BenchConfig) -> Iterator[Finding]:
    """How the DUT would be started. It is not started here: a doctor does not drive anything real."""
    dut = config.dut
    if dut.start == "external":
        text = "external: whoever powers it; the bench waits for its first frame in every shot"
        yield Finding(area="DUT", state=State.OK, text=text)
        return
    if dut.start == "subprocess":
        words = list(getattr(dut, "command", None) or ())
        program = getattr(words[0], "text", str(words[0])) if words else ""
        if program and shutil.which(program) is None and not (config.file.parent / program).exists():
            text = f"its command starts '{program}', which is not there"
            yield Finding(
                area="DUT", state=State.BAD, text=text, mend="correct 'command' in [dut], or build it"
            )
        else:
            yield Finding(area="DUT", state=State.OK, text=f"a process: {program}")
        return
    yield Finding(
        area="DUT", state=State.OK, text=f"firmware '{dut.firmware}' of this project, started by the bench"
    )

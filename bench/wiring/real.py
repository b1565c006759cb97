"""The same virtual bench in real time: DUT and rack as processes, CAN on python-can, the emulator behind a pty."""

import json
import random
import sys

from bench.dut.process import ProcessDut
from bench.errors import DutError, LinkError
from bench.instruments.afe import layout_text
from bench.instruments.cell_emulator import ScpiCellEmulator
from bench.links.ports import SerialLink
from bench.links.pyserial_link import open_serial
from bench.rig.rig import Rig, VehicleSide
from bench.rig.view import TraceView
from bench.timing.clock import Timebase
from bench.timing.host import HostClock
from bench.trace.timeline import Trace
from bench.wiring.can import open_buses, watch_lateness
from bench.wiring.common import (
    Wired,
    build_pack,
    charge_limit_of,
    contactor_commands_of,
    pyro_command_of,
)
from bench.wiring.dut import identifier, real_dut, tester_of
from bench.wiring.virtual_signals import emulator_shows, restbus_of, senses_of


async def build_real(wired: Wired, clock: HostClock, soc: float | None, rng: random.Random) -> Rig:
    """A fresh rig for one shot in real time. Raises LinkError where a bus cannot be opened."""
    config = wired.config
    trace = Trace(timebase=Timebase.HOST)
    view = TraceView(trace)
    buses = open_buses(config.can, clock, trace)
    tell_lateness = watch_lateness(clock, trace)
    pack = build_pack(wired, soc, rng)
    vehicle = VehicleSide()
    overrides_v: dict[int, float] = {}
    senses = senses_of(pack, vehicle, overrides_v)
    instrument = config.instruments["cells"]
    shown = emulator_shows(wired.played)
    rack = ProcessDut(
        [sys.executable, "-m", "bench.instruments.virtual_rack", "--sense", buses.rack_arguments[shown.channel],
         "--layout", layout_text(shown.pages, shown.cycle_ns, shown.gap_ns),
         "--channels", str(config.pack.cells)],
        "virtual rack",
    )  # fmt: skip
    tester = tester_of(wired, clock, trace, buses.links)
    dut = real_dut(wired, clock, buses.arguments, tester)
    serial = LateSerial()
    emulator = ScpiCellEmulator(serial, clock, channels=config.pack.cells)

    async def start_hardware() -> None:
        port = instrument.port
        if instrument.virtual:
            await rack.start()
            try:
                port = str(json.loads(rack.first_line)["port"])
            except (ValueError, KeyError, TypeError) as exc:
                raise DutError(
                    f"virtual rack: said '{rack.first_line}'; expected a line of JSON with its port"
                ) from exc
        serial.connect(open_serial(port, config.serial[instrument.link].baud))

    async def stop_hardware() -> None:
        serial.close()
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
        emulator=emulator,
        dut=dut,
        vehicle=vehicle,
        restbus=restbus_of(clock, buses.links, wired.played, senses),
        senses=senses,
        overrides_v=overrides_v,
        capabilities=wired.capabilities,
        dead_man_ns=instrument.dead_man_ns,
        contactor_commands=contactor_commands_of(wired, view),
        charge_limit_a=charge_limit_of(wired, view),
        pyro_command=pyro_command_of(wired, view),
        start_hardware=start_hardware,
        stop_hardware=stop_hardware,
        identify=identifier(wired, clock, trace, buses.links, tester),
        tester=tester,
        health=health,
    )


class LateSerial:
    """A serial line whose port is known only once the virtual rack has opened its pty."""

    port = "not opened yet"

    def __init__(self) -> None:
        self._line: SerialLink | None = None

    def connect(self, line: SerialLink) -> None:
        self._line = line
        self.port = line.port

    def write(self, data: bytes) -> None:
        self._opened().write(data)

    async def read_until(self, terminator: bytes) -> bytes:
        return await self._opened().read_until(terminator)

    async def read_exactly(self, count: int) -> bytes:
        return await self._opened().read_exactly(count)

    def discard_input(self) -> None:
        self._opened().discard_input()

    def close(self) -> None:
        if self._line is not None:
            self._line.close()

    def _opened(self) -> SerialLink:
        if self._line is None:
            raise LinkError("the emulator's serial line was never opened")
        return self._line

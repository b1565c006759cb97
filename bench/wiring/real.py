"""The same virtual bench in real time: DUT and rack as processes, CAN on python-can, the emulator behind a pty."""

import dataclasses
import json
import random
import socket
import sys

from bench.config.bench_file import CanConfig
from bench.dut.process import ProcessDut
from bench.errors import DutError, LinkError
from bench.instruments.cell_emulator import ScpiCellEmulator
from bench.links.ports import CanLink, SerialLink
from bench.links.pyserial_link import open_serial
from bench.links.python_can import open_can
from bench.links.udp_multicast import UdpMulticastCan
from bench.rig.rig import Rig, VehicleSide
from bench.rig.view import TraceView
from bench.timing.clock import Timebase
from bench.timing.host import HostClock
from bench.trace.events import Kind
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS
from bench.wiring.common import (
    CAPABILITIES,
    Wired,
    build_pack,
    charge_limit_of,
    contactor_commands_of,
)
from bench.wiring.virtual_signals import restbus_of

DEFAULT_UDP_PORT = 43113  # python-can's
MOST_BENCHES = 20
LATE_NS = 20 * NS_PER_MS  # a grid call later than this is worth a mark: it could make a DUT miss a message


def bus_argument(can: CanConfig) -> str:
    """One bus as the firmware's command line takes it: `udp_multicast:channel=239.0.0.1,port=43113`."""
    return can.interface + ":" + ",".join(f"{key}={value}" for key, value in can.options.items())


def claimed(can: CanConfig) -> tuple[CanConfig, socket.socket | None]:
    """A virtual bus of our own: another run on this machine must not be heard on it.

    The claim is a bound TCP socket of the same number, which the system gives back however this process ends.
    """
    if can.interface != "udp_multicast":
        return can, None
    first = int(can.options.get("port", DEFAULT_UDP_PORT))
    for port in range(first, first + 2 * MOST_BENCHES, 2):
        claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            claim.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        return dataclasses.replace(can, options={**can.options, "port": port}), claim
    raise LinkError(
        f"CAN '{can.channel}': the ports {first} to {first + 2 * MOST_BENCHES - 2} are all claimed by other runs; "
        f"choose another port in [can.{can.channel}] options"
    )


async def build_real(wired: Wired, clock: HostClock, soc: float | None, rng: random.Random) -> Rig:
    """A fresh rig for one shot in real time. Raises LinkError where a bus cannot be opened."""
    config, profile = wired.config, wired.profile
    trace = Trace(timebase=Timebase.HOST)
    view = TraceView(trace)
    links: dict[str, CanLink] = {}
    cans: dict[str, CanConfig] = {}
    claims: list[socket.socket] = []
    adapters: list[UdpMulticastCan] = []
    for channel, configured in config.can.items():
        can, claim = claimed(configured)
        cans[channel] = can
        if claim is not None:
            claims.append(claim)
        link = open_can(channel, can.interface, can.options, clock, trace, "bench")
        links[channel] = link
        trace.stamping[channel] = link.stamping
        if isinstance(link, UdpMulticastCan):
            adapters.append(link)

    def on_late(late_ns: int) -> None:
        if late_ns > LATE_NS:
            trace.mark(clock.now_ns(), Kind.BENCH_LATE, "host clock", late_ns=late_ns)

    clock.on_late = on_late
    pack = build_pack(wired, soc, rng)
    vehicle = VehicleSide()
    instrument = config.instruments["cells"]
    buses = {channel: bus_argument(can) for channel, can in cans.items()}
    sense = profile.cell_template.channel
    rack = ProcessDut(
        [sys.executable, "-m", "bench.instruments.virtual_rack", "--sense", buses[sense],
         "--channels", str(config.pack.cells)],
        "virtual rack",
    )  # fmt: skip
    dut = ProcessDut(
        [sys.executable, "-m", "firmware_stubs.reference_bms", "--mutant", config.dut.firmware,
         *(word for channel, bus in buses.items() for word in (f"--{channel}", bus))],
        f"DUT {config.dut.firmware}",
    )  # fmt: skip
    serial = LateSerial()
    emulator = ScpiCellEmulator(serial, clock)

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
        for claim in claims:
            claim.close()

    def health() -> str | None:
        dropped = sum(adapter.dropped for adapter in adapters)
        if dropped:
            return f"{dropped} CAN frames were lost by the receive buffer: what they said cannot be known"
        if instrument.virtual and not rack.alive():
            return "virtual rack: its process ended by itself"
        if not dut.alive():
            return "the DUT's process ended by itself"
        return None

    return Rig(
        clock=clock,
        trace=trace,
        view=view,
        links=links,
        databases=wired.databases,
        pack=pack,
        emulator=emulator,
        dut=dut,
        vehicle=vehicle,
        restbus=restbus_of(clock, links, wired.databases, profile, pack, vehicle),
        capabilities=CAPABILITIES,
        dead_man_ns=instrument.dead_man_ns,
        contactor_commands=contactor_commands_of(wired, view),
        charge_limit_a=charge_limit_of(wired, view),
        start_hardware=start_hardware,
        stop_hardware=stop_hardware,
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

    def discard_input(self) -> None:
        self._opened().discard_input()

    def close(self) -> None:
        if self._line is not None:
            self._line.close()

    def _opened(self) -> SerialLink:
        if self._line is None:
            raise LinkError("the emulator's serial line was never opened")
        return self._line

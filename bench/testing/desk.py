"""A driver put opposite its simulator: over a simulated line or bus, a pseudo-terminal, TCP, or CAN on loopback."""

import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from bench.instruments.pty_device import PtyDevice
from bench.instruments.tcp_device import TcpDevice
from bench.links.pyserial_link import open_serial
from bench.links.simulated_can import SimulatedCanBus
from bench.links.simulated_serial import SimulatedSerial
from bench.links.tcp_stream import open_tcp
from bench.links.udp_multicast import open_udp_multicast
from bench.timing.clock import Clock, Phase, Timebase
from bench.timing.host import HostClock, run_among_ourselves
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

SERIAL_LANES = ("simulated", "pty", "tcp")
CAN_LANES = ("simulated", "udp_multicast")

Driver = TypeVar("Driver")
Played = TypeVar("Played")
DriverOf = TypeVar("DriverOf", covariant=True)
PlayedBy = TypeVar("PlayedBy", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Generic[DriverOf, PlayedBy]):
    """How to make the driver on a link, and how to let the simulator answer at the other end.

    `drive(link, clock)` is given a SerialLink, or a CanLink where `on_can`. `play(end, clock)` is given the
    instrument's end of the line, or its own CanLink, and returns the simulator; one with a `stop` is stopped.
    """

    drive: Callable[[Any, Clock], DriverOf]
    play: Callable[[Any, Clock], PlayedBy]
    on_can: bool = False
    baud: int = 115_200


@dataclass(slots=True, kw_only=True)
class Desk(Generic[Driver, Played]):
    """One driver and the instrument it talks to. `tear` pulls the plug."""

    driver: Driver
    sim: Played
    clock: Clock
    tear: Callable[[], None]


@runtime_checkable
class Stoppable(Protocol):
    """A simulator that says something by itself until it is stopped."""

    def stop(self) -> None: ...


Check = Callable[[Desk[Driver, Played]], Awaitable[None]]
Connected = Callable[[Any, Any, Clock, Callable[[], None]], Awaitable[None]]
"""Called with (bench's end, instrument's end, clock, tear)."""


def on_desk(device: Device[Driver, Played], lane: str, check: Check[Driver, Played]) -> None:
    """Run `check` with driver and simulator connected by `lane`: simulated, pty, tcp or udp_multicast."""

    async def connected(link: Any, end: Any, clock: Clock, tear: Callable[[], None]) -> None:
        sim = device.play(end, clock)
        try:
            await check(Desk(driver=device.drive(link, clock), sim=sim, clock=clock, tear=tear))
        finally:
            if isinstance(sim, Stoppable):
                sim.stop()

    async def simulated(clock: SimulatedClock) -> None:
        if device.on_can:
            await _on_simulated_bus(clock, connected)
        else:
            line = SimulatedSerial(clock, "sim0", device.baud)
            await connected(line.host, line.device, clock, line.tear)

    async def on_host(clock: HostClock) -> None:
        match lane:
            case "pty":
                await _on_pty(clock, device.baud, connected)
            case "tcp":
                await _on_tcp(clock, connected)
            case "udp_multicast":
                await _on_udp_multicast(clock, connected)
            case _:
                raise ValueError(f"lane '{lane}'; expected one of {', '.join({*SERIAL_LANES, *CAN_LANES})}")

    if lane == "simulated":
        run_simulated(simulated)
    else:
        run_among_ourselves(on_host)


async def _on_simulated_bus(clock: SimulatedClock, connected: Connected) -> None:
    bus = SimulatedCanBus(clock, Trace(timebase=Timebase.SIMULATED), "sense", 1_000_000)
    bench = bus.node("bench")
    await connected(bench, bus.node("instrument"), clock, bench.close)


async def _on_udp_multicast(clock: Clock, connected: Connected) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        options = {"channel": "239.74.163.2", "port": probe.getsockname()[1], "hop_limit": 0}
    bench, wire = (
        open_udp_multicast("sense", options, clock, None, name) for name in ("bench", "instrument")
    )
    try:
        await connected(bench, wire, clock, bench.close)
    finally:
        bench.close()
        wire.close()


async def _on_pty(clock: Clock, baud: int, connected: Connected) -> None:
    device = PtyDevice(clock)
    link = open_serial(device.port, baud)
    watch = clock.every(NS_PER_MS, Phase.OBSERVE, device.watch, first_ns=clock.now_ns())
    torn = False

    def tear() -> None:
        nonlocal torn
        if not torn:
            torn = True
            watch.cancel()
            device.close()

    try:
        await connected(link, device, clock, tear)
    finally:
        link.close()
        tear()


async def _on_tcp(clock: Clock, connected: Connected) -> None:
    async with TcpDevice(clock) as device:
        link = await open_tcp(device.port)
        try:
            await connected(link, device, clock, device.hang_up)
        finally:
            link.close()

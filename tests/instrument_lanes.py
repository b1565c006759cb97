"""Drivers put opposite their simulators, over simulated lines or buses, pseudo-terminals, TCP or CAN on loopback."""

import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bench.instruments.atopile_cell_sim.driver import AtopileCellSim
from bench.instruments.atopile_cell_sim.sim import AtopileCellSimSim
from bench.instruments.bloomy_abs.driver import BloomyAbs, abs_line
from bench.instruments.bloomy_abs.sim import BloomyAbsSim
from bench.instruments.bloomy_bs1200.driver import BloomyBs1200
from bench.instruments.bloomy_bs1200.sim import BloomyBs1200Sim
from bench.instruments.devantech_relay.driver import DevantechRelay
from bench.instruments.devantech_relay.sim import DevantechRelaySim, attach_devantech
from bench.instruments.ea_psb.driver import EaPsb
from bench.instruments.ea_psb.sim import EaPsbSim, attach_ea_psb
from bench.instruments.ea_psb_modbus.driver import EaPsbModbus
from bench.instruments.ngi_n83624.driver import NgiN83624
from bench.instruments.ngi_n83624.sim import NgiN83624Sim
from bench.instruments.numato_relay.driver import NumatoRelay
from bench.instruments.numato_relay.sim import NumatoRelaySim, attach_numato
from bench.instruments.played_lines import Flaw, attach_lines
from bench.instruments.ports import DeviceEnd
from bench.instruments.pty_device import PtyDevice
from bench.instruments.scpi_cell_emulator.driver import ScpiCellEmulator
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim, attach_simulated
from bench.instruments.tcp_device import TcpDevice
from bench.instruments.waveshare_relay.driver import WaveshareRelay
from bench.instruments.waveshare_relay.sim import WaveshareRelaySim, attach_waveshare
from bench.links.pyserial_link import open_serial
from bench.links.simulated_can import SimulatedCanBus
from bench.links.simulated_serial import SimulatedSerial
from bench.links.tcp_stream import open_tcp
from bench.links.udp_multicast import open_udp_multicast
from bench.timing.clock import Clock, Phase, Timebase
from bench.timing.host import HostClock, run_on_host
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

Make = Callable[[Any, Clock], Any]
Play = Callable[[Any, Clock, Flaw | None], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How to make the driver on a link, and how to play the instrument at the other end (returns the sim)."""

    driver: Make
    play: Play
    on_can: bool = False


def lines(make_sim: Callable[[], Any]) -> Play:
    def play(device: DeviceEnd, clock: Clock, flaw: Flaw | None) -> Any:
        sim = make_sim()
        attach_lines(sim, device, clock, flaw)
        return sim

    return play


def reference(device: DeviceEnd, clock: Clock, flaw: Flaw | None) -> CellEmulatorSim:
    sim = CellEmulatorSim(12)
    attach_simulated(sim, device, clock)
    return sim


CELL_EMULATORS = {
    "reference": Kind(driver=lambda link, clock: ScpiCellEmulator(link, clock, channels=12), play=reference),
    "ngi_n83624": Kind(driver=NgiN83624, play=lines(NgiN83624Sim)),
    "bloomy_abs": Kind(
        driver=lambda link, clock: BloomyAbs(abs_line(link, clock), unit_id=3),
        play=lines(lambda: BloomyAbsSim(unit_id=3)),
    ),
    "bloomy_abs on TCP": Kind(
        driver=lambda link, clock: BloomyAbs(abs_line(link, clock)), play=lines(BloomyAbsSim)
    ),
    "atopile_cell_sim": Kind(driver=AtopileCellSim, play=lines(AtopileCellSimSim)),
}


def _box(wire: Any, clock: Clock, _: Flaw | None) -> BloomyBs1200Sim:
    sim = BloomyBs1200Sim(wire, clock, box=3)
    sim.start(clock.now_ns())
    return sim


ON_CAN = {
    "bloomy_bs1200": Kind(driver=lambda link, clock: BloomyBs1200(link, clock, box=3), play=_box, on_can=True)
}


def attached(make_sim: Callable[[], Any], attach: Callable[[Any, DeviceEnd, Clock], None]) -> Play:
    def play(device: DeviceEnd, clock: Clock, flaw: Flaw | None) -> Any:
        sim = make_sim()
        attach(sim, device, clock)
        return sim

    return play


PACK_SUPPLIES = {
    "ea_psb": Kind(driver=EaPsb, play=attached(EaPsbSim, attach_ea_psb)),
    "ea_psb_modbus": Kind(
        driver=lambda link, clock: EaPsbModbus(
            link, clock, nominal_v=500.0, nominal_a=90.0, nominal_w=15000.0
        ),
        play=attached(EaPsbSim, attach_ea_psb),
    ),
}

RELAY_CARDS = {
    "waveshare_relay": Kind(driver=WaveshareRelay, play=attached(WaveshareRelaySim, attach_waveshare)),
    "numato_relay": Kind(
        driver=lambda link, clock: NumatoRelay(link, clock, relays=16),
        play=attached(lambda: NumatoRelaySim(relays=16), attach_numato),
    ),
    "numato_relay, 4 relays": Kind(
        driver=lambda link, clock: NumatoRelay(link, clock, relays=4),
        play=attached(lambda: NumatoRelaySim(relays=4), attach_numato),
    ),
    "devantech_relay": Kind(driver=DevantechRelay, play=attached(DevantechRelaySim, attach_devantech)),
}


@dataclass(slots=True, kw_only=True)
class Desk:
    """One driver and the instrument it talks to. `tear` pulls the plug."""

    driver: Any
    sim: Any
    clock: Clock
    tear: Callable[[], None]


Check = Callable[[Desk], Awaitable[None]]


def on_desk(kind: Kind, lane: str, check: Check, *, flaw: Flaw | None = None, baud: int = 115_200) -> None:
    """Run `check` with driver and simulator connected by `lane`: simulated, pty, tcp or udp_multicast."""

    async def simulated_bus(clock: SimulatedClock) -> None:
        bus = SimulatedCanBus(clock, Trace(timebase=Timebase.SIMULATED), "sense", 1_000_000)
        bench = bus.node("bench")
        sim = kind.play(bus.node("instrument"), clock, flaw)
        await check(Desk(driver=kind.driver(bench, clock), sim=sim, clock=clock, tear=bench.close))

    async def udp_multicast(clock: HostClock) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("", 0))
            options = {"channel": "239.74.163.2", "port": probe.getsockname()[1], "hop_limit": 0}
        bench, wire = (
            open_udp_multicast("sense", options, clock, None, name) for name in ("bench", "instrument")
        )
        sim = kind.play(wire, clock, flaw)
        try:
            await check(Desk(driver=kind.driver(bench, clock), sim=sim, clock=clock, tear=bench.close))
        finally:
            sim.stop()
            bench.close()
            wire.close()

    async def simulated(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "sim0", baud)
        sim = kind.play(line.device, clock, flaw)
        await check(Desk(driver=kind.driver(line.host, clock), sim=sim, clock=clock, tear=line.tear))

    async def pty(clock: HostClock) -> None:
        device = PtyDevice(clock)
        sim = kind.play(device, clock, flaw)
        link = open_serial(device.port, baud)
        watch = clock.every(NS_PER_MS, Phase.OBSERVE, device.watch, first_ns=clock.now_ns())
        torn = False

        def tear() -> None:
            nonlocal torn
            torn = True
            watch.cancel()
            device.close()

        try:
            await check(Desk(driver=kind.driver(link, clock), sim=sim, clock=clock, tear=tear))
        finally:
            link.close()
            if not torn:
                tear()

    async def tcp(clock: HostClock) -> None:
        async with TcpDevice(clock) as device:
            sim = kind.play(device, clock, flaw)
            link = await open_tcp(device.port)
            try:
                desk = Desk(driver=kind.driver(link, clock), sim=sim, clock=clock, tear=device.hang_up)
                await check(desk)
            finally:
                link.close()

    if lane == "simulated":
        run_simulated(simulated_bus if kind.on_can else simulated)
    else:
        run_on_host({"pty": pty, "tcp": tcp, "udp_multicast": udp_multicast}[lane])

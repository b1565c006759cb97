"""Drivers put opposite their simulators, over a simulated line, a real pseudo-terminal, or TCP on loopback."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bench.instruments.atopile_cell_sim import AtopileCellSim
from bench.instruments.atopile_cell_sim_sim import AtopileCellSimSim
from bench.instruments.bloomy_abs import BloomyAbs, abs_line
from bench.instruments.bloomy_abs_sim import BloomyAbsSim
from bench.instruments.cell_emulator import ScpiCellEmulator
from bench.instruments.cell_emulator_sim import CellEmulatorSim, attach_simulated
from bench.instruments.devantech_relay import DevantechRelay
from bench.instruments.devantech_relay_sim import DevantechRelaySim, attach_devantech
from bench.instruments.ea_psb import EaPsb
from bench.instruments.ea_psb_modbus import EaPsbModbus
from bench.instruments.ea_psb_sim import EaPsbSim, attach_ea_psb
from bench.instruments.ngi_n83624 import NgiN83624
from bench.instruments.ngi_n83624_sim import NgiN83624Sim
from bench.instruments.numato_relay import NumatoRelay
from bench.instruments.numato_relay_sim import NumatoRelaySim, attach_numato
from bench.instruments.played_lines import Flaw, attach_lines
from bench.instruments.ports import DeviceEnd
from bench.instruments.pty_device import PtyDevice
from bench.instruments.tcp_device import TcpDevice
from bench.instruments.waveshare_relay import WaveshareRelay
from bench.instruments.waveshare_relay_sim import WaveshareRelaySim, attach_waveshare
from bench.links.ports import SerialLink
from bench.links.pyserial_link import open_serial
from bench.links.simulated_serial import SimulatedSerial
from bench.links.tcp_stream import open_tcp
from bench.timing.clock import Clock, Phase
from bench.timing.host import HostClock, run_on_host
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.units import NS_PER_MS

Make = Callable[[SerialLink, Clock], Any]
Play = Callable[[DeviceEnd, Clock, Flaw | None], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How to make the driver on a link, and how to play the instrument at the other end (returns the sim)."""

    driver: Make
    play: Play


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
    """Run `check` with driver and simulator connected by `lane`: simulated, pty or tcp."""

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
        run_simulated(simulated)
    else:
        run_on_host(pty if lane == "pty" else tcp)

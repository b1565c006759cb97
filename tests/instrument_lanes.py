"""Drivers put opposite their simulators, over simulated lines or buses, pseudo-terminals, TCP or CAN on loopback."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest

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
from bench.instruments.scpi_cell_emulator.driver import ScpiCellEmulator
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim, attach_simulated
from bench.instruments.waveshare_relay.driver import WaveshareRelay
from bench.instruments.waveshare_relay.sim import WaveshareRelaySim, attach_waveshare
from bench.testing import Desk, Device
from bench.testing.desk import on_desk as on_any_desk
from bench.timing.clock import Clock

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


class NothingSkipped:
    """The house's own simulators have whatever a published suite asks of one: no promise of theirs is left unproven."""

    def unproven(self, hook: str) -> NoReturn:
        pytest.fail(f"{type(self).__name__}: its simulator has no {hook}")


Check = Callable[[Desk], Awaitable[None]]


def device_of(kind: Kind, *, flaw: Flaw | None = None, baud: int = 115_200) -> Device[Any, Any]:
    """A kind as the published suites take it."""

    def play(end: Any, clock: Clock) -> Any:
        return kind.play(end, clock, flaw)

    return Device(drive=kind.driver, play=play, on_can=kind.on_can, baud=baud)


def on_desk(kind: Kind, lane: str, check: Check, *, flaw: Flaw | None = None, baud: int = 115_200) -> None:
    """Run `check` with driver and simulator connected by `lane`: simulated, pty, tcp or udp_multicast."""
    on_any_desk(device_of(kind, flaw=flaw, baud=baud), lane, check)

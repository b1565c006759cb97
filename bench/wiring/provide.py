"""Who provides what on a rig that is being built."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.codec.database import Database
from bench.config.instrument_kinds import POLE
from bench.dut.ports import Dut, Interruptible
from bench.instruments.afe import AnalogueFrontEnd
from bench.instruments.kinds import ChamberKind, LeakKind, RelayKind
from bench.instruments.ports import ClimateChamber, FaultUnit, LeakResistor
from bench.links.bus_faults import BusFaults
from bench.links.ports import CanLink
from bench.plant.string_pack import StringPack
from bench.restbus.cyclic import CyclicMessage
from bench.rig import capabilities as cap
from bench.rig.capabilities.provided import Provided
from bench.rig.capabilities.provider import Provider, RigGround
from bench.rig.cell_outputs import CellOutputs
from bench.rig.plant_loop import PlantLoop
from bench.rig.provider_shelf import refuse_unkept
from bench.rig.providers.boxed_insulation import BoxedInsulation
from bench.rig.providers.bridged_contactors import Bridge, BridgedContactors
from bench.rig.providers.bus_side import BenchTraffic, OwnWires
from bench.rig.providers.dut_hold import HeldDut, Tampered, TamperedIdentity
from bench.rig.providers.emulated_cells import EmulatedCells
from bench.rig.providers.plant_cells import PlantCells
from bench.rig.providers.plant_circuit import PlantCircuit
from bench.rig.providers.plant_contactors import PlantContactors
from bench.rig.providers.plant_current import PlantCurrent
from bench.rig.providers.plant_insulation import PlantInsulation, PlantYCapacitors
from bench.rig.providers.plant_joints import PlantJoints
from bench.rig.providers.plant_thermal import PlantChamber, PlantCooling
from bench.rig.providers.played_front_end import PlayedFrontEnd
from bench.rig.providers.played_supply import PlayedSupply
from bench.rig.providers.real_chamber import RealChamber
from bench.rig.providers.sense_wires import PlayedWires, RelayedWires
from bench.rig.senses import Senses
from bench.timing.clock import Clock
from bench.wiring.side_instruments import SideInstruments


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the providers are made of. afe, buses: None where another process plays them, or owns the wires."""

    plant: PlantLoop
    outputs: CellOutputs
    senses: Senses
    fault_unit: FaultUnit
    restbus: Sequence[CyclicMessage]
    links: Mapping[str, CanLink]
    databases: Mapping[str, Database]
    dut: Dut
    timers: cap.Timers
    afe: AnalogueFrontEnd | None = None
    buses: Mapping[str, BusFaults] | None = None
    leaks: Mapping[str, LeakResistor] = field(default_factory=dict)
    bridges: Mapping[str, Bridge] = field(default_factory=dict)
    chamber: ClimateChamber | None = None
    clock: Clock
    of_emulator: Mapping[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)
    drivers: Mapping[str, Any] = field(default_factory=dict)
    brought: Mapping[str, Provider] = field(default_factory=dict)


def provide(bench: Bench) -> Provided:
    """Every capability that this bench has."""
    own = (
        {cap.Timers: bench.timers}
        | _by_plant(bench)
        | _by_terminals(bench)
        | _by_buses(bench)
        | _by_dut(bench)
        | _by_instruments(bench)
    )
    return Provided(own | _by_others(bench, own))


def _by_others(bench: Bench, own: Mapping[type, object]) -> dict[type, object]:
    """What the bench file takes from other distributions, in the place of the house's own."""
    found: dict[type, object] = {}
    for name, one in bench.brought.items():
        before = {kind: own[kind] for kind in one.provides if kind in own}
        ground = RigGround(clock=bench.clock, timers=bench.timers, drivers=bench.drivers, before=before)
        made = one.make(ground)
        refuse_unkept(name, made, one.provides)
        found |= dict.fromkeys(one.provides, made)
    return found


def _by_plant(bench: Bench) -> dict[type, object]:
    pack, timers = bench.plant.pack, bench.timers
    contactors = PlantContactors(pack=pack, timers=timers)
    insulation = PlantInsulation(pack=pack, timers=timers)
    joints = PlantJoints(pack=pack, timers=timers) if isinstance(pack, StringPack) else None
    return {
        **({} if joints is None else {cap.CellJoints: joints}),
        cap.Contactors: contactors,
        cap.ContactorMechanics: contactors,
        cap.CellModel: PlantCells(pack=pack, timers=timers),
        cap.Chamber: PlantChamber(pack=pack, timers=timers, settle=bench.plant.settle),
        cap.Cooling: PlantCooling(pack=pack, timers=timers),
        cap.HvCircuit: PlantCircuit(pack=pack, timers=timers),
        cap.Insulation: insulation,
        **({} if bench.leaks else {cap.InsulationInTurns: insulation}),
        cap.YCapacitors: PlantYCapacitors(pack=pack, timers=timers),
        cap.PackCurrent: PlantCurrent(pack=pack, vehicle=bench.plant.vehicle, timers=timers),
        cap.DutSupply: PlayedSupply(pack=pack, sensors=bench.senses, timers=timers),
    }


def _by_instruments(bench: Bench) -> dict[type, object]:
    """What stands at a real pack, and the plant with it: the played sensors show what the instrument makes."""
    pack, timers = bench.plant.pack, bench.timers
    found: dict[type, object] = {}
    if bench.leaks:
        plant = PlantInsulation(pack=pack, timers=timers)
        found[cap.Insulation] = BoxedInsulation(boxes=bench.leaks, plant=plant, pack=pack, timers=timers)
    if bench.bridges:
        mechanics = PlantContactors(pack=pack, timers=timers)
        found[cap.Contactors] = BridgedContactors(bridges=bench.bridges, plant=mechanics, timers=timers)
    if bench.chamber is not None:
        around = PlantChamber(pack=pack, timers=timers, settle=bench.plant.settle)
        found[cap.Chamber] = RealChamber(chamber=bench.chamber, plant=around, timers=timers)
    return found


def leaks_of(sides: SideInstruments) -> dict[str, LeakResistor]:
    """The resistors by their pole."""
    return {config.options[POLE]: driver for config, driver in sides.drivers(LeakKind)}


def bridges_of(sides: SideInstruments) -> dict[str, Bridge]:
    """The relays across contactors, by the contactor."""
    return {
        name: Bridge(card=driver, relay=relay, card_name=config.name)
        for config, driver in sides.drivers(RelayKind)
        for name, relay in config.across.items()
    }


def chamber_of(sides: SideInstruments) -> ClimateChamber | None:
    """The driver of the bench's climate chamber; None without one."""
    return next((driver for _, driver in sides.drivers(ChamberKind)), None)


def _by_terminals(bench: Bench) -> dict[type, object]:
    """What the DUT's inputs see."""
    outputs, timers = bench.outputs, bench.timers
    pack, overrides_v = outputs.pack, outputs.overrides_v
    cells = EmulatedCells(emulator=outputs.emulator, pack=pack, overrides_v=overrides_v, timers=timers)
    relays = RelayedWires(unit=bench.fault_unit, sensors=bench.senses)
    found: dict[type, object] = {cap.Sensors: bench.senses, cap.CellVoltages: cells, cap.SenseWires: relays}
    if bench.afe is not None:
        front_end = PlayedFrontEnd(afe=bench.afe, senses=bench.senses, restbus=bench.restbus)
        found[cap.FrontEnd] = front_end
        found[cap.SenseWires] = PlayedWires(
            front_end=front_end, relays=relays, pack=pack, overrides_v=overrides_v, timers=timers
        )
    return found


def _by_buses(bench: Bench) -> dict[type, object]:
    traffic = BenchTraffic(
        links=bench.links,
        restbus=bench.restbus,
        timers=bench.timers,
        afe=bench.afe,
        of_emulator=bench.of_emulator,
    )
    found: dict[type, object] = {cap.BusTraffic: traffic}
    if bench.buses is not None:
        found[cap.BusWires] = OwnWires(buses=bench.buses)
    return found


def _by_dut(bench: Bench) -> dict[type, object]:
    found: dict[type, object] = {}
    if isinstance(bench.dut, Interruptible):
        held = HeldDut(dut=bench.dut, timers=bench.timers)
        found |= {cap.DutProgram: held, cap.DutReset: held}
    if isinstance(bench.dut, Tampered):
        found[cap.DutIdentity] = TamperedIdentity(
            dut=bench.dut, databases=bench.databases, timers=bench.timers
        )
    return found

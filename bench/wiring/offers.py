"""Who provides what on a bench, as its files say, before any rig of it is built; and what that lets it do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.config.bench_file import BenchConfig
from bench.config.dut_life import DutConfig
from bench.config.instrument_kinds import CELLS
from bench.config.play import AGGREGATES
from bench.config.profile import DutProfile
from bench.faults.asks import asked_by_kind
from bench.faults.find import kinds
from bench.faults.port import Kind
from bench.instruments.kinds import ChamberKind, LeakKind
from bench.instruments.ports import WireFault
from bench.rig import capabilities as cap
from bench.rig.capabilities.insulation import VEHICLE_SIDE
from bench.scenario.together import TIME_LAPSE
from bench.wiring.brought import titles
from bench.wiring.instruments import cell_kind, wires_opened

NOBODY = "no instrument of this bench does it"
_PLANT = "plant model"
_WIRE_OF = {WireFault.OPEN: "open", WireFault.SHORT: "short", WireFault.REVERSED: "reversed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """by: who provides it; why_not: why nobody does. served: by whom, by variant of a fault, where not all are."""

    by: str = ""
    why_not: str | None = None
    served: Mapping[str, str] | None = None
    refused: Mapping[str, str] = field(default_factory=dict)

    def provider(self, variant: str) -> str | None:
        """Who serves this variant; None: nobody."""
        if variant in self.refused:
            return None
        return (self.by if self.served is None else self.served.get(variant, "")) or None

    def lacks(self, variant: str) -> str | None:
        """Why this variant is not served; None where it is."""
        if self.why_not is None and self.provider(variant) is None:
            return self.refused.get(variant, NOBODY)
        return self.why_not


def offers(config: BenchConfig, profile: DutProfile) -> Mapping[type, Offer]:
    """Every capability there is."""
    cells = Offer(by=f"cell emulator ({config.instruments[CELLS].facts.title})")
    by_plant = (
        cap.Contactors, cap.ContactorMechanics, cap.CellModel, cap.Chamber, cap.Cooling, cap.HvCircuit,
        cap.Insulation, cap.InsulationInTurns, cap.YCapacitors, cap.PackCurrent,
    )  # fmt: skip
    return {
        **dict.fromkeys(by_plant, Offer(by=_PLANT)),
        cap.CellJoints: _joints(config),
        cap.Timers: Offer(by="clock of the rig"),
        cap.CellVoltages: cells,
        cap.Sensors: Offer(by="played sensors"),
        cap.DutSupply: Offer(by="played sensor, plant model"),
        cap.BusTraffic: Offer(by="restbus"),
        cap.SenseWires: _sense_wires(config),
        **_of_instruments(config),
        **(_of_one_process() if config.simulated else _of_others()),
        **(_of_the_dut_in_process() if config.simulated else _of_a_real_dut(config.dut, profile)),
        **_of_others_parts(config),
    }


def _joints(config: BenchConfig) -> Offer:
    if config.pack.parallel > 1:
        return Offer(by=_PLANT)
    return Offer(why_not="no cells in parallel: [pack] parallel of the bench file is 1")


def _of_one_process() -> dict[type, Offer]:
    return {cap.FrontEnd: Offer(by="played front end"), cap.BusWires: Offer(by="simulated buses")}


def _of_others() -> dict[type, Offer]:
    return {
        cap.FrontEnd: Offer(why_not="only in simulated time: the front end is no part of this process"),
        cap.BusWires: Offer(why_not="only in simulated time: no instrument here reaches the wires of a bus"),
    }


def _of_the_dut_in_process() -> dict[type, Offer]:
    return dict.fromkeys((cap.DutProgram, cap.DutReset, cap.DutIdentity), Offer(by="DUT in this process"))


def _of_a_real_dut(dut: DutConfig, profile: DutProfile) -> dict[type, Offer]:
    program = Offer(by="process of the DUT")
    if dut.start == "external":
        program = Offer(why_not="this bench does not run the DUT's program: it is a board of its own")
    identity = Offer(why_not="only in simulated time: a real DUT names the build that it is")
    reset = Offer(by="UDS" if dut.reset is None else "[dut.reset]")
    if dut.reset is None and profile.uds is None:
        reset = Offer(why_not="no [dut.reset], and the profile has no [uds]: nothing here resets this DUT")
    return {cap.DutProgram: program, cap.DutReset: reset, cap.DutIdentity: identity}


def _of_instruments(config: BenchConfig) -> dict[type, Offer]:
    """What stands at a real pack takes the plant model's place."""
    found: dict[type, Offer] = {}
    for one in config.instruments.values():
        if isinstance(one.facts, LeakKind):
            on_its_side = {VEHICLE_SIDE: "the resistors hang at the pack's poles, not behind the contactors"}
            found[cap.Insulation] = Offer(by=f"{one.facts.title}, plant model", refused=on_its_side)
            only_on = "only without a resistor at a pole: its relays do not open and close on a grid of time"
            found[cap.InsulationInTurns] = Offer(why_not=only_on)
        elif isinstance(one.facts, ChamberKind):
            found[cap.Chamber] = Offer(by=f"{one.facts.title}, plant model")
    if bridged := [one for one in config.instruments.values() if one.across]:
        relays = ", ".join(f"{one.facts.title} across {' and '.join(one.across)}" for one in bridged)
        found[cap.Contactors] = Offer(by=f"{relays}, plant model")
    return found


def _of_others_parts(config: BenchConfig) -> dict[type, Offer]:
    """Whoever the bench file names takes the place of the house's own."""
    return {kind: Offer(by=title) for kind, title in titles(config).items()}


def _sense_wires(config: BenchConfig) -> Offer:
    """Relays open, short or turn round; a front end that is played shows the same, and more, without any."""
    kind = cell_kind(config.instruments[CELLS])
    relays = {_WIRE_OF[wire] for wire in kind.wire_faults}
    if len(wires_opened(config)) == config.pack.cells:  # a scenario may ask for any cell
        relays.add("open")
    played: set[str] = set()
    if config.simulated:
        played = set(cap.WIRE_VARIANTS) if kind.front_end else {"high_ohm", "swapped"}
    served = {
        cap.WIRE_VARIANTS[wire]: "relays in the wires" if wire in relays else "played front end"
        for wire in sorted(relays | played)
    }
    return Offer(served=served, why_not=None if served else "no relays sit in this bench's sense wires")


def abilities(profile: DutProfile, config: BenchConfig) -> dict[str, str | None]:
    """Every capability of the catalogue: None where this bench has it, else why not."""
    offered = offers(config, profile)
    found: dict[str, str | None] = {
        TIME_LAPSE: None
        if config.simulated
        else "only in simulated time: nothing makes a real DUT's days shorter"
    }
    for kind in kinds():
        for variant in kind.variants:
            why_not = lacks(kind, variant, offered, profile)
            found[variant] = None if why_not is None else found.get(variant, why_not)
    return found


def lacks(kind: Kind, variant: str, offered: Mapping[type, Offer], profile: DutProfile) -> str | None:
    """Why this bench cannot do this variant of the fault; None where it can."""
    if (why_not := unserved(kind, variant, offered)) is not None:
        return why_not
    shown = {one.quantity for play in profile.plays for one in play.shown}
    shown |= {AGGREGATES[one] for one in shown & AGGREGATES.keys()}
    if not kind.shows or shown & set(kind.shows):
        return None
    return f"the DUT is never shown {' or '.join(kind.shows)}: no [[play]] of its profile has it"


def unserved(kind: Kind, variant: str, offered: Mapping[type, Offer]) -> str | None:
    """Why the first capability that the fault asks for, and this bench does not have, is missing."""
    asked: Iterable[str | None] = (
        offered[one].lacks(variant) if one in offered else f"nothing here provides {one.__name__}"
        for one in asked_by_kind(kind)
    )
    return next((why for why in asked if why is not None), None)


def unserved_by_all(kind: Kind, offered: Mapping[type, Offer]) -> str | None:
    """Why no variant of the fault is served; None where one is."""
    whys = [unserved(kind, variant, offered) for variant in kind.variants]
    return None if None in whys else whys[0]


def providers_of(kind: Kind, variant: str, offered: Mapping[type, Offer]) -> dict[str, str | None]:
    """What the fault asks of a rig, by name, and who provides it; None: nobody. The rig's clock is everybody's."""
    asked = [one for one in asked_by_kind(kind) if one is not cap.Timers]
    return {one.__name__: offered[one].provider(variant) if one in offered else None for one in asked}

"""What both timebases wire alike: databases, plant, and what the plant learns from the DUT's frames."""

import operator
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from bench.codec.corrected import Corrected, corrected
from bench.codec.database import Database
from bench.codec.heard import heard
from bench.codec.own_checksum import protected_as_told
from bench.config.bench_file import BenchConfig
from bench.config.profile import DutProfile, Role, RoleTest
from bench.errors import ConfigError
from bench.faults.find import kind
from bench.plant.build import PackShape, made_of
from bench.plant.chemistry import Chemistry
from bench.plant.pack import Pack
from bench.plant.sensing import SENSOR_TAU_S
from bench.plant.spread import Ageing
from bench.record.rig_hold import RigHold
from bench.rig.guard import Guard
from bench.rig.phases import Phases, draw_phases
from bench.rig.provider_shelf import asked_for
from bench.rig.view import TraceView
from bench.scenario.mismatch import pack_thresholds
from bench.scenario.model import Inject, Mismatch, Start
from bench.trace.events import FrameSeen
from bench.units import NS_PER_S
from bench.wiring.bound import check_bound
from bench.wiring.emulator_shown import emulator_shows
from bench.wiring.lengths import refuse_what_no_bus_carries
from bench.wiring.offers import NOBODY, abilities, offers, unserved_by_all
from bench.wiring.usual import decisive_ranges, usual_ranges
from bench.wiring.virtual_signals import Played, bind_plays


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredStamps:
    """The half-width of a stamp as the rig's qualification found it. worth: how, and what it covers, in words."""

    u_ns: int
    worth: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """What a run loads once and every shot shares."""

    config: BenchConfig
    profile: DutProfile
    databases: dict[str, Database]
    chemistry: Chemistry  # of the pack
    firmware_chemistry: (
        Chemistry  # what the limits and the OCV table of this project's firmware are taken from
    )
    capabilities: frozenset[str] = frozenset()
    played: list[Played] = field(default_factory=list)
    guard: Guard | None = None  # watches over real instruments while shots are fired
    hold: RigHold | None = None  # None: nobody holds the rig yet, or there is nothing real of it
    stamps: MeasuredStamps | None = None  # None: as the links claim
    # Ranges that the profile put right; they are in `databases` already.
    corrected: tuple[Corrected, ...] = ()
    # What changes: what earlier shots of this run found out about the DUT (its build, what was flashed).
    life: dict[str, str] = field(default_factory=dict)
    # And what lies behind its ports, asked before the first shot: the class of evidence of a run does not change.
    behind: dict[str, str] = field(default_factory=dict)

    def thresholds(self) -> dict[str, float]:
        """The DUT's own where its profile states them, else the chemistry's; and what a pack's loads scale by."""
        pack = self.config.pack
        return pack_thresholds(self.chemistry, self.profile, pack.strings, pack.parallel)

    def mismatched(self, mismatch: Mismatch) -> "Wired":
        """This bench with the pack of a mismatch, and the firmware built for another. ConfigError: unknown one."""
        pack = replace(self.config.pack, chemistry=mismatch.pack)
        dut = replace(self.config.dut, chemistry=mismatch.firmware)
        return replace(
            self,
            config=replace(self.config, pack=pack, dut=dut),
            chemistry=Chemistry.load(mismatch.pack),
            firmware_chemistry=Chemistry.load(mismatch.firmware),
        )


def _chemistry(named: str, place: str) -> Chemistry:
    try:
        return Chemistry.load(named)
    except ConfigError as exc:
        raise ConfigError(f"{place}: {exc}") from exc


def load_wired(
    config: BenchConfig,
    profile: DutProfile,
    *,
    chemistry_place: str | None = None,
    firmware_chemistry_place: str | None = None,
) -> Wired:
    """Raises ConfigError, one line a mistake, for a DBC or a chemistry that is missing or wrong.

    The places are where the user named the chemistries, if not in the bench file.
    """
    described = {channel: Database.load(*can.dbc, bus=channel) for channel, can in config.can.items()}
    described = protected_as_told(described, profile.checksums, profile.file)
    databases, put_right = corrected(described, profile.corrections, profile.file)
    chemistry = _chemistry(config.pack.chemistry, chemistry_place or f"{config.file} [pack.chemistry]")
    firmware_chemistry = chemistry
    if config.dut.chemistry is not None:
        place = firmware_chemistry_place or f"{config.file} [dut.chemistry]"
        firmware_chemistry = _chemistry(config.dut.chemistry, place)
    chosen = {(role, ""): one for role, one in profile.promises(chemistry.id).items()}
    profile = replace(profile, estimates=chosen)
    thresholds = pack_thresholds(chemistry, profile, config.pack.strings, config.pack.parallel)
    usual = usual_ranges(profile, chemistry, config.pack.series, thresholds)
    decisive = decisive_ranges(chemistry, config.pack.series, thresholds)
    pack = config.pack
    _refuse_other_strings(config, profile)
    played = bind_plays(profile, databases, pack.cells, pack.sensors, usual, decisive, pack.strings)
    check_bound(profile, databases)
    refuse_what_no_bus_carries(config, profile, databases, played)
    asked_for(config)
    emulator_shows(played)  # whatever is wrong with it is told before anything is driven
    return Wired(
        config=config,
        profile=profile,
        databases=databases,
        corrected=put_right,
        chemistry=chemistry,
        firmware_chemistry=firmware_chemistry,
        capabilities=frozenset(one for one, why in abilities(profile, config).items() if why is None),
        played=played,
    )


def why_not(wired: Wired, needs: Iterable[str], steps: Iterable[object] = ()) -> list[str]:
    """A text for each of `needs` that this bench cannot do: the capability, and what it lacks.

    Where it has them all, for each fault of the steps that shares its capability with another, and lacks something.
    """
    missing = sorted(set(map(str, needs)) - wired.capabilities)
    if missing:
        able = abilities(wired.profile, wired.config)
        return [f"{one} ({able.get(one) or NOBODY})" for one in missing]
    injected = {step.kind for step in steps if isinstance(step, Inject)}
    offered = offers(wired.config, wired.profile) if injected else {}
    found = [(one, unserved_by_all(kind(one), offered)) for one in sorted(injected)]
    return [f"{one} ({why})" for one, why in found if why is not None]


def shape_of(wired: Wired) -> PackShape:
    """How many cells and sensors the bench file asks for."""
    pack = wired.config.pack
    return PackShape(series=pack.series, sensors=pack.sensors, strings=pack.strings, parallel=pack.parallel)


def build_pack(wired: Wired, soc: float | None, rng: random.Random, start: Start | None = None) -> Pack:
    """At `soc`, the bench's own by default; aged, and straight from a current, where the scenario's start says so."""
    pack = wired.config.pack
    soc = pack.soc if soc is None else soc
    ageing = Ageing(capacity_fade=1.0 - start.soh) if start is not None else None
    hysteresis = pack.hysteresis if start is None or start.hysteresis is None else start.hysteresis
    built = made_of(
        wired.chemistry,
        shape_of(wired),
        rng=rng,
        soc=soc,
        ageing=ageing,
        hysteresis=hysteresis,
        sensor_tau_s=SENSOR_TAU_S.value if pack.sensor_tau_ns is None else pack.sensor_tau_ns / NS_PER_S,
    )
    for one in built.of:
        one.isolation.ac_circuit = pack.ac_circuit
    if start is not None and start.polarised_by_a:
        built.polarise(start.polarised_by_a)
    return built


def own_ids(wired: Wired) -> list[tuple[str, int]]:
    """(channel, can_id) of what only the DUT sends, as far as the bench reads it."""
    return [
        (channel, wired.databases[channel][message].can_id)
        for channel, message in wired.profile.said()
        if channel in wired.databases and message in wired.databases[channel]
    ]


def phases_of(wired: Wired, rng: random.Random) -> Phases:
    """Where a shot's messages and its DUT start. Drawn alike on both timebases."""
    profile, played = wired.profile, wired.played
    sent = {flag.role[:2] for flag in profile.flags.values()}
    sent |= {(beat.channel, beat.message) for beat in profile.heartbeat}
    reported_ns = [wired.databases[channel][message].cycle_ns for channel, message in sent]
    return draw_phases(
        rng,
        longest_ns=max([profile.longest_period_ns(), *reported_ns, *(one.cycle_ns for one in played)]),
        front_end_cycle_ns=emulator_shows(played).cycle_ns,
        cycles_ns=[one.cycle_ns for one in played if one.by != "emulator"],
    )


def reader_of(wired: Wired, view: TraceView, role: Role) -> Callable[[], float | None]:
    """The role's newest value on the bus, None before it was heard."""
    message = wired.databases[role.channel][role.message]
    key, read = (role.channel, message.can_id), heard(message.reader(role.signal))
    latest = view.latest
    last: FrameSeen | None = None
    shown: float | None = None

    def value() -> float | None:
        nonlocal last, shown
        seen = latest(key)
        if seen is not last:  # asked every plant step, answered anew by a new frame only
            last = seen
            shown = None if seen is None else read(seen.frame.data)
        return shown

    return value


def _refuse_other_strings(config: BenchConfig, profile: DutProfile) -> None:
    """ConfigError where the profile commands another number of strings than the pack has."""
    known = sum(name.startswith("plus") for name in profile.contactors)
    if known != config.pack.strings:
        raise ConfigError(
            f"{config.file} [pack.strings]: found {config.pack.strings}, and contactors of {known} in {profile.file}; "
            f"expected {known}, or a profile with plus_2_command and so on for each string"
        )


def contactor_commands_of(wired: Wired, view: TraceView) -> Callable[[], tuple[bool, ...] | None]:
    """What the DUT wants of (plus, minus, precharge), as the profile's [contactor] reads it; None before it spoke.

    The strings follow each other.
    """
    names = [
        name
        for string in range(wired.config.pack.strings)
        for name in (("plus", "minus", "precharge") if not string else _names_of(string + 1))
    ]
    tests = {
        name: [(reader_of(wired, view, test.role), test) for test in wired.profile.contactors[name]]
        for name in names
    }

    def wanted(name: str) -> bool | None:
        values = [(read(), test) for read, test in tests[name]]
        if all(value is None for value, _ in values):
            return None
        return any(value is not None and _holds(test, value) for value, test in values)

    asked: dict[tuple[str, str], list[str]] = {}
    for role in [test.role for name in tests for test in wired.profile.contactors[name]]:
        asked.setdefault((role.channel, role.message), []).append(role.signal)
    sources = [
        ((channel, message.can_id), message.extract(signals))
        for (channel, name), signals in asked.items()
        for message in (wired.databases[channel][name],)
    ]
    latest = view.latest
    # Asked every plant step: as long as the same bits are told, the answer is the same.
    told: dict[tuple[int | bytes | None, ...], tuple[bool, ...] | None] = {}

    def commands() -> tuple[bool, ...] | None:
        bits = tuple([None if (seen := latest(key)) is None else of(seen[2][1]) for key, of in sources])
        try:
            return told[bits]
        except KeyError:
            plus = wanted("plus")
            now = None if plus is None else (plus, *(bool(wanted(name)) for name in names[1:]))
            told[bits] = now
            return now

    return commands


def _names_of(string: int) -> list[str]:
    return [f"{name}_{string}" for name in ("plus", "minus", "precharge")]


_OPS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


def _holds(test: RoleTest, value: float) -> bool:
    return _OPS[test.op](value, test.value)


def pyro_command_of(wired: Wired, view: TraceView) -> Callable[[], bool]:
    """Reads whether the DUT commands the pyro fuse; always False for a DUT without such a signal."""
    role = wired.profile.roles.get("pyro_command")
    if role is None:
        return lambda: False
    read = reader_of(wired, view, role)
    return lambda: read() == 1.0


def charge_limit_of(wired: Wired, view: TraceView) -> Callable[[], float | None]:
    """Reads the DUT's limit of the charge current (A); None without such a signal, or before the first frame."""
    role = wired.profile.roles.get("charge_current_limit")
    return reader_of(wired, view, role) if role is not None else lambda: None

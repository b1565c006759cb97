"""What the sensors and ECUs the bench plays say: quantities of the plant, sent as the DUT's profile lays them out."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bench.codec.database import Database, Message
from bench.codec.idle import idle_messages
from bench.codec.page_layout import Usual, compile_pages, idle_pages
from bench.codec.pages import Pages, Slot
from bench.codec.shares import shares_missing
from bench.config.play import OF_STRINGS, Play
from bench.config.profile import DutProfile
from bench.core.bus import CoreCanNode
from bench.core.clock import CoreClock
from bench.core.cyclic import CoreCyclicMessage, core_sends
from bench.errors import ConfigError, choices, nearest
from bench.links.ports import CanLink
from bench.plant.pack import Pack
from bench.restbus.cyclic import CyclicMessage
from bench.restbus.kernel_paced import kind_of
from bench.rig.senses import Senses
from bench.rig.vehicle import VehicleSide
from bench.timing.clock import Clock
from bench.trace.facts import SignalClipped
from bench.trace.timeline import Trace
from bench.wiring.string_senses import string_senses

SUPPLY_V = 13.5
DRIVING_KMH = 50.0
# What no step of the plant changes.
_UNMOVED = (
    "mode_request",
    "fault_reset",
    "awake",
    "driving",
    "charging",
    "vehicle_speed",
    "crash_flag",
    "crash_line",
    "hvil_closed",
    "ignition",
    "supply_voltage",
    "ambient_temperature",
)
# What only a fault makes anything else.
_FINE_AT_ZERO = (
    "current_error",
    "current_overrange",
    "current_mismatch",
    "insulation_status",
    "insulation_age",
    "insulation_error",
    "chassis_lost",
    "crash_flag",
    "charger_fault",
    "afe_chain_status",
    "afe_open_wire",
    "afe_adc_fault",
    "afe_modules_lost",
    "afe_sweep_crc",
)
AMBIENT_C = 25.0
IDLE = "idle"  # who shows a message that the profile does not name
TellClipped = Callable[[Slot, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One message the bench sends, bound to its DBC. Shared by all shots: nothing in it changes."""

    channel: str
    message: Message
    pages: Pages
    by: str
    cycle_ns: int
    gap_ns: int


def bind_plays(
    profile: DutProfile,
    databases: Mapping[str, Database],
    cells: int,
    sensors: int,
    usual: Usual | None = None,
    decisive: Usual | None = None,
    strings: int = 1,
) -> list[Played]:
    """Everything the bench sends, by profile and DBC. Raises ConfigError, one line per mistake.

    usual: what a healthy pack shows at least; decisive: what the DUT's promises depend on. None: not known here.
    """
    numbers = {"cell_voltage": cells, "temperature": sensors, **dict.fromkeys(OF_STRINGS, strings)}
    mistakes = _speaks_for_the_dut(profile)
    played: list[Played] = []
    tables: list[tuple[str, Play, Message]] = []
    for play in profile.plays:
        place = f"{profile.file} [play {play.channel}.{play.message}]"
        try:
            message = _message_of(play, databases, place)
            tables.append((place, play, message))
            played.append(_bound(profile, play, message, numbers, (usual, decisive), place))
        except ConfigError as wrong:
            mistakes += str(wrong).splitlines()
    mistakes += shares_missing(tables, numbers, databases)
    if mistakes:
        raise ConfigError("\n".join(dict.fromkeys(mistakes)))
    return played + [
        Played(
            channel=channel,
            message=message,
            pages=idle_pages(message),
            by=IDLE,
            cycle_ns=message.cycle_ns,
            gap_ns=0,
        )
        for channel, message in idle_messages(profile, databases)
    ]


def _speaks_for_the_dut(profile: DutProfile) -> list[str]:
    """A message that is read from the DUT has one sender: the DUT. An identity alone is missed when it is read."""
    read_as = profile.said()
    return [
        f"{profile.file} [play {play.channel}.{play.message}]: found it played, and read from the DUT as "
        f"{read_as[play.channel, play.message]}; expected a message that the DUT does not send"
        for play in profile.plays
        if not read_as.get((play.channel, play.message), "identity.").startswith("identity.")
    ]


def _message_of(play: Play, databases: Mapping[str, Database], place: str) -> Message:
    if play.channel not in databases:
        near = nearest(play.channel, databases)
        raise ConfigError(
            f"{place}: found channel '{play.channel}'; expected one of {choices(play.channel, databases)}{near}"
        )
    database = databases[play.channel]
    if play.message not in database:
        if (trouble := database.trouble(play.message)) is not None:
            raise ConfigError(f"{trouble} (shown by {place})")
        near = nearest(play.message, database.by_name)
        raise ConfigError(
            f"{place}: found no such message in the DBC files of '{play.channel}'; expected one{near}"
        )
    return database[play.message]


def _bound(
    profile: DutProfile,
    play: Play,
    message: Message,
    numbers: Mapping[str, int],
    ranges: tuple[Usual | None, Usual | None],
    place: str,
) -> Played:
    cycle_ns = message.cycle_ns if play.cycle_ns is None else play.cycle_ns
    mistakes = []
    if cycle_ns <= 0:
        mistakes.append(f"{place}: found no cycle here nor in the DBC; expected 'cycle', such as \"100 ms\"")
    if play.by == "emulator" and any(one.quantity not in ("", "cell_voltage") for one in play.shown):
        mistakes.append(f'{place}: found more than cell voltages; expected only those by = "emulator"')
    try:
        pages = compile_pages(play, message, numbers, profile.file, *ranges)
    except ConfigError as wrong:
        raise ConfigError("\n".join([*mistakes, str(wrong)])) from wrong
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    if play.gap_ns and (cycle_ns % play.gap_ns or len(pages.pages) * play.gap_ns > cycle_ns):
        raise ConfigError(
            f"{place}: found {len(pages.pages)} pages {play.gap_ns} ns apart in a cycle of {cycle_ns} ns; "
            "expected a cycle that is a multiple of the gap and long enough"
        )
    return Played(
        channel=play.channel, message=message, pages=pages, by=play.by, cycle_ns=cycle_ns, gap_ns=play.gap_ns
    )


def restbus_of(
    clock: Clock, links: Mapping[str, CanLink], played: list[Played], senses: Senses, tell: TellClipped
) -> list[CyclicMessage]:
    """Every message the bench itself sends. What the cell emulator shows is not among them."""
    return [_cyclic(clock, links[one.channel], one, senses, tell) for one in played if one.by != "emulator"]


def _cyclic(clock: Clock, link: CanLink, one: Played, senses: Senses, tell: TellClipped) -> CyclicMessage:
    """Sent by whom it can best be: by the core, the kernel, or the bench itself."""
    if isinstance(clock, CoreClock):
        tell = _and_touched(clock, tell)
    if (
        isinstance(clock, CoreClock)
        and isinstance(link, CoreCanNode)
        and core_sends(one.message, one.pages, one.gap_ns)
        and clock.has_room_for_a_message
    ):
        asked = [(slot.quantity, slot.number) for slot in one.pages.pages[0].slots]
        return CoreCyclicMessage(
            clock,
            link,
            one.message,
            one.pages,
            senses.bound,
            cycle_ns=one.cycle_ns,
            tell=tell,
            lasts=senses.lasts(asked),
        )
    return kind_of(link, one.message, one.pages, one.gap_ns)(
        clock,
        link,
        one.message,
        one.pages,
        senses.bound,
        cycle_ns=one.cycle_ns,
        gap_ns=one.gap_ns,
        tell=tell,
    )


def _and_touched(clock: CoreClock, tell: TellClipped) -> TellClipped:
    """Whoever hears of a mark may do anything."""

    def told(slot: Slot, value: float) -> None:
        tell(slot, value)
        clock.touched()

    return told


def clipped_into(clock: Clock, trace: Trace) -> TellClipped:
    """Marks once a shot, for each signal, that it could not carry what it was to show."""
    told: set[str] = set()

    def tell(slot: Slot, value: float) -> None:
        if slot.signal in told:
            return
        told.add(slot.signal)
        end = slot.high if slot.gain * value + slot.offset > slot.high else slot.low
        shown = end if slot.beyond is None or slot.ieee else slot.beyond
        carried = (
            (shown - (slot.offset if slot.ieee else slot.offset - 0.5)) / slot.gain if slot.gain else 0.0
        )
        clipped = SignalClipped(
            signal=slot.signal, quantity=slot.quantity, value=value, carried=carried, off_scale=slot.ends
        )
        trace.mark(clock.now_ns(), clipped, "restbus")

    return tell


def senses_of(pack: Pack, vehicle: VehicleSide, overrides_v: Mapping[int, float]) -> Senses:
    """Every quantity of bench.config.play but the cells' and the counter. `overrides_v`: forced cells, from 1."""
    contactors, isolation = pack.contactors, pack.isolation
    drawn = _Drawn(pack)

    def stack_v() -> float:
        cells_v = pack.cell_voltage_v
        forced = sum(volt - float(cells_v[cell - 1]) for cell, volt in overrides_v.items())
        return float(pack.pack_voltage_v + forced)

    def balancing_first() -> int:
        bled = pack.cells.balance_ohm < math.inf
        first = int(bled.argmax())
        return first + 1 if bled[first] else 0

    plain: dict[str, Callable[[], float | None]] = {
        "pack_current": lambda: pack.pack_current_a,
        "pack_voltage": lambda: pack.pack_voltage_v,
        "stack_voltage": stack_v,
        "link_voltage": lambda: pack.link_voltage_v,
        "pack_power": lambda: pack.pack_voltage_v * pack.pack_current_a,
        "charge_drawn": drawn.charge_as,
        "energy_drawn": lambda: drawn.charge_as() * pack.pack_voltage_v / 3600.0,
        "insulation_plus": lambda: pack.insulation_ohm(0, "plus"),
        "insulation_minus": lambda: pack.insulation_ohm(0, "minus"),
        "insulation": lambda: isolation.parallel_ohm,
        "plus_feedback": lambda: contactors.plus.closed,
        "minus_feedback": lambda: contactors.minus.closed,
        "precharge_feedback": lambda: contactors.precharge.closed,
        "hvil_closed": lambda: 1.0,
        "crash_line": lambda: 0.0,
        "supply_voltage": lambda: SUPPLY_V,
        "ambient_temperature": lambda: AMBIENT_C,
        "charger_current": lambda: max(0.0, -pack.pack_current_a),
        "mode_request": lambda: vehicle.mode_request,
        "fault_reset": lambda: vehicle.fault_reset,
        "awake": lambda: bool(vehicle.mode_request),
        "driving": lambda: vehicle.load_a > 0 or bool(vehicle.speed_kmh),
        "charging": lambda: vehicle.charge_a > 0,
        "pack_current_redundant": lambda: pack.pack_current_a,
        "state_of_charge": lambda: 100.0 * float(pack.soc.mean()),
        "state_of_health": lambda: 100.0 * float(pack.soh.mean()),
        "pyro_open": lambda: pack.pyro_fired,
        "ignition": lambda: 1.0,
        "vehicle_speed": lambda: (
            vehicle.speed_kmh if vehicle.speed_kmh is not None else DRIVING_KMH * (vehicle.load_a > 0)
        ),
        "balancing_channels": lambda: int(np.count_nonzero(pack.cells.balance_ohm < math.inf)),
        "balancing_first": balancing_first,
        **dict.fromkeys(_FINE_AT_ZERO, _zero),
    }
    senses = Senses(
        plain,
        {"temperature": lambda index: float(pack.sensor_temp_c[index]), **string_senses(pack)},
        unmoved=_UNMOVED,
    )
    sensors = range(len(pack.sensor_temp_c))
    senses.provide_sums("temperature", lambda: [senses.read("temperature", index) for index in sensors])
    return senses


def _zero() -> float:
    return 0.0


class _Drawn:
    """Charge taken from the pack since the shot began, from the mean state of charge: the sensor's own counter."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._full_as = pack.full_ah * 3600.0
        self._first = float(pack.soc.mean())

    def charge_as(self) -> float:
        return (self._first - float(self._pack.soc.mean())) * self._full_as

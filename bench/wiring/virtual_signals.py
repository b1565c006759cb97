"""What the sensors and ECUs the bench plays say: quantities of the plant, sent as the DUT's profile lays them out."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.codec.database import Database, Message
from bench.codec.pages import Pages, compile_pages, idle_pages
from bench.config.play import Play
from bench.config.profile import DutProfile
from bench.errors import ConfigError, nearest
from bench.instruments.afe import SweepCrc
from bench.links.ports import CanLink
from bench.plant.pack import Pack
from bench.restbus.cyclic import CyclicMessage
from bench.restbus.kernel_paced import kind_of
from bench.rig.rig import VehicleSide
from bench.rig.senses import Senses
from bench.timing.clock import Clock
from bench.trace.events import CanFrame

SUPPLY_V = 13.5
DRIVING_KMH = 50.0
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
    profile: DutProfile, databases: Mapping[str, Database], cells: int, sensors: int
) -> list[Played]:
    """Everything the bench sends, by profile and DBC. Raises ConfigError, one line per mistake."""
    numbers = {"cell_voltage": cells, "temperature": sensors}
    mistakes: list[str] = []
    played: list[Played] = []
    for play in profile.plays:
        try:
            played.append(_bound(profile, play, databases, numbers))
        except ConfigError as wrong:
            mistakes += str(wrong).splitlines()
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return played + _idle(profile, databases)


def _bound(
    profile: DutProfile, play: Play, databases: Mapping[str, Database], numbers: Mapping[str, int]
) -> Played:
    place = f"{profile.file} [play {play.channel}.{play.message}]"
    if play.channel not in databases:
        near = nearest(play.channel, databases)
        raise ConfigError(
            f"{place}: found channel '{play.channel}'; expected one of {', '.join(databases)}{near}"
        )
    database = databases[play.channel]
    if play.message not in database:
        if (trouble := database.trouble(play.message)) is not None:
            raise ConfigError(f"{trouble} (shown by {place})")
        near = nearest(play.message, database.by_name)
        raise ConfigError(
            f"{place}: found no such message in the DBC files of '{play.channel}'; expected one{near}"
        )
    message = database[play.message]
    cycle_ns = message.cycle_ns if play.cycle_ns is None else play.cycle_ns
    if cycle_ns <= 0:
        raise ConfigError(
            f"{place}: found no cycle here nor in the DBC; expected 'cycle', such as \"100 ms\""
        )
    if play.by == "emulator" and any(one.quantity not in ("", "cell_voltage") for one in play.shown):
        raise ConfigError(f'{place}: found more than cell voltages; expected only those by = "emulator"')
    pages = compile_pages(play, message, numbers, profile.file)
    if play.gap_ns and (cycle_ns % play.gap_ns or len(pages.pages) * play.gap_ns > cycle_ns):
        raise ConfigError(
            f"{place}: found {len(pages.pages)} pages {play.gap_ns} ns apart in a cycle of {cycle_ns} ns; "
            "expected a cycle that is a multiple of the gap and long enough"
        )
    return Played(
        channel=play.channel, message=message, pages=pages, by=play.by, cycle_ns=cycle_ns, gap_ns=play.gap_ns
    )


def _idle(profile: DutProfile, databases: Mapping[str, Database]) -> list[Played]:
    """Cyclic messages of other ECUs that the profile does not name, at raw zero."""
    if profile.unlisted != "idle":
        return []
    state = profile.roles["state"]
    if state.channel not in databases or state.message not in databases[state.channel]:
        return []  # told by the scenarios, which all ask for it
    own = set(databases[state.channel][state.message].senders)
    return [
        Played(
            channel=channel,
            message=message,
            pages=idle_pages(message),
            by="bench",
            cycle_ns=message.cycle_ns,
            gap_ns=0,
        )
        for channel, database in databases.items()
        for message in database.messages
        if message.cycle_ns > 0
        and not own & set(message.senders)
        and not profile.plays_message(channel, message.name)
    ]


def restbus_of(
    clock: Clock, links: Mapping[str, CanLink], played: list[Played], senses: Senses
) -> list[CyclicMessage]:
    """Every message the bench itself sends. What the cell emulator shows is not among them."""
    return [
        kind_of(links[one.channel], one.message, one.pages, one.gap_ns)(
            clock,
            links[one.channel],
            one.message,
            one.pages,
            senses.bound,
            cycle_ns=one.cycle_ns,
            gap_ns=one.gap_ns,
        )
        for one in played
        if one.by == "bench"
    ]


def emulator_shows(played: list[Played]) -> Played:
    """The message that carries the emulator's cell voltages. Raises ConfigError where there is none."""
    for one in played:
        if one.by == "emulator":
            return one
    raise ConfigError(
        'profile: found no [[play]] by = "emulator"; expected the one that shows the cell voltages'
    )


def listen_for_sweeps(played: list[Played], links: Mapping[str, CanLink]) -> SweepCrc:
    """The checksum of the last sweep that another process has sent, as seen on its bus; where a signal shows it."""
    shown = emulator_shows(played)
    pages = shown.pages
    sweep_crc = SweepCrc(len(pages.pages))
    if not any(
        slot.quantity == "afe_sweep_crc" for one in played for page in one.pages.pages for slot in page.slots
    ):
        return sweep_crc
    key = (pages.can_id, pages.extended)
    numbers = {pages.payload(page, lambda *_: None)[:1]: page for page in range(len(pages.pages))}

    def heard(_t_ns: int, frame: CanFrame) -> None:
        if (frame.can_id, frame.extended) == key:
            sweep_crc.add(numbers.get(frame.data[:1], -1), frame.data)

    links[shown.channel].subscribe(heard)
    return sweep_crc


def senses_of(pack: Pack, vehicle: VehicleSide, overrides_v: Mapping[int, float]) -> Senses:
    """Every quantity of bench.config.play but the cells' and the counter. `overrides_v`: forced cells, from 1."""
    contactors, isolation = pack.contactors, pack.isolation
    drawn = _Drawn(pack)

    def stack_v() -> float:
        cells_v = pack.cell_voltage_v
        forced = sum(volt - float(cells_v[cell - 1]) for cell, volt in overrides_v.items())
        return float(pack.pack_voltage_v + forced)

    plain: dict[str, Callable[[], float | None]] = {
        "pack_current": lambda: pack.pack_current_a,
        "pack_voltage": lambda: pack.pack_voltage_v,
        "stack_voltage": stack_v,
        "link_voltage": lambda: pack.link_voltage_v,
        "pack_power": lambda: pack.pack_voltage_v * pack.pack_current_a,
        "charge_drawn": drawn.charge_as,
        "energy_drawn": lambda: drawn.charge_as() * pack.pack_voltage_v / 3600.0,
        "insulation_plus": lambda: isolation.plus_ohm,
        "insulation_minus": lambda: isolation.minus_ohm,
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
        "pyro_open": lambda: pack.pyro_fired,
        "ignition": lambda: 1.0,
        "vehicle_speed": lambda: (
            vehicle.speed_kmh if vehicle.speed_kmh is not None else DRIVING_KMH * (vehicle.load_a > 0)
        ),
        "balancing_channels": lambda: sum(ohm < math.inf for ohm in pack.cells.balance_ohm),
        "balancing_first": lambda: next(
            (cell for cell, ohm in enumerate(pack.cells.balance_ohm, 1) if ohm < math.inf), 0
        ),
        **dict.fromkeys(_FINE_AT_ZERO, _zero),
    }
    return Senses(plain, {"temperature": lambda index: float(pack.sensor_temp_c[index])})


def _zero() -> float:
    return 0.0


class _Drawn:
    """Charge taken from the pack since the shot began, from the mean state of charge: the sensor's own counter."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._full_as = pack.chemistry.capacity_ah * 3600.0
        self._first = float(pack.soc.mean())

    def charge_as(self) -> float:
        return (self._first - float(self._pack.soc.mean())) * self._full_as

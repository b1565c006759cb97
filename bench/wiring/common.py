"""What both timebases wire alike: databases, plant, and what the plant learns from the DUT's frames."""

import operator
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.codec.database import Database
from bench.config.bench_file import BenchConfig
from bench.config.profile import DutProfile, Role, RoleTest
from bench.errors import ConfigError
from bench.plant.chemistry import Chemistry
from bench.plant.pack import Pack
from bench.rig.view import TraceView
from bench.trace.events import FrameSeen
from bench.wiring.virtual_signals import Played, bind_plays

CAPABILITIES = frozenset(
    {"cell_voltage", "insulation", "contactor_weld", "contactor_slow", "charger_override"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """What a run loads once and every shot shares: nothing in it changes."""

    config: BenchConfig
    profile: DutProfile
    databases: dict[str, Database]
    chemistry: Chemistry
    capabilities: frozenset[str] = CAPABILITIES
    played: list[Played] = field(default_factory=list)

    def thresholds(self) -> dict[str, float]:
        """The DUT's own where its profile states them, else those of the chemistry."""
        return {**self.chemistry.thresholds(), **self.profile.thresholds}


def load_wired(config: BenchConfig, profile: DutProfile) -> Wired:
    """Raises ConfigError, one line a mistake, for a DBC or a chemistry that is missing or wrong."""
    databases = {channel: Database.load(*can.dbc) for channel, can in config.can.items()}
    try:
        chemistry = Chemistry.load(config.pack.chemistry)
    except ConfigError as exc:
        raise ConfigError(f"{config.file} [pack.chemistry]: {exc}") from exc
    played = bind_plays(profile, databases, config.pack.cells, config.pack.sensors)
    return Wired(
        config=config,
        profile=profile,
        databases=databases,
        chemistry=chemistry,
        capabilities=capabilities_of(profile),
        played=played,
    )


def capabilities_of(profile: DutProfile) -> frozenset[str]:
    """What a virtual pack can do, less what this DUT would never be shown."""
    shown = {
        "cell_voltage": profile.cell_template.signal,
        "insulation": profile.roles.keys() & {"insulation_plus", "insulation_minus", "insulation"},
        "contactor_weld": profile.roles.keys() & {"plus_feedback", "minus_feedback", "link_voltage"},
    }
    return frozenset(name for name in CAPABILITIES if shown.get(name, True))


def build_pack(wired: Wired, soc: float | None, rng: random.Random) -> Pack:
    pack = wired.config.pack
    return Pack(
        wired.chemistry, cells=pack.cells, sensors=pack.sensors, soc=pack.soc if soc is None else soc, rng=rng
    )


def reader_of(wired: Wired, view: TraceView, role: Role) -> Callable[[], float | None]:
    """The role's newest value on the bus, None before it was heard."""
    message = wired.databases[role.channel][role.message]
    key, read = (role.channel, message.can_id), message.reader(role.signal)
    latest = view.latest

    last: FrameSeen | None = None
    shown: float | None = None

    def value() -> float | None:
        nonlocal last, shown
        seen = latest.get(key)
        if seen is not last:  # asked every plant step, answered anew by a new frame only
            last = seen
            shown = None if seen is None else read(seen.frame.data)
        return shown

    return value


def contactor_commands_of(wired: Wired, view: TraceView) -> Callable[[], tuple[bool, bool, bool] | None]:
    """What the DUT wants of (plus, minus, precharge), as the profile's [contactor] reads it; None before it spoke."""
    tests = {
        name: [(reader_of(wired, view, test.role), test) for test in wired.profile.contactors[name]]
        for name in ("plus", "minus", "precharge")
    }

    def wanted(name: str) -> bool | None:
        values = [(read(), test) for read, test in tests[name]]
        if all(value is None for value, _ in values):
            return None
        return any(value is not None and _holds(test, value) for value, test in values)

    def commands() -> tuple[bool, bool, bool] | None:
        plus = wanted("plus")
        if plus is None:
            return None
        return plus, bool(wanted("minus")), bool(wanted("precharge"))

    return commands


_OPS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


def _holds(test: RoleTest, value: float) -> bool:
    return _OPS[test.op](value, test.value)


def charge_limit_of(wired: Wired, view: TraceView) -> Callable[[], float | None]:
    role = wired.profile.roles.get("charge_current_limit")
    return reader_of(wired, view, role) if role is not None else lambda: None

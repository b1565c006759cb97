"""What both timebases wire alike: databases, plant, and what the plant learns from the DUT's frames."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from bench.codec.database import Database
from bench.config.bench_file import BenchConfig
from bench.config.profile import DutProfile, Role
from bench.errors import ConfigError
from bench.plant.chemistry import Chemistry
from bench.plant.pack import Pack
from bench.rig.view import TraceView

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


def load_wired(config: BenchConfig, profile: DutProfile) -> Wired:
    """Raises ConfigError, one line a mistake, for a DBC or a chemistry that is missing or wrong."""
    databases = {channel: Database.load(*can.dbc) for channel, can in config.can.items()}
    try:
        chemistry = Chemistry.load(config.pack.chemistry)
    except ConfigError as exc:
        raise ConfigError(f"{config.file} [pack.chemistry]: {exc}") from exc
    return Wired(config=config, profile=profile, databases=databases, chemistry=chemistry)


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

    def value() -> float | None:
        seen = latest.get(key)
        return None if seen is None else read(seen.frame.data)

    return value


def contactor_commands_of(wired: Wired, view: TraceView) -> Callable[[], tuple[bool, bool, bool] | None]:
    plus, minus, precharge = (
        reader_of(wired, view, wired.profile.roles[f"{name}_command"])
        for name in ("plus", "minus", "precharge")
    )

    def commands() -> tuple[bool, bool, bool] | None:
        plus_value = plus()
        if plus_value is None:
            return None
        return plus_value == 1, minus() == 1, precharge() == 1

    return commands


def charge_limit_of(wired: Wired, view: TraceView) -> Callable[[], float | None]:
    role = wired.profile.roles.get("charge_current_limit")
    return reader_of(wired, view, role) if role is not None else lambda: None

"""`[dut.power]`: what switches the DUT's supply. A relay card or a supply takes the options that its kind has."""

from typing import Any, ClassVar

from pydantic import Field

from bench.config.dut_life import LifeCommand, PowerConfig, RelayConfig, SupplyConfig
from bench.config.instrument_kinds import RELAYS, InstrumentKind, instruments
from bench.config.option_shape import given, lacking, table_of, without_foreign
from bench.config.options import Options
from bench.config.toml_file import Amperes, DurationNs, Port, Shape, TomlFile, Volts
from bench.errors import ConfigError, choices, nearest
from bench.units import NS_PER_S

FASTEST_BAUD = 50_000_000  # bit/s; no serial line of the trade is faster
_PLACE = ("dut", "power")
_ROLES = {"relay": "relays", "supply": "supply"}


class PowerTable(Shape):
    on: list[str] | None = Field(default=None, min_length=1)
    off: list[str] | None = Field(default=None, min_length=1)
    relay: str | None = None
    port: Port | None = Field(default=None, min_length=1)
    baud: int | None = Field(default=None, gt=0, le=FASTEST_BAUD)
    supply: str | None = None
    voltage: Volts | None = Field(default=None, gt=0)
    current: Amperes | None = Field(default=None, gt=0)
    off_below: Volts = Field(default=1.0, gt=0)
    settle: DurationNs = Field(default=5 * NS_PER_S, gt=0)
    number: int = Field(default=1, ge=1, le=64)
    off_time: DurationNs = Field(default=NS_PER_S, gt=0)
    timeout: DurationNs = Field(default=10 * NS_PER_S, gt=0)

    MEANS: ClassVar = {
        "on": "words of the command that switches the supply on",
        "off": "words of the command that switches it off",
        "relay": "the kind of relay card that switches it; a released relay cuts the supply",
        "port": "port of the relay card or supply",
        "baud": "baud rate; absent: that of its kind",
        "supply": "the kind of supply that feeds it",
        "voltage": "what the supply is set to",
        "current": "the supply's current limit",
        "off_below": "below this voltage the supply counts as off",
        "settle": "how long the supply may take to be on or off",
        "number": "the relay on its card, from 1",
        "off_time": "how long the DUT stays without supply",
        "timeout": "how long a command may take",
    }


def read_power(file: TomlFile, raw: dict[str, Any]) -> PowerConfig | None:
    """None where a mistake was noted that leaves nothing to be read."""
    kind, sound = _kind(file, raw)
    options = kind.options if kind is not None else ()
    if sound:
        raw = without_foreign(
            file, raw, _PLACE, PowerTable, options, kind.title if kind is not None else "commands"
        )
    table = file.check(table_of(PowerTable, options), raw, *_PLACE)
    if table is None or not sound:
        return None
    commanded = table.on is not None and table.off is not None
    ways = (commanded, table.relay is not None, table.supply is not None)
    if ways.count(True) != 1 or (table.on is None) != (table.off is None):
        file.mistake(
            _PLACE,
            "found no clear switch; expected 'on' and 'off', or 'relay' with its 'port', or 'supply' with its 'port'",
        )
    return PowerConfig(
        off_time_ns=table.off_time,
        on=_command(table.on, table.timeout),
        off=_command(table.off, table.timeout),
        relay=_relay(file, table, kind),
        supply=_supply(file, table, kind),
    )


def _kind(file: TomlFile, raw: dict[str, Any]) -> tuple[InstrumentKind | None, bool]:
    """(the kind of what switches, whether it is right): None and right where commands do, or nothing is named."""
    known = instruments()
    for key, role in _ROLES.items():
        name = raw.get(key)
        if not isinstance(name, str):
            continue
        try:
            kind = known.get(name) if name in known else None
        except ConfigError as broken:
            file.mistake((*_PLACE, key), f"found '{name}', which cannot be used: {broken}")
            return None, False
        if kind is not None and kind.role == role and not kind.on_can:
            return kind, True
        able = [name for name, one in known.all().items() if one.role == role and not one.on_can]
        file.mistake(
            (*_PLACE, key), f"found '{name}'; expected one of {choices(name, able)}{nearest(name, able)}"
        )
        return None, False
    return None, True


def _relay(file: TomlFile, table: PowerTable, kind: InstrumentKind | None) -> RelayConfig | None:
    if table.relay is None or kind is None:
        return None
    if table.port is None:
        file.mistake((*_PLACE, "relay"), "found no 'port' beside it; expected a device or tcp://host:port")
        return None
    _tell_lacking(file, table, kind, "relay")
    options = Options(given(table, kind.options))
    if RELAYS in kind.options and table.number > options[RELAYS]:
        file.mistake(
            (*_PLACE, "number"),
            f"found relay {table.number} of a board with {options[RELAYS]}; expected one of them, or a larger 'relays'",
        )
    return RelayConfig(
        kind=table.relay,
        port=table.port,
        baud=table.baud or kind.baud,
        number=table.number,
        options=options,
    )


def _supply(file: TomlFile, table: PowerTable, kind: InstrumentKind | None) -> SupplyConfig | None:
    if table.supply is None or kind is None:
        return None
    if table.port is None or table.voltage is None or table.current is None:
        wanted = ("port", "voltage", "current")
        missing = ", ".join(f"'{key}'" for key in wanted if getattr(table, key) is None)
        file.mistake(
            (*_PLACE, "supply"), f"found no {missing} beside it; expected what the DUT is to be fed with"
        )
        return None
    _tell_lacking(file, table, kind, "supply")
    if table.off_below >= table.voltage:
        file.mistake(
            (*_PLACE, "off_below"),
            f"found {table.off_below:g} V; expected less than the {table.voltage:g} V of on",
        )
    return SupplyConfig(
        kind=table.supply,
        port=table.port,
        baud=table.baud or kind.baud,
        voltage_v=table.voltage,
        current_a=table.current,
        off_below_v=table.off_below,
        settle_ns=table.settle,
        options=Options(given(table, kind.options)),
    )


def _tell_lacking(file: TomlFile, table: PowerTable, kind: InstrumentKind, key: str) -> None:
    if missing := lacking(table, kind.options):
        names = ", ".join(f"'{one.name}'" for one in missing)
        file.mistake((*_PLACE, key), f"found no {names} beside it; expected it: {missing[0].meaning}")


def _command(words: list[str] | None, timeout_ns: int) -> LifeCommand | None:
    return LifeCommand(words=tuple(words), timeout_ns=timeout_ns) if words else None

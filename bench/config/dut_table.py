"""`[dut]` of hil_config.toml: how the DUT is started, flashed, reset, power-cycled, and how its build is known."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from bench.config.dut_life import Command, DutConfig, IdentityConfig, PowerConfig, RelayConfig, SupplyConfig
from bench.config.toml_file import Amperes, DurationNs, Shape, TomlFile, Volts, Watts
from bench.config.user_file import is_file
from bench.units import NS_PER_S

FASTEST_BAUD = 50_000_000  # bit/s; no serial line of the trade is faster


class FlashTable(Shape):
    command: list[str] = Field(min_length=1)
    image: str
    timeout: DurationNs = Field(default=120 * NS_PER_S, gt=0)


class ResetTable(Shape):
    command: list[str] | None = Field(default=None, min_length=1)
    uds: Literal["hard", "key_off_on", "soft"] | None = None
    timeout: DurationNs = Field(default=10 * NS_PER_S, gt=0)


class PowerTable(Shape):
    on: list[str] | None = Field(default=None, min_length=1)
    off: list[str] | None = Field(default=None, min_length=1)
    relay: Literal["waveshare_relay", "numato_relay", "devantech_relay"] | None = None
    port: str | None = Field(default=None, min_length=1)
    baud: int | None = Field(default=None, gt=0, le=FASTEST_BAUD)
    supply: Literal["ea_psb", "ea_psb_modbus"] | None = None
    voltage: Volts | None = Field(default=None, gt=0)
    current: Amperes | None = Field(default=None, gt=0)
    off_below: Volts = Field(default=1.0, gt=0)
    settle: DurationNs = Field(default=5 * NS_PER_S, gt=0)
    nominal_voltage: Volts | None = Field(default=None, gt=0)
    nominal_current: Amperes | None = Field(default=None, gt=0)
    nominal_power: Watts | None = Field(default=None, gt=0)
    number: int = Field(default=1, ge=1, le=64)
    off_time: DurationNs = Field(default=NS_PER_S, gt=0)
    timeout: DurationNs = Field(default=10 * NS_PER_S, gt=0)


class IdentityTable(Shape):
    by: Literal["can", "uds", "image"] = "can"
    expected: str | None = Field(default=None, min_length=1)
    timeout: DurationNs = Field(default=5 * NS_PER_S, gt=0)


class DutTable(Shape):
    profile: str
    firmware: str = "reference"
    chemistry: str | None = None
    start: Literal["in_process", "subprocess", "external"] = "in_process"
    command: list[str] | None = Field(default=None, min_length=1)
    ready: Literal["line", "at_once"] = "line"
    flash: FlashTable | None = None
    reset: ResetTable | None = None
    power: PowerTable | None = None
    identity: IdentityTable | None = None


def read_dut(file: TomlFile, table: DutTable, base: Path) -> DutConfig:
    """Facts of `[dut]`; notes mistakes that only show when keys are seen together."""
    if table.start == "subprocess" and table.command is None:
        file.mistake(
            ("dut", "start"), "found 'subprocess' without a 'command'; expected the words that start it"
        )
    if table.start != "subprocess" and table.command is not None:
        file.mistake(
            ("dut", "command"), f"found one under start = '{table.start}'; expected start = 'subprocess'"
        )
    if table.start == "in_process":
        for name in ("flash", "reset", "power"):
            if getattr(table, name) is not None:
                file.mistake(
                    ("dut", name), "found one under start = 'in_process'; expected 'subprocess' or 'external'"
                )
    elif table.identity is None:
        file.mistake(
            ("dut",),
            "found no 'identity'; expected one, as in { by = \"can\" }: an unidentified build is not tested",
        )
    if table.reset is not None and (table.reset.command is None) == (table.reset.uds is None):
        file.mistake(("dut", "reset"), "found neither or both of 'command' and 'uds'; expected one of them")
    image = None
    if table.flash is not None:
        image = base / table.flash.image
        if not is_file(image):
            file.mistake(
                ("dut", "flash", "image"), f"found '{table.flash.image}', no such file; expected the image"
            )
    if table.identity is not None and table.identity.by == "image" and image is None:
        file.mistake(
            ("dut", "identity", "by"), "found 'image' without [dut.flash]; expected a flashed image to hash"
        )
    return DutConfig(
        profile=base / table.profile,
        firmware=table.firmware,
        chemistry=table.chemistry,
        start=table.start,
        command=tuple(table.command or ()),
        ready=table.ready,
        folder=base,
        flash=_command(table.flash.command, table.flash.timeout) if table.flash else None,
        image=image,
        reset=_command(table.reset.command, table.reset.timeout)
        if table.reset and table.reset.command
        else None,
        reset_by_uds=table.reset.uds if table.reset else None,
        power=_power(file, table.power) if table.power else None,
        identity=IdentityConfig(
            by=table.identity.by, expected=table.identity.expected, timeout_ns=table.identity.timeout
        )
        if table.identity
        else IdentityConfig(),
    )


def _power(file: TomlFile, table: PowerTable) -> PowerConfig:
    commanded = table.on is not None and table.off is not None
    ways = (commanded, table.relay is not None, table.supply is not None)
    if ways.count(True) != 1 or (table.on is None) != (table.off is None):
        file.mistake(
            ("dut", "power"),
            "found no clear switch; expected 'on' and 'off', or 'relay' with its 'port', or 'supply' with its 'port'",
        )
    if table.relay is not None and table.port is None:
        file.mistake(
            ("dut", "power", "relay"), "found no 'port' beside it; expected a device or tcp://host:port"
        )
    relay = None
    if table.relay is not None and table.port is not None:
        relay = RelayConfig(kind=table.relay, port=table.port, baud=table.baud or 9600, number=table.number)
    return PowerConfig(
        off_time_ns=table.off_time,
        on=_command(table.on, table.timeout) if table.on else None,
        off=_command(table.off, table.timeout) if table.off else None,
        relay=relay,
        supply=_supply(file, table),
    )


def _supply(file: TomlFile, table: PowerTable) -> SupplyConfig | None:
    if table.supply is None:
        return None
    if table.port is None or table.voltage is None or table.current is None:
        wanted = ("port", "voltage", "current")
        missing = ", ".join(f"'{key}'" for key in wanted if getattr(table, key) is None)
        file.mistake(
            ("dut", "power", "supply"),
            f"found no {missing} beside it; expected what the DUT is to be fed with",
        )
        return None
    plate = (table.nominal_voltage, table.nominal_current, table.nominal_power)
    if table.supply == "ea_psb_modbus" and None in plate:
        file.mistake(
            ("dut", "power", "supply"),
            "found no 'nominal_voltage', 'nominal_current', 'nominal_power' beside it; expected the type plate's, "
            "for in Modbus values are per cent of it",
        )
    if table.off_below >= table.voltage:
        file.mistake(
            ("dut", "power", "off_below"),
            f"found {table.off_below:g} V; expected less than the {table.voltage:g} V of on",
        )
    volts, amps, watts = plate
    return SupplyConfig(
        kind=table.supply,
        port=table.port,
        baud=table.baud or 115_200,
        voltage_v=table.voltage,
        current_a=table.current,
        off_below_v=table.off_below,
        settle_ns=table.settle,
        nominal=(volts or 0.0, amps or 0.0, watts or 0.0),
    )


def _command(words: list[str], timeout_ns: int) -> Command:
    return Command(words=tuple(words), timeout_ns=timeout_ns)

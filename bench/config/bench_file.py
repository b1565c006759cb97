"""hil_config.toml: which buses, instrument, DUT and pack this bench has, and where it records."""

from dataclasses import dataclass
from pathlib import Path

from bench.config.dut_life import DutConfig
from bench.config.instruments import InstrumentConfig, read_instruments
from bench.config.mqtt import MqttConfig
from bench.config.safety import SafetyInput
from bench.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class CanConfig:
    """One CAN bus. `options` go to python-can as they stand (real time only)."""

    channel: str
    dbc: tuple[Path, ...]
    bitrate: int
    data_bitrate: int | None
    interface: str
    options: dict[str, str | int | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialConfig:
    """One serial line; `baud` in bit/s."""

    name: str
    baud: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackConfig:
    """The plant behind the bench. `soc` is 0..1. hysteresis: of the cells' voltage; None: as their file has it.

    ac_circuit: an AC circuit, such as an inverter's, is on the pack's bus, so that its insulation has to be 500
    ohm/V.
    cells, sensors: of all `strings` together, string by string; `parallel` cells count as one.
    sensor_tau_ns: how late a temperature sensor is (63 % of a step); None: the plant's own, 0: not at all.
    """

    chemistry: str
    cells: int
    sensors: int
    soc: float
    hysteresis: bool | None = None
    ac_circuit: bool = False
    sensor_tau_ns: int | None = None
    parallel: int = 1
    strings: int = 1

    @property
    def series(self) -> int:
        """Cells of one string."""
        return self.cells // self.strings


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConfig:
    """Where runs are written; absolute, or relative to the config file's folder and resolved.

    database: a path, or the URL of a server as the file has it.
    rig: the folder that the bench file names, also where a run is written elsewhere. What is true of the rig itself
    lies beside it.
    pin: the run or build that a trend is compared with, besides its rolling baseline; "" for none.
    """

    folder: Path
    database: Path | str
    rig: Path
    pin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchConfig:
    """All of hil_config.toml, checked. `can` is keyed by channel, such as "vehicle" and "sense".

    place: where the rig stands, for whoever reads a report; "" where nobody says.
    refuses_overdue: a shot with an instrument whose calibration is overdue is not fired, and INCONCLUSIVE.
    safety: contacts that stop the bench when they open.
    providers: parts of others that serve capabilities of this rig, by name.
    guard_hang_ns: how long the bench may be silent before its guard takes it for hung; 0: no guard.
    """

    file: Path
    name: str
    simulated: bool
    realtime_priority: bool
    can: dict[str, CanConfig]
    serial: dict[str, SerialConfig]
    instruments: dict[str, InstrumentConfig]
    dut: DutConfig
    pack: PackConfig
    record: RecordConfig
    mqtt: MqttConfig | None = None
    guard_hang_ns: int = 0
    place: str = ""
    safety: tuple[SafetyInput, ...] = ()
    refuses_overdue: bool = False
    providers: tuple[str, ...] = ()


def load_bench(path: Path) -> BenchConfig:
    """Read and check hil_config.toml. Raises ConfigError with one line per mistake."""
    # Imported here: pydantic costs 0.1 s, which commands that never read a config need not pay.
    from bench.config.bench_found import refuse_another_kind, refuse_no_bench
    from bench.config.bench_shape import BenchShape
    from bench.config.dut_table import read_dut
    from bench.config.mqtt_table import read_mqtt
    from bench.config.safety_table import read_safety, refuse_shared
    from bench.config.toml_file import read_toml
    from bench.config.user_file import is_file

    refuse_no_bench(path)
    file = read_toml(path)
    refuse_another_kind(path, file.data)
    shape = file.check_on(BenchShape, file.data)
    if shape is None:
        file.stop_on_mistakes()
        raise ConfigError(f"{path}: found no bench; expected one")
    base = path.parent
    instruments = read_instruments(file, shape)
    if not shape.can:
        file.mistake(("can",), "found no bus; expected at least one [can.<name>]")
    for channel, bus in shape.can.items():
        for index, dbc in enumerate(bus.dbc):
            if not is_file(base / dbc):
                file.mistake(
                    ("can", channel, "dbc", index), f"found '{dbc}', no such file; expected a DBC file"
                )
    if not is_file(base / shape.dut.profile):
        file.mistake(("dut", "profile"), f"found '{shape.dut.profile}', no such file; expected a DUT profile")
    if shape.pack.sensors > shape.pack.cells:
        file.mistake(
            ("pack", "sensors"),
            f"found {shape.pack.sensors} for {shape.pack.cells} cells; expected 1 to {shape.pack.cells}",
        )
    dut = read_dut(file, shape.dut, base)
    mqtt = read_mqtt(file, shape.mqtt, base, shape.bench.name, base / shape.record.folder)
    real = any(not one.virtual for one in instruments.values())
    safety = read_safety(file, shape.safety, real=real)
    refuse_shared(file, safety, {port for one in instruments.values() for port in one.ports})
    file.stop_on_mistakes()
    return BenchConfig(
        file=path,
        name=shape.bench.name,
        place=shape.bench.place,
        simulated=shape.time.mode == "simulated",
        realtime_priority=shape.time.realtime_priority,
        can={
            channel: CanConfig(
                channel=channel,
                dbc=tuple(base / dbc for dbc in bus.dbc),
                bitrate=bus.bitrate,
                data_bitrate=bus.data_bitrate,
                interface=bus.interface,
                options=dict(bus.options),
            )
            for channel, bus in shape.can.items()
        },
        serial={name: SerialConfig(name=name, baud=line.baud) for name, line in shape.serial.items()},
        instruments=instruments,
        dut=dut,
        pack=PackConfig(
            chemistry=shape.pack.chemistry,
            cells=shape.pack.all_cells,
            sensors=shape.pack.sensors * shape.pack.strings,
            soc=shape.pack.soc,
            hysteresis=shape.pack.hysteresis,
            ac_circuit=shape.pack.ac_circuit,
            parallel=shape.pack.parallel,
            strings=shape.pack.strings,
            sensor_tau_ns=shape.pack.sensor_tau,
        ),
        mqtt=mqtt,
        safety=safety,
        providers=tuple(dict.fromkeys(shape.bench.providers)),
        refuses_overdue=shape.evidence.overdue == "inconclusive",
        guard_hang_ns=shape.guard.hang if shape.guard.enabled else 0,
        record=RecordConfig(
            folder=base / shape.record.folder,
            database=database_of(shape.record.database, base),
            rig=base / shape.record.folder,
            pin=shape.record.pin,
        ),
    )


def database_of(text: str, base: Path) -> Path | str:
    """A path or a URL as people write it. A URL of an SQLite file is its path, so that it too is relative to `base`."""
    path = text.removeprefix("sqlite:///")
    if "://" in path or (path != text and "?" in path):
        return text
    return base / path

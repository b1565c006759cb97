"""What hil_config.toml may say, key by key."""

from datetime import date
from typing import Any, Literal

from pydantic import Field

from bench.config.dut_table import DutTable
from bench.config.mqtt_table import MqttTable
from bench.config.power_table import FASTEST_BAUD
from bench.config.safety_table import SafetyTable
from bench.config.toml_file import Bitrate, DurationNs, Format, Name, Port, Shape, Share
from bench.units import NS_PER_S

FASTEST_BUS = 20_000_000  # bit/s; CAN XL


class BenchTable(Shape):
    name: Name
    place: str = Field(default="", max_length=200)
    providers: list[str] = Field(default_factory=list)


class TimeTable(Shape):
    mode: Literal["simulated", "real"] = "simulated"
    realtime_priority: bool = False


class CanTable(Shape):
    dbc: list[str] = Field(default_factory=list)  # none: a bus of instruments only
    bitrate: Bitrate = Field(gt=0, le=FASTEST_BUS)
    data_bitrate: Bitrate | None = Field(default=None, gt=0, le=FASTEST_BUS)
    interface: str = "udp_multicast"
    options: dict[str, str | int | bool] = Field(default_factory=dict)


class SerialTable(Shape):
    baud: int = Field(gt=0, le=FASTEST_BAUD)


class InstrumentTable(Shape):
    """What every kind takes. Its own options come from its KIND."""

    kind: str
    link: str | None = None
    port: Port | list[Port] = "virtual"
    baud: int | None = Field(default=None, gt=0, le=FASTEST_BAUD)
    dead_man: DurationNs | None = Field(default=None, gt=0)
    lost_replies: Share = 0.0
    calibrated: date | None = None
    calibration_due: date | None = None
    certificate: str = Field(default="", max_length=200)
    uncertainty: str = Field(default="", max_length=200)
    coverage_factor: float = Field(default=2.0, ge=1, le=4)


class PackTable(Shape):
    chemistry: str
    cells: int = Field(ge=1, le=255)
    sensors: int = Field(ge=1, le=255)
    soc: Share = 0.5
    hysteresis: bool | None = None
    ac_circuit: bool = False
    sensor_tau: DurationNs | None = None
    parallel: int = Field(default=1, ge=1, le=100)
    strings: int = Field(default=1, ge=1, le=16)

    @property
    def all_cells(self) -> int:
        """As a front end counts them: the groups of every string."""
        return self.cells * self.strings


class EvidenceTable(Shape):
    overdue: Literal["told", "inconclusive"] = "told"


class RecordTable(Shape):
    folder: str = "runs"
    database: str = "runs/results.sqlite"
    pin: str = ""


class GuardTable(Shape):
    enabled: bool = True
    hang: DurationNs = Field(default=10 * NS_PER_S, ge=NS_PER_S)


class BenchShape(Shape):
    format: Format = 1
    bench: BenchTable
    time: TimeTable = TimeTable()
    can: dict[str, CanTable]
    serial: dict[str, SerialTable] = Field(default_factory=dict)
    instrument: dict[str, dict[str, Any]]  # each is an InstrumentTable with the options of its kind
    dut: DutTable
    pack: PackTable
    record: RecordTable = RecordTable()
    guard: GuardTable = GuardTable()
    mqtt: MqttTable | None = None
    safety: SafetyTable | None = None
    evidence: EvidenceTable = EvidenceTable()

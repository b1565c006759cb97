"""What hil_config.toml may say, key by key."""

from typing import Literal

from pydantic import Field

from bench.config.dut_table import DutTable
from bench.config.toml_file import Bitrate, DurationNs, Shape, Share


class BenchTable(Shape):
    name: str = Field(min_length=1)


class TimeTable(Shape):
    mode: Literal["simulated", "real"] = "simulated"
    realtime_priority: bool = False


class CanTable(Shape):
    dbc: list[str] = Field(min_length=1)
    bitrate: Bitrate = Field(gt=0)
    data_bitrate: Bitrate | None = None
    interface: str = "udp_multicast"
    options: dict[str, str | int | bool] = Field(default_factory=dict)


class SerialTable(Shape):
    baud: int = Field(gt=0)


class InstrumentTable(Shape):
    kind: Literal["scpi_cell_emulator"]
    link: str
    port: str = "virtual"
    dead_man: DurationNs = Field(gt=0)


class PackTable(Shape):
    chemistry: str
    cells: int = Field(ge=1, le=255)
    sensors: int = Field(ge=1, le=255)
    soc: Share = 0.5


class RecordTable(Shape):
    folder: str = "runs"
    database: str = "runs/results.sqlite"


class BenchShape(Shape):
    bench: BenchTable
    time: TimeTable = TimeTable()
    can: dict[str, CanTable]
    serial: dict[str, SerialTable]
    instrument: dict[str, InstrumentTable]
    dut: DutTable
    pack: PackTable
    record: RecordTable = RecordTable()

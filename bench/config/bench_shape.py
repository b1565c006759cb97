"""What hil_config.toml may say, key by key."""

from datetime import date
from typing import Any, ClassVar, Literal

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

    MEANS: ClassVar = {
        "name": "what the bench is called in headers and reports",
        "place": "where it stands, for the header of a run",
        "providers": "parts of other distributions that serve capabilities of this rig, by name",
    }


class TimeTable(Shape):
    mode: Literal["simulated", "real"] = "simulated"
    realtime_priority: bool = False

    MEANS: ClassVar = {
        "mode": "simulated time, or real time",
        "realtime_priority": "true: the bench asks the system for real-time priority",
    }


class CanTable(Shape):
    dbc: list[str] = Field(default_factory=list)  # none: a bus of instruments only
    bitrate: Bitrate = Field(gt=0, le=FASTEST_BUS)
    data_bitrate: Bitrate | None = Field(default=None, gt=0, le=FASTEST_BUS)
    interface: str = "udp_multicast"
    options: dict[str, str | int | bool] = Field(default_factory=dict)

    MEANS: ClassVar = {
        "dbc": "the DBC files of the bus; none: a bus of instruments only",
        "bitrate": "bit rate of the bus, and of the arbitration phase of CAN FD",
        "data_bitrate": "bit rate of the data phase; absent: classical CAN",
        "interface": (
            "the interface in real time: socketcan, slcan, udp_multicast, or another one of python-can"
        ),
        "options": "what the interface takes, such as channel",
    }


class SerialTable(Shape):
    baud: int = Field(gt=0, le=FASTEST_BAUD)

    MEANS: ClassVar = {
        "baud": "baud rate of the line",
    }


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

    MEANS: ClassVar = {
        "kind": "the kind of instrument; `hil list kinds` shows all",
        "link": "the [serial.NAME] or [can.NAME] that it is on",
        "port": "a device, tcp://host:port, or virtual for its simulator",
        "baud": "baud rate; absent: that of its kind",
        "dead_man": "without a word from the bench for this long, it returns to safe values",
        "lost_replies": "share of replies that the simulator leaves out, to try what happens then",
        "calibrated": "date of the last calibration",
        "calibration_due": "date of the next one; after it the evidence is overdue",
        "certificate": "number of the calibration certificate",
        "uncertainty": 'expanded uncertainty from the certificate, such as "2 mV"',
        "coverage_factor": "the factor k of that uncertainty",
    }


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

    MEANS: ClassVar = {
        "chemistry": "chemistry of the cells; `hil list chemistries` shows all",
        "cells": "cells in series, or groups of cells",
        "sensors": "temperature sensors",
        "soc": "state of charge at the start, unless a scenario says another",
        "hysteresis": (
            "whether the cells' voltage depends on the way they came; absent: as the chemistry says"
        ),
        "ac_circuit": (
            "true: an inverter is connected, so that tests of insulation ask for 500 ohm/V, else 100"
        ),
        "sensor_tau": "how late the temperature sensors are: time to 63 % of a step; absent: 10 s",
        "parallel": "cells side by side in each group",
        "strings": "strings side by side",
    }

    @property
    def all_cells(self) -> int:
        """As a front end counts them: the groups of every string."""
        return self.cells * self.strings


class EvidenceTable(Shape):
    overdue: Literal["told", "inconclusive"] = "told"

    MEANS: ClassVar = {
        "overdue": "what an overdue calibration does: it is told, or makes results inconclusive",
    }


class RecordTable(Shape):
    folder: str = "runs"
    database: str = "runs/results.sqlite"
    pin: str = ""

    MEANS: ClassVar = {
        "folder": "where the run folders go",
        "database": "the results database: a file, or a URL",
        "pin": ("the run or build that `hil trend` compares with, beside its rolling baseline; empty: none"),
    }


class GuardTable(Shape):
    enabled: bool = True
    hang: DurationNs = Field(default=10 * NS_PER_S, ge=NS_PER_S)

    MEANS: ClassVar = {
        "enabled": "whether a guard process watches the bench and can switch outputs off",
        "hang": "how long the bench may be silent before the guard acts",
    }


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

    MEANS: ClassVar = {
        "format": "the version of the file's meaning",
        "bench": "name and place of the bench",
        "time": "simulated or real time",
        "can": "a CAN bus, by name",
        "serial": "a serial line, by name",
        "instrument": "an instrument, by name",
        "dut": "the BMS under test: its profile, its build, how it is started",
        "pack": "the pack that the bench plays",
        "record": "where results go",
        "guard": "the process that switches outputs off when the bench cannot",
        "mqtt": "live telemetry to a broker; absent: none",
        "safety": "emergency stop and interlock",
        "evidence": "what counts as evidence",
    }

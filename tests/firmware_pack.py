"""Pack and vehicle as the firmware sees them: sense frames on their DBC cycle, packed with cantools."""

from functools import cache
from pathlib import Path
from typing import Any

import cantools

from bench.codec.database import Database
from bench.dut.firmware import Firmware
from bench.trace.events import CanFrame

MS = 1_000_000
# Other profiles than P01: protected by the bench's codec, which is not the firmware's own either.
_BY_THE_CODEC = ("IO_AfeStatus", "VCU_Vehicle", "CHG_Status")
_DBC = Path(__file__).parent.parent / "dbc"
BMS = cantools.database.load_file(_DBC / "bms.dbc")
IO = cantools.database.load_file(_DBC / "bench_io.dbc")
VEHICLE = cantools.database.load_file(_DBC / "vehicle.dbc")
PROTECTIONS = {
    message.name: message.protection for message in Database.load(*sorted(_DBC.glob("*.dbc"))).messages
}


def crc8(data: bytes) -> int:
    """CRC-8 poly 0x1D bit by bit: slow, plain, and not the firmware's own."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0x1D if crc & 0x80 else crc << 1
            crc &= 0xFF
    return crc


def decode(can_id: int, data: bytes) -> dict[str, Any]:
    values = BMS.get_message_by_frame_id(can_id).decode(data, decode_choices=False)
    assert isinstance(values, dict)
    return values


@cache
def _protected(name: str, counter: int, values: tuple[tuple[str, float], ...]) -> CanFrame:
    message = next(one for db in (IO, BMS, VEHICLE) for one in db.messages if one.name == name)
    crc = "Crc16" if name == "IO_AfeStatus" else "Crc8"
    data = bytearray(message.encode({**dict(values), crc: 0, "AliveCounter": counter}, strict=False))
    if name in _BY_THE_CODEC:
        protection = PROTECTIONS[name]
        assert protection is not None
        protection.protect(data, counter)
    else:
        data[0] = crc8(message.frame_id.to_bytes(2, "little") + data[1:])
    return CanFrame(message.frame_id, bytes(data))


@cache
def _cell_group(group: int, *cells_v: float) -> bytes:
    cells = {f"CellVoltage{4 * group + n + 1:02d}": volt for n, volt in enumerate(cells_v)}
    return bytes(IO.encode_message("IO_CellVoltages", {"CellGroup": group, **cells}))


class Pack:
    """Drives one firmware in 10 ms steps: set attributes, then `run`. Contactors follow the coils at once."""

    def __init__(self, firmware: Firmware) -> None:
        self.firmware = firmware
        self.now_ns = 0
        self.cells_v = [3.7] * 96
        self.temperatures_c = [25.0] * 24
        self.current_a = 0.0
        self.plus_kohm = self.minus_kohm = 2000.0
        self.monitor_status = 0
        self.monitor_age_s = 0.1
        self.chassis_lost = self.monitor_error = False
        self.hall_a: float | None = None  # None: the second channel reads what the first one does
        self.sensor_bits: set[str] = set()
        self.clamp15 = True
        self.chain_status = self.modules_lost = self.open_wire = self.balancing = 0
        self.adc_fault = self.stale_sweeps = self.crash_flag = False
        self.sweep_crc = 0
        self.speed_kmh = 0.0
        self.pack_offset_v = 0.0  # pack voltage beside the sum of cells
        self._sweeps = 0
        self.pyro_open = False
        self.hvil_closed = True
        self.crash = False
        self.supply_v = 13.5
        self.link_follows = True
        self.mode = 0
        self.reset = False
        self.welded: set[str] = set()
        self.stuck_open: set[str] = set()
        self.silent: set[str] = set()
        self.bad_crc: set[str] = set()
        self.frozen: set[str] = set()
        self.latest: dict[int, bytes] = {}
        self.log: list[tuple[int, int, bytes]] = []
        self._counters: dict[str, int] = {}
        self._tick = 0

    @property
    def state(self) -> int:
        return int(self.last("BMS_State")["State"])

    @property
    def coils(self) -> tuple[int, int, int]:
        bits = self.latest[0x100][2] >> 5 if self.latest else 0
        return bits & 1, bits >> 1 & 1, bits >> 2

    def flag(self, name: str) -> bool:
        return bool({**self.last("BMS_Faults"), **self.last("BMS_Faults2")}[name])

    def set_flags(self) -> set[str]:
        ignored = ("Crc8", "AliveCounter", "WorstCellIndex", "WorstSensorIndex")
        values = {**self.last("BMS_Faults"), **self.last("BMS_Faults2")}
        return {name for name, value in values.items() if value and name not in ignored}

    def codes(self) -> set[int]:
        return {values["DtcCode"] for _, values in self.sent("BMS_Dtc")} - {0}

    def last(self, name: str) -> dict[str, Any]:
        """The newest frame `name`, decoded."""
        message = BMS.get_message_by_name(name)
        return decode(message.frame_id, self.latest[message.frame_id])

    def sent(self, name: str) -> list[tuple[int, dict[str, Any]]]:
        """Every frame `name` so far, decoded."""
        can_id = BMS.get_message_by_name(name).frame_id
        return [(t_ns, decode(can_id, data)) for t_ns, sent_id, data in self.log if sent_id == can_id]

    def first_ns(self, name: str, signal: str, value: int, since_ns: int = 0) -> int | None:
        """When `signal` first had `value` in a sent frame."""
        times = (t_ns for t_ns, values in self.sent(name) if t_ns >= since_ns and values[signal] == value)
        return next(times, None)

    def run(self, duration_ms: int) -> None:
        for _ in range(duration_ms // 10):
            self._receive_all()
            for channel, frame in self.firmware.step(self.now_ns):
                assert channel == "vehicle"
                self.latest[frame.can_id] = frame.data
                self.log.append((self.now_ns, frame.can_id, frame.data))
            self._tick += 1
            self.now_ns += 10 * MS

    def start(self, mode: int = 1) -> None:
        """Through start-up and precharge to drive (1) or charge (2)."""
        self.run(300)
        self.mode = mode
        self.run(300)
        assert self.state == (3 if mode == 1 else 4)

    def press_reset(self) -> None:
        self.mode = 0
        self.run(40)
        self.reset = True
        self.run(40)
        self.reset = False
        self.run(40)

    def protected(self, name: str, values: dict[str, float]) -> CanFrame:
        states = {"IO_AfeStatus": 256, "CHG_Status": 16}.get(name, 15)
        counter = self._counters.get(name, states - 1)
        if name not in self.frozen:
            counter = (counter + 1) % states
        self._counters[name] = counter
        frame = _protected(name, counter, tuple(values.items()))
        if name in self.bad_crc:
            return CanFrame(frame.can_id, bytes((frame.data[0] ^ 0x55,)) + frame.data[1:])
        return frame

    def _send(self, channel: str, name: str, frame: CanFrame) -> None:
        if name not in self.silent:
            self.firmware.receive(self.now_ns, channel, frame)

    def _receive_all(self) -> None:
        if self._tick % 10 == 0:
            for group in range(24):
                self._send(
                    "sense",
                    "IO_CellVoltages",
                    CanFrame(0x300, _cell_group(group, *self.cells_v[4 * group : 4 * group + 4])),
                )
            self._sweeps += not self.stale_sweeps
            self._send("sense", "IO_AfeStatus", self.protected("IO_AfeStatus", self._afe()))
            charger = {"ChargerState": 2 if self.mode == 2 else 0, "PlugConnected": int(self.mode == 2)}
            charger |= {"OutputVoltage": 355, "OutputCurrent": 0, "ChargerTemperature": 30, "ChargerFault": 0}
            self._send("vehicle", "CHG_Status", self.protected("CHG_Status", charger))
            self._send("sense", "IO_Insulation", self.protected("IO_Insulation", self._insulation()))
        if self._tick % 100 == 0:
            balancing = {"ActiveChannels": self.balancing, "FirstChannel": int(self.balancing > 0)}
            self._send("sense", "IO_Balancing", self.protected("IO_Balancing", balancing))
            for group in range(4):
                numbers = range(6 * group + 1, 6 * group + 7)
                sensors = {f"Temperature{n:02d}": self.temperatures_c[n - 1] for n in numbers}
                data = IO.encode_message("IO_Temperatures", {"SensorGroup": group, **sensors})
                self._send("sense", "IO_Temperatures", CanFrame(0x301, data))
        self._send("sense", "IO_Current", self.protected("IO_Current", self._current()))
        self._send("sense", "IO_Contactors", self.protected("IO_Contactors", self._contacts()))
        if self._tick % 2 == 0:
            wish = {"ModeRequest": self.mode, "FaultReset": int(self.reset), "ChargerAllowed": 1}
            moving = {"VehicleSpeed": self.speed_kmh, "TorqueRequest": 0, "Ignition": 2, "Gear": 3}
            moving |= {"BrakePressed": 0, "CrashFlag": int(self.crash_flag)}
            self._send("vehicle", "VCU_Vehicle", self.protected("VCU_Vehicle", moving))
            self._send("vehicle", "VCU_BmsCommand", self.protected("VCU_BmsCommand", wish))

    def _current(self) -> dict[str, float]:
        hall_a = self.current_a if self.hall_a is None else self.hall_a
        return {
            **dict.fromkeys(("SensorError", "Overrange", "ChannelMismatch"), 0),
            **dict.fromkeys(self.sensor_bits, 1),
            "PackCurrent": self.current_a,
            "PackCurrentRedundant": hall_a,
        }

    def _afe(self) -> dict[str, float]:
        return {
            "ChainStatus": self.chain_status,
            "SweepCounter": self._sweeps % 16,
            "OpenWire": self.open_wire,
            "AdcFault": int(self.adc_fault),
            "ModulesLost": self.modules_lost,
            "SweepCrc": self.sweep_crc,
        }

    def _insulation(self) -> dict[str, float]:
        return {
            "MonitorStatus": self.monitor_status,
            "InsulationPlus": self.plus_kohm,
            "InsulationMinus": self.minus_kohm,
            "MeasurementAge": self.monitor_age_s,
            "ChassisConnectionLost": int(self.chassis_lost),
            "DeviceError": int(self.monitor_error),
        }

    def _contacts(self) -> dict[str, float]:
        coils = self.coils
        names = ("Plus", "Minus", "Precharge")
        closed = {
            f"{name}Feedback": int((coil or name in self.welded) and name not in self.stuck_open)
            for name, coil in zip(names, coils)
        }
        pack_v = round((sum(self.cells_v) + self.pack_offset_v) / 0.05) * 0.05
        link_v = pack_v if self.link_follows and (coils[0] or coils[2]) else 0.0
        return {
            **closed,
            "HvilClosed": int(self.hvil_closed),
            "CrashLine": int(self.crash),
            "PyroOpen": int(self.pyro_open),
            "Clamp15": int(self.clamp15),
            "SupplyVoltage": self.supply_v,
            "LinkVoltage": link_v,
            "PackVoltage": pack_v,
        }

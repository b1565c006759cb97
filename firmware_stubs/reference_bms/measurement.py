"""The inputs: sense frames and the vehicle's command, as raw integers; each with when it was last good.

Decoding is by shifts, because the cell sweep alone brings 240 frames a second. Layouts:
dbc/bench_io.dbc, dbc/bms.dbc.
"""

from firmware_stubs.reference_bms.e2e import Receiver
from firmware_stubs.reference_bms.limits import CELLS, SENSORS

NEVER_NS = -1
CELL_NO_VALUE = 16383
TEMPERATURE_NO_VALUE = 1023
INVALID = 2

_ALL_CELL_GROUPS = (1 << 24) - 1
_ALL_SENSOR_GROUPS = (1 << 4) - 1


def cell_raw(volt: float) -> int:
    """Volt to raw: 0.5 mV per bit from -2 V."""
    return round((volt + 2.0) / 0.0005)


def temperature_raw(celsius: float) -> int:
    """Degrees Celsius to raw: 0.25 K per bit from -60."""
    return round((celsius + 60.0) * 4.0)


class CellInput:
    """The AFE chain. A sweep is complete when each of the 24 groups has come once."""

    __slots__ = ("_seen", "complete_ns", "groups", "raw")

    def __init__(self) -> None:
        self.raw = [0] * CELLS
        self.groups = [b"\x00"] * 24  # as received, for forwarding
        self.complete_ns = NEVER_NS
        self._seen = 0

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True when this frame completes a sweep. With a missing value `complete_ns` stays."""
        group = data[0]
        bit = 1 << group
        if bit > _ALL_CELL_GROUPS or len(data) != 8:
            return False
        if data != self.groups[group]:
            self.groups[group] = data
            word = int.from_bytes(data, "little")
            at = 4 * group
            self.raw[at : at + 4] = (
                (word >> 8) & 0x3FFF, (word >> 22) & 0x3FFF, (word >> 36) & 0x3FFF, word >> 50,
            )  # fmt: skip
        if self._seen & bit:  # a group has come twice: the sweep before was torn
            self._seen = 0
        self._seen |= bit
        if self._seen != _ALL_CELL_GROUPS:
            return False
        self._seen = 0
        if CELL_NO_VALUE not in self.raw:
            self.complete_ns = now_ns
        return True


class TemperatureInput:
    """24 sensors in four frames a second."""

    __slots__ = ("_seen", "complete_ns", "raw")

    def __init__(self) -> None:
        self.raw = [0] * SENSORS
        self.complete_ns = NEVER_NS
        self._seen = 0

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True when this frame completes a sweep without a missing value."""
        word = int.from_bytes(data, "little")
        group = word & 0x0F
        bit = 1 << group
        if bit > _ALL_SENSOR_GROUPS or len(data) != 8:
            return False
        self.raw[6 * group : 6 * group + 6] = [(word >> shift) & 0x3FF for shift in (4, 14, 24, 34, 44, 54)]
        if self._seen & bit:
            self._seen = 0
        self._seen |= bit
        if self._seen != _ALL_SENSOR_GROUPS:
            return False
        self._seen = 0
        if TEMPERATURE_NO_VALUE in self.raw:
            return False
        self.complete_ns = now_ns
        return True


class CurrentInput:
    """The current sensor; milliampere, discharge positive."""

    __slots__ = ("e2e", "heard_ns", "milliampere")

    def __init__(self) -> None:
        self.e2e = Receiver(770)
        self.heard_ns = NEVER_NS
        self.milliampere = 0

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True when the value may be used: protected, and the sensor reports no error."""
        if len(data) != 8 or not self.e2e.accept(data) or data[1] & 0x10:
            return False
        self.milliampere = int.from_bytes(data[2:5], "little", signed=True)
        self.heard_ns = now_ns
        return True


class InsulationInput:
    """The insulation monitor; each pole to chassis in units of 100 ohm."""

    __slots__ = ("e2e", "heard_ns", "minus_hectoohm", "plus_hectoohm")

    def __init__(self) -> None:
        self.e2e = Receiver(771)
        self.heard_ns = NEVER_NS
        self.plus_hectoohm = 0
        self.minus_hectoohm = 0

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True when the values may be used: protected, and the monitor calls them valid."""
        if len(data) != 8 or not self.e2e.accept(data) or data[1] & 0xF0:
            return False
        self.plus_hectoohm = data[2] | data[3] << 8
        self.minus_hectoohm = data[4] | data[5] << 8
        self.heard_ns = now_ns
        return True


class ContactorInput:
    """Auxiliary contacts, HVIL, crash line, clamp 30, and the two high voltages in units of 50 mV."""

    __slots__ = (
        "crash", "e2e", "heard_ns", "hvil_closed", "link_raw", "minus", "pack_raw", "plus", "precharge",
        "supply_raw",
    )  # fmt: skip

    def __init__(self) -> None:
        self.e2e = Receiver(772)
        self.heard_ns = NEVER_NS
        self.plus = self.minus = self.precharge = INVALID
        self.hvil_closed = False
        self.crash = False
        self.supply_raw = 0
        self.link_raw = 0
        self.pack_raw = 0

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True when protected. Feedback that is Invalid is taken over but does not refresh `heard_ns`."""
        if len(data) != 8 or not self.e2e.accept(data):
            return False
        switches = data[1] >> 4
        lines = data[2]
        self.plus = plus = switches & 3
        self.minus = minus = switches >> 2
        self.precharge = precharge = lines & 3
        self.hvil_closed = bool(lines & 4)
        self.crash = bool(lines & 8)
        self.supply_raw = data[3]
        self.link_raw = data[4] | data[5] << 8
        self.pack_raw = data[6] | data[7] << 8
        if plus < INVALID and minus < INVALID and precharge < INVALID:
            self.heard_ns = now_ns
        return True


class CommandInput:
    """What the vehicle asks."""

    __slots__ = ("e2e", "heard_ns", "mode", "reset")

    def __init__(self) -> None:
        self.e2e = Receiver(160)
        self.heard_ns = NEVER_NS
        self.mode = 0
        self.reset = False

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True on the rising edge of FaultReset."""
        if len(data) != 4 or not self.e2e.accept(data):
            return False
        self.mode = data[1] >> 4
        pressed = bool(data[2] & 1)
        edge = pressed and not self.reset
        self.reset = pressed
        self.heard_ns = now_ns
        return edge

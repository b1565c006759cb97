"""The inputs: sense frames and the vehicle's command, as raw integers; each with when it was last good.

Decoding is by shifts, because the cell sweep alone brings 240 frames a second. Layouts:
dbc/bench_io.dbc, dbc/bms.dbc.
"""

from binascii import crc_hqx

from firmware_stubs.reference_bms.debounce import InARow
from firmware_stubs.reference_bms.e2e import ListReceiver, NibbleReceiver, Receiver, WideReceiver, data_ids_of
from firmware_stubs.reference_bms.limits import CELLS, SENSORS

NEVER_NS = -1
CELL_NO_VALUE = 16383
TEMPERATURE_NO_VALUE = 1023
INVALID = 2
NTC_OPEN, NTC_SHORT = 0, 1022  # raw temperatures at the ends of the range
HIGHEST_MODE = 2
_HIGHEST_SPEED = 40000  # 400 km/h
_HIGHEST_OUTPUT = 10000  # 1000 V
_FLAW_FRAMES = 3

_ALL_CELL_GROUPS = (1 << 24) - 1
_ALL_SENSOR_GROUPS = (1 << 4) - 1


def cell_raw(volt: float) -> int:
    """Volt to raw: 0.5 mV per bit from -2 V."""
    return round((volt + 2.0) / 0.0005)


def temperature_raw(celsius: float) -> int:
    """Degrees Celsius to raw: 0.25 K per bit from -60."""
    return round((celsius + 60.0) * 4.0)


class CellInput:
    """The AFE chain. A sweep is complete when each of the 24 groups has come once, group 0 first.

    crcs: of the last complete sweep and of the one before it, CRC-16 CCITT-FALSE over their frames. The chain's status
    tells the checksum of the sweep that was the last when the status was made up: either of them.
    """

    __slots__ = ("_seen", "complete_ns", "crcs", "groups", "raw")

    def __init__(self) -> None:
        self.raw = [0] * CELLS
        self.groups = [b"\x00"] * 24  # as received, for forwarding
        self.complete_ns = NEVER_NS
        self.crcs = (0, 0)
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
        # The first group begins a sweep, wherever this controller woke up; one that comes twice tells of a torn one.
        if group == 0 or self._seen & bit:
            self._seen = 0
        self._seen |= bit
        if self._seen != _ALL_CELL_GROUPS:
            return False
        self._seen = 0
        self.crcs = (crc_hqx(b"".join(self.groups), 0xFFFF), self.crcs[0])
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


class Heard:
    """A protected message: when its values were last good, and whether it has come in a wrong shape."""

    __slots__ = ("_cycle_ns", "_taken_ns", "e2e", "flaw", "heard_ns", "length")

    def __init__(self, e2e: Receiver, length: int, cycle_ms: int) -> None:
        self.e2e = e2e
        self.length = length
        self.heard_ns = NEVER_NS
        self.flaw = InARow(_FLAW_FRAMES)
        self._cycle_ns = cycle_ms * 1_000_000
        self._taken_ns = NEVER_NS

    def usable(self, now_ns: int, data: bytes) -> bool:
        """Right length, right CRC, a counter in sequence."""
        if len(data) != self.length:
            self.flaw.update(True)
            return False
        waited_ns = now_ns - self._taken_ns
        missed = 0 if self._taken_ns < 0 or waited_ns < self._cycle_ns else waited_ns // self._cycle_ns - 1
        if not self.e2e.accept(data, missed):
            return False
        self._taken_ns = now_ns
        return True

    def in_range(self, good: bool) -> bool:
        """Whether its values can be; notes it when they can't."""
        if not good or self.flaw.count or self.flaw.active:
            self.flaw.update(not good)
        return good


class CurrentInput(Heard):
    """The current sensor; milliampere, discharge positive, of the shunt and of the Hall channel."""

    __slots__ = ("erroneous", "hall_milliampere", "milliampere")

    def __init__(self) -> None:
        super().__init__(Receiver(770), 8, 10)
        self.milliampere = self.hall_milliampere = 0
        self.erroneous = False

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True when protected. With an error reported by the sensor its values are not taken over."""
        if not self.usable(now_ns, data):
            return False
        self.heard_ns = now_ns
        self.erroneous = bool(data[1] & 0x70)
        if not self.erroneous:
            word = int.from_bytes(data[2:], "little")
            shunt, hall = word & 0xFFFFFF, word >> 24
            self.milliampere = shunt - (shunt >> 23 << 24)
            self.hall_milliampere = hall - (hall >> 23 << 24)
        return True


class InsulationInput(Heard):
    """The insulation monitor; each pole to chassis in units of 100 ohm, the age of that in units of 100 ms."""

    __slots__ = ("age", "minus_hectoohm", "plus_hectoohm", "status", "trouble")

    def __init__(self) -> None:
        super().__init__(Receiver(771), 8, 100)
        self.plus_hectoohm = self.minus_hectoohm = 0
        self.status = self.age = 0
        self.trouble = 0  # bit 0 chassis connection lost, bit 1 device error

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True when protected and within range."""
        if not self.usable(now_ns, data) or not self.in_range(data[1] >> 4 <= 2):
            return False
        self.status = data[1] >> 4
        self.age = data[6]
        self.trouble = data[7] & 3
        self.plus_hectoohm = data[2] | data[3] << 8
        self.minus_hectoohm = data[4] | data[5] << 8
        self.heard_ns = now_ns
        return True


class ContactorInput(Heard):
    """Auxiliary contacts, HVIL, crash line, pyro, clamps, and the two high voltages in units of 50 mV."""

    __slots__ = (
        "clamp_15", "crash", "hvil_closed", "link_raw", "minus", "pack_raw", "plus", "precharge", "pyro_open",
        "supply_raw",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__(Receiver(772), 8, 10)
        self.plus = self.minus = self.precharge = INVALID
        self.hvil_closed = self.crash = self.pyro_open = self.clamp_15 = False
        self.supply_raw = self.link_raw = self.pack_raw = 0

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True when protected. Feedback that is Invalid is taken over but does not refresh `heard_ns`."""
        if not self.usable(now_ns, data):
            return False
        switches = data[1] >> 4
        lines = data[2]
        self.plus = plus = switches & 3
        self.minus = minus = switches >> 2
        self.precharge = precharge = lines & 3
        self.hvil_closed = bool(lines & 4)
        self.crash = bool(lines & 8)
        self.pyro_open = bool(lines & 16)
        self.clamp_15 = bool(lines & 32)
        self.supply_raw = data[3]
        self.link_raw = data[4] | data[5] << 8
        self.pack_raw = data[6] | data[7] << 8
        if plus < INVALID and minus < INVALID and precharge < INVALID:
            self.heard_ns = now_ns
        return True


class AfeInput(Heard):
    """What the AFE chain says of itself after each sweep."""

    __slots__ = ("adc_fault", "modules_lost", "open_wire", "status", "sweep", "sweep_crc")

    def __init__(self) -> None:
        super().__init__(WideReceiver(774), 8, 100)
        self.status = self.sweep = self.open_wire = self.modules_lost = self.sweep_crc = 0
        self.adc_fault = False

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True when protected and within range."""
        if not self.usable(now_ns, data) or not self.in_range(
            data[3] & 0x0F <= 4 and data[4] & 0x7F <= CELLS + 1
        ):
            return False
        self.heard_ns = now_ns
        self.status = data[3] & 0x0F
        self.sweep = data[3] >> 4
        self.open_wire = data[4] & 0x7F
        self.adc_fault = bool(data[4] & 0x80)
        self.modules_lost = data[5]
        self.sweep_crc = data[6] | data[7] << 8
        return True


class BalancingInput(Heard):
    """How many balancing switches are on, as read back."""

    __slots__ = ("active",)

    def __init__(self) -> None:
        super().__init__(Receiver(775), 6, 1000)
        self.active = 0

    def receive(self, now_ns: int, data: bytes) -> bool:
        if not self.usable(now_ns, data) or not self.in_range(data[2] <= CELLS):
            return False
        self.heard_ns = now_ns
        self.active = data[2]
        return True


class CommandInput(Heard):
    """What the vehicle asks."""

    __slots__ = ("mode", "reset")

    def __init__(self) -> None:
        super().__init__(Receiver(160), 4, 20)
        self.mode = 0
        self.reset = False

    def receive(self, now_ns: int, data: bytes) -> bool:
        """True on the rising edge of FaultReset."""
        if not self.usable(now_ns, data) or not self.in_range(data[1] >> 4 <= HIGHEST_MODE):
            return False
        self.mode = data[1] >> 4
        pressed = bool(data[2] & 1)
        edge = pressed and not self.reset
        self.reset = pressed
        self.heard_ns = now_ns
        return edge


class _Listened(Heard):
    """A message nobody waits for: taking it in is all there is to do."""

    __slots__ = ()

    def receive(self, now_ns: int, data: bytes) -> bool:
        raise NotImplementedError

    def receive_only(self, now_ns: int, data: bytes) -> None:
        self.receive(now_ns, data)


class VehicleInput(_Listened):
    """Speed in units of 0.01 km/h and the crash flag; the frame's numbers are big-endian."""

    __slots__ = ("crash", "speed_raw")

    def __init__(self) -> None:
        super().__init__(NibbleReceiver(512), 8, 20)
        self.crash = False
        self.speed_raw = 0

    def receive(self, now_ns: int, data: bytes) -> bool:
        speed = data[2] << 8 | data[3] if len(data) == 8 else 0
        if not self.usable(now_ns, data) or not self.in_range(speed <= _HIGHEST_SPEED):
            return False
        self.heard_ns = now_ns
        self.speed_raw = speed
        self.crash = bool(data[6] & 0x40)
        return True


class ChargerInput(_Listened):
    """The charger: only whether it is there and talks sense."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(ListReceiver(data_ids_of(528)), 8, 100)

    def receive(self, now_ns: int, data: bytes) -> bool:
        volt = data[2] << 8 | data[3] if len(data) == 8 else 0
        if not self.usable(now_ns, data) or not self.in_range(volt <= _HIGHEST_OUTPUT and data[1] >> 5 <= 4):
            return False
        self.heard_ns = now_ns
        return True

"""The EA PSB, played: SCPI and Modbus RTU on one port, remote lock, silent refusals, alarms, a battery behind it."""

import math
import re
import struct
from collections import deque
from collections.abc import Callable
from functools import partial

from bench.codec import modbus_rtu as rtu
from bench.instruments.ports import DeviceEnd
from bench.timing.clock import Clock, Phase
from bench.units import NS_PER_MS

RESPONSE_NS = 3 * NS_PER_MS
LEAST_GAP_NS = 5 * NS_PER_MS
EXECUTED_NS = 10 * NS_PER_MS
TEXT_END_NS = 20 * NS_PER_MS  # on USB a silence ends a message that has no LF
LONGEST_TEXT = 256
MOST_COMMANDS = 5
HIGHEST_SHARE = 1.02
_QUEUE_DEPTH = 5
_TEXTS = {
    -100: "Command error", -102: "Syntax error", -108: "Parameter not allowed", -201: "Invalid while in local",
    -221: "Settings conflict", -222: "Data out of range", -225: "Out of memory", -999: "Safety OVP",
}  # fmt: skip
_VALUE = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(k?)([A-Za-z]*)")
NOMINAL_V, REMOTE, OUTPUT = 121, 402, 405
SINK_CURRENT, VOLTAGE, CURRENT, POWER, STATE, ACTUAL = 499, 500, 501, 502, 505, 507
FULL = 0xCCCC


class EaPsbSim:
    """One supply with a battery of `battery_v` and `inner_ohm` at its terminals. `local`: somebody is at the knobs.

    tail_ns: time constant by which the terminals discharge to `battery_v` once the output is off.
    """

    def __init__(
        self, *, nominal_v: float = 500.0, nominal_a: float = 90.0, nominal_w: float = 15000.0,
        battery_v: float = 360.0, inner_ohm: float = 0.1, tail_ns: int = 0,
    ) -> None:  # fmt: skip
        self.nominal_v, self.nominal_a, self.nominal_w = nominal_v, nominal_a, nominal_w
        self.battery_v = battery_v
        self.inner_ohm = inner_ohm
        self._tail_ns = tail_ns
        self._fell_from: tuple[int, float] | None = None  # when the output went off, and the voltage it had
        self.remote = self.local = self.on = self.alarm = False
        self._stuck = False
        self._identity = (
            f"EA Elektro-Automatik GmbH&Co.KG, PSB 9{nominal_v:.0f}-{nominal_a:.0f}, 1240210002, V2.14"
        )
        self._set = {"VOLT": 0.0, "CURR": 0.0, "SINK:CURR": 0.0, "POW": nominal_w, "SINK:POW": nominal_w}
        self._nominal = {
            "VOLT": nominal_v, "CURR": nominal_a, "SINK:CURR": nominal_a, "POW": nominal_w, "SINK:POW": nominal_w
        }  # fmt: skip
        self._coming: list[tuple[int, Callable[[], None]]] = []
        self._errors: deque[int] = deque()

    def raise_alarm(self) -> None:
        """An overvoltage alarm: the output goes off and stays off until the queue has been read."""
        self.alarm = True
        self._put(False)

    def stick(self, number: int, now_ns: int) -> None:  # noqa: ARG002
        """The output stays on, or off, as it is; orders to it are acknowledged."""
        self.terminals(now_ns)
        self._stuck = True

    def terminals(self, now_ns: int) -> tuple[float, float]:
        """(V, A) at the terminals; positive current flows out of the supply."""
        while self._coming and self._coming[0][0] <= now_ns:
            at_ns, act = self._coming.pop(0)
            before_v = self._driven()[0] if self.on else None
            act()
            if before_v is not None and not self.on:
                self._fell_from = (at_ns, before_v)
        if self.on:
            return self._driven()
        if self._fell_from is None or not self._tail_ns:
            return self.battery_v, 0.0
        at_ns, from_v = self._fell_from
        left = math.exp((at_ns - now_ns) / self._tail_ns)
        return self.battery_v + (from_v - self.battery_v) * left, 0.0

    def _driven(self) -> tuple[float, float]:
        wanted_a = (self._set["VOLT"] - self.battery_v) / self.inner_ohm
        current_a = max(-self._set["SINK:CURR"], min(self._set["CURR"], wanted_a))
        return self.battery_v + current_a * self.inner_ohm, current_a

    # -- SCPI ----------------------------------------------------------------------------------------------

    def text(self, line: str, now_ns: int) -> bytes:
        self.terminals(now_ns)
        commands = [piece.strip() for piece in line.split(";") if piece.strip()]
        if len(line) > LONGEST_TEXT or len(commands) > MOST_COMMANDS:
            self._refuse(-225)
            return b""
        replies = [
            reply for one in commands if (reply := self._obey(one.removeprefix(":"), now_ns)) is not None
        ]
        return (";".join(replies) + "\n").encode("ascii") if replies else b""

    def _obey(self, command: str, now_ns: int) -> str | None:
        header, _, parameter = command.upper().partition(" ")
        if (told := self._told(header, now_ns)) is not None:
            return told
        match header:
            case "SYST:LOCK":
                self._lock(parameter)
            case "*RST":
                self.remote, self.alarm = not self.local, False
                self._put(False)
            case "OUTP" if parameter in ("ON", "OFF"):
                self._guarded(lambda: self._later(now_ns, lambda: self._switch(parameter == "ON")))
            case _ if header in self._set:
                self._guarded(lambda: self._accept(header, parameter, now_ns))
            case _:
                self._refuse(-100)
        return None

    def _told(self, header: str, now_ns: int) -> str | None:
        """The answer to a question; None for a command, and for a question that is not known."""
        if header == "SYST:ERR?":
            return self._next_error()
        if header == "SYST:ERR:ALL?":
            return self._every_error()
        volts, amps = self.terminals(now_ns)
        watts = volts * amps
        answers = {
            "*IDN?": self._identity,
            "SYST:LOCK:OWN?": "LOCAL" if self.local else "REMOTE" if self.remote else "NONE",
            "OUTP?": "ON" if self.on else "OFF",
            "MEAS:VOLT?": f"{volts:.2f}V",
            "MEAS:CURR?": f"{amps:.1f}A",
            "MEAS:POW?": f"{watts:.0f}W",
            "MEAS:ARR?": f"{volts:.2f}V, {amps:.1f}A, {watts:.0f}W",
        }
        return answers.get(header)

    def _every_error(self) -> str:
        found = [self._next_error()]
        while self._errors:
            found.append(self._next_error())
        return ",".join(found)

    def _lock(self, parameter: str) -> None:
        if self.local:
            self._refuse(-201)
        else:
            self.remote = parameter == "ON"

    def _guarded(self, act: Callable[[], None]) -> None:
        """Settings need the remote lock; without it they are refused in silence."""
        if self.remote and not self.local:
            act()
        else:
            self._refuse(-201 if self.local else -221)

    def _accept(self, header: str, parameter: str, now_ns: int) -> None:
        nominal = self._nominal[header]
        match = _VALUE.fullmatch(parameter)
        if parameter in ("MIN", "MAX"):
            value = 0.0 if parameter == "MIN" else nominal
        elif match is None:
            self._refuse(-102)
            return
        else:
            value = float(match[1]) * (1000.0 if match[2] else 1.0)
        if not 0 <= value <= HIGHEST_SHARE * nominal:
            self._refuse(-222)
            return
        self._later(now_ns, lambda: self._set.update({header: value}))

    def _switch(self, on: bool) -> None:
        self._put(on and not self.alarm)

    def _put(self, on: bool) -> None:
        if not self._stuck:
            self.on = on

    def _later(self, now_ns: int, act: Callable[[], None]) -> None:
        self._coming.append((now_ns + EXECUTED_NS, act))

    def _next_error(self) -> str:
        self.alarm = False  # the side effect that hides alarms from the careless
        code = self._errors.popleft() if self._errors else 0
        return f'{code},"{_TEXTS.get(code, "No error")}"'

    def _refuse(self, code: int) -> None:
        if len(self._errors) < _QUEUE_DEPTH:
            self._errors.append(code)

    # -- Modbus RTU ----------------------------------------------------------------------------------------

    def frame(self, frame: bytes, now_ns: int) -> bytes:
        """The reply to one whole RTU frame of address 0 or 1."""
        self.terminals(now_ns)
        address, function = frame[0], frame[1]
        if not rtu.intact(frame):
            return rtu.framed(bytes((address, function | rtu.EXCEPTION, 5)))
        where, value = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if function == rtu.READ_REGISTERS:
            data = self._registers(where, value, now_ns)
            if data is None:
                return rtu.framed(bytes((address, function | rtu.EXCEPTION, 2)))
            return rtu.framed(bytes((address, function, len(data))) + data)
        if function == rtu.READ_COILS:
            state = {REMOTE: self.remote, OUTPUT: self.on}.get(where)
            if state is None:
                return rtu.framed(bytes((address, function | rtu.EXCEPTION, 2)))
            data = b"\xff\x00" if state else b"\x00\x00"  # "Limited" mode: two bytes
            return rtu.framed(bytes((address, function, len(data))) + data)
        if function in (rtu.WRITE_COIL, rtu.WRITE_REGISTER):
            code = self._write(where, value, now_ns)
            return frame if code == 0 else rtu.framed(bytes((address, function | rtu.EXCEPTION, code)))
        return rtu.framed(bytes((address, function | rtu.EXCEPTION, 1)))

    def _registers(self, first: int, count: int, now_ns: int) -> bytes | None:
        volts, amps = self.terminals(now_ns)
        shares = (volts / self.nominal_v, abs(amps) / self.nominal_a, abs(volts * amps) / self.nominal_w)
        state = self.on << 7 | self.remote << 11 | (amps < 0) << 12 | self.alarm << 15
        known = {
            (NOMINAL_V, 2): struct.pack(">f", self.nominal_v),
            (STATE, 2): state.to_bytes(4, "big"),
            (ACTUAL, 3): struct.pack(">3H", *(min(0xFFFF, round(share * FULL)) for share in shares)),
        }
        return known.get((first, count))

    def _write(self, where: int, value: int, now_ns: int) -> int:
        """0 when taken, else the exception code."""
        if self.local:
            return 0x17
        if where == REMOTE:
            self.remote = value == rtu.COIL_ON
            return 0
        if not self.remote:
            return 7
        names = {VOLTAGE: "VOLT", CURRENT: "CURR", SINK_CURRENT: "SINK:CURR", POWER: "POW"}
        if where == OUTPUT:
            self._later(now_ns, lambda: self._switch(value == rtu.COIL_ON))
        elif where in names:
            if value > HIGHEST_SHARE * FULL:
                return 3
            name = names[where]
            self._later(now_ns, lambda: self._set.update({name: value / FULL * self._nominal[name]}))
        else:
            return 2
        return 0


def _length_of_frame(pending: bytearray) -> int | None:
    """Bytes of the Modbus frame that `pending` begins with, all where it is not known; None: it is not whole yet."""
    if len(pending) < 7:
        return None
    rest = rtu.rest_of_request(bytes(pending[:7]))
    if rest is None:
        return len(pending)
    return None if len(pending) < 7 + rest else 7 + rest


class _Attached:
    """The device's end of a line. The first byte of a message says which protocol it is in."""

    def __init__(self, sim: EaPsbSim, device: DeviceEnd, clock: Clock) -> None:
        self._sim, self._device, self._clock = sim, device, clock
        self._pending = bytearray()
        self._free_ns = 0
        self._serial = 0

    def arrived(self, now_ns: int, data: bytes) -> None:
        self._serial += 1
        self._pending.extend(data)
        while self._pending:
            first = self._pending[0]
            if first >= 42:
                end = self._pending.find(b"\n")
                if end < 0:
                    silence = partial(self._silence, self._serial)
                    self._clock.call_at(now_ns + TEXT_END_NS, Phase.INSTRUMENT, silence)
                    return
                self._take(end + 1, now_ns, text=True)
            elif first in (0, 1):
                length = _length_of_frame(self._pending)
                if length is None:
                    return
                self._take(length, now_ns, text=False)
            elif first in (10, 13):  # an empty line
                del self._pending[:1]
            else:
                self._pending.clear()
                self._answer(rtu.framed(bytes((first, rtu.EXCEPTION, 1))))

    def _silence(self, mark: int) -> None:
        if mark == self._serial and self._pending and self._pending[0] >= 42:
            self._take(len(self._pending), self._clock.now_ns(), text=True)

    def _take(self, length: int, now_ns: int, *, text: bool) -> None:
        message = bytes(self._pending[:length])
        del self._pending[:length]
        if now_ns < self._free_ns:  # too close behind the last one: lost
            return
        self._free_ns = now_ns + LEAST_GAP_NS

        def act() -> None:
            at_ns = self._clock.now_ns()
            line = message.decode("ascii", "replace").strip()
            self._answer(self._sim.text(line, at_ns) if text else self._sim.frame(message, at_ns))

        self._clock.call_at(now_ns + RESPONSE_NS, Phase.INSTRUMENT, act)

    def _answer(self, reply: bytes) -> None:
        if reply:
            self._device.write(reply)


def attach_ea_psb(sim: EaPsbSim, device: DeviceEnd, clock: Clock) -> None:
    """Let `sim` answer at `device`, in SCPI and in Modbus RTU."""
    device.subscribe(_Attached(sim, device, clock).arrived)

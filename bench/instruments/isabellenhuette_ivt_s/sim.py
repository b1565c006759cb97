"""The Isabellenhütte IVT-S, played: eight results on their periods, with counters and error bits, and commands."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from bench.errors import LinkError
from bench.instruments.isabellenhuette_ivt_s.driver import (
    ANSWER,
    COMMAND,
    CYCLIC,
    GET_DEVICE,
    GET_SERIAL,
    GET_SOFTWARE,
    RESPONSE,
    SET_MODE,
    START,
    WRONG_COMMAND,
)
from bench.links.ports import CanLink
from bench.timing.clock import Clock, Phase, Timer
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS

FIRST_RESULT = 0x521
RESULTS = 8
ANSWER_NS = 2 * NS_PER_MS
MEASUREMENT_ERROR = 0b0100
RATED_A = 500
SERIAL = 104_327
SOFTWARE = bytes((1, 16, 2, 20, 8, 12, 0))  # hardware, minor, revision, year, month, day, internal
_LOWEST, _HIGHEST = -(1 << 31), (1 << 31) - 1


def delivered_period_ns(result: int) -> int:
    """Current and voltages fast, temperature, power and counters slower: the bench's own choice, set it as needed."""
    return (10 if result == 0 else 30 if result < 4 else 100) * NS_PER_MS


class IsabellenhuetteIvtSSim:
    """One sensor on `link`.

    `values`: result 0 to 7 (I, U1, U2, U3, T, W, As, Wh) → its value in A, V, degC, W, As, Wh; what is missing is
    not sent. `errors` are or-ed into the upper nibble of byte 1: 1 OCS, 2 channel, 4 measurement, 8 system.
    """

    def __init__(self, link: CanLink, clock: Clock, values: Mapping[int, Callable[[], float]]) -> None:
        self.errors = 0
        self.running = True
        self._stuck = False
        self._link = link
        self._clock = clock
        self._values = dict(values)
        self._counters = [0] * RESULTS
        self._periods_ns = {result: delivered_period_ns(result) for result in values}
        self._modes = dict.fromkeys(values, CYCLIC)
        self._timers: dict[int, Timer] = {}
        link.subscribe(self._heard)

    def start(self, first_ns: int) -> None:
        for result in self._values:
            self._schedule(result, first_ns)

    def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def stick(self, number: int, now_ns: int) -> None:  # noqa: ARG002
        """Its periods stay as they are; its answer to a command says which it has."""
        self._stuck = True

    def ail(self) -> None:
        self.errors |= MEASUREMENT_ERROR

    def _schedule(self, result: int, first_ns: int) -> None:
        if result in self._timers:
            self._timers[result].cancel()
        self._timers[result] = self._clock.every(
            self._periods_ns[result], Phase.INSTRUMENT, lambda: self._report(result), first_ns=first_ns
        )

    def _report(self, result: int) -> None:
        if not self.running or self._modes[result] != CYCLIC:
            return
        gain = 1000.0 if result < 4 else 10.0 if result == 4 else 1.0  # mA and mV, 0.1 degC, then plain
        raw = max(_LOWEST, min(_HIGHEST, round(self._values[result]() * gain)))
        counter = self._counters[result]
        self._counters[result] = counter + 1 & 0xF
        data = bytes((result, self.errors << 4 | counter)) + raw.to_bytes(4, "big", signed=True)
        self._send(CanFrame(FIRST_RESULT + result, data))

    def _heard(self, t_ns: int, frame: CanFrame) -> None:
        if frame.can_id == COMMAND and not frame.extended and len(frame.data) == 8:
            self._clock.call_at(t_ns + ANSWER_NS, Phase.INSTRUMENT, lambda: self._answer(frame.data))

    def _answer(self, data: bytes) -> None:
        number = data[0]
        if 0x20 <= number < 0x20 + RESULTS and number - 0x20 in self._values:
            result, period_ms = number - 0x20, int.from_bytes(data[2:4], "big")
            if not self.running and period_ms and not self._stuck:  # configured while stopped only
                self._modes[result] = data[1] & 3
                self._periods_ns[result] = period_ms * NS_PER_MS
                self._schedule(result, self._clock.now_ns() + self._periods_ns[result])
            held = self._periods_ns[result] // NS_PER_MS
            payload = bytes((ANSWER | number, self._modes[result])) + held.to_bytes(2, "big")
        elif number == SET_MODE:
            self.running = data[1] & 1 == START
            payload = bytes((ANSWER | number,)) + data[1:5]
        elif number == GET_DEVICE:
            payload = (
                bytes((ANSWER | number & 0x3F, 0)) + (RATED_A << 4 | 3).to_bytes(2, "big") + b"\x03\x01\x01"
            )
        elif number == GET_SERIAL:
            payload = bytes((ANSWER | number & 0x3F,)) + SERIAL.to_bytes(4, "big")
        elif number == GET_SOFTWARE:
            payload = bytes((ANSWER | number & 0x3F,)) + SOFTWARE
        else:
            payload = bytes((WRONG_COMMAND, number))
        self._send(CanFrame(RESPONSE, payload.ljust(8, b"\x00")))

    def _send(self, frame: CanFrame) -> None:
        with suppress(LinkError):
            self._link.send(frame)

"""The Bender iso165C, played: for a DUT that reads it, and for the driver. Reports every second, answers commands.

What it measures comes from `r_iso_ohm`, averaged over the last readings as set by command 43. The error codes for
a refused command are not documented one by one: 33 stands for "locked", 36 for "parameter".
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress

from bench.errors import LinkError
from bench.instruments.bender_iso165c.driver import (
    ERROR_FRAME,
    ERROR_KOHM,
    GET_ERROR,
    GET_WARNING,
    INFO,
    LOCK,
    MEASURE,
    REQUEST,
    RESPONSE,
    SELF_TEST,
    SET_ERROR,
    SET_WARNING,
    VERSION,
    WARNING_KOHM,
)
from bench.links.ports import CanLink
from bench.timing.clock import Clock, Phase, Timer
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS, NS_PER_S

INFO_PERIOD_NS = NS_PER_S
ANSWER_NS = 20 * NS_PER_MS
SELF_TEST_NS = 5 * NS_PER_S
SET_AVERAGE, GET_R_ISO, GET_STATUS, HV1, HV2, HV_RELAYS, GET_HV_RELAYS = 43, 53, 220, 54, 58, 210, 221
LOCKED_ERROR, PARAMETER_ERROR, UNKNOWN_ERROR = 33, 36, 32
HIGHEST_KOHM = 50_000


class BenderIso165cSim:
    """One monitor on `link`. `deaf` makes it silent to commands, `outdated` freezes what it measures."""

    def __init__(
        self,
        link: CanLink,
        clock: Clock,
        r_iso_ohm: Callable[[], float],
        *,
        pack_voltage_v: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.deaf = self.outdated = self.system_failure = False
        self.locked = True
        self._stuck = False
        self.measuring = True
        self._link = link
        self._clock = clock
        self._r_iso_ohm = r_iso_ohm
        self._pack_voltage_v = pack_voltage_v
        self._error_kohm, self._warning_kohm = 100, 500
        self._relays = [1, 1]
        self._average = 1
        self._seen: deque[float] = deque(maxlen=20)
        self._tested_ns: int | None = None  # when the running self-test will have ended
        self._ever_tested = True  # it tests itself when switched on
        self._count = 0
        self._timer: Timer | None = None
        link.subscribe(self._heard)

    def start(self, first_ns: int) -> None:
        self._timer = self._clock.every(INFO_PERIOD_NS, Phase.INSTRUMENT, self._report, first_ns=first_ns)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def stick(self, number: int, now_ns: int) -> None:  # noqa: ARG002
        """Its thresholds, and whether it measures, stay as they are; orders are acknowledged."""
        self._stuck = True

    def ail(self) -> None:
        self.system_failure = True

    # -- what it says --------------------------------------------------------------------------------------

    def _kohm(self) -> int:
        recent = list(self._seen)[-self._average :]
        return round(sum(recent) / len(recent)) if recent else HIGHEST_KOHM

    def _word(self) -> int:
        """IMD_Info as one number; the bits are those of its DBC."""
        kohm = self._kohm()
        testing = self._tested_ns is not None and self._clock.now_ns() < self._tested_ns
        flags = {
            16: self.measuring and kohm <= self._error_kohm,
            17: False,
            18: self.system_failure,
            20: testing,
            21: self.measuring and kohm <= self._warning_kohm,
            32: not self.measuring,
            40: self.outdated,
            44: testing or not self._ever_tested,
        }
        return kohm | sum(1 << bit for bit, on in flags.items() if on)

    def _report(self) -> None:
        if self.measuring and not self.outdated:
            self._seen.append(max(0.0, min(HIGHEST_KOHM, self._r_iso_ohm() / 1000.0)))
            self._count = (self._count + 1) & 0xFF
        self._send(CanFrame(INFO, self._word().to_bytes(6, "little")))

    def _heard(self, t_ns: int, frame: CanFrame) -> None:
        if frame.can_id == REQUEST and not frame.extended and len(frame.data) == 5 and not self.deaf:
            self._clock.call_at(t_ns + ANSWER_NS, Phase.INSTRUMENT, lambda: self._answer(frame.data))

    def _answer(self, data: bytes) -> None:
        number, first = data[0], int.from_bytes(data[1:3], "little")
        second = int.from_bytes(data[3:5], "little")
        refused, words = self._obey(number, first, second)
        if refused:
            payload = bytes((ERROR_FRAME,)) + refused.to_bytes(2, "little") + bytes((number, 0))
        else:
            payload = bytes((number,)) + b"".join(word.to_bytes(2, "little") for word in words)
        self._send(CanFrame(RESPONSE, payload))

    def _obey(self, number: int, first: int, second: int) -> tuple[int, tuple[int, int]]:
        """(error code or 0, the two words of the answer)."""
        if number in (SELF_TEST, SET_ERROR, SET_WARNING, SET_AVERAGE, MEASURE, HV_RELAYS) and self.locked:
            return LOCKED_ERROR, (0, 0)
        match number:
            case _ if number == LOCK:
                if first == 0 and second != 0:
                    return PARAMETER_ERROR, (0, 0)
                self.locked = first == 1
            case 33:
                self._tested_ns = self._clock.now_ns() + SELF_TEST_NS
                self._ever_tested = True
            case 40 | 41:
                low, high = ERROR_KOHM if number == SET_ERROR else WARNING_KOHM
                if not low <= first <= high:
                    return PARAMETER_ERROR, (0, 0)
                self._set_threshold(number, first)
            case 43 if 1 <= first <= 20:
                self._average = first
            case 203:
                self.measuring = self.measuring if self._stuck else first == 1
            case 210 if first in (0, 1):
                self._relays[first] = second
            case _:
                return self._get(number, first, second)
        return 0, (first, second)

    def _set_threshold(self, number: int, kohm: int) -> None:
        if self._stuck:
            return
        if number == SET_ERROR:
            self._error_kohm = kohm
        else:
            self._warning_kohm = kohm

    def _get(self, number: int, first: int, second: int) -> tuple[int, tuple[int, int]]:
        half_v = round(self._pack_voltage_v() / 2)
        word = self._word()
        known = {
            GET_ERROR: (self._error_kohm, 0),
            GET_WARNING: (self._warning_kohm, 0),
            GET_R_ISO: (self._kohm(), self._count << 8),
            HV1: (half_v, 0),
            HV2: (half_v, 0),
            GET_STATUS: (word >> 32 & 0xFFFF, 0),
            GET_HV_RELAYS: (first, self._relays[first] if first in (0, 1) else 100),
            VERSION: (first, 0x0103),
        }
        if number not in known:
            return UNKNOWN_ERROR, (0, 0)
        del second
        return 0, known[number]

    def _send(self, frame: CanFrame) -> None:
        with suppress(LinkError):
            self._link.send(frame)

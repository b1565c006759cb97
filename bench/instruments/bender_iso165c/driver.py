"""Driver of the Bender iso165C insulation monitor on CAN: it reports by itself, and answers command frames.

Source: the DBC and the open driver named in docs/instruments.md. R_iso in kohm, little-endian words.
"""

import math

from bench.errors import InstrumentError
from bench.instruments.can_exchange import CanExchange, words
from bench.instruments.ports import InsulationReading
from bench.links.ports import CanLink
from bench.timing.clock import Clock
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS, NS_PER_S

INFO, REQUEST, RESPONSE = 0x37, 0x22, 0x23
INFO_BYTES, COMMAND_BYTES = 6, 5
SELF_TEST, SET_ERROR, SET_WARNING, GET_ERROR, GET_WARNING = 33, 40, 41, 50, 57
LOCK, MEASURE, VERSION, ERROR_FRAME = 202, 203, 222, 255
ANSWER_NS, ATTEMPTS = 100 * NS_PER_MS, 3
INFO_NS = 3 * NS_PER_S  # it is sent every second
MEASURE_NS = 3 * INFO_NS
SELF_TEST_NS = 30 * NS_PER_S
FAILURE, GROUND, SYSTEM, CALIBRATING, TESTING, WARNING = (1 << bit for bit in range(16, 22))
NOT_MEASURING, OUTDATED, TEST_MISSED = 1 << 32, 1 << 40, 1 << 44 | 1 << 45
ERROR_KOHM, WARNING_KOHM = (30, 1000), (40, 2000)


def command(number: int, first: int = 0, second: int = 0) -> CanFrame:
    """A command frame. number: 8 bit; first, second: its 16-bit arguments."""
    data = bytes((number,)) + first.to_bytes(2, "little") + second.to_bytes(2, "little")
    return CanFrame(REQUEST, data)


class BenderIso165c:
    """An InsulationMonitor."""

    def __init__(self, link: CanLink, clock: Clock) -> None:
        self._line = CanExchange(link, "Bender iso165C")
        self._clock = clock

    async def identify(self) -> str:
        answer = await self._command(VERSION)
        await self.read()
        return f"Bender iso165C, version {answer[4]}.{answer[3]}"

    async def read(self) -> InsulationReading:
        t_ns, frame = await self._info()
        word = int.from_bytes(frame.data, "little")
        return InsulationReading(
            t_ns=t_ns,
            r_iso_ohm=(word & 0xFFFF) * 1000.0,
            fault=bool(word & FAILURE),
            warning=bool(word & WARNING),
            valid=not word & (NOT_MEASURING | OUTDATED | SYSTEM | CALIBRATING),
        )

    async def set_thresholds(self, *, fault_ohm: float, warning_ohm: float) -> None:
        """Read back after setting: the monitor takes what lies within its limits and refuses the rest."""
        await self._command(LOCK)
        for setting, getting, ohm in (
            (SET_ERROR, GET_ERROR, fault_ohm),
            (SET_WARNING, GET_WARNING, warning_ohm),
        ):
            if not 0 <= ohm < math.inf:
                raise InstrumentError(
                    f"Bender iso165C: asked for a threshold of {ohm:g} ohm; expected 0 or more"
                )
            kohm = round(ohm / 1000)
            await self._command(setting, kohm)
            held = int.from_bytes((await self._command(getting))[1:3], "little")
            if held != kohm:
                raise self._line.error(command(setting, kohm), f"{held} kohm", "the threshold was not taken")

    async def self_test(self) -> None:
        sent = command(SELF_TEST)
        await self._command(LOCK)
        await self._command(SELF_TEST)
        deadline_ns = self._clock.now_ns() + SELF_TEST_NS
        while self._clock.now_ns() < deadline_ns:
            _, frame = await self._line.ask(
                None, lambda frame: frame.can_id == INFO, INFO_NS, what="frame 0x037"
            )
            word = int.from_bytes(frame.data, "little")
            if not word & TESTING and not word & TEST_MISSED:
                if word & SYSTEM:
                    raise self._line.error(sent, words(frame), "the self-test found a failure of the monitor")
                return
        raise self._line.error(
            sent, "no end of the self-test", f"expected it within {SELF_TEST_NS // NS_PER_S} s"
        )

    async def measuring(self, on: bool) -> None:
        """Seen in what it reports: while it measures nothing, it says so."""
        await self._command(LOCK)
        await self._command(MEASURE, int(on))
        deadline_ns = self._clock.now_ns() + MEASURE_NS
        while self._clock.now_ns() < deadline_ns:
            _, frame = await self._info()
            if bool(int.from_bytes(frame.data, "little") & NOT_MEASURING) is not on:
                return
        found = f"a monitor that {'does not measure' if on else 'measures'}"
        raise self._line.error(command(MEASURE, int(on)), found, "the command was not followed")

    async def _info(self) -> tuple[int, CanFrame]:
        return await self._line.ask(
            None,
            lambda frame: frame.can_id == INFO and len(frame.data) == INFO_BYTES,
            INFO_NS,
            what="frame 0x037",
        )

    async def _command(self, number: int, first: int = 0, second: int = 0) -> bytes:
        sent = command(number, first, second)
        _, frame = await self._line.ask(
            sent,
            lambda frame: (
                frame.can_id == RESPONSE
                and len(frame.data) == COMMAND_BYTES
                and (frame.data[0] == number or (frame.data[0] == ERROR_FRAME and frame.data[3] == number))
            ),
            ANSWER_NS,
            attempts=ATTEMPTS,
            what=f"an answer to command {number}",
        )
        if frame.data[0] == ERROR_FRAME:
            code = int.from_bytes(frame.data[1:3], "little")
            raise self._line.error(sent, words(frame), f"the monitor refused the command, error {code}")
        return frame.data

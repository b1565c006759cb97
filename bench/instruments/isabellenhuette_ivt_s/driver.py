"""Driver of the Isabellenhütte IVT-S current sensor on CAN: results by themselves, configuration by command 0x411.

Source: its DBC, see docs/instruments.md. Results are signed 32 bit, big-endian, in mA.
"""

from bench.instruments.can_exchange import CanExchange, words
from bench.instruments.ports import CurrentReading
from bench.links.ports import CanLink
from bench.timing.clock import Clock
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS, NS_PER_S

COMMAND, RESPONSE, CURRENT = 0x411, 0x511, 0x521
SET_RESULT_I, SET_MODE, GET_DEVICE, GET_SOFTWARE, GET_SERIAL = 0x20, 0x34, 0x79, 0x7A, 0x7B
ANSWER = (
    0x80  # a response repeats the command's number with this bit; GET_… answers with bit 6 dropped as well
)
WRONG_COMMAND = 0xFF
CYCLIC, START, STOP = 2, 1, 0
ANSWER_NS = 200 * NS_PER_MS
RESULT_NS = 2 * NS_PER_S
ANY_ERROR = 0xE0  # this channel, any measurement, the system; 0x10 is the over-current output


class IsabellenhuetteIvtS:
    """A CurrentSensor. `current_a` has the sign in which the sensor is mounted."""

    def __init__(self, link: CanLink, clock: Clock) -> None:
        self._line = CanExchange(link, "Isabellenhütte IVT-S")
        self._clock = clock

    async def identify(self) -> str:
        """`maker, model, serial number, firmware`, as an `*IDN?` answers."""
        device = await self._get(GET_DEVICE)
        rated_a = int.from_bytes(device[2:4], "big") >> 4
        serial = int.from_bytes((await self._get(GET_SERIAL))[1:5], "big")
        hardware, minor, revision, year, month, day, internal = (await self._get(GET_SOFTWARE))[1:8]
        software = f"{hardware}.{minor}.{revision}.{internal} of 20{year:02}-{month:02}-{day:02}"
        model = f"IVT-S {rated_a} A {device[3] & 0xF} voltage channels"
        return f"Isabellenhütte, {model}, {serial}, {software}"

    async def read(self) -> CurrentReading:
        t_ns, frame = await self._line.ask(
            None,
            lambda frame: frame.can_id == CURRENT and len(frame.data) == 6 and frame.data[0] == 0,
            RESULT_NS,
            what="frame 0x521",
        )
        milliamps = int.from_bytes(frame.data[2:6], "big", signed=True)
        return CurrentReading(t_ns=t_ns, current_a=milliamps / 1000.0, valid=not frame.data[1] & ANY_ERROR)

    async def set_period(self, period_ns: int) -> None:
        """Whole ms, 1 to 65535. The sensor is stopped for it, and started again."""
        period_ms = period_ns // NS_PER_MS
        if not 1 <= period_ms <= 0xFFFF:
            raise self._line.error(None, f"{period_ns} ns asked for", "expected 1 to 65535 ms")
        await self._mode(STOP)
        try:
            sent = bytes((SET_RESULT_I, CYCLIC)) + period_ms.to_bytes(2, "big")
            answer = await self._command(sent, ANSWER | SET_RESULT_I)
            if answer[1:4] != sent[1:4]:
                raise self._line.error(self._frame(sent), answer.hex(" "), "the period was not taken")
        finally:
            await self._mode(START)

    async def _get(self, number: int) -> bytes:
        return await self._command(bytes((number,)), ANSWER | number & 0x3F)

    async def _mode(self, mode: int) -> None:
        await self._command(bytes((SET_MODE, mode, START)), ANSWER | SET_MODE)

    async def _command(self, data: bytes, answer: int) -> bytes:
        sent = self._frame(data)
        _, frame = await self._line.ask(
            sent,
            lambda frame: (
                frame.can_id == RESPONSE and len(frame.data) == 8 and frame.data[0] in (answer, WRONG_COMMAND)
            ),
            ANSWER_NS,
            attempts=2,
            what=f"a response 0x{answer:02X}",
        )
        if frame.data[0] == WRONG_COMMAND:
            raise self._line.error(sent, words(frame), "the sensor knows no such command")
        return frame.data

    @staticmethod
    def _frame(data: bytes) -> CanFrame:
        return CanFrame(COMMAND, data.ljust(8, b"\x00"))

"""Driver of the Bloomy BS1200 battery simulator: 12 cells a box on CAN at 1 Mbit/s, 11-bit ids, HIL mode.

Source: Bloomy's own driver (github.com/BloomyControls/BS1200-Python-Driver), read for its frames (docs/instruments.md).
In HIL mode voltages go out as float16, four to a frame: fast, and rounded to 2 mV below 4 V, 4 mV above.
Nothing is acknowledged; what a box does is seen in the readback it publishes by itself.
"""

import asyncio
import struct
from collections.abc import Callable, Sequence

from bench.errors import InstrumentError, LinkError
from bench.instruments.ports import Confirmation, Switched, WireFault
from bench.instruments.read_back import ReadBack
from bench.links.ports import CanLink
from bench.timing.clock import Clock
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS, NS_PER_S, format_ns

INSTRUMENT = "Bloomy BS1200"
CHANNELS = 12
HIGHEST_V = 5.0
SAFE_BELOW_V = 0.1
LONGEST_PERIOD_NS = 5 * NS_PER_S  # as delivered; 10 ms are usual on a HIL bench
PATIENCE_NS = LONGEST_PERIOD_NS + 500 * NS_PER_MS
READ_STEP_V = 1e-4

HIL_MODE, HIL_VOLTS = 0x080, (0x0A0, 0x0B0, 0x0C0)
ENABLE_ALL, STATUS, READ_VOLTS = 0x540, 0x100, (0x120, 0x130, 0x140)
FANS_OK = 16


def as_float16(voltage_v: float) -> float:
    """What the box makes of a set point."""
    (rounded,) = struct.unpack("<e", struct.pack("<e", voltage_v))
    return float(rounded)


class BloomyBs1200:
    """One box. A CellEmulator of 12 cells; it has no fault relays and no dead-man."""

    channels = CHANNELS
    wire_faults: frozenset[WireFault] = frozenset()
    highest_v = HIGHEST_V
    has_dead_man = False

    def __init__(self, link: CanLink, clock: Clock, *, box: int) -> None:
        if not 1 <= box <= 15:
            raise InstrumentError(f"{INSTRUMENT}: box {box}; expected 1 to 15")
        self._link = link
        self._clock = clock
        self._box = box
        self._set_v = [0.0] * CHANNELS
        self._volts: dict[int, tuple[int, list[float]]] = {}  # group → (when, readback)
        self._status: tuple[int, bytes] | None = None
        self._waiting: set[asyncio.Future[None]] = set()
        self._read_back = ReadBack(
            clock=clock, measure=self.measure, complain=self._error, settle_ns=2 * PATIENCE_NS
        )
        link.subscribe(self._heard)

    async def identify(self) -> str:
        """It has no identity: a status frame and three readback frames of this box number have to be heard."""
        began_ns = self._clock.now_ns()
        await self._until(lambda: self._status is not None, "its status", STATUS)
        await self._fresh(began_ns - LONGEST_PERIOD_NS)
        if self._status is not None and self._status[1][0] != FANS_OK:
            raise self._error(
                f"0x{STATUS + self._box:03X}", f"fans {self._status[1][0]}", f"expected {FANS_OK}"
            )
        return f"Bloomy BS1200, box {self._box}"

    async def set_all(self, voltages_v: Sequence[float]) -> None:
        if len(voltages_v) != CHANNELS:
            raise ValueError(f"{len(voltages_v)} voltages for {CHANNELS} channels")
        self._check(max(voltages_v), min(voltages_v))
        self._set_v = list(voltages_v)
        for group in range(3):
            self._send_group(group)

    async def set_cells(self, cells: Sequence[int], voltage_v: float) -> None:
        self._check(voltage_v, voltage_v)
        for cell in cells:
            self._set_v[cell - 1] = voltage_v
        for group in sorted({(cell - 1) // 4 for cell in cells}):
            self._send_group(group)

    async def measure(self, cells: Sequence[int]) -> list[float]:
        """The next readback of every group asked for, published after now."""
        groups = {(cell - 1) // 4 for cell in cells}
        await self._fresh(self._clock.now_ns(), groups)
        return [self._volts[(cell - 1) // 4][1][(cell - 1) % 4] for cell in cells]

    async def set_and_confirm(
        self, cells: Sequence[int], voltage_v: float, tolerance_v: float
    ) -> Confirmation:
        """Confirmed against what float16 makes of the set point, which may be 2 mV beside it."""
        low_ns = self._clock.now_ns()
        await self.set_cells(cells, voltage_v)
        sent = f"0x{HIL_VOLTS[(cells[0] - 1) // 4] + self._box:03X}: {voltage_v:.4f} V"
        return await self._read_back.near(cells, as_float16(voltage_v), tolerance_v, low_ns=low_ns, sent=sent)

    async def outputs_on(self) -> None:
        """HIL mode, the set points, then all cells enabled."""
        self._send(HIL_MODE, b"\x01")
        for group in range(3):
            self._send_group(group)
        self._send(ENABLE_ALL, b"\x01")

    async def arm_dead_man(self, timeout_ns: int) -> None:
        """Only 0 (disarmed) can be had: the box has no dead-man."""
        if timeout_ns:
            raise InstrumentError(
                f"{self._where} [{INSTRUMENT}]: it has no dead-man, {format_ns(timeout_ns)} cannot be armed"
            )

    async def safe(self) -> None:
        """0 V, then disabled; proven by the readback that is published after that."""
        self._set_v = [0.0] * CHANNELS
        for group in range(3):
            self._send_group(group)
        self._send(ENABLE_ALL, b"\x00")
        sent = f"0x{ENABLE_ALL + self._box:03X}: 00"
        await self._read_back.below(range(1, CHANNELS + 1), SAFE_BELOW_V, sent=sent)

    async def insert(self, cells: Sequence[int], fault: WireFault) -> Switched:  # noqa: ARG002
        raise InstrumentError(
            f"{self._where} [{INSTRUMENT}]: asked for {fault.value}, but it has no fault relays"
        )

    async def mend(self, cells: Sequence[int]) -> None:
        """Nothing can be wrong with its wires."""

    async def wires(self, cells: Sequence[int]) -> list[WireFault]:
        return [WireFault.NONE for _ in cells]

    # -- frames ----------------------------------------------------------------------------------------------

    @property
    def _where(self) -> str:
        return f"CAN '{self._link.channel}' box {self._box}"

    def _check(self, highest_v: float, lowest_v: float) -> None:
        for volt in (highest_v, lowest_v):
            if not 0 <= volt <= HIGHEST_V:
                raise InstrumentError(
                    f"{self._where} [{INSTRUMENT}]: asked for {volt:.4f} V; expected 0 to {HIGHEST_V:g} V"
                )

    def _send_group(self, group: int) -> None:
        self._send(HIL_VOLTS[group], struct.pack("<4e", *self._set_v[4 * group : 4 * group + 4]))

    def _send(self, base: int, data: bytes) -> None:
        try:
            self._link.send(CanFrame(base + self._box, data))
        except LinkError as error:
            raise self._error(
                f"0x{base + self._box:03X}: {data.hex(' ')}", str(error), "the bus is torn"
            ) from error

    def _heard(self, t_ns: int, frame: CanFrame) -> None:
        base = frame.can_id - self._box
        if frame.extended:
            return
        if base == STATUS and len(frame.data) >= 4:
            self._status = (t_ns, frame.data)
        elif base in READ_VOLTS and len(frame.data) == 8:
            self._volts[READ_VOLTS.index(base)] = (
                t_ns, [raw * READ_STEP_V for raw in struct.unpack("<4H", frame.data)]
            )  # fmt: skip
        else:
            return
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def _fresh(self, after_ns: int, groups: set[int] | None = None) -> None:
        wanted = {0, 1, 2} if groups is None else groups

        def came() -> bool:
            return all(group in self._volts and self._volts[group][0] > after_ns for group in wanted)

        await self._until(came, "its readback", READ_VOLTS[min(wanted)])

    async def _until(self, came: Callable[[], bool], what: str, base: int) -> None:
        try:
            async with asyncio.timeout(PATIENCE_NS / NS_PER_S):
                while not came():
                    future = asyncio.get_running_loop().create_future()
                    self._waiting.add(future)
                    try:
                        await future
                    finally:
                        self._waiting.discard(future)
        except TimeoutError:
            found = f"{what} not whole within {format_ns(PATIENCE_NS)}"
            raise self._error(
                "nothing",
                found,
                f"expected frame 0x{base + self._box:03X}; is it powered, and is the box number right?",
            ) from None

    def _error(self, sent: str, found: str, meaning: str) -> InstrumentError:
        return InstrumentError(f"{self._where} [{INSTRUMENT}]: sent '{sent}', got {found}: {meaning}")

"""Driver of the open reference cell emulator: SCPI text over serial (docs/cell_emulator_protocol.md)."""

import asyncio
import math
from collections.abc import Sequence

from bench.errors import InstrumentError, LinkError
from bench.instruments.exchange import shortened, tried_twice
from bench.instruments.ports import Confirmation, Switched, WireFault
from bench.instruments.replies import error_code_in, reading_in
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS, NS_PER_S, format_ns

INSTRUMENT = "cell emulator"
SAFE_BELOW_V = 0.1
_LF = b"\n"


def channel_list(cells: Sequence[int]) -> str:
    """`(1, 5, 6, 7)` → `(@1,5:7)`. The order is kept, because replies come in it."""
    pieces: list[str] = []
    first = last = 0
    for cell in [*cells, 0]:
        if first and cell == last + 1:
            last = cell
            continue
        if first:
            pieces.append(str(first) if first == last else f"{first}:{last}")
        first = last = cell
    return f"(@{','.join(pieces)})"


class ScpiCellEmulator:
    """One emulator on one line. One command at a time, answered within `timeout_ns` or an error."""

    wire_faults = frozenset({WireFault.OPEN})
    highest_v = 6.0
    has_dead_man = True

    def __init__(
        self, link: SerialLink, clock: Clock, *, channels: int = 96, timeout_ns: int = 500 * NS_PER_MS
    ) -> None:
        self.channels = channels
        self._link = link
        self._clock = clock
        self._timeout_ns = timeout_ns
        self._lock = asyncio.Lock()
        self._all = f"(@1:{channels})"
        self._in_step = True  # False: a reply given up may still arrive
        self._first = True
        self._sync = 0

    async def identify(self) -> str:
        """The *IDN? reply. InstrumentError when another maker, model or channel count answers."""
        sent = "*IDN?"
        identity = await self._ask(sent)
        expected = f"BMS-HIL,CELL-EMULATOR-{self.channels},"
        if not identity.startswith(expected) or identity.count(",") != 3:
            raise self._error(
                sent, f"'{shortened(identity)}'", f"wrong model, expected '{expected}<serial>,<version>'"
            )
        return identity

    async def set_all(self, voltages_v: Sequence[float]) -> None:
        """Set points of all cells, in V; rounded to 0.1 mV."""
        await self._set(f"SOUR:VOLT:ALL {','.join([f'{volt:.4f}' for volt in voltages_v])}")

    async def set_cells(self, cells: Sequence[int], voltage_v: float) -> None:
        """One set point in V for `cells` (numbered from 1)."""
        await self._set(f"SOUR:VOLT {voltage_v:.4f},{channel_list(cells)}")

    async def open_cells(self, cells: Sequence[int]) -> None:
        """Break the sense wires of `cells`."""
        await self._set(f"OUTP:FAUL OPEN,{channel_list(cells)}")

    async def clear_faults(self) -> None:
        """Mend every sense wire."""
        await self._set(f"OUTP:FAUL NONE,{self._all}")

    async def insert(self, cells: Sequence[int], fault: WireFault) -> Switched:
        """A FaultUnit that can open wires; proven by the readings, which an open wire turns into nan."""
        if fault is not WireFault.OPEN:
            raise InstrumentError(
                f"{self._link.port} [{INSTRUMENT}]: asked for {fault.value}, but it can only open wires"
            )
        low_ns = self._clock.now_ns()
        await self.open_cells(cells)
        wires = await self.wires(cells)
        if WireFault.NONE in wires:
            closed = cells[wires.index(WireFault.NONE)]
            raise self._error("OUTP:FAUL OPEN", f"a voltage at cell {closed}", "expected an open wire")
        return Switched(low_ns=low_ns, high_ns=self._clock.now_ns())

    async def mend(self, cells: Sequence[int]) -> None:
        await self._set(f"OUTP:FAUL NONE,{channel_list(cells)}")

    async def wires(self, cells: Sequence[int]) -> list[WireFault]:
        return [WireFault.OPEN if math.isnan(volt) else WireFault.NONE for volt in await self.measure(cells)]

    async def measure(self, cells: Sequence[int]) -> list[float]:
        """Measured outputs in V, in the order of `cells`; nan for an open cell."""
        return await self._numbers(f"MEAS:VOLT? {channel_list(cells)}", len(cells))

    async def outputs_off(self) -> None:
        await self._set("OUTP OFF")

    async def outputs_on(self) -> None:
        await self._set("OUTP ON")

    async def arm_dead_man(self, timeout_ns: int) -> None:
        """Outputs go off after `timeout_ns` without a command; 0 disarms. Acknowledges an earlier trip."""
        await self._set(f"SYST:WDOG {timeout_ns / NS_PER_S:.3f}")

    async def dead_man_tripped(self) -> bool:
        return (await self._numbers("SYST:WDOG:TRIP?", 1))[0] == 1.0

    async def set_and_confirm(
        self, cells: Sequence[int], voltage_v: float, tolerance_v: float
    ) -> Confirmation:
        """Set `cells` and read back until all lie within `tolerance_v` of `voltage_v`.

        The change is bracketed: not before the command left, not after the confirming reply came.
        """
        low_ns = self._clock.now_ns()
        await self.set_cells(cells, voltage_v)
        sent = f"MEAS:VOLT? {channel_list(cells)}"
        while True:
            readback_v = await self._numbers(sent, len(cells))
            high_ns = self._clock.now_ns()
            apart = [
                (cell, volt)
                for cell, volt in zip(cells, readback_v)
                if not abs(volt - voltage_v) <= tolerance_v
            ]
            if not apart:
                return Confirmation(low_ns=low_ns, high_ns=high_ns, readback_v=tuple(readback_v))
            if high_ns - low_ns > self._timeout_ns:
                cell, volt = apart[0]
                wanted = f"{voltage_v:.4f} V ± {tolerance_v * 1e3:g} mV within {format_ns(self._timeout_ns)}"
                raise self._error(
                    sent, f"{volt:.4f} V at cell {cell}", f"{len(apart)} cell(s) not at {wanted}"
                )

    async def safe(self) -> None:
        """Outputs off, proven by readback: none on, all cells below 0.1 V. Tried twice, then an error."""
        await tried_twice(self._off_confirmed)

    async def _off_confirmed(self) -> None:
        await self.outputs_off()
        count = (await self._numbers("OUTP?", 1))[0]
        if count != 0:
            raise self._error("OUTP?", f"{count:g}", "outputs still on after OUTP OFF, expected 0")
        began_ns, mended = self._clock.now_ns(), False
        while True:
            volts = await self._numbers("MEAS:VOLT:ALL?", self.channels)
            if not mended and any(math.isnan(volt) for volt in volts):
                mended = True  # behind an open wire nothing is read: the outputs are off, so it may be closed
                await self.clear_faults()
                continue
            live = [(volt, cell) for cell, volt in enumerate(volts, 1) if not abs(volt) < SAFE_BELOW_V]
            if not live:
                return
            if self._clock.now_ns() - began_ns > self._timeout_ns:
                volt, cell = max(live)
                raise self._error(
                    "MEAS:VOLT:ALL?",
                    f"{volt:.4f} V at cell {cell}",
                    f"expected every cell below {SAFE_BELOW_V} V",
                )

    # -- one exchange ----------------------------------------------------------------------------------

    async def _set(self, command: str) -> None:
        """Send a setting and read the error queue in one line: a single round trip tells it was taken."""
        sent = f"{command};:SYST:ERR?"
        reply = await self._ask(sent)
        try:
            code = error_code_in(reply)
        except InstrumentError:
            raise self._garbage(sent, reply, 'an error queue entry such as 0,"No error"') from None
        if code != 0:
            await self._ask(
                "*CLS;:SYST:ERR?"
            )  # what is left in the queue belongs to this failure, not to the next
            raise self._error(sent, reply, "the instrument refused the command")

    async def _numbers(self, sent: str, count: int) -> list[float]:
        reply = await self._ask(sent)
        try:
            numbers = [reading_in(word) for word in reply.split(",")]
        except InstrumentError:
            raise self._garbage(sent, reply, f"{count} number(s)") from None
        if len(numbers) != count:
            raise self._error(
                sent, f"'{shortened(reply)}'", f"half a reply: {len(numbers)} of {count} number(s)"
            )
        return [math.nan if number is None else number for number in numbers]

    async def _ask(self, sent: str) -> str:
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout_ns / NS_PER_S):
                    if not self._in_step:
                        await self._catch_up()
                    self._in_step = False
                    self._link.discard_input()  # said before the question: no answer to it
                    if self._first:  # an earlier session may have left half a command
                        self._link.write(_LF)
                        self._first = False
                    self._link.write(sent.encode("ascii") + _LF)
                    while not (raw := await self._link.read_until(_LF)).strip():
                        pass
            except TimeoutError:
                found = f"nothing complete within {format_ns(self._timeout_ns)}"
                raise self._error(
                    sent, found, "no answer; is it powered, and is this the right port?"
                ) from None
            except LinkError as error:
                raise self._error(sent, str(error), "the line is torn") from error
            # Out of step stays set on anything odd: the next command then begins with a catch-up.
            try:
                reply = raw.decode("ascii").rstrip("\r\n")
            except UnicodeDecodeError:
                raise self._garbage(sent, repr(raw[:40]), "ASCII text") from None
            if reply == sent:
                raise self._error(sent, f"'{shortened(reply)}'", "the line echoes; switch the echo off")
            self._in_step = True
            return reply

    async def _catch_up(self) -> None:
        """Skip late replies: ask for a number nobody else could send, and read until it comes."""
        self._sync += 1
        # The leading LF ends whatever half a command the instrument may still hold.
        sent = f"SYST:SYNC? {self._sync}"
        self._link.write(f"\n{sent}\n".encode("ascii"))
        expected = f"SYNC {self._sync}".encode("ascii")
        while not (line := (await self._link.read_until(_LF)).rstrip(b"\r\n")).endswith(expected):
            if line == sent.encode("ascii"):
                raise self._error(sent, f"'{sent}'", "the line echoes; switch the echo off")

    def _garbage(self, sent: str, found: str, expected: str) -> InstrumentError:
        self._in_step = False
        return self._error(sent, f"'{shortened(found)}'", f"garbage, expected {expected}")

    def _error(self, sent: str, found: str, meaning: str) -> InstrumentError:
        return InstrumentError(
            f"{self._link.port} [{INSTRUMENT}]: sent '{shortened(sent)}', got {found}: {meaning}"
        )

"""Driver of the NGI N83624 battery simulator: 24 channels, SCPI over RS-232 or TCP port 7000, fault relays.

Source: NGI's programming guides of 2024 and the quirks seen in the field (docs/instruments.md). The unit takes
one command every 250 ms, loses replies, reports no errors, and has no dead-man of its own.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

from bench.codec.scpi import plain_list
from bench.errors import InstrumentError
from bench.instruments.exchange import Manners, TextExchange, tried_twice
from bench.instruments.ports import Confirmation, Switched, WireFault
from bench.instruments.read_back import ReadBack
from bench.instruments.replies import whole_in
from bench.instruments.set_points import SetPoints
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS, NS_PER_S

CHANNELS = 24
SET_STEP_V = 1e-4
SAFE_BELOW_V = 0.1
IDLE_BELOW_V = 0.02  # "no voltage present", as the interlock of the fault relays demands it
CURRENT_LIMIT_MA = (
    1000  # after power-on the low and auto ranges have a limit of 0, at which the output stays at 0 V
)
SINGLE_NS = 300 * NS_PER_MS  # 250 ms are demanded; the rest is what the line itself takes
LIST_NS = 550 * NS_PER_MS
SETTLE_NS = 3 * NS_PER_S
REFRESH_NS = NS_PER_S

_RELAY = {WireFault.NONE: 0, WireFault.OPEN: 1, WireFault.SHORT: 8, WireFault.REVERSED: 96}
_OFP, _OMP = 1 << 5, 1 << 6

MANNERS = Manners(
    instrument="NGI N83624",
    line_end=b"\r\n",
    reply_end=b"\n",
    timeout_ns=800 * NS_PER_MS,
    attempts=5,
    spacing_ns=SINGLE_NS,
    in_sync=lambda reply: reply.count(",") == 3 and not reply[:1].isdigit(),
)


class NgiN83624:
    """One unit. A CellEmulator and a FaultUnit of 24 cells."""

    channels = CHANNELS
    wire_faults = frozenset({WireFault.OPEN, WireFault.SHORT, WireFault.REVERSED})
    highest_v = 6.0
    has_dead_man = False

    def __init__(self, link: SerialLink, clock: Clock) -> None:
        self._line = TextExchange(link, clock, MANNERS)
        self._clock = clock
        self._all = list(range(1, CHANNELS + 1))
        self._points = SetPoints(CHANNELS, SET_STEP_V)
        self._filling = asyncio.Lock()
        self._verified = False  # every set point was read back once
        self._wires = [WireFault.NONE] * CHANNELS
        self._read_back = ReadBack(
            clock=clock, measure=self.measure, complain=self._line.error, settle_ns=SETTLE_NS
        )
        self._raw_back = replace(self._read_back, measure=lambda cells: self._ask("MEAS", "VOLT", cells))

    async def identify(self) -> str:
        sent = "*IDN?"
        identity = await self._line.ask(sent)
        if not identity.upper().startswith("NGI,N83624,"):
            raise self._line.error(sent, f"'{identity}'", "wrong model, expected 'NGI,N83624,<n>,<version>'")
        return identity

    async def set_all(self, voltages_v: Sequence[float]) -> None:
        """Takes one command per distinct voltage: up to 7.5 s the first time, and then verified by readback.

        Later calls give up after a second, the largest steps done, and the next call goes on: the caller is not
        kept from other things. Cells set meanwhile keep the newer value.
        """
        if len(voltages_v) != CHANNELS:
            raise ValueError(f"{len(voltages_v)} voltages for {CHANNELS} channels")
        self._points.want_all(voltages_v)
        async with self._filling:
            if self._verified:
                await self._fill(until_ns=self._clock.now_ns() + REFRESH_NS)
                return
            await self._fill()
            wrong = await self._not_taken(self._all)
            if wrong:  # a command lost on the way shows only here
                self._points.doubt(wrong)
                await self._fill()
                await self._taken(self._all)
            self._verified = True

    async def set_cells(self, cells: Sequence[int], voltage_v: float) -> None:
        await self._send_point(cells, voltage_v)
        await self._taken(cells)

    async def measure(self, cells: Sequence[int]) -> list[float]:
        volts = await self._ask("MEAS", "VOLT", cells)
        return [
            math.nan if self._wires[cell - 1] is WireFault.OPEN else volt for cell, volt in zip(cells, volts)
        ]

    async def set_and_confirm(
        self, cells: Sequence[int], voltage_v: float, tolerance_v: float
    ) -> Confirmation:
        """The bracket is as wide as the unit is slow: command, 300 ms, question, reply."""
        low_ns = await self._send_point(cells, voltage_v)
        sent = f"SOUR{cells[0]}:VOLT {voltage_v:.4f}"
        return await self._read_back.near(cells, voltage_v, tolerance_v, low_ns=low_ns, sent=sent)

    async def outputs_on(self) -> None:
        """Source mode, high range and a current limit first: without them an output stays at 0 V."""
        for what, value in (("OUTP:MODE", 0), ("SOUR:RANG", 0), ("SOUR:OUTCURR", CURRENT_LIMIT_MA)):
            await self._tell(f"{what} {value}{plain_list(self._all)}", LIST_NS)
        await self._switch(self._all, on=True)

    async def arm_dead_man(self, timeout_ns: int) -> None:
        """Only 0 (disarmed) can be had: the unit has no dead-man."""
        if timeout_ns:
            raise self._line.no_dead_man(timeout_ns)

    async def safe(self) -> None:
        """All outputs off, proven by readback; then, as its interlock demands, the fault relays at rest."""
        await tried_twice(lambda: self._off_confirmed(self._all, SAFE_BELOW_V))
        faulty = [cell for cell in self._all if self._wires[cell - 1] is not WireFault.NONE]
        if faulty:
            await self._relay(faulty, WireFault.NONE)

    # -- fault relays ----------------------------------------------------------------------------------------

    async def insert(self, cells: Sequence[int], fault: WireFault) -> Switched:
        """Outputs off, relay, outputs on: the unit refuses to move a relay under voltage."""
        low_ns = self._clock.now_ns()
        await self._off_confirmed(cells, IDLE_BELOW_V)
        await self._relay(cells, fault)
        await self._switch(cells, on=True)
        note = "the outputs were off (0 V at the DUT) while the fault relays moved"
        return Switched(low_ns=low_ns, high_ns=self._clock.now_ns(), note=note)

    async def mend(self, cells: Sequence[int]) -> None:
        await self._off_confirmed(cells, IDLE_BELOW_V)
        await self._relay(cells, WireFault.NONE)
        await self._switch(cells, on=True)

    async def wires(self, cells: Sequence[int]) -> list[WireFault]:
        """What was set and not refused: the guide documents no question for it."""
        return [self._wires[cell - 1] for cell in cells]

    async def _relay(self, cells: Sequence[int], fault: WireFault) -> None:
        sent = await self._set("FAUL", "SIMU", str(_RELAY[fault]), cells)
        states = await self._ask("OUTP", "STAT", cells)
        for cell, state in zip(cells, states):
            bits = self._bits(sent, state)
            if bits & (_OFP | _OMP):
                reason = "voltage or current present" if bits & _OFP else "not in source mode"
                raise self._line.error(sent, f"state {bits:#x} of channel {cell}", f"relay refused, {reason}")
        for cell in cells:
            self._wires[cell - 1] = fault

    def _bits(self, sent: str, state: float) -> int:
        try:
            return whole_in(state, 0, 0xFFFFFFFF)
        except InstrumentError:
            raise self._line.garbage(sent, f"{state:g}", "a state as a whole number") from None

    # -- commands --------------------------------------------------------------------------------------------

    async def _fill(self, until_ns: int | None = None) -> None:
        while (step := self._points.next()) is not None:
            if until_ns is not None and self._clock.now_ns() > until_ns:
                return
            voltage_v, channels = step
            self._points.sent(channels, voltage_v)  # before it leaves: a newer wish must count as newer
            await self._set("SOUR", "VOLT", f"{voltage_v:.4f}", channels)

    async def _send_point(self, cells: Sequence[int], voltage_v: float) -> int:
        self._points.want(cells, voltage_v)
        self._points.sent(cells, voltage_v)
        text = f"{voltage_v:.4f}"
        if len(cells) == 1:
            return await self._tell(f"SOUR{cells[0]}:VOLT {text}", SINGLE_NS)
        return await self._tell(f"SOUR:VOLT {text}{plain_list(cells)}", LIST_NS)

    async def _not_taken(self, cells: Sequence[int]) -> list[int]:
        # Sent, not wanted: a newer wish may still be waiting its turn. Commands and questions leave in order.
        sent = self._points.sent_of(cells)
        held = await self._ask("SOUR", "VOLT", cells)
        return [
            cell
            for cell, volt, last_v in zip(cells, held, sent)
            if last_v is None or abs(volt - last_v) > SET_STEP_V / 2
        ]

    async def _taken(self, cells: Sequence[int]) -> None:
        wrong = await self._not_taken(cells)
        if wrong:
            last_v = self._points.sent_of(wrong[:1])[0] or 0.0
            self._points.doubt(wrong)
            raise self._line.error(
                f"SOUR{wrong[0]}:VOLT {last_v:.4f}",
                f"another set point on reading back channel {wrong[0]}",
                f"{len(wrong)} set point(s) not taken; limits are 0 to 6 V",
            )

    async def _off_confirmed(self, cells: Sequence[int], below_v: float) -> None:
        await self._switch(cells, on=False)
        await self._raw_back.below(cells, below_v, sent="MEAS:VOLT?")

    async def _switch(self, cells: Sequence[int], *, on: bool) -> None:
        sent = await self._set("OUTP", "ONOFF", "1" if on else "0", cells)
        states = await self._ask("OUTP", "ONOFF", cells)
        wrong = [cell for cell, state in zip(cells, states) if bool(state) is not on]
        if wrong:
            raise self._line.error(
                sent, f"channel(s) {wrong} not {'on' if on else 'off'}", "the output did not switch"
            )

    async def _set(self, node: str, leaf: str, value: str, cells: Sequence[int]) -> str:
        """The value first and the list right behind it, as the guide writes it: `SOUR:VOLT 5(@1,2)`."""
        if len(cells) == 1:
            sent, spacing_ns = f"{node}{cells[0]}:{leaf} {value}", SINGLE_NS
        else:
            sent, spacing_ns = f"{node}:{leaf} {value}{plain_list(cells)}", LIST_NS
        await self._tell(sent, spacing_ns)
        return sent

    async def _tell(self, sent: str, spacing_ns: int) -> int:
        return await self._line.tell(sent, spacing_ns=spacing_ns)

    async def _ask(self, node: str, leaf: str, cells: Sequence[int]) -> list[float]:
        if len(cells) == 1:
            return await self._line.numbers(f"{node}{cells[0]}:{leaf}?", 1)
        return await self._line.numbers(f"{node}:{leaf}?{plain_list(cells)}", len(cells), spacing_ns=LIST_NS)

"""Driver of the Bloomy ABS battery simulator: 8 cells per unit, SCPI, RS-485 with `@id` or TCP port 5025.

Source: Bloomy's own driver (github.com/BloomyControls/abs-scpi-driver), read for its strings, limits and
time-outs (docs/instruments.md). On RS-485 several units share one line, so they share one TextExchange.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.codec.scpi import plain_list
from bench.errors import InstrumentError
from bench.instruments.exchange import Manners, TextExchange, shortened, tried_twice
from bench.instruments.ports import Confirmation, Switched, WireFault
from bench.instruments.read_back import ReadBack
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS

CHANNELS = 8
HIGHEST_ID = 31
SAFE_BELOW_V = 0.1
SETTLE_NS = 500 * NS_PER_MS

_SENT = {WireFault.NONE: "NONE", WireFault.OPEN: "OPEN", WireFault.SHORT: "SHORT", WireFault.REVERSED: "POL"}
_TOLD = {
    "NONE": WireFault.NONE, "OPENCIRCUIT": WireFault.OPEN,
    "SHORTCIRCUIT": WireFault.SHORT, "POLARITY": WireFault.REVERSED,
}  # fmt: skip
_ALARMS = {0x1: "software interlock", 0x10000: "fan 4", 0x20000: "hardware"} | {
    0x100 << fan: f"fan {fan}, cells {2 * fan + 1} and {2 * fan + 2} are off" for fan in range(4)
}

MANNERS = Manners(instrument="Bloomy ABS", line_end=b"\r\n", reply_end=b"\n", timeout_ns=500 * NS_PER_MS)


def abs_line(link: SerialLink, clock: Clock) -> TextExchange:
    """The line that all units on one RS-485 bus share, or the TCP connection to one unit."""
    return TextExchange(link, clock, MANNERS)


class BloomyAbs:
    """One unit. A CellEmulator and a FaultUnit of 8 cells. `unit_id` is None on TCP, 0 to 31 on RS-485."""

    channels = CHANNELS
    wire_faults = frozenset({WireFault.OPEN, WireFault.SHORT, WireFault.REVERSED})
    highest_v = 5.0
    has_dead_man = False

    def __init__(self, line: TextExchange, *, unit_id: int | None = None) -> None:
        self._line = line
        self._clock = line.clock
        self._prefix = "" if unit_id is None else f"@{unit_id} "
        self._all = list(range(1, CHANNELS + 1))
        self._read_back = ReadBack(
            clock=self._clock, measure=self.measure, complain=self._line.error, settle_ns=SETTLE_NS
        )
        self._raw_back = replace(self._read_back, measure=self._raw)

    async def identify(self) -> str:
        """Refuses a unit with a standing alarm, too: its outputs may not be what they are told."""
        sent = "*IDN?"
        identity = await self._ask(sent)
        if identity.count(",") != 3 or "ABS" not in identity.upper().split(",")[1]:
            raise self._error(sent, identity, "wrong model, expected '<maker>,ABS…,<serial>,<version>'")
        await self._line.tell("*CLS", prefix=self._prefix)
        sent = "SYST:ALARM?"
        alarms = await self._line.whole(sent, 0xFFFFFFFF, prefix=self._prefix)
        if alarms:
            told = [text for bit, text in _ALARMS.items() if alarms & bit] or ["unknown"]
            raise self._error(sent, f"{alarms:#x}", f"alarm: {'; '.join(told)}")
        return identity

    async def set_all(self, voltages_v: Sequence[float]) -> None:
        if len(voltages_v) != CHANNELS:
            raise ValueError(f"{len(voltages_v)} voltages for {CHANNELS} channels")
        if len(set(voltages_v)) == 1:
            await self._set(f"SOUR:VOLT {voltages_v[0]:.4f},(@1:{CHANNELS})")
        else:
            await self._set(";".join(f":SOUR{n}:VOLT {volt:.4f}" for n, volt in enumerate(voltages_v, 1)))

    async def set_cells(self, cells: Sequence[int], voltage_v: float) -> None:
        await self._set(f"SOUR:VOLT {voltage_v:.4f},{plain_list(cells)}")

    async def measure(self, cells: Sequence[int]) -> list[float]:
        volts = await self._raw(cells)
        wires = await self.wires(cells)
        return [math.nan if wire is WireFault.OPEN else volt for wire, volt in zip(wires, volts)]

    async def set_and_confirm(
        self, cells: Sequence[int], voltage_v: float, tolerance_v: float
    ) -> Confirmation:
        low_ns = self._clock.now_ns()
        await self.set_cells(cells, voltage_v)
        sent = f"{self._prefix}SOUR{cells[0]}:VOLT {voltage_v:.4f}"
        return await self._read_back.near(cells, voltage_v, tolerance_v, low_ns=low_ns, sent=sent)

    async def outputs_on(self) -> None:
        await self._set(f"OUTP 1,(@1:{CHANNELS})")
        await self._switched(on=True)

    async def arm_dead_man(self, timeout_ns: int) -> None:
        """Only 0 (disarmed) can be had: the unit has no dead-man."""
        if timeout_ns:
            raise self._line.no_dead_man(timeout_ns)

    async def safe(self) -> None:
        """Outputs off and faults mended, both proven by readback. Tried twice, then an error."""
        await tried_twice(self._off_confirmed)
        await self.mend(self._all)

    # -- fault relays ----------------------------------------------------------------------------------------

    async def insert(self, cells: Sequence[int], fault: WireFault) -> Switched:
        low_ns = self._clock.now_ns()
        sent = f"OUTP:FAUL {_SENT[fault]},{plain_list(cells)}"
        await self._set(sent)
        wires = await self.wires(cells)
        high_ns = self._clock.now_ns()
        wrong = [(cell, wire) for cell, wire in zip(cells, wires) if wire is not fault]
        if wrong:
            raise self._error(sent, f"{wrong[0][1].value} at cell {wrong[0][0]}", f"expected {fault.value}")
        return Switched(low_ns=low_ns, high_ns=high_ns)

    async def mend(self, cells: Sequence[int]) -> None:
        await self.insert(cells, WireFault.NONE)

    async def wires(self, cells: Sequence[int]) -> list[WireFault]:
        sent = f"OUTP:FAUL? {plain_list(cells)}"
        reply = await self._ask(sent)
        words = reply.split(",")
        if any(word.strip() not in _TOLD for word in words):
            raise self._line.garbage(self._prefix + sent, reply, f"a list of {', '.join(_TOLD)}")
        if len(words) != len(cells):
            raise self._error(sent, reply, f"half a reply: {len(words)} of {len(cells)} word(s)")
        return [_TOLD[word.strip()] for word in words]

    # -- commands --------------------------------------------------------------------------------------------

    async def _off_confirmed(self) -> None:
        await self._set(f"OUTP 0,(@1:{CHANNELS})")
        await self._switched(on=False)
        sent = f"{self._prefix}MEAS:VOLT?"
        await self._raw_back.below(self._all, SAFE_BELOW_V, sent=sent)

    async def _switched(self, *, on: bool) -> None:
        sent = f"OUTP? (@1:{CHANNELS})"
        states = await self._numbers(sent, CHANNELS)
        wrong = [cell for cell, state in enumerate(states, 1) if bool(state) is not on]
        if wrong:
            raise self._error(
                sent, f"cell(s) {wrong} not {'on' if on else 'off'}", "the output did not switch"
            )

    async def _set(self, sent: str) -> None:
        """A setting, and the error queue as its acknowledgement."""
        await self._line.tell(sent, prefix=self._prefix)
        reply = await self._ask("SYST:ERR?")
        if self._line.refused(self._prefix + "SYST:ERR?", reply):
            # What is left in the queue belongs to this failure, not to the next.
            await self._line.tell("*CLS", prefix=self._prefix)
            raise self._error(sent, reply, "the instrument refused the command")

    async def _raw(self, cells: Sequence[int]) -> list[float]:
        return await self._numbers(f"MEAS:VOLT? {plain_list(cells)}", len(cells))

    async def _ask(self, sent: str) -> str:
        return await self._line.ask(sent, prefix=self._prefix)

    async def _numbers(self, sent: str, count: int) -> list[float]:
        return await self._line.numbers(sent, count, prefix=self._prefix)

    def _error(self, sent: str, found: str, meaning: str) -> InstrumentError:
        return self._line.error(self._prefix + sent, f"'{shortened(found)}'", meaning)

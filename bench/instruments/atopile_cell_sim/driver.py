"""Driver of the atopile cell-sim, open hardware: 16 cells on an ESP32 behind USB, lines of text (protocol v1).

Source: SOFTWARE.md and README of github.com/atopile/cell-sim (docs/instruments.md). Boots with its outputs ON at
3.5 V. Its series relays open the wire; it can neither short nor reverse, and has no dead-man.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.errors import InstrumentError
from bench.instruments.exchange import Manners, TextExchange, shortened, tried_twice
from bench.instruments.ports import Confirmation, Switched, WireFault
from bench.instruments.read_back import ReadBack
from bench.instruments.replies import numbers_in
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS

CHANNELS = 16
HIGHEST_V = 4.5
SAFE_BELOW_V = 0.1
SETTLE_NS = 1000 * NS_PER_MS
POLL_NS = 10 * NS_PER_MS  # set points are applied on a grid of 10 ms

MANNERS = Manners(
    instrument="atopile cell-sim",
    timeout_ns=500 * NS_PER_MS,
    sync="PING",
    in_sync=lambda reply: reply == "OK:PONG",
)


class AtopileCellSim:
    """One card. A CellEmulator of 16 cells, and a FaultUnit that can open wires."""

    channels = CHANNELS
    wire_faults = frozenset({WireFault.OPEN})
    highest_v = HIGHEST_V
    has_dead_man = False

    def __init__(self, link: SerialLink, clock: Clock) -> None:
        self._line = TextExchange(link, clock, MANNERS)
        self._clock = clock
        self._open = [False] * CHANNELS
        self._read_back = ReadBack(
            clock=clock,
            measure=self.measure,
            complain=self._line.error,
            settle_ns=SETTLE_NS,
            poll_ns=POLL_NS,
        )
        self._raw_back = replace(
            self._read_back, measure=lambda _: self._values("GETALLV", "voltages", CHANNELS)
        )

    async def identify(self) -> str:
        """It has no identity of its own: only the answer to PING can be checked, and that there are 16 cells."""
        reply = await self._line.ask("PING")
        if reply != "OK:PONG":
            raise self._line.error("PING", f"'{shortened(reply)}'", "wrong model, expected 'OK:PONG'")
        await self._values("GETALLV", "voltages", CHANNELS)
        return "atopile cell-sim, 16 cells"

    async def set_all(self, voltages_v: Sequence[float]) -> None:
        if len(voltages_v) != CHANNELS:
            raise ValueError(f"{len(voltages_v)} voltages for {CHANNELS} channels")
        if len(set(voltages_v)) == 1:
            await self._do(f"SETALLV {voltages_v[0]:.4f}", "all_voltages_set")
            return
        for cell, voltage_v in enumerate(voltages_v, 1):
            await self._do(f"SETV {cell} {voltage_v:.4f}", "voltage_set")

    async def set_cells(self, cells: Sequence[int], voltage_v: float) -> None:
        for cell in cells:
            await self._do(f"SETV {cell} {voltage_v:.4f}", "voltage_set")

    async def measure(self, cells: Sequence[int]) -> list[float]:
        """One question per cell: the reply for all cells at once has two decimals only."""
        volts = [(await self._values(f"GETV {cell}", "voltage", 1))[0] for cell in cells]
        return [math.nan if self._open[cell - 1] else volt for cell, volt in zip(cells, volts)]

    async def set_and_confirm(
        self, cells: Sequence[int], voltage_v: float, tolerance_v: float
    ) -> Confirmation:
        """A step down is bled off by the load switches meanwhile; by itself it would take some 100 ms."""
        before = await self.measure(cells)
        falling = [cell for cell, volt in zip(cells, before) if volt > voltage_v + tolerance_v]
        for cell in falling:
            await self._do(f"ENABLE_LOAD_SWITCH {cell}", "")
        low_ns = self._clock.now_ns()
        try:
            await self.set_cells(cells, voltage_v)
            sent = f"SETV {cells[0]} {voltage_v:.4f}"
            return await self._read_back.near(cells, voltage_v, tolerance_v, low_ns=low_ns, sent=sent)
        finally:
            for cell in falling:
                await self._do(f"DISABLE_LOAD_SWITCH {cell}", "")

    async def outputs_on(self) -> None:
        await self._do("DISABLE_LOAD_SWITCH_ALL", "")
        await self._do("ENABLE_OUTPUT_ALL", "")
        self._open = [False] * CHANNELS

    async def arm_dead_man(self, timeout_ns: int) -> None:
        """Only 0 (disarmed) can be had: the card has no dead-man."""
        if timeout_ns:
            raise self._line.no_dead_man(timeout_ns)

    async def safe(self) -> None:
        """Down to 0 V, proven by readback while the load switches bleed; then the wires are opened too."""
        await tried_twice(self._off_confirmed)

    async def _off_confirmed(self) -> None:
        await self._do("ENABLE_LOAD_SWITCH_ALL", "")
        await self._do("SETALLV 0.0000", "all_voltages_set")
        await self._raw_back.below(range(1, CHANNELS + 1), SAFE_BELOW_V, sent="GETALLV")
        await self._do("DISABLE_OUTPUT_ALL", "")
        self._open = [True] * CHANNELS

    # -- fault relays ----------------------------------------------------------------------------------------

    async def insert(self, cells: Sequence[int], fault: WireFault) -> Switched:
        if fault is not WireFault.OPEN:
            raise self._line.cannot(fault, "open wires")
        low_ns = self._clock.now_ns()
        for cell in cells:
            await self._do(f"DISABLE_OUTPUT {cell}", "")
            self._open[cell - 1] = True
        return Switched(low_ns=low_ns, high_ns=self._clock.now_ns())

    async def mend(self, cells: Sequence[int]) -> None:
        for cell in cells:
            await self._do(f"ENABLE_OUTPUT {cell}", "")
            self._open[cell - 1] = False

    async def wires(self, cells: Sequence[int]) -> list[WireFault]:
        """What was acknowledged: the protocol has no question for it."""
        return [WireFault.OPEN if self._open[cell - 1] else WireFault.NONE for cell in cells]

    # -- commands --------------------------------------------------------------------------------------------

    async def _do(self, sent: str, expected: str) -> str:
        """The text behind `OK:expected`; an `Error:` line is the card's refusal."""
        reply = await self._line.ask(sent)
        if reply.startswith("Error:"):
            raise self._line.error(sent, f"'{shortened(reply)}'", "the instrument refused the command")
        if not reply.startswith(f"OK:{expected}"):
            raise self._line.garbage(sent, reply, f"'OK:{expected}…'")
        return reply.removeprefix(f"OK:{expected}").removeprefix(":")

    async def _values(self, sent: str, name: str, count: int) -> list[float]:
        text = await self._do(sent, f"{name}:")
        try:
            found = numbers_in(text)
        except InstrumentError:
            raise self._line.garbage(sent, text, f"{count} number(s)") from None
        if len(found) != count:
            raise self._line.error(
                sent, f"'{shortened(text)}'", f"half a reply: {len(found)} of {count} number(s)"
            )
        return found

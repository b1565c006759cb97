"""Driver of the EA Elektro-Automatik PSB bidirectional supply, in SCPI, over USB or RS-232.

Source: EA's programming guide "ModBus & SCPI" (docs/instruments.md). Set values that are out of range are ignored
in silence until the error queue is read; reading it also acknowledges alarms, so the output is looked at as well.
"""

import re

from bench.errors import InstrumentError
from bench.instruments.exchange import Manners, TextExchange, shortened, tried_twice
from bench.instruments.ports import SupplyReading
from bench.instruments.replies import number_in
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS

SPACING_NS = 12 * NS_PER_MS  # 5 ms are demanded, 10 to 15 ms advised
EXECUTED_NS = 50 * NS_PER_MS  # "set values are not executed instantly"
_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)\s*")

MANNERS = Manners(
    instrument="EA PSB",
    timeout_ns=500 * NS_PER_MS,
    spacing_ns=SPACING_NS,
    in_sync=lambda reply: reply.startswith("EA Elektro-Automatik"),
)


class EaPsb:
    """A PackSupply."""

    def __init__(self, link: SerialLink, clock: Clock) -> None:
        self._line = TextExchange(link, clock, MANNERS)
        self._clock = clock

    async def identify(self) -> str:
        sent = "*IDN?"
        identity = await self._line.ask(sent)
        fields = [field.strip() for field in identity.split(",")]
        if not fields[0].startswith("EA Elektro-Automatik") or len(fields) < 3 or "PSB" not in fields[1]:
            raise self._line.error(
                sent, f"'{shortened(identity)}'", "wrong model, expected 'EA Elektro-Automatik…, PSB…'"
            )
        return identity

    async def limit(self, *, voltage_v: float, source_a: float, sink_a: float) -> None:
        await self._remote()
        await self._set(f"VOLT {voltage_v:.3f};CURR {source_a:.3f};SINK:CURR {sink_a:.3f}")

    async def output(self, on: bool) -> None:
        await self._remote()
        word = "ON" if on else "OFF"
        await self._set(f"OUTP {word}")
        await self._clock.sleep_until(self._clock.now_ns() + EXECUTED_NS)
        await self._output_is(word)

    async def measure(self) -> SupplyReading:
        sent = "MEAS:ARR?"
        reply = await self._line.ask(sent)
        found = [_NUMBER.fullmatch(word) for word in reply.split(",")]
        units = [match[2] if match else None for match in found]
        if units != ["V", "A", "W"]:
            if len(found) < 3 and all(found):
                raise self._line.error(
                    sent, f"'{shortened(reply)}'", f"half a reply: {len(found)} of 3 numbers"
                )
            raise self._line.garbage(sent, reply, "voltage, current and power with V, A and W")
        try:
            voltage_v, current_a, power_w = (number_in(match[1]) for match in found if match)
        except InstrumentError:
            raise self._line.garbage(sent, reply, "voltage, current and power with V, A and W") from None
        return SupplyReading(voltage_v=voltage_v, current_a=current_a, power_w=power_w)

    async def safe(self) -> None:
        """Output off, proven by asking the supply. Tried twice, then an error."""
        await tried_twice(lambda: self.output(False))

    async def _remote(self) -> None:
        """Nothing may be set before this; it is refused while somebody turns the knobs."""
        sent = "SYST:LOCK ON"
        await self._line.tell(sent)
        owner = await self._line.ask("SYST:LOCK:OWN?")
        if owner != "REMOTE":
            raise self._line.error(
                sent, f"owner '{shortened(owner)}'", "no remote control; is it set to LOCAL?"
            )

    async def _output_is(self, word: str) -> None:
        state = await self._line.ask("OUTP?")
        if state != word:
            raise self._line.error(
                "OUTP?", f"'{shortened(state)}'", f"expected {word}; an alarm switches it off"
            )

    async def _set(self, sent: str) -> None:
        await self._line.tell(sent)
        reply = await self._line.ask("SYST:ERR?")
        if self._line.refused("SYST:ERR?", reply):
            await self._line.ask("SYST:ERR:ALL?")  # what is left in the queue belongs to this failure
            raise self._line.error(sent, reply, "the instrument refused the command")

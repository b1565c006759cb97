"""Driver of a MEATEST programmable resistance decade (M194 high resistance, M64x): one resistor to chassis.

Source: MEATEST's operation manuals, command syntax and SCPI commands (docs/instruments.md): lines ended by CR LF,
`*IDN?`, `RES`, `OUTP`, an error queue; a switch is answered as 0 or 1. Off, its terminals are open.
"""

from bench.errors import InstrumentError
from bench.instruments.exchange import Manners, TextExchange, shortened, tried_twice
from bench.instruments.ports import Switched
from bench.instruments.replies import number_in, whole_in
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS

RELAYS_NS = 20 * NS_PER_MS  # its decades are relays
WITHIN = 0.01  # of the value asked for: a decade has steps

MANNERS = Manners(
    instrument="MEATEST decade",
    line_end=b"\r\n",
    reply_end=b"\r\n",
    timeout_ns=500 * NS_PER_MS,
    in_sync=lambda reply: reply.upper().startswith("MEATEST"),
)


class MeatestDecade:
    """A LeakResistor."""

    def __init__(self, link: SerialLink, clock: Clock) -> None:
        self._line = TextExchange(link, clock, MANNERS)
        self._clock = clock

    async def identify(self) -> str:
        sent = "*IDN?"
        identity = await self._line.ask(sent)
        if not identity.upper().startswith("MEATEST") or identity.count(",") < 3:
            raise self._line.error(sent, f"'{shortened(identity)}'", "wrong model, expected 'MEATEST,…'")
        return identity

    async def connect(self, ohm: float) -> Switched:
        """The value first, then the terminals: on the way there nothing less is ever between them."""
        low_ns = self._clock.now_ns()
        await self._output(False)
        await self._set(f"RES {ohm:.6E}")
        seen_ohm = await self._number("RES?")
        if abs(seen_ohm - ohm) > WITHIN * ohm:
            raise self._line.error("RES?", f"{seen_ohm:g} ohm", f"expected {ohm:g} ohm within {WITHIN:.0%}")
        low_ns = max(low_ns, self._clock.now_ns())
        await self._output(True)
        return Switched(low_ns=low_ns, high_ns=self._clock.now_ns(), note=f"{seen_ohm:.0f} ohm")

    async def disconnect(self) -> None:
        await self._output(False)

    async def safe(self) -> None:
        """Terminals open, proven by asking. Tried twice, then an error."""
        await tried_twice(self.disconnect)

    async def _output(self, on: bool) -> None:
        await self._set(f"OUTP {'ON' if on else 'OFF'}")
        await self._clock.sleep_until(self._clock.now_ns() + RELAYS_NS)
        sent = "OUTP?"
        try:
            state = whole_in(await self._number(sent), 0, 1)
        except InstrumentError as error:
            raise self._line.error(sent, str(error), "expected 0 or 1") from None
        if state != int(on):
            raise self._line.error(sent, str(state), f"expected {int(on)}: its terminals did not switch")

    async def _number(self, sent: str) -> float:
        reply = await self._line.ask(sent)
        try:
            return number_in(reply)
        except InstrumentError:
            raise self._line.garbage(sent, reply, "a number") from None

    async def _set(self, sent: str) -> None:
        await self._line.tell(sent)
        reply = await self._line.ask("SYST:ERR?")
        if self._line.refused("SYST:ERR?", reply):
            raise self._line.error(sent, reply, "the instrument refused the command")

"""Driver of Numato's USB relay boards: commands ended by CR, echoed, answered, and closed by a prompt.

Source: Numato's documentation and the drivers that use it (docs/instruments.md).
"""

import asyncio
import string

from bench.errors import InstrumentError, LinkError
from bench.instruments.exchange import shortened
from bench.instruments.ports import Switched
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS, NS_PER_S, format_ns

INSTRUMENT = "Numato relay"
TIMEOUT_NS = 500 * NS_PER_MS
SETTLE_NS = 100 * NS_PER_MS  # what drivers in the field wait for the contacts
_PROMPT = b">"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"


def index_of(relay: int, relays: int) -> str:
    """How boards of this size name relay `relay` (from 1): 0-9 and letters, two digits on the 64-channel board."""
    return f"{relay - 1:02d}" if relays > 32 else _DIGITS[relay - 1]


class NumatoRelay:
    """A RelayCard. The echo tells which command an answer belongs to, so a late one is simply skipped."""

    def __init__(self, link: SerialLink, clock: Clock, *, relays: int = 8) -> None:
        self.relays = relays
        self._link = link
        self._clock = clock
        self._lock = asyncio.Lock()
        self._first = True

    async def identify(self) -> str:
        version = await self._ask("ver")
        if not version or not all(letter in "0123456789ABCDEFabcdef." for letter in version):
            raise self._error(
                "ver", f"'{shortened(version)}'", "wrong model, expected a version such as 00000008"
            )
        if self.relays >= 8:
            await self._word()
        return f"Numato {self.relays}-channel relay, version {version}"

    async def switch(self, relay: int, on: bool) -> Switched:
        low_ns = self._clock.now_ns()
        sent = f"relay {'on' if on else 'off'} {index_of(relay, self.relays)}"
        await self._ask(sent)
        await self._clock.sleep_until(self._clock.now_ns() + SETTLE_NS)
        if await self._state(relay) is not on:
            raise self._error(sent, f"relay {relay} {'off' if on else 'on'}", "the relay did not switch")
        return Switched(low_ns=low_ns, high_ns=self._clock.now_ns())

    async def states(self) -> list[bool]:
        if self.relays < 8:  # these boards know no `readall`
            return [await self._state(relay) for relay in range(1, self.relays + 1)]
        word = await self._word()
        return [bool(word >> index & 1) for index in range(self.relays)]

    async def safe(self) -> None:
        if self.relays < 8:
            sent = "relay off"
            for relay in range(1, self.relays + 1):
                await self._ask(f"relay off {index_of(relay, self.relays)}")
        else:
            sent = f"relay writeall {'0' * (self.relays // 4)}"
            await self._ask(sent)
        await self._clock.sleep_until(self._clock.now_ns() + SETTLE_NS)
        on = [relay for relay, state in enumerate(await self.states(), 1) if state]
        if on:
            raise self._error(sent, f"relay(s) {on} still on", "expected all off")

    async def _state(self, relay: int) -> bool:
        sent = f"relay read {index_of(relay, self.relays)}"
        reply = await self._ask(sent)
        if reply not in ("on", "off"):
            raise self._error(sent, f"'{shortened(reply)}'", "garbage, expected 'on' or 'off'")
        return reply == "on"

    async def _word(self) -> int:
        sent = "relay readall"
        reply = await self._ask(sent)
        if len(reply) != self.relays // 4:
            expected = f"{self.relays // 4} hex digits of a board with {self.relays} relays"
            raise self._error(
                sent, f"'{shortened(reply)}'", f"wrong model or half a reply, expected {expected}"
            )
        if not set(reply) <= set(string.hexdigits):
            raise self._error(sent, f"'{shortened(reply)}'", "garbage, expected hex digits")
        return int(reply, 16)

    async def _ask(self, sent: str) -> str:
        """The answer between echo and prompt; "" for commands that have none."""
        got = ""
        async with self._lock:
            try:
                self._link.discard_input()  # said before the question: no answer to it
                if self._first:
                    self._link.write(
                        b"\r"
                    )  # ends half a command of an earlier session; its prompt is skipped
                    self._first = False
                self._link.write(sent.encode("ascii") + b"\r")
                async with asyncio.timeout(TIMEOUT_NS / NS_PER_S):
                    while True:
                        raw = (await self._link.read_until(_PROMPT))[: -len(_PROMPT)]
                        text = raw.decode("ascii", "replace").strip()
                        lines = [
                            line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()
                        ]
                        if lines and lines[0] == sent:
                            return " ".join(lines[1:])
                        got = text or got
            except TimeoutError:
                found = f"'{shortened(got)}' and no more" if got else "nothing complete"
                meaning = "no echo of the command; is it powered, and is this the right port?"
                raise self._error(sent, f"{found} within {format_ns(TIMEOUT_NS)}", meaning) from None
            except LinkError as error:
                raise self._error(sent, str(error), "the line is torn") from error

    def _error(self, sent: str, found: str, meaning: str) -> InstrumentError:
        return InstrumentError(f"{self._link.port} [{INSTRUMENT}]: sent '{sent}', got {found}: {meaning}")

"""Driver of Weiss and Vötsch climate chambers with S!MPAC: the SIMSERV protocol, on TCP 2049.

A question is a five-digit number, the chamber (always 1) and arguments, with ¶ (byte 182) between them and CR at its
end; an answer begins with 1 where it was done, else with a negative code. Source: the SIMSERV manual as public drivers
have it (docs/instruments.md).
"""

import asyncio

from bench.errors import InstrumentError, LinkError
from bench.instruments.exchange import shortened, tried_twice
from bench.instruments.replies import number_in
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS, NS_PER_S, format_ns

INSTRUMENT = "Weiss SIMSERV"
TIMEOUT_NS = 1000 * NS_PER_MS
GAP, END, REPLY_END = b"\xb6", b"\r", b"\r\n"
SET_POINT, READ_SET_POINT, READ_VALUE = 11001, 11002, 11004
GRADIENT_UP, GRADIENT_DOWN = 11068, 11072  # K/min
START, RUNNING, DIGITAL_INPUT, INFO = 14001, 14003, 15002, 99997
ON = 1  # the digital output that starts and stops it
WITHIN_C = 0.1
MOST_C = 200.0


class WeissSimserv:
    """A ClimateChamber. door_input: the digital input of its door contact, 0 where nobody has said."""

    def __init__(self, link: SerialLink, clock: Clock, *, door_input: int = 0) -> None:
        self._link, self._clock, self._door = link, clock, door_input
        self._lock = asyncio.Lock()

    async def identify(self) -> str:
        kind, number = await self._ask(INFO, 1), await self._ask(INFO, 3)
        if not kind:
            raise self._error(str(INFO), "no name", "wrong model, expected the name of a chamber")
        return f"{kind}, serial {number}"

    async def run_to(self, temperature_c: float, rate_k_s: float) -> float:
        """Set point and gradient read back, then started. The temperature in the chamber at that moment, in degC."""
        if await self.door_open():
            raise self._error("the door's contact", "1", "its door is open: it is not started")
        per_min = f"{rate_k_s * 60:.2f}"
        await self._ask(GRADIENT_UP, 1, per_min)
        await self._ask(GRADIENT_DOWN, 1, per_min)
        await self._ask(SET_POINT, 1, f"{temperature_c:.1f}")
        seen_c = await self._number(READ_SET_POINT, 1)
        if abs(seen_c - temperature_c) > WITHIN_C:
            raise self._error(
                str(READ_SET_POINT), f"{seen_c:g}", f"expected a set point of {temperature_c:g} degC"
            )
        await self._switch(True)
        return await self.temperature_c()

    async def temperature_c(self) -> float:
        return await self._number(READ_VALUE, 1)

    async def door_open(self) -> bool:
        return bool(self._door) and await self._ask(DIGITAL_INPUT, self._door) == "1"

    async def safe(self) -> None:
        """Stopped, proven by asking: it heats and cools no more. Tried twice, then an error."""
        await tried_twice(lambda: self._switch(False))

    async def _switch(self, on: bool) -> None:
        await self._ask(START, ON, int(on))
        state = await self._ask(RUNNING, ON)
        if state != str(int(on)):
            raise self._error(str(RUNNING), f"'{shortened(state)}'", f"expected {int(on)}: it did not switch")

    async def _number(self, *words: object) -> float:
        reply = await self._ask(*words)
        try:
            value = number_in(reply)
        except InstrumentError:
            raise self._error(str(words[0]), f"'{shortened(reply)}'", "garbage, expected a number") from None
        if abs(value) > MOST_C:
            raise self._error(str(words[0]), f"{value:g}", f"expected a temperature within {MOST_C:g} degC")
        return value

    async def _ask(self, number: object, *arguments: object) -> str:
        """The first word after the 1 of an answer; "" where the answer has no such word."""
        sent = GAP.join(str(word).encode("ascii") for word in (number, 1, *arguments)) + END
        words = sent[:-1].replace(GAP, b" ").decode("ascii")
        async with self._lock:
            try:
                self._link.discard_input()
                self._link.write(sent)
                async with asyncio.timeout(TIMEOUT_NS / NS_PER_S):
                    raw = await self._link.read_until(REPLY_END)
            except TimeoutError:
                found = f"nothing complete within {format_ns(TIMEOUT_NS)}"
                raise self._error(words, found, "no answer; is it on, and is this its port?") from None
            except LinkError as error:
                raise self._error(words, str(error), "the line is torn") from error
        done, *said = raw[: -len(REPLY_END)].split(GAP)
        if done != b"1":
            found = shortened(raw[:-2].replace(GAP, b" ").decode("ascii", "replace"))
            raise self._error(words, f"'{found}'", "the chamber refused the command")
        return said[0].decode("ascii", "replace") if said else ""

    def _error(self, sent: str, found: str, meaning: str) -> InstrumentError:
        return InstrumentError(f"{self._link.port} [{INSTRUMENT}]: sent '{sent}', got {found}: {meaning}")

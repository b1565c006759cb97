"""One question at a time to an instrument that speaks lines of text: spacing, time-outs, and clear errors.

Every driver of a text instrument stands on this. What differs from maker to maker is in `Manners`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.errors import InstrumentError, LinkError
from bench.instruments.ports import WireFault
from bench.instruments.replies import error_code_in, numbers_in, whole_in
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS, NS_PER_S, format_ns


async def tried_twice(act: Callable[[], Awaitable[None]]) -> None:
    """For the way to the safe state: one lost reply must not leave outputs on. Raises what the second try raised."""
    try:
        await act()
    except Exception:  # noqa: BLE001 - whatever it was, the outputs may still be on
        await act()


def shortened(text: str) -> str:
    """Long commands and replies, fit for an error's one line."""
    return text if len(text) <= 60 else f"{text[:40]}…{text[-16:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How one kind of instrument wants to be talked to.

    timeout_ns: patience for one reply; a question is asked `attempts` times at most.
    spacing_ns: least time from one command to the next.
    sync: a question whose reply `in_sync` can be told from every number the instrument might still owe.
    """

    instrument: str
    line_end: bytes = b"\n"
    reply_end: bytes = b"\n"
    timeout_ns: int = 500 * NS_PER_MS
    attempts: int = 1
    spacing_ns: int = 0
    sync: str = "*IDN?"
    in_sync: Callable[[str], bool] = lambda reply: reply.count(",") >= 3


class TextExchange:
    """The line to one instrument, or to several that share it (RS-485); `prefix` then names who is meant."""

    def __init__(self, link: SerialLink, clock: Clock, manners: Manners) -> None:
        self.clock = clock
        self.manners = manners
        self._link = link
        self._lock = asyncio.Lock()
        self._in_step = True  # False: a reply given up may still arrive
        self._first = True
        self._owed = 0  # replies to `sync` that were given up and may still come
        self._told = ""  # what was sent last without a reply to come
        self._free_ns = 0  # not before this instant may the next command leave

    @property
    def port(self) -> str:
        return self._link.port

    async def ask(self, sent: str, *, prefix: str = "", spacing_ns: int | None = None) -> str:
        """The reply to `sent`. InstrumentError within attempts x (time-out + spacing) at the latest."""
        manners = self.manners
        async with self._lock:
            for attempt in range(1, manners.attempts + 1):
                try:
                    return await self._once(prefix + sent, prefix, spacing_ns)
                except TimeoutError:
                    if attempt == manners.attempts:
                        break
        times = f" ({manners.attempts} attempts)" if manners.attempts > 1 else ""
        found = f"nothing complete within {format_ns(manners.timeout_ns)}{times}"
        raise self.error(sent, found, "no answer; is it powered, and is this the right port?")

    async def tell(self, sent: str, *, prefix: str = "", spacing_ns: int | None = None) -> int:
        """Send what has no reply; returns the instant at which it left, in ns."""
        async with self._lock:
            try:
                await self._begin(prefix)
                self._told = (prefix + sent).strip()
                return await self._send(prefix + sent, spacing_ns)
            except TimeoutError:
                found = f"nothing complete within {format_ns(self.manners.timeout_ns)}"
                raise self.error(sent, found, "it does not come back into step") from None
            except LinkError as error:
                raise self.error(sent, str(error), "the line is torn") from error

    async def numbers(
        self, sent: str, count: int, *, prefix: str = "", spacing_ns: int | None = None
    ) -> list[float]:
        """A reply of `count` numbers, separated by commas."""
        reply = await self.ask(sent, prefix=prefix, spacing_ns=spacing_ns)
        try:
            found = numbers_in(reply)
        except InstrumentError:
            raise self.garbage(sent, reply, f"{count} number(s)") from None
        if len(found) != count:
            raise self.error(
                sent, f"'{shortened(reply)}'", f"half a reply: {len(found)} of {count} number(s)"
            )
        return found

    async def whole(self, sent: str, most: int, *, prefix: str = "") -> int:
        """A reply of one whole number from 0 to `most`."""
        (value,) = await self.numbers(sent, 1, prefix=prefix)
        try:
            return whole_in(value, 0, most)
        except InstrumentError:
            raise self.garbage(sent, f"{value:g}", f"a whole number from 0 to {most}") from None

    def refused(self, sent: str, reply: str) -> bool:
        """Whether the entry of the error queue that `sent` was answered with is an error."""
        try:
            return error_code_in(reply) != 0
        except InstrumentError:
            raise self.garbage(sent, reply, 'an error queue entry such as 0,"No error"') from None

    def garbage(self, sent: str, found: str, expected: str) -> InstrumentError:
        """An error after which the next question begins with finding the way back into step."""
        self._in_step = False
        return self.error(sent, f"'{shortened(found)}'", f"garbage, expected {expected}")

    def no_dead_man(self, timeout_ns: int) -> InstrumentError:
        return InstrumentError(
            f"{self.port} [{self.manners.instrument}]: it has no dead-man, {format_ns(timeout_ns)} cannot be armed"
        )

    def cannot(self, fault: WireFault, able: str) -> InstrumentError:
        return InstrumentError(
            f"{self.port} [{self.manners.instrument}]: asked for {fault.value}, but it can only {able}"
        )

    def error(self, sent: str, found: str, meaning: str) -> InstrumentError:
        return InstrumentError(
            f"{self._link.port} [{self.manners.instrument}]: sent '{shortened(sent)}', got {found}: {meaning}"
        )

    # -- one exchange --------------------------------------------------------------------------------------

    async def _once(self, sent: str, prefix: str, spacing_ns: int | None) -> str:
        manners = self.manners
        try:
            await self._begin(prefix)
            self._in_step = False
            await self._send(sent, spacing_ns, fresh=True)
            async with asyncio.timeout(manners.timeout_ns / NS_PER_S):
                raw = await self._line()
                while self._owed and sent != prefix + manners.sync and self._is_sync(raw):
                    self._owed -= 1
                    raw = await self._line()
        except LinkError as error:
            raise self.error(sent, str(error), "the line is torn") from error
        # Out of step stays set on anything odd: the next command then begins with a catch-up.
        reply = self._text(sent, raw)
        if reply and reply in (sent.strip(), self._told):
            raise self._echo(sent, reply)
        self._in_step = True
        return reply

    async def _begin(self, prefix: str) -> None:
        """Be in step with the instrument, whatever an earlier session or a reply given up has left behind."""
        if self._first:
            self._link.discard_input()
            self._link.write(self.manners.line_end)  # ends half a command that it may still hold
            self._free_ns = self.clock.now_ns() + self.manners.spacing_ns
            self._first = False
        if not self._in_step:
            await self._catch_up(prefix)
            self._in_step = True

    async def _catch_up(self, prefix: str) -> None:
        """Read past late replies, to the one that only `sync` has; TimeoutError when it does not come.

        An instrument answers in order. Earlier `sync` questions may have been given up, too: all of them have to be
        answered, or silence must show that those replies are lost.
        """
        manners = self.manners
        await self._send(prefix + manners.sync, None)
        self._owed += 1
        deadline_ns = self.clock.now_ns() + 4 * manners.timeout_ns
        seen = False
        while self._owed:
            if self.clock.now_ns() > deadline_ns:  # a stream of noise
                raise TimeoutError
            try:
                async with asyncio.timeout(manners.timeout_ns / NS_PER_S):
                    text = (await self._line()).decode("ascii", "replace")
            except TimeoutError:
                if seen:
                    return
                raise
            if text == (prefix + manners.sync).strip():
                raise self._echo(text, text)
            if manners.in_sync(text):
                seen = True
                self._owed -= 1

    async def _send(self, sent: str, spacing_ns: int | None, *, fresh: bool = False) -> int:
        """fresh: what lies there already was said before the question was asked, and is no answer to it."""
        if self.clock.now_ns() < self._free_ns:
            await self.clock.sleep_until(self._free_ns)
        if fresh:
            self._link.discard_input()
        left_ns = self.clock.now_ns()
        self._link.write(sent.encode("ascii") + self.manners.line_end)
        self._free_ns = left_ns + (self.manners.spacing_ns if spacing_ns is None else spacing_ns)
        return left_ns

    async def _line(self) -> bytes:
        end = self.manners.reply_end
        while not (raw := (await self._link.read_until(end))[: -len(end)]).strip():
            pass
        return raw.strip(b"\r\n")

    def _is_sync(self, raw: bytes) -> bool:
        return self.manners.in_sync(raw.decode("ascii", "replace"))

    def _echo(self, sent: str, found: str) -> InstrumentError:
        return self.error(sent, f"'{shortened(found)}'", "the line echoes; switch the echo off")

    def _text(self, sent: str, raw: bytes) -> str:
        try:
            return raw.decode("ascii").strip()
        except UnicodeDecodeError:
            raise self.garbage(sent, repr(raw[:40]), "ASCII text") from None

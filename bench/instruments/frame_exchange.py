"""One question at a time to an instrument that speaks bytes: Modbus RTU frames, or single bytes without any frame."""

import asyncio
from collections.abc import Awaitable, Callable

from bench.codec.modbus_rtu import HEAD_BYTES, ModbusError, payload_of, rest_of_reply
from bench.errors import InstrumentError, LinkError
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_S, format_ns


class FrameExchange:
    """Nothing in these protocols says which question a reply belongs to.

    So after anything odd the line is left alone for a whole `timeout_ns`, and what came meanwhile is forgotten.
    """

    def __init__(
        self, link: SerialLink, clock: Clock, instrument: str, *, timeout_ns: int, spacing_ns: int
    ) -> None:
        self.clock = clock
        self.instrument = instrument
        self._link = link
        self._timeout_ns = timeout_ns
        self._spacing_ns = spacing_ns
        self._lock = asyncio.Lock()
        self._in_step = True
        self._free_ns = 0

    @property
    def port(self) -> str:
        return self._link.port

    async def modbus(self, request: bytes) -> bytes:
        """The payload of the reply to a Modbus RTU request, checked."""

        async def reply() -> bytes:
            head = await self._link.read_exactly(HEAD_BYTES)
            got.extend(head)
            if head[0] != request[0] or head[1] & 0x7F != request[1]:
                # Its length cannot be known: show what there is.
                raise ModbusError("no reply to this request")
            got.extend(await self._link.read_exactly(rest_of_reply(head)))
            if bytes(got) == request[: len(got)] and request[1] < 5:
                raise ModbusError("the line echoes; switch the echo off")
            return payload_of(request, bytes(got))

        got = bytearray()
        return await self._exchange(request, reply, got)

    async def raw(self, request: bytes, count: int) -> bytes:
        """Exactly `count` bytes in reply to `request`; 0 for what is never answered."""

        async def reply() -> bytes:
            for _ in range(count):  # one by one, so that an error can show how many came
                got.extend(await self._link.read_exactly(1))
            return bytes(got)

        got = bytearray()
        return await self._exchange(request, reply, got)

    def error(self, sent: bytes, found: str, meaning: str) -> InstrumentError:
        return InstrumentError(
            f"{self._link.port} [{self.instrument}]: sent '{sent.hex(' ')}', got {found}: {meaning}"
        )

    async def _exchange(self, request: bytes, reply: Callable[[], Awaitable[bytes]], got: bytearray) -> bytes:
        async with self._lock:
            try:
                if not self._in_step:
                    await self.clock.sleep_until(self.clock.now_ns() + self._timeout_ns)
                    self._in_step = True
                if self.clock.now_ns() < self._free_ns:
                    await self.clock.sleep_until(self._free_ns)
                self._link.discard_input()
                self._in_step = False
                self._link.write(request)
                async with asyncio.timeout(self._timeout_ns / NS_PER_S):
                    answer = await reply()
            except TimeoutError:
                found = f"'{got.hex(' ')}' and no more" if got else "nothing"
                meaning = "no answer; is it powered, and is this the right port?"
                if got and request.startswith(bytes(got)):
                    meaning = "the line echoes, or the reply is torn"
                raise self.error(request, f"{found} within {format_ns(self._timeout_ns)}", meaning) from None
            except LinkError as error:
                raise self.error(request, str(error), "the line is torn") from error
            except ModbusError as error:
                raise self.error(request, f"'{got.hex(' ')}'", str(error)) from error
            self._free_ns = self.clock.now_ns() + self._spacing_ns
            self._in_step = True
            return answer

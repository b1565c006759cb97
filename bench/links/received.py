"""What a byte stream has brought and nobody has read yet: the reading half every SerialLink shares."""

import asyncio
from collections.abc import Callable

from bench.errors import LinkError


class ReceivedBytes:
    """A buffer with one reader at a time. `check` raises LinkError once the stream is gone."""

    def __init__(self, where: Callable[[], str], check: Callable[[], None]) -> None:
        self._where = where
        self._check = check
        self._bytes = bytearray()
        self._reader: asyncio.Future[None] | None = None

    def feed(self, data: bytes) -> None:
        self._bytes += data
        self.wake()

    def wake(self) -> None:
        """Let the reader look again: something came, or the stream is gone."""
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def clear(self) -> None:
        self._bytes.clear()

    async def until(self, terminator: bytes) -> bytes:
        searched = 0
        while (found := self._bytes.find(terminator, searched)) < 0:
            searched = max(0, len(self._bytes) - len(terminator) + 1)
            await self._more()
        return self._take(found + len(terminator))

    async def exactly(self, count: int) -> bytes:
        while len(self._bytes) < count:
            await self._more()
        return self._take(count)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._bytes[:count])
        del self._bytes[:count]
        return taken

    async def _more(self) -> None:
        if self._reader is not None:
            raise LinkError(f"{self._where()}: two readers at once; expected one question at a time")
        self._check()
        self._reader = asyncio.get_running_loop().create_future()
        try:
            await self._reader
        finally:
            self._reader = None

"""Questions to an instrument on a CAN bus, and waiting for what it says by itself."""

import asyncio
from collections.abc import Callable

from bench.errors import InstrumentError, LinkError
from bench.links.ports import CanLink
from bench.trace.events import CanFrame
from bench.units import NS_PER_S, format_ns

Match = Callable[[CanFrame], bool]


def words(frame: CanFrame | None) -> str:
    """A frame as an error shows it: `0x022: 35 00 00 00 00`."""
    return "nothing" if frame is None else f"0x{frame.can_id:03X}: {frame.data.hex(' ')}"


class CanExchange:
    """One question at a time on `link`; other traffic is ignored."""

    def __init__(self, link: CanLink, instrument: str) -> None:
        self.link = link
        self._instrument = instrument
        self._lock = asyncio.Lock()
        self._wanted: tuple[Match, asyncio.Future[tuple[int, CanFrame]]] | None = None
        link.subscribe(self._heard)

    async def ask(
        self,
        sent: CanFrame | None,
        match: Match,
        timeout_ns: int,
        *,
        attempts: int = 1,
        what: str = "a reply",
    ) -> tuple[int, CanFrame]:
        """(stamp, frame) of the first frame that matches, after `sent` (None: it comes by itself)."""
        async with self._lock:
            for _ in range(attempts):
                future: asyncio.Future[tuple[int, CanFrame]] = asyncio.get_running_loop().create_future()
                self._wanted = match, future
                try:
                    if sent is not None:
                        self.link.send(sent)
                    async with asyncio.timeout(timeout_ns / NS_PER_S):
                        return await future
                except TimeoutError:
                    continue
                except LinkError as error:
                    raise self.error(sent, str(error), "the bus is torn") from error
                finally:
                    self._wanted = None
        times = f" ({attempts} attempts)" if attempts > 1 else ""
        found = f"not {what} within {format_ns(timeout_ns)}{times}"
        raise self.error(sent, found, "is it powered, and is this the right bus?")

    def error(self, sent: CanFrame | None, found: str, meaning: str) -> InstrumentError:
        where = f"CAN '{self.link.channel}' [{self._instrument}]"
        return InstrumentError(f"{where}: sent '{words(sent)}', got {found}: {meaning}")

    def _heard(self, t_ns: int, frame: CanFrame) -> None:
        if self._wanted is not None:
            match, future = self._wanted
            if not future.done() and match(frame):
                future.set_result((t_ns, frame))

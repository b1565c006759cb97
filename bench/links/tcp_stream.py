"""An instrument on the network: a TCP connection that reads and writes as a serial line does."""

import asyncio
import socket
from contextlib import suppress

from bench.errors import LinkError
from bench.links.received import ReceivedBytes
from bench.units import NS_PER_S, format_ns

SCHEME = "tcp://"
CONNECT_TIMEOUT_NS = 3 * NS_PER_S


class TcpStream(asyncio.Protocol):
    """A SerialLink. `port` is the address as it stands in the bench file: `tcp://host:port`."""

    def __init__(self, port: str) -> None:
        self.port = port
        self._gone = "not connected yet"
        self._received = ReceivedBytes(lambda: f"TCP '{self.port}'", self._check)
        self._transport: asyncio.Transport | None = None

    # -- the loop's side ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._gone = ""
        raw = transport.get_extra_info("socket")
        if raw is not None:
            # Nagle's algorithm would hold a short command back until the last reply is acknowledged: 40 ms.
            with suppress(OSError):
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._received.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        reason = f" ({exc})" if exc is not None else ""
        self._gone = (
            self._gone or f"the device is gone, it closed the connection{reason}; check network and supply"
        )
        self._received.wake()

    # -- the bench's side --------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        self._check()
        if self._transport is not None:
            self._transport.write(data)

    async def read_until(self, terminator: bytes) -> bytes:
        return await self._received.until(terminator)

    async def read_exactly(self, count: int) -> bytes:
        return await self._received.exactly(count)

    def discard_input(self) -> None:
        self._received.clear()

    def close(self) -> None:
        self._gone = self._gone or "closed; open it again before use"
        if self._transport is not None:
            # Not abort(): a last command, such as "outputs off", may still be in the buffer.
            self._transport.close()
        self._received.wake()

    def _check(self) -> None:
        if self._gone:
            raise LinkError(f"TCP '{self.port}': {self._gone}")


def address_of(port: str) -> tuple[str, int]:
    """`tcp://host:port` → (host, port). LinkError for anything else."""
    host, colon, number = port.removeprefix(SCHEME).rpartition(":")
    if not port.startswith(SCHEME) or not colon or not host or not number.isdecimal() or int(number) > 65535:
        raise LinkError(
            f"TCP '{port}': no address; expected {SCHEME}host:port, e.g. {SCHEME}192.168.0.123:7000"
        )
    return host.strip("[]"), int(number)


async def open_tcp(port: str, *, timeout_ns: int = CONNECT_TIMEOUT_NS) -> TcpStream:
    """Connect to `tcp://host:port`. LinkError names the address and the cause, within `timeout_ns`."""
    host, number = address_of(port)
    stream = TcpStream(port)
    try:
        async with asyncio.timeout(timeout_ns / NS_PER_S):
            await asyncio.get_running_loop().create_connection(lambda: stream, host, number)
    except TimeoutError:
        raise LinkError(f"TCP '{port}': no connection within {format_ns(timeout_ns)}") from None
    except OSError as error:
        raise LinkError(f"TCP '{port}': cannot be opened: {error}") from error
    return stream

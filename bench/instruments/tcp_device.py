"""The instrument's end of a TCP connection: a server that one client at a time may talk to."""

import asyncio
from collections.abc import Callable

from bench.timing.clock import Clock, Phase


class TcpDevice:
    """A DeviceEnd on loopback. `port` is what a bench file would say. Use `async with`."""

    def __init__(self, clock: Clock, idle_ns: int = 0) -> None:
        """idle_ns: a client that is silent for this long is dropped; 0: never."""
        self.port = ""
        self._idle_ns = idle_ns
        self._heard_ns = 0
        self._clock = clock
        self._listeners: list[Callable[[int, bytes], None]] = []
        self._server: asyncio.Server | None = None
        self._client: asyncio.Transport | None = None
        self.claimed = False
        self.free_since_ns = clock.now_ns()

    @property
    def held(self) -> bool:
        """A client is there."""
        return self._client is not None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Served(self), "127.0.0.1", 0)
        self.port = f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> "TcpDevice":
        await self.open()
        return self

    def watch(self) -> None:
        """An opening tells of itself here."""

    def close(self) -> None:
        self.hang_up()
        if self._server is not None:
            self._server.close()

    async def __aexit__(self, *_: object) -> None:
        self.close()
        if self._server is not None:
            await self._server.wait_closed()

    def subscribe(self, listener: Callable[[int, bytes], None]) -> None:
        self._listeners.append(listener)

    def write(self, data: bytes) -> None:
        # A client that has gone loses the reply, as on a wire.
        if self._client is not None:
            self._client.write(data)

    def hang_up(self) -> None:
        """Drop the client, as an instrument does that loses its supply."""
        if self._client is not None:
            self._client.abort()
            self._client = None
            self.free_since_ns = self._clock.now_ns()

    def joined(self, client: asyncio.Transport) -> None:
        if self._idle_ns:
            self._heard_ns = self._clock.now_ns()
            self._clock.call_at(self._heard_ns + self._idle_ns, Phase.INSTRUMENT, self._drop_idle)
        self.hang_up()  # most instruments serve one client: the newest wins
        self._client = client
        self.claimed = True

    def _drop_idle(self) -> None:
        due_ns = self._heard_ns + self._idle_ns
        if self._clock.now_ns() >= due_ns:
            self.hang_up()
        elif self._client is not None:
            self._clock.call_at(due_ns, Phase.INSTRUMENT, self._drop_idle)

    def left(self, client: asyncio.Transport | None) -> None:
        if self._client is client:
            self._client = None
            self.free_since_ns = self._clock.now_ns()

    def received(self, data: bytes) -> None:
        now_ns = self._heard_ns = self._clock.now_ns()
        for listener in self._listeners:
            listener(now_ns, data)


class _Served(asyncio.Protocol):
    def __init__(self, device: TcpDevice) -> None:
        self._device = device
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._device.joined(transport)

    def data_received(self, data: bytes) -> None:
        self._device.received(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._device.left(self._transport)

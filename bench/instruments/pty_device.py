"""The instrument's end of a real pseudo-terminal."""

import asyncio
import contextlib
import os
from collections.abc import Callable

from bench.timing.clock import Clock


class PtyDevice:
    """The instrument's end of a real pseudo-terminal. Knows whether anybody holds the other end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: list[Callable[[int, bytes], None]] = []
        import tty  # of Unix only, and needed by nothing in simulated time

        self._master, slave = os.openpty()
        tty.setraw(self._master)  # else the line discipline echoes and translates LF
        self.port = os.ttyname(slave)
        os.close(slave)  # with our own copy open, nobody else's closing would ever be seen
        os.set_blocking(self._master, False)
        self.held = False
        self.claimed = False
        self.free_since_ns = clock.now_ns()

    def subscribe(self, listener: Callable[[int, bytes], None]) -> None:
        self._listeners.append(listener)

    def write(self, data: bytes) -> None:
        # A client that has gone or does not read loses the reply, as on a wire.
        with contextlib.suppress(OSError):
            os.write(self._master, data)

    def close(self) -> None:
        if self.held:
            asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)

    def watch(self) -> None:
        """To be called now and then while nobody holds the port: an opening gives no event of its own."""
        if not self.held:
            self._read()

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except BlockingIOError:
            data = b""
        except OSError:  # EIO: the other end is closed
            if self.held:
                self.held = False
                self.free_since_ns = self._clock.now_ns()
                asyncio.get_running_loop().remove_reader(self._master)
            return
        if not self.held:
            self.held = self.claimed = True
            asyncio.get_running_loop().add_reader(self._master, self._read)
        if data:
            now_ns = self._clock.now_ns()
            for listener in self._listeners:
                listener(now_ns, data)

"""A real serial port, or anything that looks like one (a pty), driven by the event loop.

pyserial opens and sets up the line; reading and writing go to the descriptor itself, because pyserial's own
`write` spins while the driver's buffer is full.
"""

import asyncio
import os

import serial

from bench.errors import LinkError
from bench.links.received import ReceivedBytes

_CHUNK_BYTES = 4096


class PyserialLink:
    """A SerialLink. One reader at a time; what the line carries beside an answer stays buffered."""

    def __init__(self, device: serial.Serial) -> None:
        self.port: str = device.port
        self._device = device
        self._fd: int = device.fileno()
        self._loop = asyncio.get_running_loop()
        self._received = ReceivedBytes(lambda: f"serial '{self.port}'", self._check)
        self._unsent = bytearray()
        self._gone = ""
        os.set_blocking(self._fd, False)
        self._loop.add_reader(self._fd, self._on_readable)

    def write(self, data: bytes) -> None:
        """Queue bytes; returns at once, whatever the line accepts. LinkError when the port is gone."""
        self._check()
        waiting = bool(self._unsent)
        self._unsent += data
        if not waiting:
            self._on_writable()
            self._check()
            if self._unsent:
                self._loop.add_writer(self._fd, self._on_writable)

    async def read_until(self, terminator: bytes) -> bytes:
        return await self._received.until(terminator)

    async def read_exactly(self, count: int) -> bytes:
        return await self._received.exactly(count)

    def discard_input(self) -> None:
        """Forget what has been received, what still waits in the driver included."""
        if not self._gone:
            self._on_readable()
        self._received.clear()

    def close(self) -> None:
        self._end("closed; open it again before use")

    def _on_readable(self) -> None:
        try:
            while True:
                chunk = os.read(self._fd, _CHUNK_BYTES)
                if not chunk:
                    self._end("the device is gone; check plug and supply")
                    return
                self._received.feed(chunk)
                if len(chunk) < _CHUNK_BYTES:
                    break
        except BlockingIOError:
            pass
        except OSError as error:
            self._end(f"the device is gone ({error.strerror}); check plug and supply")
            return

    def _on_writable(self) -> None:
        try:
            del self._unsent[: os.write(self._fd, self._unsent)]
        except BlockingIOError:
            return
        except OSError as error:
            self._end(f"the device is gone ({error.strerror}); check plug and supply")
            return
        if not self._unsent:
            self._loop.remove_writer(self._fd)

    def _check(self) -> None:
        if self._gone:
            raise LinkError(f"serial '{self.port}': {self._gone}")

    def _end(self, reason: str) -> None:
        if self._gone:
            return
        self._gone = reason
        self._unsent.clear()
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._device.close()
        self._received.wake()


def open_serial(port: str, baud: int) -> PyserialLink:
    """Open a port 8N1 without flow control, on the running loop. LinkError names the port and the cause."""
    try:
        # inter_byte_timeout makes pyserial set VMIN = 1: an empty read then means "gone", not "nothing".
        device = serial.Serial(port, baud, timeout=0, write_timeout=0, inter_byte_timeout=0)
    except (OSError, ValueError) as error:  # SerialException is an OSError
        raise LinkError(f"serial '{port}': cannot be opened at {baud} bit/s: {error}") from error
    return PyserialLink(device)

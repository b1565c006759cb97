"""A serial line on the Clock's timeline: bytes take their time, 10 bits each (8N1), and arrive in order."""

from collections.abc import Callable

from bench.errors import LinkError
from bench.links.received import ReceivedBytes
from bench.timing.clock import Clock, Phase
from bench.units import NS_PER_S

BITS_PER_BYTE = 10

DataListener = Callable[[int, bytes], None]
"""Called with (t_ns, bytes) at the end of the last byte of a chunk."""


class _Lane:
    """One direction. A chunk is delivered whole at the end of its last byte; chunks queue up."""

    def __init__(self, clock: Clock, baud: int, deliver: DataListener) -> None:
        self._clock = clock
        self._baud = baud
        self._deliver = deliver
        self._free_ns = 0
        self.cut = False

    def put(self, data: bytes) -> None:
        if not data:
            return
        start_ns = max(self._clock.now_ns(), self._free_ns)
        end_ns = start_ns + (len(data) * BITS_PER_BYTE * NS_PER_S + self._baud // 2) // self._baud
        self._free_ns = end_ns

        def arrive() -> None:
            if not self.cut:
                self._deliver(end_ns, data)

        self._clock.call_at(end_ns, Phase.BUS, arrive)


class HostEnd:
    """The bench's end. A SerialLink."""

    def __init__(self, line: "SimulatedSerial") -> None:
        self.port = line.port
        self._line = line
        self._received = ReceivedBytes(lambda: f"serial '{self.port}'", lambda: line.check(self.port))

    def write(self, data: bytes) -> None:
        self._line.check(self.port)
        self._line.to_device.put(bytes(data))

    async def read_until(self, terminator: bytes) -> bytes:
        """The bytes up to and including `terminator`. LinkError when the line is torn. Cancellable."""
        return await self._received.until(terminator)

    async def read_exactly(self, count: int) -> bytes:
        return await self._received.exactly(count)

    def discard_input(self) -> None:
        self._received.clear()

    def close(self) -> None:
        self._line.close()

    def receive(self, now_ns: int, data: bytes) -> None:  # noqa: ARG002
        self._received.feed(data)

    def wake(self) -> None:
        self._received.wake()


class SimulatedEnd:
    """The instrument's end: called with what arrives, answers with `write`."""

    def __init__(self, line: "SimulatedSerial") -> None:
        self.port = line.port
        self._line = line
        self._listeners: list[DataListener] = []

    def write(self, data: bytes) -> None:
        """Queue bytes towards the bench; returns at once. Raises LinkError when the line is torn."""
        self._line.check(self.port)
        self._line.to_host.put(bytes(data))

    def subscribe(self, listener: DataListener) -> None:
        """Call `listener` with each chunk the bench has written, when its last byte has arrived."""
        self._listeners.append(listener)

    def receive(self, now_ns: int, data: bytes) -> None:
        for listener in self._listeners:
            listener(now_ns, data)


class SimulatedSerial:
    """One full-duplex line between the bench (`host`) and an instrument (`device`)."""

    def __init__(self, clock: Clock, port: str, baud: int) -> None:
        self.port = port
        self.baud = baud
        self._gone = ""
        self.host = HostEnd(self)
        self.device = SimulatedEnd(self)
        self.to_device = _Lane(clock, baud, self.device.receive)
        self.to_host = _Lane(clock, baud, self.host.receive)

    def tear(self) -> None:
        """Pull the plug: what is under way is lost, and both ends raise LinkError from now on."""
        self._end("torn: the device is gone; check plug and supply")

    def close(self) -> None:
        """Close the line in an orderly way; using it afterwards is a LinkError too."""
        self._end("closed; open it again before use")

    def check(self, port: str) -> None:
        if self._gone:
            raise LinkError(f"serial '{port}': {self._gone}")

    def _end(self, reason: str) -> None:
        self._gone = self._gone or reason
        self.to_device.cut = self.to_host.cut = True
        self.host.wake()

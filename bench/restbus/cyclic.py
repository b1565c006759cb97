"""Cyclic messages of absent ECUs and sensors: fixed grid, alive counter, CRC; each can be muted."""

from collections.abc import Callable, Mapping

from bench.codec import e2e
from bench.codec.database import Message
from bench.links.ports import CanLink
from bench.timing.clock import Clock, Phase, Timer
from bench.trace.events import CanFrame

_COUNTER_VALUES = 15  # AUTOSAR P01: 0..14, 15 is invalid


class CyclicMessage:
    """One message on its grid. `values` is asked at every cycle for physical values; counter and CRC are added here."""

    def __init__(
        self,
        clock: Clock,
        link: CanLink,
        message: Message,
        values: Callable[[], Mapping[str, float | int | str]],
    ) -> None:
        if message.cycle_ns <= 0:
            raise ValueError(f"{message.name} has no cycle time in its DBC")
        self.message = message
        self.muted = False
        self._clock = clock
        self._link = link
        self._values = values
        self._protected = message.e2e_profile == "P01"
        self._counter = 0
        self._encoded_values: Mapping[str, float | int | str] = {}
        self._encoded = b""
        self._timer: Timer | None = None

    def start(self, first_ns: int) -> None:
        self._timer = self._clock.every(self.message.cycle_ns, Phase.RESTBUS, self._send, first_ns=first_ns)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _send(self) -> None:
        if self.muted:
            return
        values = self._values()
        if values != self._encoded_values:  # most cycles repeat the last values: encode once
            header = {"Crc8": 0, "AliveCounter": 0} if self._protected else {}
            self._encoded = self.message.encode({**header, **values})
            self._encoded_values = dict(values)
        data = self._encoded
        if self._protected:
            payload = bytearray(data)
            e2e.protect_p01(payload, self.message.e2e_data_id, self._counter)
            self._counter = (self._counter + 1) % _COUNTER_VALUES
            data = bytes(payload)
        self._link.send(CanFrame(self.message.can_id, data, self.message.extended, self.message.fd))

"""Cyclic messages of absent ECUs and sensors: fixed grid, alive counter, CRC; each can be muted."""

from collections.abc import Callable, Sequence

from bench.codec.database import Message
from bench.codec.pages import Asked, Bind, Pages, Payloads
from bench.links.ports import CanLink
from bench.restbus.disturbance import Disturbance
from bench.timing.clock import Clock, Phase
from bench.timing.sweep import Sweep
from bench.trace.events import CanFrame, made


class CyclicMessage:
    """One message on its grid. What it shows is read at every sending; counter and CRC are added here.

    Several pages make a sweep: at once, or one per gap.
    """

    def __init__(
        self,
        clock: Clock,
        link: CanLink,
        message: Message,
        pages: Pages,
        bind: Bind,
        *,
        cycle_ns: int | None = None,
        gap_ns: int = 0,
    ) -> None:
        self.message = message
        self.cycle_ns = message.cycle_ns if cycle_ns is None else cycle_ns
        if self.cycle_ns <= 0:
            raise ValueError(f"{message.name} has no cycle time in its DBC")
        self.channel = link.channel
        self.muted = False
        self.disturbance: Disturbance | None = None
        self.standing = False  # what it shows as "counter" repeats its last value
        self._can_id, self._extended, self._fd = message.can_id, message.extended, message.fd
        self._clock = clock
        self._link = link
        self._bind = bind
        counts = any(slot.quantity == "counter" for page in pages.pages for slot in page.slots)
        self._payloads = Payloads(pages, self._counting if counts else bind)
        self._protection = message.protection
        self._counter = 0
        self._sent = 0  # frames so far: what a signal that shows "counter" counts
        self._sweep = Sweep(
            clock, Phase.RESTBUS, self._send, count=len(pages.pages), cycle_ns=self.cycle_ns, gap_ns=gap_ns
        )

    def start(self, first_ns: int) -> None:
        self._sweep.start(first_ns)

    def stop(self) -> None:
        self._sweep.stop()

    def _counting(self, asked: Asked) -> Callable[[], Sequence[float | None]]:
        """`bind`, with the number of frames sent wherever a signal shows "counter"."""
        places = [place for place, (quantity, _) in enumerate(asked) if quantity == "counter"]
        others = self._bind([one for one in asked if one[0] != "counter"])

        def values() -> list[float | None]:
            found = list(others())
            for place in places:
                found.insert(place, max(0, self._sent - 1) if self.standing else self._sent)
            return found

        return values

    def _send(self, page: int) -> None:
        if self.muted:
            return
        data = self._payloads.of(page)
        if not self.standing:
            self._sent += 1
        if self.disturbance is not None:
            self._send_disturbed(data, self.disturbance)
            return
        protection = self._protection
        if protection is not None:
            payload = bytearray(data)
            protection.protect(payload, self._counter)
            self._counter = (self._counter + 1) % protection.counters
            data = bytes(payload)
        self._link.send(made(CanFrame, (self._can_id, data, self._extended, self._fd, False)))

    def _send_disturbed(self, data: bytes, disturbance: Disturbance) -> None:
        if disturbance.lost:
            return
        data = disturbance.before_protection(data)
        protection = self._protection
        if protection is not None:
            payload = bytearray(data)
            if not disturbance.freeze_counter:
                self._counter = (self._counter + disturbance.skip) % protection.counters
            protection.protect(payload, self._counter)
            if not disturbance.freeze_counter:
                self._counter = (self._counter + 1) % protection.counters
            data = bytes(payload)
        frame = CanFrame(
            self.message.can_id,
            disturbance.after_protection(data),
            self.message.extended,
            self.message.fd,
        )
        self._put(frame, disturbance)
        if disturbance.twice:
            self._put(frame, disturbance)

    def _put(self, frame: CanFrame, disturbance: Disturbance) -> None:
        if disturbance.late_ns:
            due_ns = self._clock.now_ns() + disturbance.late_ns
            self._clock.call_at(due_ns, Phase.RESTBUS, lambda: self._link.send(frame))
        else:
            self._link.send(frame)

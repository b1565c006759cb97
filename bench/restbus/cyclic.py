"""Cyclic messages of absent ECUs and sensors: fixed grid, alive counter, CRC; each can be muted."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from weakref import WeakKeyDictionary

from bench.codec.database import Message
from bench.codec.e2e import Protection
from bench.codec.pages import Asked, Bind, Pages, Payloads, Slot
from bench.links.ports import CanLink
from bench.restbus.disturbance import Disturbance
from bench.timing.clock import Clock, Phase
from bench.timing.sweep import CycleSweep
from bench.trace.events import CanFrame, made

_REMEMBERED_PAYLOADS = 256  # of a message; with 16 counters each, half a megabyte


class _Frames:
    """Frames of one message, each made once: most cycles show what an earlier one did, and counters come round."""

    def __init__(self, message: Message) -> None:
        self._can_id, self._extended, self._fd = message.can_id, message.extended, message.fd
        self._protection = message.protection
        self._made: dict[bytes, list[CanFrame | None]] = {}

    def of(self, payload: bytes, counter: int) -> CanFrame:
        """The frame with `payload`, protected with `counter` where the message is protected."""
        made_ = self._made.get(payload)
        if made_ is None:
            if len(self._made) >= _REMEMBERED_PAYLOADS:
                self._made.clear()
            counters = 1 if self._protection is None else self._protection.counters
            made_ = self._made[payload] = [None] * counters
        frame = made_[counter]
        if frame is None:
            data = payload if self._protection is None else protected(self._protection, payload, counter)
            frame = made_[counter] = made(CanFrame, (self._can_id, data, self._extended, self._fd, False))
        return frame


# Kept from shot to shot: what is remembered is a pure function of payload and counter.
_FRAMES: WeakKeyDictionary[Message, _Frames] = WeakKeyDictionary()


def protected(protection: Protection, payload: bytes, counter: int) -> bytes:
    """`payload` with counter and CRC filled in."""
    data = bytearray(payload)
    protection.protect(data, counter)
    return bytes(data)


class Lasts(IntEnum):
    """For how long a message shows what it shows now."""

    NOT = 0
    UNTIL_MOVED = 1
    """Until the plant moves, or something else is done."""
    UNTIL_DONE = 2
    """Until something is done that is no move of the plant."""


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
        tell: Callable[[Slot, float], None] | None = None,
    ) -> None:
        """tell: hears of every value that a signal of it cannot carry."""
        self.message = message
        self.cycle_ns = message.cycle_ns if cycle_ns is None else cycle_ns
        if self.cycle_ns <= 0:
            raise ValueError(f"{message.name} has no cycle time in its DBC")
        self.channel = link.channel
        self.muted = False
        self.disturbance: Disturbance | None = None
        self.standing = False  # what it shows as "counter" repeats its last value
        self._clock = clock
        self._link = link
        self._bind = bind
        counts = any(slot.quantity == "counter" for page in pages.pages for slot in page.slots)
        self._payloads = Payloads(pages, self._counting if counts else bind, tell)
        self._protection = message.protection
        self._counters = 1 if message.protection is None else message.protection.counters
        self._frame = _FRAMES.setdefault(message, _Frames(message)).of
        self._counter = 0
        self._sent = 0  # frames so far: what a signal that shows "counter" counts
        self._sweep = CycleSweep(
            clock,
            Phase.RESTBUS,
            self._send,
            count=len(pages.pages),
            cycle_ns=self.cycle_ns,
            gap_ns=gap_ns,
            still=True,
        )

    def start(self, first_ns: int) -> None:
        self._sweep.start(first_ns)

    def stop(self) -> None:
        self._sweep.stop()

    def _counting(self, asked: Asked) -> Callable[[], Sequence[float | None]]:
        """`bind`, with the number of frames sent for each signal that shows "counter"."""
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
        if self.disturbance is not None and self.disturbance.concerns(data):
            self._send_disturbed(data, self.disturbance)
            return
        counter = self._counter
        self._counter = (counter + 1) % self._counters
        self._link.send(self._frame(data, counter))

    def _send_disturbed(self, data: bytes, disturbance: Disturbance) -> None:
        if disturbance.loses():
            if self._protection is not None and disturbance.one_in > 1:  # it was sent, and did not arrive
                self._counter = (self._counter + 1) % self._protection.counters
            return
        data = disturbance.before_protection(data)
        protection = self._protection
        if protection is not None:
            if not disturbance.freeze_counter:
                self._counter = (self._counter + disturbance.skip) % protection.counters
            data = protected(protection, data, self._counter)
            if not disturbance.freeze_counter:
                self._counter = (self._counter + 1) % protection.counters
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

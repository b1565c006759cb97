"""A cyclic message whose grid the kernel keeps, where the link can do that; the bench only says what it shows.

The kernel repeats one frame per counter value. The bench checks on its own grid whether a value has changed, and then
replaces the frames. If its loop is late, the frames still leave in time, with the values of the cycle before. A
disturbed or muted message is sent, or not sent, by the bench itself, because the kernel cannot corrupt a single
frame. The counter goes on from the last frame that was seen on the bus.
"""

from bench.codec.database import Message
from bench.codec.pages import Pages
from bench.links.ports import CanLink, Cycle, CyclingLink
from bench.restbus.cyclic import CyclicMessage
from bench.trace.events import CanFrame

_MOST_COUNTERS = 16  # replacing more frames than that whenever a value moves would cost more than it gives


class KernelPacedMessage(CyclicMessage):
    """Only for messages `kind_of` names it for."""

    _cycle: Cycle | None = None
    _shown = b""

    def stop(self) -> None:
        super().stop()
        self._take_back()

    def _send(self, page: int) -> None:
        if self.muted or self.disturbance is not None:
            self._take_back()
            super()._send(page)
            return
        data = self._payloads.of(page)
        if self._cycle is None:
            if isinstance(self._link, CyclingLink):
                self._cycle = self._link.cycle(self._frames(data), self.cycle_ns)
        elif data != self._shown:
            self._cycle.update(self._frames(data))
        self._shown = data

    def _frames(self, data: bytes) -> list[CanFrame]:
        """One frame for each counter value. The first of a new cycle carries on where the bench has stopped."""
        message, protection = self.message, self._protection
        if protection is None:
            return [CanFrame(message.can_id, data, message.extended, message.fd)]
        frames = []
        for offset in range(protection.counters):
            payload = bytearray(data)
            protection.protect(payload, (self._counter + offset) % protection.counters)
            frames.append(CanFrame(message.can_id, bytes(payload), message.extended, message.fd))
        return frames

    def _take_back(self) -> None:
        if self._cycle is None:
            return
        if self._protection is not None and self._cycle.last:
            self._counter = (self._protection.counter_of(self._cycle.last) + 1) % self._protection.counters
        self._cycle.stop()
        self._cycle = None


def kind_of(link: CanLink, message: Message, pages: Pages, gap_ns: int) -> type[CyclicMessage]:
    """Who keeps this message's grid: the kernel, where the link lets it and the message is one it can repeat."""
    able = isinstance(link, CyclingLink) and link.kernel_cycles
    few = message.protection is None or message.protection.counters <= _MOST_COUNTERS
    single = len(pages.pages) == 1 and not gap_ns
    counts = any(slot.quantity == "counter" for page in pages.pages for slot in page.slots)
    return KernelPacedMessage if able and few and single and not counts else CyclicMessage

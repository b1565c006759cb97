"""The analogue front end whose sweep the core lays out and sends; Python says what it measures."""

import math
import struct
from array import array
from collections.abc import Callable, Sequence

from bench.codec.pages import VALUE, Pages, Slot
from bench.core.bus import CoreCanNode
from bench.core.clock import CoreClock
from bench.core.library import NOW_NS
from bench.instruments.afe import AnalogueFrontEnd
from bench.timing.clock import grid_point_ns

_SLOT = struct.Struct("<ddddQQQii??6x")
_CLASSIC, _MOST_PAGES, _MOST_SLOTS, _WORD = 8, 256, 1024, 2**64 - 1
_EXACT = 2.0**53  # up to here every whole number is a float, too


class CoreFrontEnd(AnalogueFrontEnd):
    """Only for layouts that `core_sweeps` names. A sweep that lacks pages, or shows wrong ones, is sent by Python."""

    def __init__(
        self,
        clock: CoreClock,
        messages: Sequence[Pages],
        output_v: Callable[[], Sequence[float | None]],
        node: CoreCanNode,
        *,
        cycle_ns: int,
        tell: Callable[[Slot, float], None] | None = None,
    ) -> None:
        super().__init__(clock, messages, output_v, node.send, cycle_ns=cycle_ns, gap_ns=0, tell=tell)
        self._time, self._core, self._node, self._cycle_ns = clock, clock.core, node, cycle_ns
        self._laid_out: Sequence[float | None] | None = None
        self._clipped = False
        self._core.made("a second front end", "front_end", node.number)
        for message in messages:
            for little, big, slots in message.pages:
                self._core.made(
                    "a page", "page", message.can_id, message.extended, message.length, little, big
                )
                for slot in slots:
                    self._core.made("a signal", "slot", _slot_of(slot))
        clock.sweeps = self._swept

    def start(self, first_ns: int) -> None:
        self._core.words[NOW_NS] = now_ns = self._time.now
        first_ns = grid_point_ns(first_ns, self._cycle_ns, now_ns)
        self._core.call("sweep_start", first_ns, self._cycle_ns)

    def stop(self) -> None:
        self._core.call("sweep_stop")

    def _swept(self) -> None:
        self._measure()
        before = self.sweep_crc.value
        if self.lost_pages or self.corrupt or self.disturbed or self._node.closed or not self._core_shows():
            for page in range(self.pages):
                self._show(page)
        else:
            self.sweep_crc.swept(self._core.call("sweep_send"))
        if self.sweep_crc.value != before:
            self._time.touched()

    def _core_shows(self) -> bool:
        """Whether the core has laid out what was measured; not what a signal cannot carry, which has to be told."""
        if self._laid_out is None or self._laid_out != self._latest:
            values = array("d", [math.nan if one is None else one for one in self._latest])
            self._clipped = bool(self._core.call("sweep_show", values.tobytes(), len(values)))
            self._laid_out = self._latest
        return not self._clipped


def core_sweeps(messages: Sequence[Pages], gap_ns: int) -> bool:
    """Whether the core can lay these out: sent at once, in classic frames, each value a whole number of steps."""
    slots = [slot for message in messages for page in message.pages for slot in page.slots]
    return (
        not gap_ns
        and bool(messages)
        and sum(len(message.pages) for message in messages) <= _MOST_PAGES
        and len(slots) <= _MOST_SLOTS
        and all(not message.fd and 0 < message.length <= _CLASSIC for message in messages)
        and all(_plain(slot) for slot in slots)
    )


def _plain(slot: Slot) -> bool:
    return (
        slot.kind == VALUE
        and slot.ieee is None
        and 0 <= slot.shift < 64
        and 0 <= slot.mask <= _WORD
        and -_EXACT < slot.low <= slot.high < _EXACT
        and slot.number >= 0
    )


def _slot_of(slot: Slot) -> bytes:
    return _SLOT.pack(
        slot.gain, slot.offset, slot.low, slot.high,
        slot.mask, slot.none & _WORD, (slot.beyond or 0) & _WORD,
        slot.number, slot.shift, bool(slot.big), slot.beyond is None,
    )  # fmt: skip

"""Who beside the cell emulator sees that its outputs are off: the front end at them, asked or heard on its bus."""

import math
import struct
from collections.abc import Callable, Mapping, Sequence

from bench.codec.pages import VALUE, Pages, Slot
from bench.links.ports import CanLink
from bench.timing.clock import Clock
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS
from bench.wiring.emulator_shown import EmulatorShown

_LATE_NS = 200 * NS_PER_MS
_FLOATS = {16: "e", 32: "f", 64: "d"}
NAME = "the front end"


class FrontEndAsked:
    """A played front end in this process: it need not send what it sees."""

    name = NAME
    within_ns = 0

    def __init__(self, output_v: Callable[[], Sequence[float | None]]) -> None:
        self._output_v = output_v

    def begin(self) -> None:
        """It remembers nothing."""

    def volts(self) -> Mapping[int, float]:
        seen = enumerate(self._output_v(), 1)
        return {cell: volt for cell, volt in seen if volt is not None and not math.isnan(volt)}


class FrontEndHeard:
    """A front end that sends what it sees: in another process, or a real one."""

    name = NAME

    def __init__(self, clock: Clock, shown: EmulatorShown, link: CanLink) -> None:
        self.within_ns = 2 * shown.cycle_ns + _LATE_NS
        self._clock = clock
        self._since_ns = 0
        self._volts: dict[int, float] = {}
        self._heard: set[tuple[int, int]] = set()
        self._messages = {(one.can_id, one.extended): one for one in shown.messages}
        self._places = {
            (one.can_id, page)
            for one in shown.messages
            for page in range(len(one.pages))
            if _cells(one, page)
        }
        link.subscribe(self._hear)

    def begin(self) -> None:
        self._since_ns = self._clock.now_ns()
        self._volts.clear()
        self._heard.clear()

    def volts(self) -> Mapping[int, float] | None:
        return self._volts if self._heard >= self._places else None

    def _hear(self, t_ns: int, frame: CanFrame) -> None:
        message = self._messages.get((frame.can_id, frame.extended))
        if message is None or not self._since_ns or t_ns < self._since_ns or len(frame.data) < message.length:
            return
        page = _page_of(message, frame.data)
        if page is None:
            return
        self._heard.add((frame.can_id, page))
        for slot in _cells(message, page):
            volt = shown_by(slot, frame.data[: message.length])
            if volt is None:
                self._volts.pop(slot.number + 1, None)
            else:
                self._volts[slot.number + 1] = volt


def _cells(message: Pages, page: int) -> list[Slot]:
    return [one for one in message.pages[page].slots if one.quantity == "cell_voltage" and one.kind == VALUE]


def _page_of(message: Pages, data: bytes) -> int | None:
    """Pages of one message are known by their first byte."""
    if len(message.pages) == 1:
        return 0
    firsts = (message.payload(page, lambda *_: None)[:1] for page in range(len(message.pages)))
    return next((page for page, first in enumerate(firsts) if first == data[:1]), None)


def shown_by(slot: Slot, data: bytes) -> float | None:
    """The value in SI that a payload shows there; None where it shows none."""
    raw = int.from_bytes(data, "big" if slot.big else "little") >> slot.shift & slot.mask
    if slot.ieee is not None:
        if raw == slot.none & slot.mask:
            return None
        size = slot.ieee.bits // 8
        (bare,) = struct.unpack(f"<{_FLOATS[slot.ieee.bits]}", raw.to_bytes(size, "little"))
        physical = bare * slot.ieee.scale + slot.ieee.offset
        found = (physical - slot.offset) / slot.gain
        return None if math.isnan(found) else float(found)
    if raw == slot.none & slot.mask:
        return None
    if raw > slot.high and slot.low < 0:
        raw -= slot.mask + 1
    return (raw - slot.offset) / slot.gain

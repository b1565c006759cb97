"""The BMS's analogue front end: shows the DUT what the cell emulator's outputs measure, as the profile lays it out."""

import json
from binascii import crc_hqx
from collections.abc import Callable, Sequence
from typing import Protocol

from bench.codec.pages import Asked, Pages, Payloads, Slot
from bench.errors import ConfigError
from bench.timing.clock import Clock, Phase
from bench.timing.sweep import CycleSweep
from bench.trace.events import CanFrame, made

CORRUPT_BYTE, CORRUPT_BIT = 1, 0x10  # of the first value behind a page's number: small enough to be believed


def turned_over(data: bytes) -> bytes:
    """One bit of the payload is wrong."""
    at = min(CORRUPT_BYTE, len(data) - 1)
    return data[:at] + bytes((data[at] ^ CORRUPT_BIT,)) + data[at + 1 :]


class SweepCrc:
    """CRC-16 CCITT-FALSE over the payloads of the last complete sweep, page 0 first; 0 before there was one."""

    def __init__(self, pages: int) -> None:
        self.value = 0
        self._pages = pages
        self._seen: list[bytes] = []

    def add(self, page: int, data: bytes) -> None:
        """Pages come in order; a sweep that lacks one has no checksum, and the one before it stays."""
        if page == 0:
            self._seen.clear()
        if page != len(self._seen):
            return
        self._seen.append(data)
        if len(self._seen) == self._pages:
            self.value = crc_hqx(b"".join(self._seen), 0xFFFF)

    def swept(self, value: int) -> None:
        """A complete sweep with this checksum has been sent at once."""
        self._seen = [b""] * self._pages
        self.value = value


class Disturber(Protocol):
    """What can be wrong with a message on its way: bench.restbus.disturbance.Disturbance."""

    lost: bool
    late_ns: int
    twice: bool

    def concerns(self, data: bytes, /) -> bool: ...
    def before_protection(self, data: bytes, /) -> bytes: ...
    def after_protection(self, data: bytes, /) -> bytes: ...


class AnalogueFrontEnd:
    """Samples `output_v()` (cell 1 first; nan: no reading) for each frame it sends. `lost_pages` are not sent.

    messages: one after the other, with all their pages, they make a sweep; pages are counted through all of them.
    `frozen`: it goes on sending what it measured last. `corrupt`: a bit of each of these pages is turned over.
    tell: hears of every voltage that its signal cannot carry.
    """

    def __init__(
        self,
        clock: Clock,
        messages: Sequence[Pages],
        output_v: Callable[[], Sequence[float | None]],
        send: Callable[[CanFrame], None],
        *,
        cycle_ns: int,
        gap_ns: int,
        tell: Callable[[Slot, float], None] | None = None,
    ) -> None:
        self._places = [
            (message, payloads, page)
            for message, payloads in [(one, Payloads(one, self._bound, tell)) for one in messages]
            for page in range(len(message.pages))
        ]
        self._clock = clock
        self._output_v = output_v
        self._send = send
        self.lost_pages: frozenset[int] = frozenset()
        self.corrupt: frozenset[int] = frozenset()
        self.frozen = False
        self.disturbed: dict[tuple[int, bool], Disturber] = {}  # by (identifier, extended)
        self.sweep_crc = SweepCrc(len(self._places))
        self._latest: Sequence[float | None] = ()
        self._frames: dict[int, CanFrame] = {}  # of what was measured last, by page
        self._at_once = gap_ns == 0
        self._sweep = CycleSweep(
            clock, Phase.INSTRUMENT, self._page, count=len(self._places), cycle_ns=cycle_ns, gap_ns=gap_ns
        )

    @property
    def pages(self) -> int:
        return len(self._places)

    def pages_of(self, cell: int) -> frozenset[int]:
        """The pages that carry cell `cell` (from 1)."""
        return self.pages_from(cell, cell)

    def pages_from(self, first: int, last: int) -> frozenset[int]:
        """The pages that carry any of the cells `first` to `last` (from 1)."""
        return frozenset(
            number
            for number, (message, _, page) in enumerate(self._places)
            if any(first - 1 <= slot.number < last for slot in message.pages[page].slots)
        )

    def start(self, first_ns: int) -> None:
        if self._places:  # a battery may tell no single cell
            self._sweep.start(first_ns)

    def stop(self) -> None:
        self._sweep.stop()

    def _page(self, page: int) -> None:
        if page == 0 or not self._at_once:  # a sweep sent at once is one measurement
            self._measure()
        self._show(page)

    def _measure(self) -> None:
        if self.frozen and len(self._latest) > 0:
            return
        latest = self._output_v()
        if not self._at_once or latest != self._latest:
            self._frames.clear()
        self._latest = latest

    def _show(self, page: int) -> None:
        if page in self.lost_pages:
            return
        frame = self._frames.get(page)
        if frame is None:
            message, payloads, own_page = self._places[page]
            data = payloads.of(own_page)
            frame = self._frames[page] = made(
                CanFrame, (message.can_id, data, message.extended, message.fd, False)
            )
        disturber = self.disturbed.get((frame.can_id, frame.extended)) if self.disturbed else None
        if disturber is not None and disturber.concerns(frame.data):
            self._send_disturbed(page, frame, disturber)
            return
        self.sweep_crc.add(page, frame[1])
        self._send(frame._replace(data=turned_over(frame[1])) if page in self.corrupt else frame)

    def _send_disturbed(self, page: int, frame: CanFrame, disturber: "Disturber") -> None:
        """What the front end made is what its checksum is of; what the bus carries may be something else."""
        if disturber.lost:
            return
        data = disturber.before_protection(frame.data)
        self.sweep_crc.add(page, data)
        sent = frame._replace(data=disturber.after_protection(data))

        def send() -> None:
            for _ in range(1 + disturber.twice):
                self._send(sent)

        if disturber.late_ns:
            self._clock.call_at(self._clock.now_ns() + disturber.late_ns, Phase.INSTRUMENT, send)
        else:
            send()

    def _bound(self, asked: Asked) -> Callable[[], Sequence[float | None]]:
        """Cell voltages of one page; None beyond what the emulator has."""
        indices = [index for _, index in asked]
        first, count = indices[0] if indices else 0, len(indices)
        stop = first + count

        def each() -> Sequence[float | None]:
            latest = self._latest
            return [latest[index] if index < len(latest) else None for index in indices]

        def in_a_row() -> Sequence[float | None]:
            found = self._latest[first:stop]
            return found if len(found) == count else each()

        return in_a_row if indices == [*range(first, stop)] else each


def layout_text(messages: Sequence[Pages], cycle_ns: int, gap_ns: int) -> str:
    """One line of JSON that tells another process what to send."""
    return json.dumps(
        {"messages": [one.to_plain() for one in messages], "cycle_ns": cycle_ns, "gap_ns": gap_ns}
    )


def read_layout(text: str) -> tuple[tuple[Pages, ...], int, int]:
    """(messages, cycle, gap) of `layout_text`. Raises ConfigError for any other text."""
    try:
        plain = json.loads(text)
        messages = tuple(Pages.from_plain(one) for one in plain["messages"])
        return messages, int(plain["cycle_ns"]), int(plain["gap_ns"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"layout '{text[:40]}…': found {error!r}; expected the JSON the bench writes"
        ) from None

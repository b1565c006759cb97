"""Frames of the DUT with a multiplexer value that its DBC does not describe: no signal of such a page can be read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from bench.codec.heard import heard
from bench.codec.layout import Layer
from bench.measure.finding.life import UnknownPage
from bench.measure.frames import Frames
from bench.measure.misfit import PLAYED, of_the_dut
from bench.measure.plan import Plan
from bench.measure.questions import Address, Codec
from bench.trace.timeline import Trace

_Read = Callable[[bytes], float | None]
_Page = tuple[str, int]  # selector, its value


class PagedCodec(Protocol):
    """What this needs of one message (bench.codec.database.Message has it)."""

    @property
    def can_id(self) -> int: ...
    @property
    def extended(self) -> bool: ...
    @property
    def layout(self) -> Layer: ...
    def reader(self, signal: str, /) -> _Read: ...
    def extract(self, signals: Iterable[str], /) -> Callable[[bytes], int | bytes]: ...
    def mask(self, signals: Iterable[str], /) -> bytes | None: ...


class _Paged:
    """One message with pages. What its selectors say is looked up once: pages come round."""

    def __init__(self, name: str, codec: PagedCodec) -> None:
        self.name = name
        self._layout = codec.layout
        selectors = set(_selectors(codec.layout))
        self._read = {one: heard(codec.reader(one)) for one in selectors}
        self._key = codec.extract(selectors)
        self._mask = codec.mask(selectors)
        self._known: dict[int | bytes, tuple[_Page, ...]] = {}

    def unknown(self, data: bytes) -> tuple[_Page, ...]:
        key = self._key(data)
        if key not in self._known:
            self._known[key] = tuple(self._lacking(self._layout, data))
        return self._known[key]

    def pages(self, rows: NDArray[np.uint8]) -> list[bytes]:
        """A payload for each page that is among these, or all of them."""
        if self._mask is None or rows.shape[1] != len(self._mask):
            return [row.tobytes() for row in rows]
        asked = np.ascontiguousarray(rows & np.frombuffer(self._mask, np.uint8))
        if len(self._mask) == 8:
            return [word.to_bytes(8, "little") for word in set(asked.view("<u8").ravel().tolist())]
        return list({row.tobytes() for row in np.unique(asked, axis=0)})

    def _lacking(self, layer: Layer, data: bytes) -> Iterator[_Page]:
        for selector, pages in layer.branches.items():
            value = self._read[selector](data)
            if value is None:  # too short: told as a misfit
                continue
            if int(value) in pages:
                yield from self._lacking(pages[int(value)], data)
            else:
                yield selector, int(value)


def unknown_pages(trace: Trace, plan: Plan, decoders: Mapping[str, Codec]) -> list[UnknownPage]:
    """One per message, multiplexer and value, of the whole shot."""
    paged: dict[Address, _Paged] = {}
    for (channel, name), sized in of_the_dut(plan, decoders).items():
        codec = cast(PagedCodec, sized)
        if codec.layout.branches:
            paged[channel, codec.can_id, codec.extended] = _Paged(name, codec)
    counts: dict[tuple[str, str, int], int] = {}
    frames = Frames.of(trace.frames)
    for _, (_, channel, frame, sender) in frames.news(_oddities(frames, paged)):
        if sender in PLAYED:
            continue
        one = paged[channel, frame[0], frame[2]]
        for selector, value in one.unknown(frame[1]):
            counts[one.name, selector, value] = counts.get((one.name, selector, value), 0) + 1
    return [
        UnknownPage(message=message, selector=selector, value=value, count=count)
        for (message, selector, value), count in counts.items()
    ]


def _oddities(frames: Frames, paged: Mapping[Address, _Paged]) -> dict[Address, None]:
    """The messages in which any page is unknown: of these each frame counts."""
    found: dict[Address, None] = {}
    for address, one in paged.items():
        rows = frames.stretch(address).rows
        if rows is None or any(map(one.unknown, one.pages(rows))):
            found[address] = None
    return found


def _selectors(layer: Layer) -> Iterator[str]:
    for selector, pages in layer.branches.items():
        yield selector
        for page in pages.values():
            yield from _selectors(page)

"""What the frames of a shot say of single signals and of whole sweeps of cells or sensors, as columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from bench.codec.layout import Field, Layer, paths
from bench.codec.together import Together
from bench.measure.always.asked import ShownIn, ShownQuantity
from bench.measure.frames import Frames
from bench.measure.questions import Codec, message_of

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class DescribedMessage(Protocol):
    """What this needs of one message (bench.codec.message.Message has it)."""

    @property
    def can_id(self) -> int: ...
    @property
    def extended(self) -> bool: ...
    @property
    def layout(self) -> Layer: ...
    @property
    def length(self) -> int: ...
    @property
    def fields(self) -> Mapping[str, Field]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSeries:
    """One signal, frame by frame. uneven: its message came in several lengths, or too short: nothing was read."""

    t_ns: NDArray[np.int64]
    values: Floats
    uneven: bool = False

    def within(self, start_ns: int, end_ns: int) -> "ToldSeries":
        first, last = (
            int(self.t_ns.searchsorted(start_ns)),
            int(self.t_ns.searchsorted(end_ns, "right")),
        )
        return ToldSeries(t_ns=self.t_ns[first:last], values=self.values[first:last], uneven=self.uneven)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeps:
    """What was shown of one quantity, sweep by sweep, in SI. begun_ns, done_ns: its first and its last frame.

    values: (sweeps x numbers), NaN where a sweep lacks it. clear: False where a value says "no reading", or lies at
    an end of its signal's range, where a DUT may take its sensor for a broken one. numbers: of each column, from 1.
    """

    begun_ns: NDArray[np.int64]
    done_ns: NDArray[np.int64]
    values: Floats
    clear: Flags
    numbers: NDArray[np.int64]
    uneven: bool = False


_NO_TIMES = np.zeros(0, np.int64)
_NO_VALUES = np.zeros(0, np.float64)


class ShotColumns:
    """Signals and sweeps of a shot, each read once. told: the DUT's frames that count; whole: all of the shot's.

    begun_ns: of each quantity, from when on what was shown matters.
    """

    def __init__(
        self, told: Frames, whole: Frames, decoders: Mapping[str, Codec], begun_ns: Mapping[str, int]
    ) -> None:
        self._told = told
        self._whole = whole
        self._begun_ns = begun_ns
        self._decoders = decoders
        self._series: dict[tuple[str, str, str], ToldSeries] = {}
        self._sweeps: dict[str, Sweeps] = {}

    def series(self, channel: str, message: str, signal: str) -> ToldSeries:
        """What the DUT told in the armed window."""
        key = (channel, message, signal)
        if key not in self._series:
            self._read(channel, message, [signal])
        return self._series[key]

    def read(self, asked: Iterable[tuple[str, str, str]]) -> None:
        """All of one message at once, before they are asked for one by one."""
        signals: dict[tuple[str, str], dict[str, None]] = {}
        for channel, message, signal in asked:
            signals.setdefault((channel, message), {})[signal] = None
        for (channel, message), names in signals.items():
            self._read(channel, message, list(names))

    def _read(self, channel: str, message: str, signals: Sequence[str]) -> None:
        codec = self._message(channel, message)
        stretch = self._told.stretch((channel, codec.can_id, codec.extended))
        rows, t_ns = stretch.rows, stretch.t_ns
        if not len(t_ns) or rows is None or rows.shape[1] < codec.length:
            nothing = ToldSeries(t_ns=_NO_TIMES, values=_NO_VALUES, uneven=len(t_ns) > 0)
            for signal in signals:
                self._series[channel, message, signal] = nothing
            return
        together = told_together(codec, tuple(signals))
        if together is not None:
            for signal, values in zip(signals, together.decode(rows)):
                self._series[channel, message, signal] = ToldSeries(t_ns=t_ns, values=values)
            return
        for signal in signals:
            self._series[channel, message, signal] = _of_pages(codec, signal, rows, t_ns)

    def sweeps(self, source: ShownQuantity) -> Sweeps:
        """What the bench showed, from the shot's beginning on: a DUT may tell it some time later."""
        if source.quantity not in self._sweeps:
            self._sweeps[source.quantity] = self._swept(source)
        return self._sweeps[source.quantity]

    def _swept(self, source: ShownQuantity) -> Sweeps:
        begun_ns = self._begun_ns[source.quantity]
        parts = [self._part(one, begun_ns) for one in source.shown_in]
        uneven = any(one is None for one in parts)
        known = [one for one in parts if one is not None and len(one.t_ns)]
        if uneven or not known:
            empty = np.zeros((0, 0))
            return Sweeps(
                begun_ns=_NO_TIMES, done_ns=_NO_TIMES, values=empty, clear=np.zeros(0, np.bool_),
                numbers=np.zeros(0, np.int64), uneven=uneven,
            )  # fmt: skip
        if len(known) == 1:
            only = known[0]
            found = _in_sweeps(only.t_ns, only.page, only.values, only.clear, only.numbers)
        else:
            found = _in_sweeps(*_merged(known))
        doubted = self._doubted(source, found)
        return found if doubted is None else replace(found, clear=found.clear & ~doubted)

    def _doubted(self, source: ShownQuantity, sweeps: Sweeps) -> Flags | None:
        """The sweeps during which, or just before which, something beside it said that it is no reading."""
        doubted: Flags | None = None
        for test in source.doubts:
            codec = self._message(test.channel, test.message)
            stretch = self._whole.stretch((test.channel, codec.can_id, codec.extended))
            if not len(stretch.t_ns) or stretch.rows is None or stretch.rows.shape[1] < codec.length:
                continue
            together = told_together(codec, (test.signal,))
            if together is None:
                continue
            (values,) = together.decode(stretch.rows)
            true = values != test.value
            if not true.any():
                continue
            before = np.concatenate([[0], np.cumsum(true)])
            last = before[stretch.t_ns.searchsorted(sweeps.done_ns, "right")]
            first = before[np.maximum(stretch.t_ns.searchsorted(sweeps.begun_ns, "right") - 1, 0)]
            doubted = (last > first) if doubted is None else doubted | (last > first)
        return doubted

    def _part(self, shown: ShownIn, begun_ns: int) -> "_Part | None":
        """None: its frames come in several lengths."""
        codec = self._message(shown.channel, shown.message)
        stretch = self._whole.stretch((shown.channel, codec.can_id, codec.extended))
        rows = stretch.rows
        if not len(stretch.t_ns):
            return _Part.nothing()
        if rows is None or rows.shape[1] < codec.length:
            return None
        first = int(stretch.t_ns.searchsorted(begun_ns))
        return _part_of(shown, codec, rows[first:], stretch.t_ns[first:], stretch.places[first:])

    def _message(self, channel: str, message: str) -> DescribedMessage:
        return cast(DescribedMessage, message_of(self._decoders, channel, message))


_TOGETHER: WeakKeyDictionary[DescribedMessage, dict[tuple[str, ...], Together | None]] = WeakKeyDictionary()


def told_together(message: DescribedMessage, signals: tuple[str, ...]) -> Together | None:
    """What reads these signals of each frame; None: not every frame carries them."""
    known = _TOGETHER.setdefault(message, {})
    if signals not in known:
        places = [paths(message.layout, one, ()) for one in signals]
        plain = [found[0][1] for found in places if found and not found[0][0]]
        known[signals] = Together(plain, message.length) if len(plain) == len(signals) else None
    return known[signals]


def _of_pages(
    message: DescribedMessage, signal: str, rows: NDArray[np.uint8], t_ns: NDArray[np.int64]
) -> ToldSeries:
    """A signal in those frames that carry it, on one page or several."""
    values = np.full(len(rows), np.nan)
    carried = np.zeros(len(rows), np.bool_)
    for above, field in paths(message.layout, signal, ()):
        on = np.ones(len(rows), np.bool_)
        for selector, key in above:
            (told,) = Together((selector,), message.length).decode(rows)
            on &= told == key * float(selector.scale) + float(selector.offset)
        (values[on],) = Together((field,), message.length).decode(rows[on])
        carried |= on
    return ToldSeries(t_ns=t_ns[carried], values=values[carried])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The frames of one message. page: which of its pages each is, from 0. values: (frames x places of a page).

    numbers: (pages x places), 0 where a page has nothing there.
    """

    t_ns: NDArray[np.int64]
    places: NDArray[np.intp]
    page: NDArray[np.int64]
    values: Floats
    clear: Flags
    numbers: NDArray[np.int64]

    @classmethod
    def nothing(cls) -> "_Part":
        nowhere, none = np.zeros(0, np.intp), np.zeros((0, 0))
        numbers = np.zeros((0, 0), np.int64)
        return cls(
            t_ns=_NO_TIMES, places=nowhere, page=_NO_TIMES, values=none, clear=np.zeros(0, np.bool_),
            numbers=numbers,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lying:
    """How what is shown lies in a message: a multiplexer, if any, then the fields that lie alike in its pages.

    keys: values of the multiplexer that have any of them, ascending. numbers: (pages x fields) of the cell or sensor,
    0 where there is none. lowest, highest: (fields x 1), values there or beyond are no clear reading.
    """

    together: Together
    keys: NDArray[np.int64] | None
    numbers: NDArray[np.int64]
    lowest: Floats
    highest: Floats
    all_there: bool


_LYING: WeakKeyDictionary[DescribedMessage, dict[ShownIn, _Lying]] = WeakKeyDictionary()
"""The same for every shot."""


def _lying(shown: ShownIn, message: DescribedMessage) -> _Lying:
    known = _LYING.setdefault(message, {})
    if shown not in known:
        known[shown] = _found_lying(shown, message)
    return known[shown]


def _found_lying(shown: ShownIn, message: DescribedMessage) -> _Lying:
    asked = dict(zip(shown.signals.split(" "), shown.numbers))
    found: dict[tuple[object, ...], tuple[Field, dict[int, int]]] = {}
    selector: Field | None = None
    for above, field in _all_paths(message.layout, None, 0):
        number = asked.get(field.name)
        if number is None:
            continue
        selector, key = above if above is not None else (selector, 0)
        lies = (
            field.start, field.length, field.little_endian, field.signed, field.is_float, field.scale, field.offset,
            field.minimum, field.maximum,
        )  # fmt: skip
        found.setdefault(lies, (field, {}))[1][key] = number
    keys = sorted({key for _, pages in found.values() for key in pages})
    numbers = np.array([[pages.get(key, 0) for _, pages in found.values()] for key in keys], np.int64)
    fields = [field for field, _ in found.values()]
    lowest, highest = np.array([_clear_ends(one) for one in fields]).T[:, :, None]
    return _Lying(
        together=Together(fields if selector is None else [selector, *fields], message.length),
        keys=None if selector is None else np.array(keys, np.int64),
        numbers=numbers,
        lowest=lowest,
        highest=highest,
        all_there=bool(numbers.all()),
    )


def _part_of(
    shown: ShownIn,
    message: DescribedMessage,
    rows: NDArray[np.uint8],
    t_ns: NDArray[np.int64],
    places: NDArray[np.intp],
) -> _Part:
    lying = _lying(shown, message)
    values = lying.together.decode(rows)
    if lying.keys is None:
        page = np.zeros(len(rows), np.int64)
    else:
        told = values[0].astype(np.int64)
        page = lying.keys.searchsorted(told)
        known = lying.keys[np.minimum(page, len(lying.keys) - 1)] == told
        values = values[1:]
        if not known.all():
            values, page, t_ns, places = values[:, known], page[known], t_ns[known], places[known]
    unclear = (values <= lying.lowest) | (values >= lying.highest)
    if shown.no_value is not None and lying.lowest.min() < shown.no_value < lying.highest.max():
        unclear |= np.isclose(values, shown.no_value)
    if shown.offset:
        values = values - shown.offset
    if shown.gain != 1.0:
        values = values / shown.gain
    if not lying.all_there:
        there = (lying.numbers[page] > 0).T
        values[~there] = np.nan
        unclear &= there
    clear: Flags = np.logical_not(unclear.any(axis=0))
    return _Part(t_ns=t_ns, places=places, page=page, values=values.T, clear=clear, numbers=lying.numbers)


def _clear_ends(field: Field) -> tuple[float, float]:
    """Readings up to the first and from the second on may stand for a broken sensor: the ends, within a step above."""
    step = abs(float(field.scale))
    (low, high), (least, most) = field.limits, field.reach
    return max(low, float(least)) + 0.5 * step, min(high, float(most)) - 1.5 * step


def _all_paths(
    layer: Layer, above: tuple[Field, int] | None, depth: int
) -> Iterator[tuple[tuple[Field, int] | None, Field]]:
    """Every field with the multiplexer value that leads to it; a page of a page is none of a sweep."""
    for one in layer.fields:
        yield above, one
    if depth:
        return
    by_name = {one.name: one for one in layer.fields}
    for selector, choices in layer.branches.items():
        for key, child in choices.items():
            yield from _all_paths(child, (by_name[selector], key), depth + 1)


def _merged(
    parts: list[_Part],
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Flags, NDArray[np.int64]]:
    """Several messages as pages of one sweep, in the order in which their frames came."""
    widest = max(one.values.shape[1] for one in parts)
    order = np.argsort(np.concatenate([one.places for one in parts]), kind="stable")
    pages, values, numbers, first = [], [], [], 0
    for one in parts:
        pages.append(one.page + first)
        lacking = ((0, 0), (0, widest - one.values.shape[1]))
        values.append(np.pad(one.values, lacking, constant_values=np.nan))
        numbers.append(np.pad(one.numbers, lacking))
        first += len(one.numbers)
    return (
        np.concatenate([one.t_ns for one in parts])[order],
        np.concatenate(pages)[order],
        np.concatenate(values)[order],
        np.concatenate([one.clear for one in parts])[order],
        np.concatenate(numbers),
    )


def _in_sweeps(
    t_ns: NDArray[np.int64],
    page: NDArray[np.int64],
    values: Floats,
    clear: Flags,
    numbers: NDArray[np.int64],
) -> Sweeps:
    """A sweep begins where the pages begin again."""
    if len(numbers) == 1:
        return Sweeps(begun_ns=t_ns, done_ns=t_ns, values=values, clear=clear, numbers=numbers[0])
    begins = np.concatenate([[0], np.flatnonzero(page[1:] <= page[:-1]) + 1])
    sweep = np.zeros(len(page), np.int64)
    sweep[begins[1:]] = 1
    sweep = np.cumsum(sweep)
    pages, wide = numbers.shape
    grid = np.full((len(begins), pages, wide), np.nan)
    grid[sweep, page] = values
    ends = np.concatenate([begins[1:], [len(page)]]) - 1
    all_clear = np.logical_and.reduceat(clear, begins)
    there = numbers.ravel() > 0
    return Sweeps(
        begun_ns=t_ns[begins],
        done_ns=t_ns[ends],
        values=grid.reshape(len(begins), pages * wide)[:, there],
        clear=all_clear,
        numbers=numbers.ravel()[there],
    )

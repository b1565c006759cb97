"""The signals of a shot in columns: decoded message by message, in numpy, and not frame by frame."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.codec.batch import decode_series
from bench.codec.database import CodecError, Database
from bench.codec.layout import Field, Layer
from bench.codec.message import Message
from bench.trace.timeline import Trace

_EXACT_BITS = 52  # of integers that float64 holds, and the sum of two of them
_SELECTOR_BITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalColumns:
    """A row for each signal of each frame that can be decoded, in the order of the trace and of the message.

    names: (channel, message, signal), to which `which` points.
    """

    t_ns: NDArray[np.int64]
    names: tuple[tuple[str, str, str], ...]
    which: NDArray[np.intp]
    values: NDArray[np.float64]


def signal_columns(trace: Trace, databases: Mapping[str, Database]) -> SignalColumns:
    """A frame that is too short, or whose page nobody has defined, has no row: its bytes are in the other table."""
    columns = trace.frames.columns()
    names: list[tuple[str, str, str]] = []
    frames, which, values = [np.empty(0, np.intp)], [np.empty(0, np.intp)], [np.empty(0)]
    for series, data, places in zip(columns.table, columns.data, columns.places, strict=True):
        channel, _, can_id, extended, *_ = series
        message = databases[channel].by_id.get((can_id, extended))
        if message is None or data.shape[1] < message.length:
            continue
        found = _at_once(message, data) if _is_plain(message) else _one_by_one(message, data)
        for signal, rows, physical in found:
            frames.append(places[rows])
            which.append(np.full(len(rows), len(names), np.intp))
            values.append(physical)
            names.append((channel, message.name, signal))
    at, signals = np.concatenate(frames), np.concatenate(which)
    order = np.lexsort((signals, at))
    return SignalColumns(
        t_ns=columns.t_ns[at[order]],
        names=tuple(names),
        which=signals[order],
        values=np.concatenate(values)[order],
    )


_Part = tuple[str, NDArray[np.intp], NDArray[np.float64]]
"""A signal, in which of the frames it stands, and its values there."""


def _is_plain(message: Message) -> bool:
    """Whether numpy gives what the single decoder gives, to the last bit and in its order; nearly all are."""
    selectors = {one.name: one for one in message.layout.fields if one.name in message.layout.branches}
    pages = [page for choices in message.layout.branches.values() for page in choices.values()]
    rank = {name: place for place, name in enumerate(_in_order(message.layout))}
    return (
        all(one.identity and not one.is_float and one.length <= _SELECTOR_BITS for one in selectors.values())
        and not any(page.branches for page in pages)
        and all(_is_exact(one) for one in message.fields.values())
        and all(
            ranks == sorted(ranks) for page in pages for ranks in [[rank[one.name] for one in page.fields]]
        )
    )


def _is_exact(one: Field) -> bool:
    """The single decoder reckons in integers where it can: float64 must hold all of them."""
    if one.identity or one.is_float or not float(one.scale).is_integer():
        return True
    bits = one.length + abs(int(one.scale)).bit_length()
    return bits <= _EXACT_BITS and abs(one.offset) < 1 << _EXACT_BITS


def _at_once(message: Message, data: NDArray[np.uint8]) -> Iterator[_Part]:
    with np.errstate(
        all="ignore"
    ):  # a nan, or beyond the range of numbers: as the single decoder, without a word
        found = decode_series(message, data)
    whole = np.ones(len(data), np.bool_)
    for selector, choices in message.layout.branches.items():
        whole &= np.isin(found[selector].values, np.array(list(choices), np.int64))
    every = np.arange(len(data), dtype=np.intp)
    for signal in _in_order(message.layout):
        series = found.get(signal)
        if series is None:
            continue
        rows = every if series.rows is None else series.rows
        kept = whole[rows]
        values = series.values[kept].astype(np.float64)
        # The single decoder has no negative zero where it scales.
        yield signal, rows[kept], values if message.fields[signal].identity else values + 0.0


def _in_order(layer: Layer) -> dict[str, None]:
    """The signals as a decoded frame has them: those of all pages, then those of its own."""
    names = dict.fromkeys(one.name for one in layer.fields)
    for choices in layer.branches.values():
        for child in choices.values():
            names |= _in_order(child)
    return names


def _one_by_one(message: Message, data: NDArray[np.uint8]) -> Iterator[_Part]:
    """Rare: pages within pages, or integers of more than 52 bits that are scaled. Exactness before speed."""
    found: dict[tuple[int, str], tuple[list[int], list[float]]] = {}
    for at, payload in enumerate(data):
        try:
            told = message.decode(payload.tobytes())
        except CodecError:
            continue
        for place, (signal, value) in enumerate(told.items()):
            rows, values = found.setdefault((place, signal), ([], []))
            rows.append(at)
            values.append(float(value))
    for (_, signal), (rows, values) in sorted(found.items(), key=lambda one: one[0][0]):
        yield signal, np.array(rows, np.intp), np.array(values, np.float64)

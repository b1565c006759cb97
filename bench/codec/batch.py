"""Many payloads of one message at once, in numpy. Worth it from about ten frames on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.codec.database import Message
from bench.codec.layout import CodecError, Field, Layer

Column = NDArray[Any]
_CHUNK_FRAMES = 16_384  # a chunk's words stay in the second-level cache


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSeries:
    """One signal in those frames that carry it: `rows` are their indices, None meaning all frames."""

    rows: NDArray[np.intp] | None
    values: Column


def decode_series(message: Message, data: NDArray[np.uint8]) -> dict[str, SignalSeries]:
    """Physical values of n payloads (n x length), no room for absent ones. CodecError: strange shape.

    Frames with an undefined multiplexer value give their other signals and no error: a record is a record.
    """
    if data.ndim != 2 or data.shape[1] < message.length or data.dtype != np.uint8:
        raise CodecError(
            f"message {message.name}: array of {data.dtype} {data.shape}; expected uint8 (n,{message.length})"
        )
    found: dict[str, list[SignalSeries]] = {}
    _decode_layer(message.layout, data[:, : message.length], None, found)
    return {name: _joined(parts) for name, parts in found.items()}


def decode_batch(message: Message, data: NDArray[np.uint8]) -> dict[str, Column]:
    """One array of n values per signal, NaN where the multiplexer does not carry it.

    Raises CodecError for a strange shape.
    Signals that are always there and need no scaling stay integers; all others are float64.
    """
    found = decode_series(message, data)
    columns = {name: series.values for name, series in found.items() if series.rows is None}
    sparse = [name for name in message.signal_names if name not in columns]
    block = np.full((len(sparse), len(data)), np.nan)  # one block, as memory in large pages comes faster
    for name, column in zip(sparse, block, strict=True):
        columns[name] = column
        if name in found:
            column[found[name].rows] = found[name].values
    return columns


def decode_fields(fields: tuple[Field, ...], data: NDArray[np.uint8]) -> list[Column]:
    """Physical values of some fields in n payloads (n x length), whatever page each of them is."""
    return list(_columns(fields, data, None).values())


def _joined(parts: list[SignalSeries]) -> SignalSeries:
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate([part.rows for part in parts if part.rows is not None])
    order = np.argsort(rows, kind="stable")
    return SignalSeries(rows=rows[order], values=np.concatenate([part.values for part in parts])[order])


def _decode_layer(
    layer: Layer,
    data: NDArray[np.uint8],
    rows: NDArray[np.intp] | None,
    found: dict[str, list[SignalSeries]],
    block: NDArray[np.float64] | None = None,
) -> None:
    columns = _columns(layer.fields, data, block)
    for name, column in columns.items():
        found.setdefault(name, []).append(SignalSeries(rows=rows, values=column))
    for selector, choices in layer.branches.items():
        keys = columns[selector]
        if keys.dtype != np.uint8:
            keys = keys.astype(np.int64)
        order = np.argsort(keys, kind="stable")  # by radix, in linear time, for bytes
        ordered, payloads = keys[order], _rows(data, order)
        # All keys at once and in the type of `ordered`: searchsorted would convert all of it each time.
        possible = {key: child for key, child in choices.items() if key <= np.iinfo(keys.dtype).max}
        wanted = np.array(list(possible), dtype=keys.dtype)
        begins, ends = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
        # One block for all branches: memory in large pages comes faster than many small pieces.
        widest = max((len(child.fields) for child in choices.values()), default=0)
        inner = np.empty((widest, len(order)))
        for child, first, last in zip(possible.values(), begins, ends, strict=True):
            chosen = order[first:last]
            own = chosen if rows is None else rows[chosen]
            _decode_layer(child, payloads[first:last], own, found, inner[:, first:last])


def _rows(data: NDArray[np.uint8], order: NDArray[np.intp]) -> NDArray[np.uint8]:
    """`data[order]`; payloads of eight bytes move as one number each."""
    if data.shape[1] != 8 or not data.flags.c_contiguous:
        return data[order]
    gathered: NDArray[np.uint8] = data.view(np.uint64)[:, 0][order].view(np.uint8).reshape(-1, 8)
    return gathered


def _columns(
    fields: tuple[Field, ...], data: NDArray[np.uint8], block: NDArray[np.float64] | None
) -> dict[str, Column]:
    """The fields' values, those in float64 in rows of `block` where one is given."""
    frames = len(data)
    columns: dict[str, Column] = {}
    for at, one in enumerate(fields):
        dtype = _dtype(one)
        columns[one.name] = np.empty(frames, dtype) if block is None or dtype != np.float64 else block[at]
    scratch = np.empty(min(frames, _CHUNK_FRAMES), dtype=np.uint64)  # new memory per step would cost more
    for first in range(0, frames, _CHUNK_FRAMES):
        chunk = data[first : first + _CHUNK_FRAMES]
        words: dict[tuple[int, bool], NDArray[np.uint64]] = {}
        byte_columns: dict[int, NDArray[np.uint8]] = {}
        for one in fields:
            out = columns[one.name][first : first + _CHUNK_FRAMES]
            _physical(_raw(one, chunk, words, byte_columns, scratch[: len(chunk)]), one, out)
    return columns


def _dtype(one: Field) -> type[np.generic]:
    if not one.identity or one.is_float:
        return np.float64
    if one.length <= 8:
        return np.int8 if one.signed else np.uint8
    if one.length <= 32:
        return np.int32 if one.signed else np.uint32
    return np.int64 if one.signed else np.uint64


def _raw(
    one: Field,
    chunk: NDArray[np.uint8],
    words: dict[tuple[int, bool], NDArray[np.uint64]],
    byte_columns: dict[int, NDArray[np.uint8]],
    scratch: NDArray[np.uint64],
) -> Column:
    """Integers of one field, as they lie in the payload; perhaps in `scratch`."""
    raw: Column
    free: Column | None = None
    if one.in_one_byte:
        place = one.start // 8
        if place not in byte_columns:
            byte_columns[place] = np.ascontiguousarray(chunk[:, place])
        shift = one.shift(8 * (place + 1), True) % 8
        raw = byte_columns[place]
        width = 8
    else:
        place = one.start // 8 if chunk.shape[1] > 8 else 0
        key = place, one.little_endian
        if key not in words:
            words[key] = _word(chunk, place, one.little_endian)
        raw, free = words[key], scratch
        width = 64
        shift = one.start - 8 * place
        if not one.little_endian:
            shift = 64 - (8 * (one.start // 8 - place) + 7 - one.start % 8) - one.length
        if shift < 0 or shift + one.length > 64:
            return _raw_of_nine_bytes(one, chunk)
    if shift:
        raw = np.right_shift(raw, raw.dtype.type(shift), out=free)
    if shift + one.length < width:
        raw = np.bitwise_and(raw, raw.dtype.type((1 << one.length) - 1), out=free)
    if one.signed and not one.is_float:
        spare = raw.dtype.type(width - one.length)
        signed = np.left_shift(raw, spare, out=free).view(f"i{width // 8}")
        raw = np.right_shift(signed, signed.dtype.type(spare), out=signed)
    return raw


def _word(chunk: NDArray[np.uint8], place: int, little: bool) -> NDArray[np.uint64]:
    """Eight bytes from `place` on as one integer; bytes behind the end of the payload count as zero."""
    window = chunk[:, place : place + 8]
    if window.shape[1] < 8 or not window.flags.c_contiguous:
        padded = np.zeros((len(chunk), 8), dtype=np.uint8)
        padded[:, : window.shape[1]] = window
        window = padded
    return window.view("<u8" if little else ">u8")[:, 0].astype(np.uint64, copy=False)


def _raw_of_nine_bytes(one: Field, chunk: NDArray[np.uint8]) -> Column:
    """Rare: more than 57 bits, not at a byte's edge. Exactness before speed."""
    bits = 8 * chunk.shape[1]
    order = "little" if one.little_endian else "big"
    shift, mask = one.shift(bits, one.little_endian), (1 << one.length) - 1
    raws = [int.from_bytes(row.tobytes(), order) >> shift & mask for row in chunk]  # type: ignore[arg-type]
    if one.signed:
        return np.array([raw - (raw >> (one.length - 1) << one.length) for raw in raws], dtype=np.int64)
    return np.array(raws, dtype=np.uint64)


def _physical(raw: Column, one: Field, out: Column) -> None:
    if one.is_float:
        unsigned, floating = {16: ("u2", "f2"), 32: ("u4", "f4"), 64: ("u8", "f8")}[one.length]
        raw = raw.astype(unsigned).view(floating)
    if one.identity:
        with np.errstate(invalid="ignore"):  # a float that is a signalling nan stays a nan
            out[:] = raw
        return
    if raw.dtype == np.uint64 and one.length < 64:
        raw = raw.view(np.int64)  # converts to float64 faster than unsigned numbers do
    with np.errstate(invalid="ignore"):
        out[:] = raw
    out *= float(one.scale)
    if one.offset:
        out += float(one.offset)

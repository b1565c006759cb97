"""Rows of a FrameBuffer that nobody has asked about for minutes, packed into less than a byte each.

Rows of one kind (who, where, which identifier) are put together, and each is kept as its difference from the one
before: cyclic traffic is hardly more than counters then.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from bench.trace.columns import ROW, kinds_of

_PLACE = np.dtype("<u2")
_STAMP = 8  # bytes of a row, which come first


def sealed(rows: bytes | bytearray) -> bytes:
    """`unsealed` is its inverse. rows: 65,536 at most, whole ones. ValueError for more."""
    fields = np.frombuffer(rows, ROW)
    if len(fields) > 1 << 8 * _PLACE.itemsize:
        raise ValueError(f"{len(fields)} rows; expected {1 << 8 * _PLACE.itemsize} at most")
    order = np.argsort(kinds_of(fields), kind="stable")
    plain = np.frombuffer(rows, np.uint8).reshape(-1, ROW.itemsize)[order]
    stamps = fields["t_ns"][order]
    parts = (
        np.diff(order.astype(_PLACE), prepend=_PLACE.type(0)).view(np.uint8).reshape(-1, _PLACE.itemsize),
        np.diff(stamps, prepend=np.int64(0)).view(np.uint8).reshape(-1, _STAMP),
        np.diff(plain[:, _STAMP:], axis=0, prepend=np.uint8(0)),
    )
    return zlib.compress(b"".join(one.T.tobytes() for one in parts), 1)


def unsealed(packed: bytes) -> bytes:
    """The rows in the order in which they came."""
    plain = np.frombuffer(zlib.decompress(packed), np.uint8)
    count = len(plain) // (_PLACE.itemsize + ROW.itemsize)
    turned = plain.reshape(_PLACE.itemsize + ROW.itemsize, count)
    order = np.add.accumulate(_numbers(turned[: _PLACE.itemsize], _PLACE), dtype=_PLACE)
    steps = _numbers(turned[_PLACE.itemsize : _PLACE.itemsize + _STAMP], np.dtype("<i8"))
    found = np.empty((count, ROW.itemsize), np.uint8)
    found[order, :_STAMP] = np.add.accumulate(steps).view(np.uint8).reshape(-1, _STAMP)
    found[order, _STAMP:] = np.add.accumulate(turned[_PLACE.itemsize + _STAMP :], axis=1, dtype=np.uint8).T
    return found.tobytes()


def _numbers(planes: NDArray[np.uint8], kind: np.dtype) -> NDArray:  # type: ignore[type-arg]
    return np.ascontiguousarray(planes.T).view(kind).ravel()

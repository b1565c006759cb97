"""Several signals of one message in many payloads at once: a few calls for all of them, where a call costs the most."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.codec.batch import decode_fields
from bench.codec.layout import Field

_WORD_BYTES = 8


class Together:
    """Fields of one message of `length` bytes, whatever page each of them is on."""

    def __init__(self, fields: Sequence[Field], length: int) -> None:
        self.fields = tuple(fields)
        self._length = length
        ends = {one.little_endian for one in self.fields}
        self._one_word = length <= _WORD_BYTES and len(ends) == 1 and not any(map(_is_odd, self.fields))
        if not self._one_word:
            return
        little = ends == {True}
        self._dtype = "<u8" if little else ">u8"

        shifts = [one.shift(8 * _WORD_BYTES, little) for one in self.fields]
        signs = [1 << (one.length - 1) if one.signed else 0 for one in self.fields]
        self._shifts = np.array(shifts, np.uint64)[:, None]
        self._masks = np.array([(1 << one.length) - 1 for one in self.fields], np.uint64)[:, None]
        self._signs = np.array(signs, np.int64)[:, None] if any(signs) else None
        self._scales = np.array([float(one.scale) for one in self.fields])[:, None]
        self._offsets = np.array([float(one.offset) for one in self.fields])[:, None]

    def decode(self, rows: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Physical values (fields x payloads) of payloads (n x length, or longer)."""
        values: NDArray[np.float64]
        if not self._one_word:
            values = np.empty((len(self.fields), len(rows)))
            for at, one in enumerate(self.fields):
                values[at] = decode_fields((one,), rows[:, : self._length])[0]
            return values
        if rows.shape[1] != _WORD_BYTES or not rows.flags.c_contiguous or self._length != _WORD_BYTES:
            padded = np.zeros((len(rows), _WORD_BYTES), np.uint8)
            padded[:, : self._length] = rows[:, : self._length]
            rows = padded
        words = rows.view(self._dtype)[:, 0].astype(np.uint64, copy=False)
        raw = (words >> self._shifts) & self._masks
        signed = raw.view(np.int64)
        if self._signs is not None:
            signed = (signed ^ self._signs) - self._signs
        values = signed * self._scales
        values += self._offsets
        return values


def _is_odd(one: Field) -> bool:
    """Whether its value is no integer below 2^63 that is scaled."""
    return one.is_float or one.length >= 64

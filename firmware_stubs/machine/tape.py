"""Tapes of shots: written while the good firmware is stepped, played to a mutant in a thousandth of the time."""

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import cast

from bench.errors import DutError


class Recorder:
    """The library that writes tapes. One shot at a time in a process."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))
        self._library.tape_take.restype = ctypes.c_void_p
        self._library.tape_take.argtypes = [ctypes.POINTER(ctypes.c_size_t)]

    def begin(self) -> None:
        """An empty tape."""
        self._library.tape_begin()

    def take(self) -> bytes:
        """All that was done since `begin`. Raises DutError where there was no room for it."""
        length = ctypes.c_size_t()
        at = self._library.tape_take(ctypes.byref(length))
        if at is None and length.value:
            raise DutError("a shot is too long for a tape, or has more than eight firmwares")
        return ctypes.string_at(at, length.value) if at else b""


def differs_at_ns(path: Path, tape: bytes) -> int | None:
    """When the build first sends other frames than those of the tape; None where it never does.

    Until then it has heard what it would have heard in the shot itself, so None is the same whole shot.
    """
    at = int(_player(path)(tape, len(tape)))
    return None if at < 0 else at


@cache
def _player(path: Path) -> Callable[[bytes, int], int]:
    play = ctypes.CDLL(str(path)).tape_differs_at
    play.restype = ctypes.c_int64
    play.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    return cast("Callable[[bytes, int], int]", play)

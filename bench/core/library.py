"""The core's library: what it is built from, where it is found, and its memory as Python reads and writes it.

An install calls it: it imports nothing that would have to be installed.
"""

import ctypes
import os
from enum import IntEnum, auto
from functools import cache
from pathlib import Path
from typing import Any

from bench.c_library import BUILT, NotBuilt, Target, made, source_hash

HERE = Path(__file__).parent / "c"
FLAGS = (
    "-std=c11", "-O2", "-Wall", "-Wextra", "-pedantic", "-shared", "-fPIC",
    "-ffp-contract=off",  # a fused multiply-add would round once less than Python does
)  # fmt: skip

LOG_ROW_BYTES = 26
ROOM = 1024  # frames that wait on a bus, at first
NEVER = 2**63 - 1


class Stop(IntEnum):
    """Why the core has stopped: bench/core/c/core.h."""

    LIMIT = 0
    HEARD = auto()
    CYCLIC = auto()
    SWEEP = auto()
    STEPPED = auto()
    BUS_OFF = auto()
    LOG = auto()
    ROOM = auto()
    PLANT = auto()
    TURN = auto()


(
    NOW_NS, SEQUENCE, GENERATION, INDEX, COUNT, LOGGED, LOGGED_LONG, LONG_BEFORE,
    FRAMES, TOLD, QUIET_STEPS, QUIET_AS_OF, LEFT_OUT, SEEN, MOVED, NEWS, _WORDS,
) = range(17)  # fmt: skip
_LOG, _LOG_LONG, _COUNTERS, _HEARD = range(4)
_LOG_ROWS, _LOG_LONG_BYTES, MOST_CYCLIC, MOST_READERS = 4096, 65536, 128, 62


def target(extra: tuple[str, ...] = ()) -> Target:
    """The library's file. `extra` are further flags, such as sanitizers."""
    return Target(
        name="core", sources=tuple(sorted(HERE.glob("*.c"))), hashed=source_hash(HERE), flags=(*FLAGS, *extra)
    )


def folders() -> tuple[Path, Path]:
    """Where it lies: beside its sources (a checkout, a wheel), else in the user's own cache."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return HERE / BUILT, cache_home / "bms-hil-bench"


def built(*, again: bool = True) -> Path:
    """The library, compiled now unless it is there. Raises NotBuilt, also for one that cannot be loaded."""
    path = made(target(), folders(), again=again)
    try:
        loaded(path)
    except (OSError, AttributeError) as error:  # what lies there is no library, or another one
        raise NotBuilt(f"the core cannot be loaded: {error}; delete {path}") from None
    return path


_INT, _LONG, _AT = ctypes.c_int, ctypes.c_int64, ctypes.c_void_p
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "run": (_LONG, _LONG),
    "go_on": (),
    "bus": (_LONG, _LONG, _AT, ctypes.c_size_t),
    "give_room": (_INT, _AT, ctypes.c_size_t),
    "node": (_INT, _INT),
    "listen": (_INT, _INT, _INT, ctypes.c_uint32, _INT),
    "leave": (_INT,),
    "mute": (_INT, _INT),
    "cut": (_INT, _INT),
    "corrupt": (_INT, _INT),
    "offer": (_INT, ctypes.c_char_p),
    "abandon": (),
    "cyclic": (_INT, ctypes.c_uint32, _INT, _INT),
    "protect": (_INT, _INT, _INT, _INT, ctypes.c_char_p),
    "cyclic_start": (_INT, _LONG, _LONG),
    "cyclic_stop": (_INT,),
    "cyclic_send": (_INT, ctypes.c_char_p, _INT),
    "front_end": (_INT,),
    "page": (ctypes.c_uint32, _INT, _INT, ctypes.c_uint64, ctypes.c_uint64),
    "slot": (ctypes.c_char_p,),
    "sweep_start": (_LONG, _LONG),
    "sweep_stop": (),
    "sweep_show": (ctypes.c_char_p, ctypes.c_size_t),
    "sweep_send": (),
    "dut": (_AT, _AT, _AT, _AT, _INT, _INT),
    "dut_start": (_LONG,),
    "dut_stop": (),
    "dut_hang": (_INT,),
    "dut_tampered": (_INT,),
    "plant": (),
    "watch": (_INT, _INT, ctypes.c_uint32, _INT, _INT, ctypes.c_char_p, _INT),
    "plant_start": (_LONG, _LONG),
    "plant_stop": (),
}


@cache
def loaded(path: Path) -> ctypes.PyDLL:
    """Its calls are short and touch one core: nothing else of the process need run meanwhile."""
    library = ctypes.PyDLL(str(path))
    for name, arguments in _SIGNATURES.items():
        function = getattr(library, f"core_{name}")
        function.argtypes, function.restype = (_AT, *arguments), _INT
    library.core_init.argtypes, library.core_init.restype = (_AT,), None
    library.core_size.argtypes, library.core_size.restype = (), ctypes.c_size_t
    library.core_place.argtypes, library.core_place.restype = (_INT,), ctypes.c_size_t
    library.core_offer_size.argtypes, library.core_offer_size.restype = (), ctypes.c_size_t
    library.core_wire_ns.argtypes = (_LONG, ctypes.c_uint32, _INT, _INT, ctypes.c_char_p)
    library.core_wire_ns.restype = _LONG
    library.core_starts_ns.argtypes, library.core_starts_ns.restype = (_AT, _INT), _LONG
    return library


class Core:
    """One shot's core: its memory, and its calls.

    words: what stands first in it, by NOW_NS and so on. counters: of each cyclic message's next frame.
    buses: by channel.
    """

    def __init__(self, path: Path) -> None:
        library = loaded(path)
        self._library = library
        self._memory = (ctypes.c_int64 * -(-library.core_size() // 8))()
        self.at = ctypes.addressof(self._memory)
        library.core_init(self.at)
        plain = memoryview(self._memory).cast("B")
        self.words = plain[: 8 * _WORDS].cast("q")
        self.log = self._part(plain, _LOG, _LOG_ROWS * LOG_ROW_BYTES)
        self.log_long = self._part(plain, _LOG_LONG, _LOG_LONG_BYTES)
        self.counters = self._part(plain, _COUNTERS, 8 * MOST_CYCLIC).cast("q")
        self.heard = self._part(plain, _HEARD, 88)
        self.buses: dict[str, int] = {}
        self._rooms: list[tuple[Any, int]] = []
        self._readers = 0
        self.run = library.core_run
        self.go_on = library.core_go_on
        self.offer = library.core_offer
        self.cyclic_send = library.core_cyclic_send

    def _part(self, plain: memoryview, what: int, size: int) -> memoryview:
        place = self._library.core_place(what)
        return plain[place : place + size]

    def call(self, name: str, *arguments: Any) -> int:
        """A call by its name in core.h, without `core_` before it."""
        return int(getattr(self._library, f"core_{name}")(self.at, *arguments))

    def made(self, what: str, name: str, *arguments: Any) -> int:
        """The number of what a call has added. Raises BenchError where there is no room for it."""
        number = self.call(name, *arguments)
        if number < 0:
            from bench.errors import BenchError  # not at an install, which imports nothing that it would need

            raise BenchError(f"the native core has no room for {what}; BMS_HIL_CORE=python has no such bound")
        return number

    def bus(self, channel: str, bitrate: int) -> int:
        room, count = self._room(ROOM)
        number = self.made(
            f"bus '{channel}'", "bus", bitrate, self.words[NOW_NS], ctypes.addressof(room), count
        )
        self._rooms.append((room, count))
        self.buses[channel] = number
        return number

    def reader(self) -> int | None:
        """One more who is told of news, by a bit of NEWS; None: there is no room for another."""
        if self._readers == MOST_READERS:
            return None
        self._readers += 1
        return self._readers - 1

    def starts_ns(self, bus: int) -> int:
        return int(self._library.core_starts_ns(self.at, bus))

    def more_room(self, bus: int) -> None:
        """Twice as many frames may wait on this bus."""
        room, count = self._room(2 * self._rooms[bus][1])
        self.call("give_room", bus, ctypes.addressof(room), count)
        self._rooms[bus] = room, count

    def _room(self, count: int) -> tuple[Any, int]:
        return ctypes.create_string_buffer(count * self._library.core_offer_size()), count

"""Parsers of recordings made elsewhere: CSV, BLF, ASC, MF4, with the DBC of their bus; up to the load that is made."""

import random
import struct
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bench.errors import BenchError
from bench.lean_can import can
from bench.record import blf as own
from bench.replay.current import factor_of, load_of, read_recording
from bench.replay.recording import KeyMistake, RecordingAsked

from .alter import damaged, nonsense, reworded
from .files import SMALL_DBC
from .parser import Parser, Read

_OBJECT = struct.Struct("<4sHHLL")
_CSV = b'# a recording\ntime_s,current_a,note\n0.0,20,a\n0.5,21.5,"b, c"\n1.0,-3,\n1.5,0,x\n'


@cache
def _log(suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"log{suffix}"
        with can.BLFWriter(path) if suffix == ".blf" else can.ASCWriter(path) as log:
            for number in range(30):
                fd = number % 7 == 3
                message = can.Message(
                    timestamp=1.7e9 + number / 10, arbitration_id=256 if not fd else 0x18FF1234, is_extended_id=fd,
                    is_fd=fd, channel=0, data=bytes((16, 1, number, 0, 0, 0, 0, 0)) * (8 if fd else 1),
                )  # fmt: skip
                log.on_message_received(message)
        return path.read_bytes()


def _repacked(content: bytes, rng: random.Random) -> bytes:
    """A BLF whose first container holds altered objects: behind the compression, where bytes are not reached."""
    _, _, _, size, _ = _OBJECT.unpack_from(content, 144)
    plain = damaged(zlib.decompress(content[144 + 32 : 144 + size]), rng)
    if rng.random() < 0.02:
        plain += bytes(rng.choice((1, 64)) << 20)
    packed = zlib.compress(plain, 1)
    told = len(plain) if rng.random() < 0.9 else rng.choice((0, 1, 0xFFFF_FFFF))
    head = _OBJECT.pack(b"LOBJ", 16, 1, 32 + len(packed), 10) + struct.pack("<H6xL4x", 2, told)
    return content[:144] + head + packed + bytes((32 + len(packed)) % 4)


def _blf(rng: random.Random) -> bytes:
    content, how = _log(".blf"), rng.random()
    if how < 0.05:
        return nonsense(rng)
    return _repacked(content, rng) if how < 0.6 else damaged(content, rng)


def _text(content: bytes, rng: random.Random) -> bytes:
    how = rng.random()
    if how < 0.05:
        return nonsense(rng)
    if how < 0.6:
        return reworded(content.decode("latin-1"), rng).encode("latin-1", "replace")
    return damaged(content, rng)


@cache
def _mf4() -> tuple[bytes, ...]:
    import numpy as np
    from asammdf import MDF, Signal

    made = []
    for compression in (0, 1):
        with tempfile.TemporaryDirectory() as folder, MDF(version="4.10") as file:
            times = np.arange(50) / 10
            file.append([Signal(times * 2.0, times, name="Current", unit="A")])
            made.append(file.save(Path(folder) / "a.mf4", compression=compression).read_bytes())
    return tuple(made)


def _a_mf4(rng: random.Random) -> bytes:
    return nonsense(rng) if rng.random() < 0.05 else damaged(rng.choice(_mf4()), rng)


def _reading(suffix: str, signal: str, *, dbc: bool) -> Callable[[Path], Read]:
    def opened(place: Path) -> Read:
        (place / "own.dbc").write_text(SMALL_DBC)
        path = place / f"log{suffix}"
        asked = RecordingAsked(path=path, signal=signal, dbc=place / "own.dbc" if dbc else None)
        if suffix == ".mf4":
            _mf4()

        def read(data: bytes) -> None:
            path.write_bytes(data)
            recording = read_recording(asked)
            load_of(recording, factor_of(recording, "A"), 0, None, "previous", 1_000_000_000)

        return read

    return opened


def _own_blf(place: Path) -> Read:
    path = place / "frames.blf"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        for _ in own.read_blf(path, 0):
            pass

    return read


REFUSES = (BenchError, KeyMistake)
PARSERS = {
    "CSV": Parser(
        make=lambda rng: _text(_CSV, rng),
        opened=_reading(".csv", "current_a", dbc=False),
        refuses=REFUSES,
        share=6,
    ),
    "BLF": Parser(make=_blf, opened=_reading(".blf", "Current", dbc=True), refuses=REFUSES, slow=True),
    "ASC": Parser(
        make=lambda rng: _text(_log(".asc"), rng),
        opened=_reading(".asc", "Current", dbc=True),
        refuses=REFUSES,
        slow=True,
    ),
    "MF4": Parser(make=_a_mf4, opened=_reading(".mf4", "Current", dbc=False), refuses=REFUSES, slow=True),
    "a shot's BLF": Parser(make=_blf, opened=_own_blf, slow=True),
}

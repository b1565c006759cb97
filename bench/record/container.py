"""A scenario's shots in one append-only file: records, each complete and checked before the next begins.

A record is a head of 64 bytes and its body. The head states the body's length, CRC-32 and SHA-256, and has a CRC-32 of
its own, so a file that was cut at any byte gives every whole record before the cut. Several processes append, one at a
time: a lock, one write. Where one was killed within its write, the next one takes the torn rest away first.
docs/evidence.md has the layout and a short reader.
"""

import contextlib
import hashlib
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from io import FileIO
from pathlib import Path

from bench.errors import RecordError, at_place

FILE = "shots.hil"
MAGIC = b"HILSHOT1"
PLAN, SHOT = 1, 2  # kinds of records
_HEAD = struct.Struct("<8sIIQ32sI")  # magic, kind, number, length, SHA-256 and CRC-32 of the body
_CRC = struct.Struct("<I")
HEAD_SIZE = _HEAD.size + _CRC.size
_PIECE = 1 << 20
_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Where a record stands in its file: `start` of its head, `end` of its body."""

    kind: int
    number: int
    start: int
    end: int
    sha256: bytes
    crc: int


@dataclass(slots=True, kw_only=True)
class Known:
    """What a writer has seen of a container: where the last whole record ended, its shots and plans.

    Only saves reading it all again: the file decides. packed: the last plan as it is kept, and the hash of
    what it was made of.
    """

    inode: int = -1
    end: int = 0
    shots: set[int] = field(default_factory=set)
    plans: set[bytes] = field(default_factory=set)
    packed: tuple[bytes, bytes] = (b"", b"")


def shot_name(index: int) -> str:
    """What a shot is called, in a path too, where no file of that name lies any more."""
    return f"shot-{index:03d}"


def record(kind: int, number: int, body: bytes) -> bytes:
    """The bytes of one record."""
    head = _HEAD.pack(MAGIC, kind, number, len(body), hashlib.sha256(body).digest(), zlib.crc32(body))
    return b"".join((head, _CRC.pack(zlib.crc32(head)), body))


def append_shot(path: Path, number: int, plan: bytes, shot: bytes, known: Known) -> None:
    """Add a shot, and its plan where the file has not got it. Raises RecordError where that shot is there already.

    The plan's SHA-256 is how a shot names it. OSError (a full disk) leaves the file as it was.
    """
    with _locked(path) as file:
        _look(file, known)
        if number in known.shots:
            raise RecordError(f"{path}: holds shot {number} already; a shot is never written twice")
        key = hashlib.sha256(plan).digest()
        content = record(SHOT, number, shot)
        if key not in known.plans:
            content = record(PLAN, len(known.plans), plan) + content
        _write(file, known.end, content)
        known.plans.add(key)
        known.shots.add(number)
        known.end += len(content)


def shots_in(path: Path) -> tuple[int, ...]:
    """The numbers of all whole shots, ascending. Raises RecordError where the file cannot be read."""
    return tuple(sorted(_index(path).shots))


def has_shot(path: Path, number: int) -> bool:
    """Whether the container holds a whole record of this shot."""
    return path.is_file() and number in _index(path).shots


def read_body(path: Path, number: int) -> bytes:
    """The body of a shot. Raises RecordError where it is not there, or is not what was written."""
    index = _index(path)
    found = index.shots.get(number)
    if found is None:
        raise RecordError(at_place(path, "", f"no whole shot {number}: it was cut short", "a finished shot"))
    if number in index.twice:
        raise RecordError(
            at_place(path, "", f"shot {number} twice", "one record of each shot: none is written again")
        )
    return _body(path, found)


def read_plan(path: Path, sha256: bytes) -> bytes:
    """The body of the plan that a shot names. Raises RecordError as `read_body`."""
    found = _index(path).plans.get(sha256)
    if found is None:
        raise RecordError(at_place(path, "", f"no plan {sha256.hex()[:12]}", "the plan that a shot names"))
    return _body(path, found)


def shots_within(path: Path, start: int, end: int) -> tuple[int, ...]:
    """The shots whose records have a byte from `start` up to `end`, for telling where a file was changed."""
    try:
        with _opened(path) as file:
            records = list(_walk(file, 0, os.fstat(file.fileno()).st_size))
    except OSError:
        return ()
    return tuple(one.number for one in records if one.kind == SHOT and one.start < end and one.end > start)


@dataclass(frozen=True, slots=True)
class _Index:
    shots: dict[int, Record]
    plans: dict[bytes, Record]
    twice: set[int]


def _index(path: Path) -> _Index:
    try:
        stat = path.lstat()
        return _indexed(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; expected a file of shots") from error


@lru_cache(maxsize=64)
def _indexed(path: Path, _inode: int, size: int, _mtime_ns: int) -> _Index:
    """Kept for a file that has not changed: a report asks for one shot after the other."""
    index = _Index({}, {}, set())
    with _opened(path) as file:
        for one in _walk(file, 0, size, checked=True):
            if one.kind == SHOT:
                if index.shots.setdefault(one.number, one) is not one:
                    index.twice.add(one.number)
            elif one.kind == PLAN:
                index.plans.setdefault(one.sha256, one)
    return index


def _body(path: Path, one: Record) -> bytes:
    try:
        with _opened(path) as file:
            body = _read(file, one.start + HEAD_SIZE, one.end)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from error
    if hashlib.sha256(body).digest() != one.sha256:
        raise RecordError(
            at_place(path, f"byte {one.start}", "another hash of a record", "the one in its head")
        )
    return body


def _walk(file: FileIO, pos: int, size: int, *, checked: bool = False) -> Iterator[Record]:
    """Every whole record from `pos` on. What is no record is passed over up to the next one that is.

    checked: the bodies, too.
    """
    while pos + HEAD_SIZE <= size:
        one = _record_at(file, pos, size)
        if one is not None and (not checked or _sound(file, one)):
            yield one
            pos = one.end
        else:
            pos = _next_magic(file, pos + 1, size)


def _record_at(file: FileIO, pos: int, size: int) -> Record | None:
    """The record at this place. None where no record is there, or only a part of one."""
    raw = _at(file, pos, HEAD_SIZE)
    if len(raw) < HEAD_SIZE or not raw.startswith(MAGIC):
        return None
    if _CRC.unpack_from(raw, _HEAD.size)[0] != zlib.crc32(raw[: _HEAD.size]):
        return None
    _, kind, number, length, sha256, crc = _HEAD.unpack_from(raw)
    end = pos + HEAD_SIZE + length
    if end > size:
        return None
    return Record(kind=kind, number=number, start=pos, end=end, sha256=sha256, crc=crc)


def _sound(file: FileIO, one: Record) -> bool:
    crc, pos = 0, one.start + HEAD_SIZE
    while pos < one.end:
        piece = _at(file, pos, min(_PIECE, one.end - pos))
        if not piece:
            return False
        crc = zlib.crc32(piece, crc)
        pos += len(piece)
    return crc == one.crc


def _next_magic(file: FileIO, pos: int, size: int) -> int:
    """Where the next record may begin; `size` where none does."""
    while pos < size:
        piece = _at(file, pos, _PIECE)
        if (at := piece.find(MAGIC)) >= 0:
            return pos + at
        if len(piece) < len(MAGIC):
            break
        pos += len(piece) - len(MAGIC) + 1
    return size


def _at(file: FileIO, pos: int, count: int) -> bytes:
    file.seek(pos)
    return file.read(count)


def _read(file: FileIO, start: int, end: int) -> bytes:
    pieces = []
    while start < end and (piece := _at(file, start, min(_PIECE, end - start))):
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


def _look(file: FileIO, known: Known) -> None:
    """Take in what others have added, and take away what lies behind the last whole record."""
    stat = os.fstat(file.fileno())
    if stat.st_ino != known.inode or stat.st_size < known.end:
        known.inode, known.end = stat.st_ino, 0
        known.shots.clear()
        known.plans.clear()
    for one in _walk(file, known.end, stat.st_size):
        if one.kind == SHOT:
            known.shots.add(one.number)
        else:
            known.plans.add(one.sha256)
        known.end = one.end
    if known.end < stat.st_size:
        file.truncate(known.end)


def _write(file: FileIO, pos: int, content: bytes) -> None:
    """One write; where the disk has no room for all of it, or a signal ends it, none of it stays."""
    done = 0
    file.seek(pos)
    try:
        while done < len(content):
            done += file.write(content[done:])
    except BaseException:
        with contextlib.suppress(OSError):
            file.truncate(pos)
        raise


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[FileIO]:
    """The file, made where it is missing, for one writer at a time. The lock goes with its process."""
    with FileIO(os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o666), "r+") as file:
        _lock(file.fileno())
        yield file


def _lock_by_fcntl() -> Callable[[int], None]:
    try:
        import fcntl
    except ImportError:  # Windows, where no workers are forked: there is one writer
        return lambda _: None
    return lambda fd: fcntl.flock(fd, fcntl.LOCK_EX)


_lock = _lock_by_fcntl()


def _opened(path: Path) -> FileIO:
    """Not through a link, and without waiting for the writer of a FIFO."""
    return FileIO(os.open(path, os.O_RDONLY | _FLAGS), "r")

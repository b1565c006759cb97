"""CAN frames of a BLF recording (Vector's binary logging format), in bounded time and memory for any content of the
file.

The layout is the one that python-can reads. python-can cannot be used here. On an object of size 0 it never ends. It
unpacks a container without a limit. It drops data that are cut off at the end without telling it.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bench.errors import ConfigError, at_place
from bench.replay.recording import Frame

_FILE_HEADER = struct.Struct("<4sL8BQQLL")
_OBJECT = struct.Struct("<4sHHLL")  # signature, header's size and version, object's size and type
_CONTAINER = struct.Struct("<H6xL4x")  # method, size when unpacked
_STAMPED = struct.Struct(
    "<LHHQ"
)  # flags, client, version, stamp: the same place in both versions of the header
_STAMPED_SIZE = {1: _STAMPED.size, 2: 24}
_CLASSIC = struct.Struct("<HBBL8s")
_FD = struct.Struct("<HBBLLBBB5x64s")
_FD_64 = struct.Struct("<BBBBLLLLLLLHBBL")

_CLASSIC_KINDS, _CONTAINER_KIND, _FD_KIND, _FD_64_KIND = (1, 86), 10, 100, 101
_NO_COMPRESSION, _DEFLATE = 0, 2
_REMOTE, _REMOTE_64 = 0x80, 0x10
_EXTENDED, _ID_MASK = 0x8000_0000, 0x1FFF_FFFF
_TEN_US = 1  # of the flags: stamps count in 10 µs, else in nanoseconds
_MOST_CONTAINER_BYTES = 16 << 20  # Vector's have 128 KiB
_MOST_RATIO, _SMALL_BYTES = 200, 64 << 20  # frames pack to a tenth; ten thousand times is no recording


def read_blf(path: Path) -> Iterator[Frame]:
    """Data frames in the order of the file; times in seconds from its start. ConfigError for what is damaged."""
    try:
        with path.open("rb") as file:
            yield from _Reader(path, file).frames()
    except (OSError, struct.error, zlib.error) as error:
        raise ConfigError(at_place(path, "", f"cannot be read ({error})", "a BLF file")) from error


class _Reader:
    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._size = path.stat().st_size
        self._unpacked = 0
        self._tail = b""
        self._number = 0

    def frames(self) -> Iterator[Frame]:
        self._skip_header()
        while base := self._file.read(_OBJECT.size):
            at = self._file.tell() - len(base)
            if len(base) < _OBJECT.size:
                if base.strip(b"\0"):
                    self._wrong(f"byte {at}", f"found {len(base)} bytes", "a whole object")
                break
            signature, _, _, size, kind = _OBJECT.unpack(base)
            place = f"byte {at}"
            if signature != b"LOBJ":
                self._wrong(place, f"found {signature!r}", "an object, 'LOBJ'")
            if size < _OBJECT.size:
                self._wrong(place, f"found an object of {size} bytes", f"{_OBJECT.size} or more")
            if at + size > self._size:
                found = f"found {self._size - at} of {size} bytes of its last object"
                self._wrong(place, found, "a recording that its logger has finished")
            body = self._file.read(size - _OBJECT.size)
            self._file.seek(size % 4, 1)
            if kind == _CONTAINER_KIND:
                yield from self._objects(self._tail + self._plain(body, place))
            else:  # written without containers
                yield from self._objects(self._tail + base + body)
        if self._tail.startswith(b"LOBJ"):
            self._wrong("", "ends within an object", "a recording that its logger has finished")

    def _skip_header(self) -> None:
        raw = self._file.read(_FILE_HEADER.size)
        if len(raw) < _FILE_HEADER.size or raw[:4] != b"LOGG":
            self._wrong("", "found no 'LOGG' at its beginning", "a BLF file")
        header = _FILE_HEADER.unpack(raw)
        header_size, told_size, count = header[1], header[10], header[12]
        if told_size > self._size:
            self._wrong("", f"found {self._size} bytes", f"{told_size}, as its header says")
        if count == 0 and told_size <= header_size < self._size:
            found = (
                f"found {self._size} bytes, and a header that knows of none: its logger has not finished it"
            )
            self._wrong("", found, "a finished recording, or one mended by the logger's own tool")
        self._file.seek(max(header_size, _FILE_HEADER.size))

    def _plain(self, body: bytes, place: str) -> bytes:
        method, told = _CONTAINER.unpack_from(body)
        packed = body[_CONTAINER.size :]
        if method == _NO_COMPRESSION:
            return packed
        if method != _DEFLATE:
            self._wrong(place, f"found compression method {method}", "0 (none) or 2 (zlib)")
        most = min(told, _MOST_CONTAINER_BYTES)
        unpacking = zlib.decompressobj()
        plain = unpacking.decompress(packed, most + 1) if told == most else b""
        if len(plain) > most or told != most:
            self._wrong(place, f"found a container that unpacks to more than {most} bytes", "a recording")
        if not unpacking.eof:
            self._wrong(place, "found a container that is cut short", "a whole one")
        self._unpacked += len(plain)
        if self._unpacked > max(_SMALL_BYTES, _MOST_RATIO * self._size):
            found = f"found {self._unpacked >> 20} MiB in a file of {self._size} bytes"
            self._wrong(place, found, f"at most {_MOST_RATIO} times its size")
        return plain

    def _objects(self, data: bytes) -> Iterator[Frame]:
        """Keeps what begins here and ends in the next container."""
        pos, end = 0, len(data)
        while True:
            start = data.find(b"LOBJ", pos, pos + 8)
            if start < 0:
                self._tail = data[pos:]
                if end - pos >= 8:
                    self._wrong(f"after frame {self._number}", "found no object", "one, 'LOBJ'")
                return
            pos = start
            if pos + _OBJECT.size > end:
                break
            _, _, version, size, kind = _OBJECT.unpack_from(data, pos)
            least = _OBJECT.size + _STAMPED_SIZE.get(version, 0)
            if size < least:
                place = f"after frame {self._number}"
                self._wrong(place, f"found an object of {size} bytes", f"{least} or more")
            if size > _MOST_CONTAINER_BYTES:
                self._wrong(f"after frame {self._number}", f"found an object of {size} bytes", "a frame")
            if pos + size > end:
                break
            if version in _STAMPED_SIZE:
                frame = self._frame(data[pos : pos + size], version, kind)
                if frame is not None:
                    yield frame
            pos += size
        self._tail = data[pos:]

    def _frame(self, whole: bytes, version: int, kind: int) -> Frame | None:
        """None: another kind of object, a remote frame, an error frame."""
        if kind not in (*_CLASSIC_KINDS, _FD_KIND, _FD_64_KIND):
            return None
        self._number += 1
        flags, _, _, stamp = _STAMPED.unpack_from(whole, _OBJECT.size)
        at = _OBJECT.size + _STAMPED_SIZE[version]
        if kind == _FD_64_KIND:
            values = _FD_64.unpack_from(whole, at)
            channel, _, length, _, can_id, _, bits = values[:7]
            remote = bits & _REMOTE_64
            first, room = at + _FD_64.size, (values[13] or len(whole)) - at - _FD_64.size
            # Vector's own reader fills up with zeros what a logger has left out
            data = whole[first : first + max(0, min(length, room))].ljust(length, b"\0")
        elif kind == _FD_KIND:
            channel, bits, _, can_id, _, _, _, length, data = _FD.unpack_from(whole, at)
            remote, data = bits & _REMOTE, data[:length]
        else:
            channel, bits, length, can_id, data = _CLASSIC.unpack_from(whole, at)
            remote, data = bits & _REMOTE, data[:length]
        if len(data) > 64:
            self._wrong(f"frame {self._number}", f"found {len(data)} bytes in a frame", "64 at most")
        if remote:
            return None
        time_s = stamp / 1e5 if flags == _TEN_US else stamp / 1e9
        return Frame(self._number, time_s, channel, can_id & _ID_MASK, bool(can_id & _EXTENDED), data)

    def _wrong(self, place: str, found: str, expected: str) -> None:
        raise ConfigError(at_place(self._path, place, found, expected))

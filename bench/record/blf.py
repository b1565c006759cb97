"""Frames as a BLF file, the logging format lab tools open, with stamps exact to the nanosecond.

python-can writes BLF too, but through a Message object and a float of seconds: several times the cost per
frame, and stamps that can be off by one nanosecond. Packing the same objects directly keeps integers. The
layout follows python-can's reader, with which the tests read the files back.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bench.errors import RecordError, at_place
from bench.trace.events import CanFrame, FrameSeen

_FILE_HEADER = struct.Struct("<4sL8BQQLL8H8H")
_FILE_HEADER_SIZE = 144
_OBJECT = struct.Struct("<4sHHLL")
_CONTAINER = struct.Struct("<H6xL4x")
_STAMPED = struct.Struct("<LHHQ")
_BODY = {False: struct.Struct("<HBBL8s"), True: struct.Struct("<HBBLLBBB5x64s")}
_CLASSIC = struct.Struct("<4sHHLLLHHQHBBL8s")
_FD = struct.Struct("<4sHHLLLHHQHBBLLBBB5x64s")
_HEAD_SIZE = _OBJECT.size + _STAMPED.size

_CAN_MESSAGE, _LOG_CONTAINER, _CAN_FD_MESSAGE = 1, 10, 100
_NANOSECONDS, _DEFLATE, _API_VERSION = 2, 2, (2, 6, 8, 1)
_EXTENDED, _ID_MASK = 0x8000_0000, 0x1FFF_FFFF
_SENT = 0x01
_EDL, _BRS = 0x01, 0x02
_FD_LENGTHS = (*range(9), 12, 16, 20, 24, 32, 48, 64)
DLC_OF_LENGTH = [next(dlc for dlc, room in enumerate(_FD_LENGTHS) if room >= length) for length in range(65)]
_OBJECTS_PER_CONTAINER = 2_048
_MOST_PLAIN = _OBJECTS_PER_CONTAINER * _FD.size
_LARGEST_STAMP_NS = 2**63 - 1


def write_blf(
    path: Path, frames: Iterable[FrameSeen], numbers: Mapping[str, int], bench_sender: str, origin_ns: int
) -> None:
    """Write `frames` in their order; stamps count from `origin_ns`. `bench_sender`'s are marked as sent.

    `numbers` gives each channel's number, from 1. Raises RecordError for a frame no CAN bus could carry.
    """
    objects: list[bytes] = []
    classic, fd_object, dlc_of = _CLASSIC.pack, _FD.pack, DLC_OF_LENGTH
    classic_size, fd_size = _CLASSIC.size, _FD.size
    for t_ns, channel, (can_id, data, extended, fd, switch), sender in frames:
        length = len(data)
        if length > (64 if fd else 8) or not 0 <= can_id <= _ID_MASK or (switch and not fd):
            raise RecordError(
                at_place(
                    path,
                    f"frame {len(objects)}",
                    f"id 0x{can_id:X}, {length} bytes, fd {fd}",
                    "a legal CAN frame",
                )
            )
        direction = _SENT if sender == bench_sender else 0
        identifier = can_id | _EXTENDED if extended else can_id
        stamp_ns = t_ns - origin_ns
        if not 0 <= stamp_ns <= _LARGEST_STAMP_NS:
            raise RecordError(
                at_place(
                    path, f"frame {len(objects)}", f"stamp {t_ns} ns", f"a 63 bit stamp from {origin_ns} ns"
                )
            )
        if fd:
            objects.append(
                fd_object(
                    b"LOBJ", _HEAD_SIZE, 1, fd_size, _CAN_FD_MESSAGE, _NANOSECONDS, 0, 0, stamp_ns,
                    numbers[channel], direction, dlc_of[length], identifier, 0, 0,
                    _EDL | _BRS if switch else _EDL, length, data,
                )
            )  # fmt: skip
        else:
            objects.append(
                classic(
                    b"LOBJ", _HEAD_SIZE, 1, classic_size, _CAN_MESSAGE, _NANOSECONDS, 0, 0, stamp_ns,
                    numbers[channel], direction, length, identifier, data,
                )
            )  # fmt: skip
    containers: list[bytes] = []
    uncompressed = _FILE_HEADER_SIZE
    for start in range(0, len(objects), _OBJECTS_PER_CONTAINER):
        plain = b"".join(objects[start : start + _OBJECTS_PER_CONTAINER])
        packed = zlib.compress(plain, 1)
        head_size = _OBJECT.size + _CONTAINER.size
        size = head_size + len(packed)
        containers.append(_OBJECT.pack(b"LOBJ", _OBJECT.size, 1, size, _LOG_CONTAINER))
        containers.append(_CONTAINER.pack(_DEFLATE, len(plain)))
        containers.append(packed + b"\0" * (size % 4))
        uncompressed += head_size + len(plain)
    body = b"".join(containers)
    no_date = (0,) * 16  # stamps are the run's own time, not a calendar's
    header = _FILE_HEADER.pack(
        b"LOGG", _FILE_HEADER_SIZE, 5, 0, 0, 0, *_API_VERSION,
        _FILE_HEADER_SIZE + len(body), uncompressed, len(objects), 0, *no_date,
    )  # fmt: skip
    path.write_bytes(header.ljust(_FILE_HEADER_SIZE, b"\0") + body)


def read_blf(path: Path, origin_ns: int) -> Iterator[tuple[int, int, CanFrame]]:
    """(t_ns, channel number, frame) as written by `write_blf`. Raises RecordError for a damaged file."""
    try:
        content = path.read_bytes()
        if content[:4] != b"LOGG":
            raise RecordError(at_place(path, "", "no BLF signature", "'LOGG' as the first four bytes"))
        pos = _FILE_HEADER_SIZE
        while pos < len(content):
            signature, head_size, _, size, kind = _OBJECT.unpack_from(content, pos)
            if signature != b"LOBJ" or kind != _LOG_CONTAINER:
                raise RecordError(
                    at_place(path, f"byte {pos}", f"{signature!r} of type {kind}", "a log container")
                )
            _long_enough(path, f"byte {pos}", size, head_size + _CONTAINER.size)
            packed = content[pos + head_size + _CONTAINER.size : pos + size]
            yield from _objects(path, _unpacked(path, f"byte {pos}", packed), origin_ns)
            pos += size + size % 4
    except (OSError, struct.error, zlib.error) as error:
        raise RecordError(f"{path}: cannot be read: {error}; expected a complete BLF file") from error


def _unpacked(path: Path, place: str, packed: bytes) -> bytes:
    """No more than a container of ours can hold, whatever the file says."""
    unpacking = zlib.decompressobj()
    plain = unpacking.decompress(packed, _MOST_PLAIN + 1)
    if len(plain) > _MOST_PLAIN or not unpacking.eof:
        found = (
            "a container cut short" if len(plain) <= _MOST_PLAIN else f"more than {_MOST_PLAIN} bytes in it"
        )
        raise RecordError(at_place(path, place, found, f"at most {_OBJECTS_PER_CONTAINER} frames, whole"))
    return plain


def _long_enough(path: Path, place: str, size: int, least: int) -> None:
    if size < least:
        raise RecordError(at_place(path, place, f"an object of {size} bytes", f"{least} or more"))


def _objects(path: Path, plain: bytes, origin_ns: int) -> Iterator[tuple[int, int, CanFrame]]:
    pos = 0
    while pos < len(plain):
        _, _, _, size, kind = _OBJECT.unpack_from(plain, pos)
        _long_enough(
            path, f"byte {pos} of a container", size, _HEAD_SIZE + _BODY[kind == _CAN_FD_MESSAGE].size
        )
        stamp_ns = _STAMPED.unpack_from(plain, pos + _OBJECT.size)[3]
        if kind == _CAN_FD_MESSAGE:
            number, _, _, identifier, _, _, flags, length, data = _BODY[True].unpack_from(
                plain, pos + _HEAD_SIZE
            )
            fd, switch = True, bool(flags & _BRS)
        else:
            number, _, length, identifier, data = _BODY[False].unpack_from(plain, pos + _HEAD_SIZE)
            fd, switch = False, False
        frame = CanFrame(identifier & _ID_MASK, data[:length], bool(identifier & _EXTENDED), fd, switch)
        yield stamp_ns + origin_ns, number, frame
        pos += size

"""Shots as releases before the container wrote them, and BLF as they packed it frame by frame.

What they left must still be read, and what replaced them must do the same.
"""

import dataclasses
import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.errors import RecordError, at_place
from bench.record.marks import to_line
from bench.record.shot import BENCH_SENDER, EVENTS, FRAMES, RESULT, write_json
from bench.trace.events import FrameSeen
from bench.trace.timeline import Trace

FORMAT = "hil-shot-2"
_FILE_HEADER = struct.Struct("<4sL8BQQLL8H8H")
_FILE_HEADER_SIZE = 144
_OBJECT = struct.Struct("<4sHHLL")
_CONTAINER = struct.Struct("<H6xL4x")
_STAMPED = struct.Struct("<LHHQ")
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
_LARGEST_STAMP_NS = 2**63 - 1


def write_shot_files(folder: Path, trace: Trace, plan: dict[str, Any], result: dict[str, Any]) -> None:
    """Fill the empty `folder`. A crash at any point leaves no result.json: the shot counts as unfinished."""
    names = dict.fromkeys([*trace.stamping, *(seen.channel for seen in trace.frames)])
    numbers = {name: number for number, name in enumerate(names, start=1)}
    origin_ns = min(0, min((seen.t_ns for seen in trace.frames), default=0))
    senders, exceptions = _senders(trace.frames, numbers)
    head = {
        "format": FORMAT,
        "timebase": trace.timebase,
        "stamping": {name: dataclasses.asdict(stamping) for name, stamping in trace.stamping.items()},
        "channels": numbers,
        "origin_ns": origin_ns,
        "frames": len(trace.frames),
        "marks": len(trace.marks),
        "senders": senders,
        "sender_exceptions": exceptions,
        "plan": plan,
    }
    try:
        write_blf(folder / FRAMES, trace.frames, numbers, BENCH_SENDER, origin_ns)
        lines = [json.dumps(head)]
        lines.extend(json.dumps(to_line(mark)) for mark in trace.marks)
        (folder / EVENTS).write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")
        write_json(folder / RESULT, result)
    except (OSError, TypeError) as error:
        raise RecordError(f"{folder}: cannot write the shot: {error}") from error


def _senders(
    frames: list[FrameSeen], numbers: dict[str, int]
) -> tuple[list[tuple[int, int, bool, str]], list[tuple[int, str]]]:
    """Who sends which id: an entry per (channel, id), and (frame index, sender) where it was another."""
    usual: dict[tuple[str, int, bool], str] = {}
    exceptions: list[tuple[int, str]] = []
    remember = usual.setdefault
    for index, (_, channel, frame, sender) in enumerate(frames):
        if remember((channel, frame[0], frame[2]), sender) != sender:
            exceptions.append((index, sender))
    return [(numbers[channel], *key, sender) for (channel, *key), sender in usual.items()], exceptions  # type: ignore[misc]


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

"""The firmware in C, stepped in simulated time: a shared library behind ctypes, the same port as the one in Python."""

import ctypes
import struct
from array import array
from dataclasses import fields
from functools import cache
from pathlib import Path

from bench.errors import DutError
from bench.trace.events import CanFrame
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.nvm import ResetCause

BASE_TASK_NS = 10_000_000
_BUSES = ("vehicle", "sense")
_NUMBERS = {name: number for number, name in enumerate(_BUSES)}
_FRAME = struct.Struct("=HBB8s")  # core/bms.h: struct frame
_SIZE = _FRAME.size
_MOST_OCV_POINTS = 64
_MOST_HEARD = 4096  # waiting for a step
_REMEMBERED_FRAMES = 1 << 16

# Kept from shot to shot, being pure functions of what they are found by: a frame as the library takes it (b"": one that
# it cannot hear), by bus; and one that it has sent, by the bytes that it left.
_HEARD: dict[str, dict[CanFrame, bytes]] = {name: {} for name in _BUSES}
_SAID: dict[bytes, tuple[str, CanFrame]] = {}


def _in_memory(library: ctypes.CDLL, limits: Limits) -> ctypes.Structure:
    """core/limits.h's struct limits, laid out as the library itself names it. Raises DutError where names differ."""
    quantities, counts = (
        names().decode().split() for names in (library.firmware_quantities, library.firmware_counts)
    )

    class CLimits(ctypes.Structure):
        _fields_ = [
            *((name, ctypes.c_double) for name in quantities),
            ("ocv_v", ctypes.c_double * _MOST_OCV_POINTS),
            *((name, ctypes.c_int32) for name in counts),
        ]  # fmt: skip

    values = {one.name: getattr(limits, one.name) for one in fields(limits)}
    wanted, there = {*values, "ocv_points"}, {*quantities, *counts, "ocv_v"}
    if wanted != there or library.firmware_limits_size() != ctypes.sizeof(CLimits):
        raise DutError(f"limits in Python and in C differ: {', '.join(sorted(wanted ^ there)) or 'in size'}")
    if len(limits.ocv_v) > _MOST_OCV_POINTS:
        raise DutError(
            f"{len(limits.ocv_v)} points of open-circuit voltage; the firmware in C holds {_MOST_OCV_POINTS}"
        )
    values["ocv_v"] = (ctypes.c_double * _MOST_OCV_POINTS)(*limits.ocv_v)
    return CLimits(**values, ocv_points=len(limits.ocv_v))


@cache
def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    library.firmware_size.restype = library.firmware_limits_size.restype = ctypes.c_size_t
    library.firmware_init.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p]
    library.firmware_quantities.restype = library.firmware_counts.restype = ctypes.c_char_p
    library.firmware_reset.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.firmware_reset.restype = None
    library.firmware_init.restype = None
    library.firmware_receive.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_char_p]
    library.firmware_receive.restype = None
    library.firmware_step.argtypes = [
        ctypes.c_void_p, ctypes.c_int64, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_char_p,
    ]  # fmt: skip
    library.firmware_step.restype = ctypes.c_size_t
    library.firmware_outbox.argtypes = [ctypes.c_void_p]
    library.firmware_outbox.restype = ctypes.c_void_p
    return library


def _learn_heard(known: dict[CanFrame, bytes], bus: int, frame: CanFrame) -> bytes:
    data = frame.data
    fits = not frame.extended and 0 < len(data) <= 8
    if len(known) >= _REMEMBERED_FRAMES:
        known.clear()
    record = known[frame] = _FRAME.pack(frame.can_id, bus, len(data), data) if fits else b""
    return record


def _learn_said(record: bytes) -> tuple[str, CanFrame]:
    can_id, bus, length, data = _FRAME.unpack(record)
    if len(_SAID) >= _REMEMBERED_FRAMES:
        _SAID.clear()
    said = _SAID[record] = (_BUSES[bus], CanFrame(can_id, data[:length]))
    return said


class SteppedFirmware:
    """Implements bench.dut.firmware.Firmware by a library built from C."""

    period_ns = BASE_TASK_NS

    def __init__(self, path: Path, limits: Limits | None = None, build_hash: bytes = bytes(4)) -> None:
        """build_hash: the first four bytes are what it says of itself."""
        library = _load(path)
        # 64-bit words, so that the firmware's own 64-bit fields are aligned.
        self._memory = (ctypes.c_int64 * -(-library.firmware_size() // 8))()
        self._at = ctypes.addressof(self._memory)
        self._receive = library.firmware_receive
        self._step = library.firmware_step
        self._reset = library.firmware_reset
        calibration = None if limits is None else _in_memory(library, limits)
        built_in = None if calibration is None else ctypes.addressof(calibration)
        library.firmware_init(self._at, built_in, build_hash[:4])
        self._outbox: int = library.firmware_outbox(self._at)
        # What has arrived since the last step: a call into the library costs more than a frame does inside.
        self._heard: list[bytes] = []
        self._heard_ns = array("q")

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        known = _HEARD[channel]
        record = known.get(frame)
        if record is None:
            record = _learn_heard(known, _NUMBERS[channel], frame)
        if record:
            self._heard.append(record)
            self._heard_ns.append(now_ns)
            if len(self._heard) >= _MOST_HEARD:
                self._receive(self._at, *self._arrived())

    def _arrived(self) -> tuple[int, bytes, bytes]:
        """(count, instants, frames) of what the library has not been told yet."""
        heard, heard_ns = self._heard, self._heard_ns
        arrived = len(heard), heard_ns.tobytes(), b"".join(heard)
        heard.clear()
        del heard_ns[:]
        return arrived

    def pull_reset(self) -> None:
        """The reset line, from outside."""
        self._receive(self._at, *self._arrived())
        self._reset(self._at, ResetCause.EXTERNAL)

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        count: int = self._step(self._at, now_ns, *self._arrived())
        if not count:
            return []
        sent = ctypes.string_at(self._outbox, count * _SIZE)
        return [
            _SAID.get(record) or _learn_said(record)
            for record in [sent[at : at + _SIZE] for at in range(0, len(sent), _SIZE)]
        ]

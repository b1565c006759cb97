"""The firmware in C, stepped in simulated time: a shared library behind ctypes, the same port as the one in Python."""

import ctypes
import struct
from dataclasses import fields
from functools import cache
from pathlib import Path

from bench.errors import DutError
from bench.trace.events import CanFrame
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.nvm import ResetCause
from firmware_stubs.reference_bms_c.compile import build

BASE_TASK_NS = 10_000_000
_BUSES = ("vehicle", "sense")
_NUMBERS = {name: number for number, name in enumerate(_BUSES)}
_FRAME = struct.Struct("=HBB8s")
_MOST_OCV_POINTS = 64


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
    library.firmware_init.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.firmware_quantities.restype = library.firmware_counts.restype = ctypes.c_char_p
    library.firmware_reset.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.firmware_reset.restype = None
    library.firmware_init.restype = None
    library.firmware_receive.argtypes = [
        ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint8, ctypes.c_uint16, ctypes.c_char_p, ctypes.c_uint8,
    ]  # fmt: skip
    library.firmware_receive.restype = None
    library.firmware_step.argtypes = [ctypes.c_void_p, ctypes.c_int64]
    library.firmware_step.restype = ctypes.c_size_t
    library.firmware_outbox.argtypes = [ctypes.c_void_p]
    library.firmware_outbox.restype = ctypes.c_void_p
    return library


class SteppedFirmware:
    """Implements bench.dut.firmware.Firmware by a library built from C."""

    period_ns = BASE_TASK_NS

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        library = _load(path)
        # 64-bit words, so that the firmware's own 64-bit fields are aligned.
        self._memory = (ctypes.c_int64 * -(-library.firmware_size() // 8))()
        self._at = ctypes.addressof(self._memory)
        self._receive = library.firmware_receive
        self._step = library.firmware_step
        self._reset = library.firmware_reset
        calibration = None if limits is None else _in_memory(library, limits)
        library.firmware_init(self._at, None if calibration is None else ctypes.addressof(calibration))
        self._outbox: int = library.firmware_outbox(self._at)

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        data = frame.data
        if not frame.extended and 0 < len(data) <= 8:
            self._receive(self._at, now_ns, _NUMBERS[channel], frame.can_id, data, len(data))

    def pull_reset(self) -> None:
        """The reset line, from outside."""
        self._reset(self._at, ResetCause.EXTERNAL)

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        count: int = self._step(self._at, now_ns)
        sent = ctypes.string_at(self._outbox, count * _FRAME.size)
        return [
            (_BUSES[bus], CanFrame(can_id, data[:length]))
            for can_id, bus, length, data in _FRAME.iter_unpack(sent)
        ]


def build_stepped(name: str, *, limits: Limits | None = None) -> SteppedFirmware:
    """Firmware `name` ("reference" or a mutant) in C. Raises DutError: unknown, no compiler, does not compile."""
    return SteppedFirmware(build(name, "library"), limits)

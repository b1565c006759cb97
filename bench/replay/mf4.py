"""An MF4 recording (ASAM MDF 4): a plain channel, or, with a DBC, the CAN frames of its bus logging."""

import contextlib
import gc
import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any

from bench.errors import ConfigError, at_place, nearest
from bench.replay.frames import decoded
from bench.replay.recording import Frame, KeyMistake, Recording, RecordingAsked

_MOST_RATIO, _SMALL_BYTES = 200, 64 << 20  # what a packed recording may grow to, as for BLF
_BUS = "CAN_DataFrame"
_LENGTHS = (*range(9), 12, 16, 20, 24, 32, 48, 64)  # by DLC; DataLength is optional in ASAM's bus logging


def read_mf4_here(asked: RecordingAsked) -> Recording:
    """Read in this process. asammdf may never end here, or may end the process."""
    from asammdf import MDF

    path = asked.path
    with _quiet():
        try:
            file = MDF(path)
        except Exception as error:
            traceback.clear_frames(error.__traceback__)
            gc.collect()  # now, while nobody is told of it
            raise ConfigError(
                at_place(path, "", f"cannot be read ({_reason(error)})", "an MF4 file")
            ) from error
        try:
            if asked.dbc is None:
                return _plain(file, asked)
            return decoded(_frames(file), asked)
        except (ConfigError, KeyMistake):
            raise
        except Exception as error:  # asammdf promises no closed set of exceptions for a damaged file
            raise ConfigError(
                at_place(path, "", f"cannot be read ({_reason(error)})", "a sound MF4 file")
            ) from error
        finally:
            file.close()


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What is wrong with a file is one line of ours.

    asammdf also logs it, and what it has half made it cannot destroy: Python prints a traceback for that.
    """
    logger, hook = logging.getLogger("asammdf"), sys.unraisablehook
    disabled, logger.disabled = logger.disabled, True
    sys.unraisablehook = lambda _: None
    try:
        yield
    finally:
        logger.disabled, sys.unraisablehook = disabled, hook


def _plain(file: Any, asked: RecordingAsked) -> Recording:
    """`channel` is the channel group, counted from 0 as asammdf does, where several hold the name."""
    import numpy as np

    entries = list(file.channels_db.get(asked.signal, ()))
    if not entries:
        known = [name for name in file.channels_db if name not in ("time", "t", "timestamps")]
        if any(name.startswith(_BUS) for name in known):
            raise KeyMistake(
                "dbc", f"found CAN frames and no '{asked.signal}' in {asked.path.name}; expected their DBC"
            )
        text = f"found no channel '{asked.signal}' in {asked.path.name}; expected one of its {len(known)}"
        raise KeyMistake("signal", text + nearest(asked.signal, known))
    groups = [group for group, _ in entries]
    entries = [one for one in entries if asked.channel in (None, one[0])]
    if len(entries) != 1:
        several = ", ".join(map(str, groups))
        raise KeyMistake("channel", f"found '{asked.signal}' in groups {several}; expected one of them")
    group, index = entries[0]
    _refuse_what_cannot_be(file, asked, group)
    signal = file.get(asked.signal, group=group, index=index)
    samples = np.asarray(signal.samples)
    if samples.ndim != 1 or samples.dtype.kind not in "iuf":
        found = f"found {asked.signal} with samples of type {samples.dtype}"
        raise ConfigError(at_place(asked.path, f"group {group}", found, "numbers"))
    values = samples.astype(float)
    invalid = getattr(signal.invalidation_bits, "samples", signal.invalidation_bits)
    if invalid is not None:
        values[np.asarray(invalid, dtype=bool)] = np.nan  # told as what it is: no number
    return Recording(
        path=asked.path,
        signal=asked.signal,
        unit=signal.unit or "",
        times_s=signal.timestamps.tolist(),
        values=values.tolist(),
        counted="sample",
        numbers=range(1, len(values) + 1),
    )


def _refuse_what_cannot_be(file: Any, asked: RecordingAsked, group: int) -> None:
    """Records as a damaged file states them: asammdf reads beyond its memory where they do not fit together."""
    head, size = file.groups[group].channel_group, asked.path.stat().st_size
    record = head.samples_byte_nr + head.invalidation_bytes_nr
    stated = head.cycles_nr * record
    if stated > max(_SMALL_BYTES, _MOST_RATIO * size):
        found = f"found {head.cycles_nr} records of {record} bytes in a file of {size} bytes"
        raise ConfigError(at_place(asked.path, f"group {group}", found, "a sound MF4 file"))
    for one in file.groups[group].channels:
        end = one.byte_offset + -(-(one.bit_offset + one.bit_count) // 8)
        if end > head.samples_byte_nr:
            found = (
                f"found {one.name} at bytes {one.byte_offset} to {end} of a record of {head.samples_byte_nr}"
            )
            raise ConfigError(at_place(asked.path, f"group {group}", found, "a sound MF4 file"))


def _frames(file: Any) -> Iterator[Frame]:
    """The frames of all groups with CAN frames, in the order of their time."""
    found: list[Frame] = []
    for group in range(len(file.groups)):
        names = {channel.name for channel in file.groups[group].channels}
        if f"{_BUS}.DataBytes" in names:
            found += _group(file, group, names)
    found.sort(key=lambda frame: frame.time_s)
    for number, frame in enumerate(found, 1):
        yield frame._replace(number=number)


def _group(file: Any, group: int, names: set[str]) -> list[Frame]:
    def member(name: str) -> Any:
        full = f"{_BUS}.{name}"
        return file.get(full, group=group).samples.tolist() if full in names else None

    if f"{_BUS}.ID" not in names:
        raise ValueError(f"{_BUS}.DataBytes in group {group} without {_BUS}.ID")
    stamps = file.get(f"{_BUS}.ID", group=group).timestamps.tolist()
    count = len(stamps)
    if count == 0:
        return []
    payloads = file.get(f"{_BUS}.DataBytes", group=group).samples
    width = payloads.shape[1] if payloads.ndim > 1 else 1
    ids, codes = member("ID"), member("DLC")
    lengths = member("DataLength") or (
        [min(width, _LENGTHS[code & 0xF]) for code in codes] if codes else [width] * count
    )
    extended, channels = member("IDE"), member("BusChannel") or [0] * count
    return [
        Frame(
            0,
            stamps[k],
            channels[k],
            ids[k] & 0x1FFF_FFFF,
            bool(extended[k]) if extended is not None else bool(ids[k] & 0x8000_0000),
            payloads[k].tobytes()[: lengths[k]],
        )
        for k in range(count)
    ]

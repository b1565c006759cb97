"""CAN frames of a recording (BLF, ASC, or MF4's bus logging), decoded by a DBC."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import ConfigError, at_place, choices, nearest
from bench.replay.asc_file import read_asc
from bench.replay.blf_file import read_blf
from bench.replay.recording import Frame, KeyMistake, Recording, RecordingAsked

if TYPE_CHECKING:
    from bench.codec.database import Database, Message


def read_log(asked: RecordingAsked) -> Recording:
    """BLF or ASC. ConfigError or KeyMistake, one line, for what cannot be read."""
    read = read_blf if asked.path.suffix.lower() == ".blf" else read_asc
    return decoded(read(asked.path), asked)


def decoded(frames: Iterable[Frame], asked: RecordingAsked) -> Recording:
    """The asked signal out of every frame that carries it. Times count from the recording's first frame."""
    from bench.codec.database import Database

    dbc = asked.dbc
    if dbc is None:
        raise KeyMistake(
            "dbc", f"found none, and CAN frames in {asked.path.name}; expected the DBC of their bus"
        )
    message, signal = _find(Database.load(dbc), dbc, asked.signal)
    reader, field = message.reader(signal), message.fields[signal]
    if field.scale == 0:
        found = f"found factor 0 of {signal}, which reads the same in every frame"
        raise ConfigError(at_place(dbc, message.name, found, "a factor other than 0"))
    times_s, values, numbers = list[float](), list[float](), list[int]()
    on, elsewhere, doubts = set[int](), set[int](), dict[int, str]()
    first_s, total = 0.0, 0
    for frame in frames:
        total += 1
        if total == 1:
            first_s = frame.time_s
        if frame.can_id != message.can_id or frame.extended != message.extended:
            continue
        if asked.channel not in (None, frame.channel):
            elsewhere.add(frame.channel)
            continue
        on.add(frame.channel)
        at_s = round(frame.time_s - first_s, 6)  # float seconds since 1970 are good to 0.24 µs
        place = f"frame {frame.number}"
        if len(frame.data) != message.length:
            found = f"found {len(frame.data)} bytes of {_named(message)} at {at_s:g} s"
            expected = f"{message.length}, as {dbc.name} says: another DBC?"
            raise ConfigError(at_place(asked.path, place, found, expected))
        value = reader(frame.data)
        if value is None:  # another multiplexer value
            continue
        low, high = field.minimum, field.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            found = f"found {signal} {value:g} at {at_s:g} s"
            doubts[len(values)] = at_place(asked.path, place, found, f"{low} to {high}, as {dbc.name} says")
        times_s.append(at_s)
        values.append(float(value))
        numbers.append(frame.number)
    if not on:
        _tell_absence(asked, message, total, elsewhere)
    if len(on) > 1:
        channels = ", ".join(map(str, sorted(on)))
        raise KeyMistake("channel", f"found {_named(message)} on channels {channels}; expected one of them")
    return Recording(
        path=asked.path,
        signal=signal,
        unit=field.unit,
        times_s=times_s,
        values=values,
        counted="frame",
        numbers=numbers,
        doubts=doubts,
    )


def _named(message: "Message") -> str:
    return f"{message.name} (0x{message.can_id:X})"


def _find(database: "Database", dbc: Path, signal: str) -> tuple["Message", str]:
    """`Signal`, or `Message.Signal` where more than one message has it."""
    known = {f"{m.name}.{name}": (m, name) for m in database.messages for name in m.signal_names}
    if signal in known:
        return known[signal]
    full = [name for name in known if name.partition(".")[2] == signal]
    if len(full) == 1:
        return known[full[0]]
    if full:
        raise KeyMistake(
            "signal",
            f"found '{signal}' in several messages of {dbc.name}; expected one of {choices(signal, full)}",
        )
    message, _, last = signal.rpartition(".")
    if (trouble := database.trouble(message, None if message else last)) is not None:
        raise ConfigError(trouble)
    near = nearest(signal, known if "." in signal else (name for _, name in known.values()))
    raise KeyMistake("signal", f"found '{signal}'; expected a signal of {dbc.name}{near}")


def _tell_absence(asked: RecordingAsked, message: "Message", total: int, elsewhere: set[int]) -> None:
    if elsewhere:
        channels = ", ".join(map(str, sorted(elsewhere)))
        raise KeyMistake(
            "channel",
            f"found no frame of {_named(message)} on channel {asked.channel} of {asked.path.name}; "
            f"expected {channels}, where they are",
        )
    found = f"found no frame of {_named(message)} among {total} frames" if total else "found no CAN frame"
    raise ConfigError(
        at_place(asked.path, "", found, f"some of {message.name}, which carries {asked.signal}")
    )

"""From a recording to a load: the used part checked, its unit and sign made the bench's, its own timing kept."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from bench.errors import ConfigError, at_place, nearest
from bench.plant.load_trace import LoadTrace
from bench.plant.samples import mistakes_of
from bench.replay.csv_file import read_csv
from bench.replay.frames import read_log
from bench.replay.mf4_apart import read_mf4
from bench.replay.recording import KeyMistake, Recording, RecordingAsked
from bench.units import NS_PER_MS, NS_PER_S, format_ns, unit_factor

READERS = {".csv": read_csv, ".mf4": read_mf4, ".blf": read_log, ".asc": read_log}
PIECE_NS = 10 * NS_PER_MS  # of a line between two samples: the plant's own period
_STAMP_S = 1e-6  # stamps since 1970 in float seconds are good to 0.24 µs: no gap is told for that

_SPELLED = {
    f"{prefix}{word}": f"{symbol}A"
    for prefix, symbol in (("", ""), ("milli", "m"), ("kilo", "k"))
    for word in ("amp", "amps", "ampere", "amperes")
}

Hold = Literal["previous", "linear"]


def read_recording(asked: RecordingAsked) -> Recording:
    """By the file's ending. KeyMistake, or ConfigError with one line for each mistake in the recording itself."""
    read = READERS.get(asked.path.suffix.lower())
    if read is None:
        raise KeyMistake(
            "file", f"found '{asked.path.name}'; expected a file that ends in {', '.join(READERS)}"
        )
    for key, path in (("file", asked.path), ("dbc", asked.dbc)):
        if path is not None and path.exists() and not path.is_file():
            what = "folder" if path.is_dir() else "pipe" if path.is_fifo() else "device or socket"
            raise KeyMistake(key, f"found '{path.name}' in {path.parent}, a {what}; expected a plain file")
        if path is not None and not path.is_file():
            beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            text = f"found no file '{path.name}' in {path.parent}; expected one"
            raise KeyMistake(key, text + nearest(path.name, beside))
    if asked.time is not None and read is not read_csv:
        raise KeyMistake("time", f"found a time column for {asked.path.name}; expected it for CSV only")
    for key in ("dbc", "channel"):
        if read is read_csv and getattr(asked, key) is not None:
            raise KeyMistake(
                key, f"found it for {asked.path.name}; expected it for frames and channels, not CSV"
            )
    return read(asked)


def factor_of(recording: Recording, unit: str | None) -> float:
    """Amperes per one of the recording. The file's word and the scenario's must not contradict each other."""
    own = _spelled(recording.unit)
    if unit is None and not own:
        raise KeyMistake("unit", f"found none, and {recording.path.name} says none; expected A, mA or kA")
    if unit is not None and own not in ("", unit):
        raise KeyMistake(
            "unit", f"found '{unit}' for {recording.signal} in '{recording.unit}'; expected its own unit"
        )
    try:
        return unit_factor(unit or own, "A")
    except ValueError as wrong:
        raise KeyMistake("signal", f"found {recording.signal} with {wrong}") from None


def _spelled(unit: str) -> str:
    """The symbol of an ampere as files spell it: "Amps", "[A]", "milliampere". Other units stay as they are."""
    bare = unit.strip().removeprefix("[").removesuffix("]").strip()
    return _SPELLED.get(bare.lower(), bare)


def load_of(
    recording: Recording, factor: float, from_ns: int, until_ns: int | None, hold: Hold, max_gap_ns: int
) -> LoadTrace:
    """Samples from `from_ns` to `until_ns` after the first one; the first used is time zero, the last the end.

    factor: amperes (> 0 discharges) per one of the recording. Only what is used has to be without fault.
    """
    times_s, values = recording.times_s, recording.values
    until_s = None if until_ns is None else until_ns / NS_PER_S
    used = range(len(times_s))
    if times_s and (from_ns or until_s is not None):
        lasts_s = times_s[-1] - times_s[0]
        asked_s = lasts_s if until_s is None else until_s
        if not from_ns / NS_PER_S < asked_s <= lasts_s + _STAMP_S:
            found = f"found {format_ns(from_ns)} to {asked_s:g} s of a recording of {lasts_s:g} s"
            raise KeyMistake("from" if until_s is None else "until", f"{found}; expected a part of it")
        used = _part(times_s, from_ns / NS_PER_S, asked_s)
    doubt = (
        next((recording.doubts[k] for k in used if k in recording.doubts), None) if recording.doubts else None
    )
    if doubt is not None:
        raise ConfigError(doubt)
    own_s, own = [times_s[k] for k in used], [values[k] for k in used]

    def place(k: int) -> str:
        return recording.place(used[k] if k < len(used) else len(times_s))

    wrong = mistakes_of(own_s, own, place, recording.signal, max_gap_ns / NS_PER_S + _STAMP_S)
    if wrong:
        raise ConfigError("\n".join(wrong))
    times_ns = [round((time_s - own_s[0]) * NS_PER_S) for time_s in own_s]
    still = next((k for k, (a, b) in enumerate(pairwise(times_ns)) if a == b), None)
    if still is not None:
        found = f"found two samples within a nanosecond at {own_s[still]:g} s"
        raise ConfigError(at_place(place(still + 1), "", found, "times that advance"))
    amps = [factor * value for value in own]
    return (
        _lines(times_ns, amps)
        if hold == "linear"
        else LoadTrace(times_ns=tuple(times_ns), current_a=tuple(amps[:-1]))
    )


def _part(times_s: Sequence[float], from_s: float, until_s: float) -> range:
    """From the first sample at or after `from_s` to the last one at or before `until_s`; of any order."""
    inside = [k for k, t in enumerate(times_s) if from_s - _STAMP_S <= t - times_s[0] <= until_s + _STAMP_S]
    return range(inside[0], inside[-1] + 1) if inside else range(0)


def _lines(times_ns: list[int], amps: list[float]) -> LoadTrace:
    """Straight lines, as pieces that each hold the line's mean over them: the charge is that of the lines."""
    starts: list[int] = []
    current_a: list[float] = []
    for (t_ns, amp), (next_ns, next_amp) in pairwise(zip(times_ns, amps)):
        span_ns = next_ns - t_ns
        count = 1 if amp == next_amp else -(-span_ns // PIECE_NS)
        starts += [t_ns + span_ns * k // count for k in range(count)]
        current_a += [amp + (next_amp - amp) * (k + 0.5) / count for k in range(count)]
    return LoadTrace(times_ns=(*starts, times_ns[-1]), current_a=tuple(current_a))

"""Battery Data Format (BDF) of the Battery Data Alliance: one table for each cell, as the BMS was shown it.

Voltage and current are what the frames showed to the DUT, faults included. In BDF a positive current charges; inside
the bench it discharges. Columns are BDF's, by their notation: battery-data-format ontology 1.3.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.codec.database import CodecError, Database
from bench.codec.message import Message
from bench.config.play import Play, Shown
from bench.config.profile import DutProfile
from bench.config.profile_file import load_profile
from bench.errors import RecordError
from bench.record.time_zero import Dated
from bench.stored.export_rows import Export
from bench.trace.timeline import Trace
from bench.units import NS_PER_S

COLUMNS = ("test_time_second", "voltage_volt", "current_ampere", "unix_time_second")
_CELL, _CURRENT = "cell_voltage", "pack_current"
_MOST_CELLS = 255
_FRESH_NS = NS_PER_S  # how long a current is believed whose message has no timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sense:
    """Where a quantity stands: signal of a message, and how to take it back from there."""

    shown: Shown
    fresh_ns: int

    def value(self, physical: float) -> float | None:
        """None: it says that there is no reading."""
        no_value = self.shown.no_value
        if no_value is not None and abs(physical - no_value) < 1e-6 * max(1.0, abs(no_value)):
            return None
        return (physical - self.shown.offset) / self.shown.gain


_Places = dict[tuple[str, int, bool], dict[str, tuple[int, _Sense]]]
"""(channel, id, extended) → signal → (cell from 1, or 0 for the current, how to read it)."""


def write_bdf(job: Export) -> list[Path]:
    """`SCENARIO-shot-NNN-cell-NNN.bdf.csv`. Raises RecordError where the frames show no cells, or no current."""
    places = places_of(_profile(job), job.databases)
    cells = {cell for signals in places.values() for cell, _ in signals.values()}
    if 0 not in cells or len(cells) < 2:
        lacking = "pack current" if 0 not in cells else "voltage of a cell"
        raise RecordError(
            f"{job.opened.path}: found no {lacking} among what was played to the DUT; expected one, as BDF needs it"
        )
    files: list[Path] = []
    for scenario, name, trace in job.traces():
        tables = _tables(trace, places, job)
        for cell in sorted(tables):
            file = job.out / f"{scenario}-{name}-cell-{cell:03d}.bdf.csv"
            file.write_text("\n".join([",".join(COLUMNS), *tables[cell], ""]), encoding="ascii")
            files.append(file)
    return files


def _profile(job: Export) -> DutProfile:
    """From the run's own copy."""
    digest = str(job.opened.header["hashes"]["profile"])[:12]
    copy = next((job.opened.path / "inputs").glob(f"{digest}-*"), None)
    if copy is None:
        raise RecordError(f"{job.opened.path}: found no copy of the DUT's profile; expected one in inputs/")
    return load_profile(copy)


def places_of(profile: DutProfile, databases: dict[str, Database]) -> _Places:
    """Where each signal that the bench plays stands in the frames."""
    found: _Places = {}
    taken: set[int] = set()
    for play in profile.plays:
        message = databases[play.channel].by_name.get(play.message) if play.channel in databases else None
        if message is None:
            continue
        for shown in play.shown:
            for cell, signal in _signals(shown, message):
                if cell in taken:  # shown twice: the first one counts
                    continue
                taken.add(cell)
                key = (play.channel, message.can_id, message.extended)
                found.setdefault(key, {})[signal] = cell, _sense(play, shown)
    return found


def _signals(shown: Shown, message: Message) -> Iterator[tuple[int, str]]:
    if shown.what != "value" or not shown.gain:
        return
    if shown.quantity == _CURRENT and shown.signal in message.fields:
        yield 0, shown.signal
    if shown.quantity == _CELL:
        for cell in range(1, _MOST_CELLS + 1):
            if (signal := shown.name_of(cell)) in message.fields and signal is not None:
                yield cell, signal


def _sense(play: Play, shown: Shown) -> _Sense:
    return _Sense(shown=shown, fresh_ns=play.timeout_ns or _FRESH_NS)


def _tables(trace: Trace, places: _Places, job: Export) -> dict[int, list[str]]:
    """Lines by cell: one for each frame that shows its voltage while the current is known."""
    zero = job.dated(trace)
    lines: dict[int, list[str]] = {}
    current, good_until_ns = 0.0, -1
    for t_ns, channel, frame, _ in trace.frames:
        wanted = places.get((channel, frame.can_id, frame.extended))
        if wanted is None:
            continue
        try:
            told = job.databases[channel].by_id[frame.can_id, frame.extended].decode(frame.data)
        except CodecError:
            continue
        for signal, (cell, sense) in wanted.items():
            physical = told.get(signal)
            if physical is None:  # of another page
                continue
            value = sense.value(float(physical))
            if cell == 0:
                current, good_until_ns = (0.0, -1) if value is None else (value, t_ns + sense.fresh_ns)
            elif value is not None and t_ns <= good_until_ns:
                lines.setdefault(cell, []).append(_line(t_ns, zero, value, current))
    return lines


def _line(t_ns: int, zero: Dated, voltage_v: float, discharge_a: float) -> str:
    at_ns = t_ns - zero.clock_ns
    charge_a = 0.0 - discharge_a  # no negative zero
    return f"{_seconds(at_ns)},{voltage_v:.9g},{charge_a:.9g},{_seconds(zero.utc_ns + at_ns)}"


def _seconds(t_ns: int) -> str:
    return f"{t_ns // NS_PER_S}.{t_ns % NS_PER_S:09d}"

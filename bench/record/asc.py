"""A shot's frames as ASC, Vector's text format: dated, and with stamps that count from the date, exact to the ns.

python-can writes ASC too, but lets time count from the first frame, dates it by when it is written, and takes the
milliseconds of a date for a decimal fraction. Its reader and ours read these files.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bench.errors import RecordError
from bench.record.blf import DLC_OF_LENGTH
from bench.record.time_zero import Dated
from bench.trace.events import FrameSeen
from bench.units import NS_PER_S

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EDL, _BRS = 1 << 12, 1 << 13


def write_asc(
    path: Path, frames: Iterable[FrameSeen], numbers: Mapping[str, int], bench_sender: str, zero: Dated
) -> None:
    """`bench_sender`'s frames are marked as sent. Raises RecordError where the file cannot be written."""
    date = _date(zero)
    head = (
        f"date {date}",
        "base hex  timestamps absolute",
        "internal events logged",
        f"// time zero {zero.utc.isoformat(timespec='milliseconds')}; the dates here are of the local time",
        f"Begin Triggerblock {date}",
        f"{_seconds(0)} Start of measurement",
    )
    try:
        with path.open("w", encoding="ascii", newline="\r\n") as file:
            for line in (*head, *_lines(frames, numbers, bench_sender, zero.clock_ns), "End TriggerBlock"):
                file.write(f"{line}\n")
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error}") from error


def _lines(
    frames: Iterable[FrameSeen], numbers: Mapping[str, int], bench_sender: str, zero_ns: int
) -> Iterator[str]:
    for t_ns, channel, (can_id, data, extended, fd, switch), sender in frames:
        identifier = f"{can_id:X}{'x' if extended else ''}"
        direction = "Tx" if sender == bench_sender else "Rx"
        stamp, number, dlc = _seconds(t_ns - zero_ns), numbers[channel], DLC_OF_LENGTH[len(data)]
        text = data.hex(" ").upper()
        if fd:
            flags = _EDL | (_BRS if switch else 0)
            name = " " * 32  # none: the DBC knows it
            yield (
                f"{stamp} CANFD {number:>3} {direction:<4} {identifier:>8}  {name} {int(switch)} 0 {dlc:x} "
                f"{len(data):>2} {text} {0:>8} {0:>4} {flags:>8X} {0:>8} {0:>8} {0:>8} {0:>8} {0:>8}"
            )
        else:
            yield f"{stamp} {number}  {identifier:<15} {direction:<4} d {dlc:x} {text}"


def _seconds(t_ns: int) -> str:
    return f"{t_ns // NS_PER_S:>4}.{t_ns % NS_PER_S:09d}"


def _date(zero: Dated) -> str:
    """`Sun Nov 29 21:55:43.638 2026`, in this machine's time as ASC has it, whatever its language."""
    when = zero.utc.astimezone()
    clock = f"{when:%H:%M:%S}.{when.microsecond // 1000:03d}"
    return f"{_DAYS[when.weekday()]} {_MONTHS[when.month - 1]} {when.day:02d} {clock} {when.year}"

"""Drive cycles as files: speed, power, C-rate or current over time. Those of the package by name, others by path."""

from dataclasses import dataclass
from pathlib import Path

from bench.config.user_file import MOST_RECORDED_BYTES, csv_row, decimal_of, is_file, read_text
from bench.errors import ConfigError, at_place, choices, nearest
from bench.plant.load_trace import LoadTrace
from bench.plant.samples import mistakes_of
from bench.plant.vehicle import Vehicle
from bench.units import NS_PER_S

_FOLDER = Path(__file__).parent / "cycles"
_SPEED_M_S = {"speed_mph": 0.44704, "speed_kmh": 1.0 / 3.6, "speed_m_s": 1.0}
COLUMNS = (*_SPEED_M_S, "power_kw", "c_rate", "current_a")


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveCycle:
    """`values` in the unit of `column`, one a time stamp; these advance. `source`: the file's first comment."""

    path: Path
    column: str
    times_s: tuple[float, ...]
    values: tuple[float, ...]
    source: str

    def load(self, capacity_ah: float, vehicle: Vehicle | None = None) -> LoadTrace:
        """The current of a pack of `capacity_ah`. A sample holds until the next; speeds give the power in between."""
        vehicle = vehicle or Vehicle()
        factor = _SPEED_M_S.get(self.column)
        speed_kmh: tuple[float, ...] = ()
        if factor is not None:
            speeds = [factor * value for value in self.values]
            powers = vehicle.powers_w(self.times_s, speeds)
            current = [vehicle.current_a(watt, capacity_ah) for watt in powers]
            speed_kmh = tuple(3.6 * speed for speed in speeds[:-1])
        else:
            held = self.values[:-1]
            current = {
                "power_kw": [vehicle.current_a(1000.0 * kilowatt, capacity_ah) for kilowatt in held],
                "c_rate": [rate * capacity_ah for rate in held],
            }.get(self.column, list(held))
        first_s = self.times_s[0]
        return LoadTrace(
            times_ns=tuple(round((time_s - first_s) * NS_PER_S) for time_s in self.times_s),
            current_a=tuple(current),
            speed_kmh=speed_kmh,
        )


def cycle_names() -> tuple[str, ...]:
    """The names of the drive cycles of the house."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.csv")))


def find_cycle(name: str, beside: Path) -> Path:
    """The file of a named cycle, or of a path seen from the folder `beside`. ValueError, in words, for neither."""
    if name in cycle_names():
        return _FOLDER / f"{name}.csv"
    path = beside / name
    if is_file(path):
        return path
    known = cycle_names()
    raise ValueError(
        f"found '{name}'; expected one of {choices(name, known)}, or a CSV file seen from {beside}"
        f"{nearest(name, known)}"
    )


def read_cycle(path: Path) -> DriveCycle:
    """Raises ConfigError, one line that names file, line, found and expected."""
    lines = read_text(path, "CSV text", most=MOST_RECORDED_BYTES).splitlines()
    source = next((line.lstrip("# ").rstrip() for line in lines if line.startswith("#")), "")
    kept = [
        (number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")
    ]
    if not kept:
        raise ConfigError(
            at_place(path, "", "found no line but comments", f"time_s and one of {', '.join(COLUMNS)}")
        )
    header_line, header_text = kept[0]
    header = [name.strip() for name in header_text.split(",")]
    if len(header) != 2 or header[0] != "time_s" or header[1] not in COLUMNS:
        near = nearest(header[1], COLUMNS) if len(header) == 2 else ""
        raise ConfigError(
            at_place(
                path,
                f"line {header_line}",
                f"found columns '{header_text}'",
                f"time_s and one of {', '.join(COLUMNS)}{near}",
            )
        )
    rows = [_row(path, number, line) for number, line in kept[1:]]
    times_s, values = tuple(row[0] for row in rows), tuple(row[1] for row in rows)

    def place(k: int) -> str:
        return f"{path} [line {kept[k + 1][0] if k + 1 < len(kept) else header_line}]"

    wrong = mistakes_of(times_s, values, place, header[1])
    if wrong:
        raise ConfigError("\n".join(wrong))
    return DriveCycle(path=path, column=header[1], times_s=times_s, values=values, source=source)


def _row(path: Path, number: int, line: str) -> tuple[float, float]:
    try:
        row = csv_row(line)
    except ValueError as error:
        raise ConfigError(at_place(path, f"line {number}", *str(error).split("; expected ", 1))) from None
    if len(row) != 2:
        raise ConfigError(
            at_place(path, f"line {number}", f"found {len(row)} values", "2, as the header has columns")
        )
    try:
        return decimal_of(row[0]), decimal_of(row[1])
    except ValueError:
        raise ConfigError(
            at_place(path, f"line {number}", f"found '{','.join(row)}'", "two numbers")
        ) from None

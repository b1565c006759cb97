"""A CSV recording: a header row, a column with seconds, a column with the signal; others are not looked at."""

from bench.config.user_file import MOST_RECORDED_BYTES, csv_row, decimal_of, read_text
from bench.errors import ConfigError, at_place, choices, nearest
from bench.replay.recording import KeyMistake, Recording, RecordingAsked

TIME = "time_s"
_DELIMITERS = (",", ";", "\t")


def read_csv(asked: RecordingAsked) -> Recording:
    """Lines that start with '#' are comments. ConfigError or KeyMistake, one line, for what cannot be read."""
    path = asked.path
    lines = read_text(path, "CSV text", most=MOST_RECORDED_BYTES).splitlines()
    kept = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not kept:
        raise ConfigError(at_place(path, "", "found no line but comments", "a header row and samples"))
    delimiter = max(_DELIMITERS, key=kept[0][1].count)
    header = [name.strip() for name in _row(asked, *kept[0], delimiter)]
    time_column = _column(asked, header, "time", asked.time or TIME)
    value_column = _column(asked, header, "signal", asked.signal)
    times_s, values, numbers = [], [], []
    for number, line in kept[1:]:
        row = _row(asked, number, line, delimiter)
        if len(row) != len(header):
            expected = f"{len(header)}, as the header has columns"
            raise ConfigError(at_place(path, f"line {number}", f"found {len(row)} values", expected))
        times_s.append(_number(asked, number, header[time_column], row[time_column]))
        values.append(_number(asked, number, header[value_column], row[value_column]))
        numbers.append(number)
    return Recording(
        path=path,
        signal=asked.signal,
        unit="",
        times_s=times_s,
        values=values,
        counted="line",
        numbers=numbers,
    )


def _row(asked: RecordingAsked, number: int, line: str, delimiter: str) -> list[str]:
    """A line is a row: one whose quotes go on in the next line would take samples away unseen."""
    try:
        return csv_row(line, delimiter)
    except ValueError as error:
        raise ConfigError(
            at_place(asked.path, f"line {number}", *str(error).split("; expected ", 1))
        ) from None


def _column(asked: RecordingAsked, header: list[str], key: str, name: str) -> int:
    if header.count(name) == 1:
        return header.index(name)
    found = f"{header.count(name)} columns" if name in header else "no column"
    what = "the column with seconds" if key == "time" else "one column"
    raise KeyMistake(
        key,
        f"found {found} '{name}' in {asked.path.name}; "
        f"expected {what} to be one of {choices(name, header)}{nearest(name, header)}",
    )


def _number(asked: RecordingAsked, line: int, column: str, text: str) -> float:
    try:
        return decimal_of(text)
    except ValueError:
        shown = f"'{text.strip()}'" if text.strip() else "nothing"
        raise ConfigError(
            at_place(
                asked.path, f"line {line}", f"found {shown} in {column}", "a number, with a decimal point"
            )
        ) from None

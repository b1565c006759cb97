"""Files that people hand to the bench, read in bounded time and memory, whatever they contain.

Only a plain file is opened: a FIFO would block, and a device may have no end. TOML is refused where no file of a
bench goes: whole numbers beyond 64 bits, very deep tables, and very long texts and names. The standard allows that.
"""

import csv
import math
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.errors import BenchError, ConfigError, at_place

MOST_BYTES, MOST_TOML_BYTES = 16 << 20, 2 << 20
MOST_RECORDED_BYTES = 256 << 20
_DEEPEST, _LONGEST_NAME, _LONGEST_TEXT = 24, 200, 4000
_LONGEST_LINE = 16 << 10  # the standard library's reader takes the square of a dotted name's parts
_INT64 = range(-(2**63), 2**63)
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
Place = tuple[str | int, ...]


class NotToml(ValueError):
    """A text that cannot be read as TOML; the words say why. line: from 1. expected: the mend."""

    def __init__(self, found: str, line: int = 1, expected: str = "TOML 1.0") -> None:
        super().__init__(found)
        self.line, self.expected = line, expected


def odd_kind(mode: int) -> str:
    """What lies there in place of a plain file, in words; "" for one, and for what nobody knows."""
    return next((words for test, words in _KINDS if test(mode)), "")


def is_file(path: Path) -> bool:
    """As `Path.is_file`, also for a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_bytes(
    path: Path, expected: str, *, error: type[BenchError] = ConfigError, most: int = MOST_BYTES
) -> bytes:
    """The content of a plain file. Raises `error`, one line, for whatever else `path` is, and for one of huge size."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                what = odd_kind(found.st_mode) or "no file"
                raise error(at_place(path, "", f"found {what}", f"{expected}, a plain file"))
            content = file.read(min(found.st_size, most) + 1)  # of what is asked for, all is set aside
    except IsADirectoryError:
        raise error(at_place(path, "", "found a folder", f"{expected}, a plain file")) from None
    except OSError as broken:
        raise error(at_place(path, "", f"cannot be read ({broken.strerror})", expected)) from broken
    except ValueError as broken:  # a name with a NUL in it
        raise error(at_place(path, "", f"cannot be read ({broken})", expected)) from broken
    if len(content) > most:
        raise error(at_place(path, "", f"found more than {most >> 20} MiB", expected))
    return content


def read_text(
    path: Path, expected: str, *, error: type[BenchError] = ConfigError, most: int = MOST_BYTES
) -> str:
    """As `read_bytes`, of UTF-8 with or without a mark at its beginning; line ends as they stand."""
    try:
        return read_bytes(path, expected, error=error, most=most).decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise error(at_place(path, "", f"cannot be read ({broken})", f"{expected} in UTF-8")) from broken


def csv_row(line: str, delimiter: str = ",") -> list[str]:
    """One line is one row: a quote that goes on in the next line would take rows away unseen. Raises ValueError."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ValueError(f"found {error}; expected one row of CSV") from None


def decimal_of(text: str) -> float:
    """A number of a recording. ValueError for what Python takes besides: `1_5` is 15, and digits of every script."""
    if "_" in text or not text.isascii():
        raise ValueError(f"{text!r} is no number")
    return float(text)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def toml_of(text: str) -> dict[str, Any]:
    """The tables of a TOML text, line ends of any system. Raises NotToml, with the line where it is known."""
    number, longest = max(
        ((number, len(line)) for number, line in enumerate(text.split("\n"), 1)), key=lambda one: one[1]
    )
    if longest > _LONGEST_LINE:
        raise NotToml(f"a line of {longest} characters", number, f"{_LONGEST_LINE} at most")
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except RecursionError:
        raise NotToml("tables or lists nested too deeply", expected=f"{_DEEPEST} deep at most") from None
    except tomllib.TOMLDecodeError as invalid:
        from bench.config.toml_syntax import told  # 400 lines that only a mistake needs

        wrong = told(text.replace("\r\n", "\n"), str(invalid))
        raise NotToml(wrong.found, wrong.line, wrong.expected) from None
    except ValueError:  # of a number or a date: more digits than Python turns into a number
        digits = next((at for at, line in enumerate(text.split("\n"), 1) if re.search(r"\d{400}", line)), 1)
        raise NotToml("a number of too many digits", digits, "one that a signal can carry") from None


def oddities(content: object) -> Iterator[tuple[Place, str]]:
    """(where, found and expected) of every value that no file of a bench has reason to hold."""
    waiting: list[tuple[Place, object]] = [((), content)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict | list):
            if len(place) > _DEEPEST:
                yield place, f"found tables or lists {len(place)} deep; expected {_DEEPEST} at most"
                continue
            inner = list(value.items() if isinstance(value, dict) else enumerate(value))
            for key, _ in inner:
                if isinstance(key, str) and (why := _odd_name(key)):
                    yield place, why
            waiting += [((*place, key), one) for key, one in reversed(inner)]
        elif why := _odd_value(value):
            yield place, why


def _odd_name(key: str) -> str:
    if len(key) > _LONGEST_NAME:
        return f"found a key of {len(key)} characters; expected {_LONGEST_NAME} at most"
    return "" if key.isprintable() else f"found key {key!a}; expected characters that can be printed"


def _odd_value(value: object) -> str:
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            return f"found text of {len(value)} characters; expected {_LONGEST_TEXT} at most"
        if value.isprintable():
            return ""
        odd = next((one for one in value if not one.isprintable() and one not in "\n\r\t"), "")
        return f"found the character {odd!a} in text; expected ones that can be printed" if odd else ""
    if isinstance(value, int) and value not in _INT64:
        return "found a whole number beyond 64 bits; expected one from -2^63 to 2^63 - 1"
    if isinstance(value, float) and not math.isfinite(value):
        return f"found {value}; expected a finite number"
    return ""

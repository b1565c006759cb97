"""A scenario file of format 1 in the words of format 2: line edits, so that comments and layout stay as they are."""

import re
import tomllib
from collections.abc import Sequence
from typing import Any

from bench.scenario.model import Also

_HEADER = re.compile(r"\s*\[")
_LONGEST = 110


def in_format_2(text: str, table: str, also: Sequence[Also]) -> str:
    """`text` with `format = 2`, and `also` added to that of [expect] or [quiet].

    Raises ValueError where the file is written in a way that lines cannot be edited in; then it says what to add.
    """
    before = tomllib.loads(text)
    lines = text.splitlines(keepends=True)
    _set_format(lines)
    known = before.get(table, {}).get("also", [])
    new = [name for name in dict.fromkeys(also) if name not in known]
    if new:
        _add(lines, table, new)
    changed = "".join(lines)
    expected: dict[str, Any] = {**before, "format": 2}
    if new:
        expected[table] = {**before.get(table, {}), "also": [*known, *new]}
    try:
        good = tomllib.loads(changed) == expected
    except tomllib.TOMLDecodeError:
        good = False
    if not good:
        names = ", ".join(map(written, [*known, *new]))
        raise ValueError(
            f"its lines cannot be edited; write into it: format = 2, and in [{table}] also = [{names}]"
        )
    return changed


def written(name: Also) -> str:
    """As it stands in a TOML file."""
    if isinstance(name, str):
        return f'"{name}"'
    return f"0x{name:06X}" if name > 0xFFFF else str(name)


def _set_format(lines: list[str]) -> None:
    """In the first line that is no comment."""
    for number, line in enumerate(lines):
        if re.match(r"format\s*=", line):
            lines[number] = re.sub(r"=\s*1", "= 2", line, count=1)
            return
        if _HEADER.match(line):
            break
    at = next((n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), 0)
    lines.insert(at, "format = 2\n")


def _add(lines: list[str], table: str, new: Sequence[Also]) -> None:
    header = next((n for n, line in enumerate(lines) if re.match(rf"\s*\[\s*{table}\s*\]", line)), None)
    if header is None:
        return  # told by the comparison with what is expected
    end = next((n for n in range(header + 1, len(lines)) if _HEADER.match(lines[n])), len(lines))
    inside = range(header + 1, end)
    at = next((n for n in inside if re.match(r"\s*also\s*=", lines[n])), None)
    if at is not None:
        _extend(lines, at, new)
        return
    after = next((n for n in inside if re.match(r"\s*(safe_state|for)\s*=", lines[n])), header)
    lines.insert(after + 1, _array(new))


def _array(names: Sequence[Also]) -> str:
    listed = ", ".join(map(written, names))
    line = f"also = [{listed}]\n"
    if len(line) <= _LONGEST:
        return line
    rows, row = [], ""
    for name in map(written, names):
        if len(row) + len(name) > _LONGEST - 10:
            rows.append(row)
            row = ""
        row += f"{name}, "
    return "".join(["also = [\n", *(f"    {one.rstrip()}\n" for one in [*rows, row]), "]\n"])


def _extend(lines: list[str], at: int, new: Sequence[Also]) -> None:
    """Before the bracket that closes the array: in the same line, or in a line further on."""
    for number in range(at, len(lines)):
        bare = re.sub(r'"[^"]*"|\'[^\']*\'', lambda found: "x" * len(found[0]), lines[number])
        place = bare.partition("#")[0].rfind("]")
        if place < 0:
            continue
        head, tail = lines[number][:place], lines[number][place:]
        listed = ", ".join(map(written, new))
        if head.strip():
            head = head.rstrip()
            between = "" if head.endswith("[") else " " if head.endswith(",") else ", "
            lines[number] = f"{head}{between}{listed}{tail}"
        else:
            _comma_after(lines, number - 1)
            lines[number] = f"    {listed},\n{lines[number]}"
        return


def _comma_after(lines: list[str], number: int) -> None:
    """The last element of an array of several lines has a comma, or gets one."""
    bare, hash_, comment = lines[number].rstrip("\n").partition("#")
    if bare.strip() and not bare.rstrip().endswith((",", "[")):
        gap = bare[len(bare.rstrip()) :]
        lines[number] = f"{bare.rstrip()},{gap}{hash_}{comment}\n"

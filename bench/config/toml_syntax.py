"""A mistake in TOML's syntax in the bench's words: what stands there, in which line, and the mend.

The standard library's reader says where it stopped, in its own words. What a person has written there is told by the
line itself. Its words are read for two questions only, which the line cannot answer: what is given twice, and what has
no end.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from bench.errors import clear


class SyntaxTold(NamedTuple):
    """line: from 1. found: what stands there. expected: the mend."""

    line: int
    found: str
    expected: str


_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=(?!=)\s*(.*)")
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]*?)\s*(?:\]|#|$)")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|' + r"'[^']*'|#.*")
_QUOTES = str.maketrans("“”„«»‘’‚", '""""""""')
_NUMBER = r"[-+−]?\d+(?:\.\d+)?"
_UNIT = r"[A-Za-z%°µΩ][\w%°µΩ/]*"


def told(text: str, said: str) -> SyntaxTold:
    """What is wrong with `text`, of which `tomllib` has said `said`. It always names a line."""
    at = _AT.search(said)
    lines = text.split("\n")
    number = int(at[1]) if at is not None and at[1] else max(1, len(text.splitlines()))
    line = lines[number - 1].rstrip("\r")
    if "twice" in said or "Cannot overwrite" in said or "Cannot mutate" in said or "Cannot redefine" in said:
        return _twice(lines, number)
    if at is not None and not at[1]:
        return _without_end(lines)
    found, expected = _of_line(lines, number, line)
    return SyntaxTold(number, found, expected)


def _of_line(lines: list[str], number: int, line: str) -> tuple[str, str]:
    bare = _STRING.sub("", line).strip()
    header = _HEADER.match(line)
    inside = _depth(lines[: number - 1]) > 0
    if header is not None and not inside:
        return _of_header(header, line)
    if (key := _KEY.match(line)) is not None and not inside:
        return _of_value(key[1].strip(), key[2].strip())
    if bare.startswith(("//", ";", "--", "/*", "!")):
        return f"'{_cut(line)}'", "a # before a comment"
    if inside:
        opened = next((at for at in range(number - 1, 0, -1) if _depth(lines[: at - 1]) == 0), 1)
        if _KEY.match(line) and "}" not in bare:
            return (
                f"a list or table that began in line {opened} and has no end before the next key",
                "its ] or }",
            )
        return (
            f"'{_cut(line)}' in a list or table that began in line {opened}",
            "values with a comma between them, each text in double quotes, and its ] or } at the end",
        )
    if "==" in bare:
        return f"'{_cut(line)}'", "one = between key and value"
    if "=" in bare:
        name = line.partition("=")[0].strip()
        if not name:
            return "a value without a key", "a key before the ="
        return f"the key '{_cut(name)}'", "letters A to Z, digits, _ and -, or the key in double quotes"
    if (colon := re.match(r"\s*([\w-]+)\s*:\s*(.+)", line)) is not None:
        return f"':' behind the key '{colon[1]}'", f"an equals sign: {colon[1]} = {_cut(colon[2])}"
    return f"'{_cut(line)}', a line without '='", "key = value, a [table], or # before a comment"


def _of_header(header: re.Match[str], line: str) -> tuple[str, str]:
    opened, name = header[1], header[2].strip().strip("\"'")
    shut = "]" * len(opened)
    if not name:
        return f"'{_cut(line)}', a table without a name", "its name between the brackets, such as [bench]"
    rest = _STRING.sub("", line[header.end(2) :]).strip()
    if not rest.startswith(shut) or rest.startswith(shut + "]"):
        return f"'{_cut(line)}', a table's name without its {shut}", f"{opened}{name}{shut}"
    if rest != shut:
        return f"more in the line behind {opened}{name}{shut}", "the table's keys in the lines below it"
    return f"'{_cut(line)}'", "a table's name of letters A to Z, digits, _ and -, or in double quotes"


def _of_value(key: str, value: str) -> tuple[str, str]:
    """`value`: the rest of the line behind the equals sign."""
    return next(_of_a_value(key, value))


def _of_a_value(key: str, value: str) -> Iterator[tuple[str, str]]:
    bare = value.split("#")[0].strip()
    if not bare:
        yield f"no value behind '{key} ='", 'a value, such as 5, true, "text" or [1, 2]'
    if any(one in value for one in "“”„«»‘’‚"):
        meant = value.translate(_QUOTES)
        yield f"typographic quotes, {_cut(value)}", f"straight ones: {key} = {_cut(meant)}"
    if value.startswith(('"', "'")):
        yield from _of_text(key, value)
    if value.startswith("="):
        yield f"'{key} =='", f"one equals sign: {key} = {_cut(value.lstrip('= '))}"
    if bare.endswith(";") and not bare.startswith("["):
        yield f"';' at the end of '{key}'", f"nothing behind the value: {key} = {_cut(bare.rstrip('; '))}"
    yield from _of_a_number(key, bare)
    if bare.lower() in ("true", "false"):
        yield f"{bare}", f"small letters: {key} = {bare.lower()}"
    if re.match(r"\d{4}-\d\d?-\d\d?|\d\d?:\d\d", bare):
        yield f"{bare}, no date or time that there is", f"a date such as {key} = 2027-01-31"
    if bare.startswith(("[", "{")):
        yield from _of_several(key, value)
    if bare[:1].isalpha() or bare[:1] in "_./~$":
        yield f"text without quotes, {_cut(bare)}", f'{key} = "{_cut(bare)}"'
    yield (
        f"'{_cut(bare)}' behind '{key} ='",
        f'one value, such as 5, true, "text" or [1, 2]: {key} = "{_cut(bare)}"',
    )


def _of_a_number(key: str, bare: str) -> Iterator[tuple[str, str]]:
    if (comma := re.fullmatch(rf"([-+−]?\d+),(\d+)\s*({_UNIT})?", bare)) is not None:
        point = f"{comma[1]}.{comma[2]}".replace("−", "-")
        meant = f'"{point} {comma[3]}"' if comma[3] else point
        yield f"a decimal comma, {bare}", f"a point: {key} = {meant}"
    if (unit := re.fullmatch(rf"({_NUMBER})\s*({_UNIT})", bare)) is not None and not re.match(
        r"0[xXoObB]", bare
    ):
        yield f"a quantity without quotes, {bare}", f'{key} = "{unit[1]} {unit[2]}"'
    if (bald := re.fullmatch(r"([-+]?)(\d*)\.(\d*)", bare)) is not None and (bald[2] or bald[3]):
        meant = f"{bald[1]}{bald[2] or 0}.{bald[3] or 0}"
        yield f"{bare}, a number without a digit on both sides of its point", f"{key} = {meant}"
    if (zeros := re.fullmatch(r"([-+]?)0+(\d+(?:\.\d+)?)", bare)) is not None:
        yield f"{bare}, a number that begins with 0", f"{key} = {zeros[1]}{zeros[2]}"
    if (other := re.fullmatch(r"0([XOB])([0-9A-Fa-f]+)", bare)) is not None:
        yield f"{bare}", f"a small letter: {key} = 0{other[1].lower()}{other[2]}"


def _of_text(key: str, value: str) -> Iterator[tuple[str, str]]:
    mark = value[0]
    whole = re.match(r'"(?:\\.|[^"\\])*"|' + r"'[^']*'", value)
    if whole is None:
        open_ = value.partition("#")[0].strip()
        yield f"text without its closing {mark}, {_cut(open_)}", f"{key} = {_cut(open_)}{mark}"
        return
    rest = value[whole.end() :].strip()
    if rest and not rest.startswith("#"):
        yield f"'{_cut(rest)}' behind the text {_cut(whole[0])}", "one key a line, and a # before a comment"
    if "\\" in whole[0]:
        yield (
            f"a backslash in {_cut(whole[0])}",
            f"single quotes, in which it is itself: {key} = '{_cut(whole[0][1:-1])}'",
        )
    yield f"a character in {_cut(whole[0])} that no text may hold", "ones that can be printed"


def _of_several(key: str, value: str) -> Iterator[tuple[str, str]]:
    bare = _STRING.sub('""', value)
    if bare.startswith("{") and bare.count("{") > bare.count("}"):
        yield (
            f"a table in braces over several lines at '{key}'",
            f"it in one line, or a table [{key}] of its own",
        )
    if re.search(r",\s*,|\[\s*,|\{\s*,", bare):
        yield f"an empty place in {_cut(value)}", "one comma between two values"
    if re.search(r",\s*\}", bare):
        yield f"a comma before the }} of {_cut(value)}", "none behind the last value"
    if (comma := re.search(rf"[-+]?\d+,\d+\s*(?:{_UNIT})", bare)) is not None:
        yield (
            f"a decimal comma, {comma[0]}",
            f'a point, and quotes around a quantity: "{comma[0].replace(",", ".")}"',
        )
    yield (
        f"{_cut(value)}",
        'values with a comma between them, each text in double quotes: ["a", "b"], or { key = "a" }',
    )


def _twice(lines: list[str], number: int) -> SyntaxTold:
    """A table or a key for the second time, and where it stood first."""
    line = lines[number - 1]
    header = _HEADER.match(line)
    table = ""
    firsts: dict[
        tuple[str, str], tuple[int, str]
    ] = {}  # (table, key) or ("", table): line, how it was written
    for at, one in enumerate(lines[: number - 1], 1):
        if (found := _HEADER.match(one)) is not None:
            table = _plain(found[2])
            if found[1] == "[[":  # its keys begin anew
                firsts = {place: told for place, told in firsts.items() if place[0] != table}
            firsts.setdefault(("", table), (at, found[1]))
        elif (key := _KEY.match(one)) is not None:
            firsts.setdefault((table, _plain(key[1])), (at, ""))
    if header is not None:
        name = _plain(header[2])
        parent, _, last = name.rpartition(".")
        at, how = firsts.get(("", name)) or firsts.get((parent, last)) or (0, "")
        before = f", first in line {at}" if at else ""
        if how == "[[":
            return SyntaxTold(number, f"[{name}] where line {at} has [[{name}]]", f"[[{name}]] here too")
        if at and not how:
            return SyntaxTold(
                number, f"the table [{name}] beside the value of '{last}' in line {at}", "one of the two"
            )
        return SyntaxTold(
            number,
            f"the table [{name}] a second time{before}",
            f"each table once; of several write [[{name}]] above each",
        )
    key = _KEY.match(line)
    name = _plain(key[1]) if key is not None else line.strip()
    at, _ = firsts.get((table, name)) or firsts.get((table, name.split(".")[0])) or (0, "")
    before = f", first in line {at}" if at else ""
    where = f" of [{table}]" if table else ""
    return SyntaxTold(
        number, f"the key '{_cut(name)}'{where} a second time{before}", "each key once in a table"
    )


def _without_end(lines: list[str]) -> SyntaxTold:
    """A list, a table in braces, or a text in three quotes that the file's end cuts off: told where it begins."""
    for at in range(len(lines), 0, -1):
        key = _KEY.match(lines[at - 1])
        if key is None:
            continue
        value = key[2]
        for mark in ('"""', "'''"):
            if value.startswith(mark):
                return SyntaxTold(
                    at, f"text at '{key[1].strip()}' without its closing {mark}", f"{mark} at its end"
                )
        if _depth(lines[at - 1 :]) > 0:
            shut = "}" if value.startswith("{") else "]"
            return SyntaxTold(
                at, f"a list or table at '{key[1].strip()}' without its {shut}", f"{shut} at its end"
            )
    number = max(1, len("\n".join(lines).splitlines()))
    line = lines[number - 1].rstrip("\r")
    found, expected = _of_line(lines, number, line)
    return SyntaxTold(number, found, expected)


def _depth(lines: list[str]) -> int:
    """How many brackets of values are open behind these lines; a table's heading opens none."""
    depth = 0
    for line in lines:
        if depth == 0 and _HEADER.match(line) and not _KEY.match(line):
            continue
        bare = _STRING.sub("", line)
        depth += sum(bare.count(one) for one in "[{") - sum(bare.count(one) for one in "]}")
    return max(0, depth)


def _plain(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def _cut(text: str) -> str:
    return clear(text.strip(), 80)

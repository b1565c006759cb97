"""A DBC of which something is wrong: what can be used of it, and a line for the rest.

cantools refuses a file as a whole. So the file is cut into its statements, gathered by the message they speak of; what
does not load is found by halving, left out, and told.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bench.codec.trouble import Trouble, found_and_expected
from bench.errors import at_place

Load = Callable[[str], object]

_HEAD = frozenset(
    {"VERSION", "NS_", "BS_", "BU_", "VAL_TABLE_", "BA_DEF_", "BA_DEF_DEF_", "BA_DEF_REL_", "BA_DEF_DEF_REL_"}
)
_OTHERS = (
    *("BO_", "CM_", "BA_", "BA_REL_", "VAL_", "SIG_VALTYPE_", "SG_MUL_VAL_", "SIG_GROUP_", "BO_TX_BU_"),
    *("EV_", "ENVVAR_DATA_", "SGTYPE_", "SIG_TYPE_REF_", "SIGTYPE_VALTYPE_", "CAT_DEF_", "CAT_", "FILTER"),
)
_START = re.compile(rf"({'|'.join(sorted((*_HEAD, *_OTHERS), key=len, reverse=True))})(?=[\s:\"])")
_MESSAGE = re.compile(r"BO_\s+(\d+)\s+(\w+)\s*:\s*\d+\s")
_SPEAKS_OF = re.compile(
    r"(?:CM_\s+(?:BO_|SG_)|BA_\s+\"[^\"]*\"\s+(?:BO_|SG_)|"
    r"VAL_|SIG_VALTYPE_|SG_MUL_VAL_|SIG_GROUP_|BO_TX_BU_)\s+(\d+)\b"
)
_SIGNAL = re.compile(r"^\s*SG_\s+(\w+)", re.MULTILINE)
_END = 'CM_ "end";\n'  # cantools does not miss a semicolon at the end of a file


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    line: int
    keyword: str
    text: str


@dataclass(slots=True, kw_only=True)
class _Group:
    """A message with all that is said of it; without one, a statement of its own."""

    message: _Statement | None = None
    name: str = ""
    said: list[_Statement] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(one.text for one in (*filter(None, (self.message,)), *self.said))


def readable(text: str, file: object, load: Load) -> tuple[str, list[Trouble]] | None:
    """What of the text `load` takes, and a Trouble for each part it does not. None: no part of it is a message.

    `load` raises for what cannot be read.
    """
    statements = _statements(text)
    groups = _groups(one for one in statements if one.keyword not in _HEAD)
    if not any(one.message for one in groups):
        return None
    head, troubles = _head([one for one in statements if one.keyword in _HEAD], file, load)
    kept: list[str] = []
    _halve(groups, head, load, kept, lambda one: troubles.extend(_told(one, head, file, load, kept)))
    return head + "".join(kept), troubles


def _head(statements: Sequence[_Statement], file: object, load: Load) -> tuple[str, list[Trouble]]:
    """What of the file's own statements, which speak of no message, `load` takes; the rest is no message's trouble."""
    whole = "".join(one.text for one in statements)
    if _reason(load, whole) is None:
        return whole, []
    kept, troubles = "", list[Trouble]()
    for one in statements:
        if one.keyword == "NS_":  # a list of keywords; alone it is no file to cantools
            kept += one.text
            continue
        reason = _reason(load, kept + one.text)
        if reason is None:
            kept += one.text
        else:
            line = _line(file, "", one, reason, kept + one.text)
            troubles.append(Trouble(line=f"{line}; until then it is not read", usable=True))
    return kept, troubles


def _statements(text: str) -> list[_Statement]:
    """Cut where a keyword begins a line, outside of texts; a text that never ends does not swallow the file."""
    found: list[_Statement] = []
    begun, keyword, lines, inside = 1, "", list[str](), False
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        start = _START.match(line)
        if start is not None and (not inside or start[1] in ("BO_", "CM_", "BA_", "VAL_")):
            if lines:
                found.append(_Statement(line=begun, keyword=keyword, text="".join(lines)))
            begun, keyword, lines, inside = number, start[1], [], False
        lines.append(line if line.endswith("\n") else line + "\n")
        inside ^= line.replace('\\"', "").count('"') % 2 == 1
    if lines:
        found.append(_Statement(line=begun, keyword=keyword, text="".join(lines)))
    return [one for one in found if one.keyword]


def _groups(statements: Iterable[_Statement]) -> list[_Group]:
    by_id: dict[str, _Group] = {}
    groups: list[_Group] = []
    later: list[_Statement] = []
    for one in statements:
        named = _MESSAGE.match(one.text)
        if named is None or named[1] in by_id:
            later.append(one)
            continue
        by_id[named[1]] = _Group(message=one, name=named[2])
        groups.append(by_id[named[1]])
    for one in later:
        spoken = _SPEAKS_OF.match(one.text)
        if spoken is not None and spoken[1] in by_id:
            by_id[spoken[1]].said.append(one)
        else:
            groups.append(_Group(said=[one]))
    return groups


def _halve(
    groups: Sequence[_Group], head: str, load: Load, kept: list[str], tell: Callable[[_Group], None]
) -> None:
    if not groups:
        return
    text = "".join(one.text for one in groups)
    if _reason(load, head + text) is None:
        kept.append(text)
    elif len(groups) == 1:
        tell(groups[0])
    else:
        middle = len(groups) // 2
        _halve(groups[:middle], head, load, kept, tell)
        _halve(groups[middle:], head, load, kept, tell)


def _told(group: _Group, head: str, file: object, load: Load, kept: list[str]) -> list[Trouble]:
    """The lines of one group. A message stays usable where only comments on it are wrong."""
    signals = tuple(_SIGNAL.findall(group.message.text)) if group.message is not None else ()
    block = head + (group.message.text if group.message is not None else "")
    if group.message is not None and (reason := _reason(load, block)) is not None:
        line = _line(file, group.name, group.message, reason, block)
        return [Trouble(line=line, message=group.name, signals=signals)]
    troubles: list[Trouble] = []
    sound = [one for one in group.said if one.keyword != "CM_"]
    for one in group.said:
        reason = _reason(load, block + one.text)
        if reason is not None:
            sound = [other for other in sound if other is not one]
            beside = one.keyword == "CM_" or group.message is None
            line = _line(file, group.name, one, reason, block + one.text)
            troubles.append(Trouble(line=line, message=group.name, signals=signals, usable=beside))
    if group.message is not None and all(one.usable for one in troubles):
        kept.append(group.message.text + "".join(one.text for one in sound))
    return troubles


def _line(file: object, name: str, at: _Statement, reason: str, tried: str) -> str:
    """`file [line 8, N]: …`: cantools counts the lines of what it was given, which ended with this statement."""
    number, text = at.line, at.text
    if (told := re.search(r"syntax at line (\d+)", reason)) is not None:
        lines, within = tried.splitlines(), at.text.count("\n")
        inside = int(told[1]) - (len(lines) - within) - 1
        if 0 <= inside < within:
            number, text = at.line + inside, lines[int(told[1]) - 1]
    found, expected = found_and_expected(reason, text)
    return at_place(file, f"line {number}, {name}" if name else f"line {number}", found, expected)


def _reason(load: Load, text: str) -> str | None:
    """Why `text` does not load, in cantools' words; None where it does."""
    try:
        load(text + _END)
    except Exception as error:  # noqa: BLE001 - cantools promises no closed set of exceptions
        return " ".join(str(error).split()).removeprefix('DBC: "').removesuffix('"') or type(error).__name__
    return None

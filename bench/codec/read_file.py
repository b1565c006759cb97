"""Bus descriptions as files, by their ending: DBC, KCD, SYM and ARXML by cantools; what it cannot read, and others, by
canmatrix (extra 'networks'). Both are imported on first use, which takes 0.1 s and more.

What is wrong with one message alone is no mistake of the file: it becomes a Trouble, and the message is left out.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench.codec import canmatrix_model, cantools_model
from bench.codec.dbc_text import readable
from bench.codec.kcd_text import without_wrong_messages
from bench.codec.lengths import Described, length_taken
from bench.codec.message import Message
from bench.codec.trouble import Trouble, found_and_expected
from bench.config.user_file import read_bytes
from bench.errors import ConfigError, at_place

_MUX_OF_LETTERS = re.compile(r"(?m)^(Mux=\S+ \d+,\d+ )([A-Fa-f][0-9A-Fa-f]*h)")
_EMPTY = 'VERSION ""\n'
_KINDS = {  # every other ending is taken for a DBC
    ".kcd": "kcd",
    ".sym": "sym",
    ".arxml": "arxml",
    ".cdd": "cdd",
    ".json": "json",
    **dict.fromkeys((".xls", ".xlsx"), "excel"),
    ".dbf": "dbf",
    **dict.fromkeys((".xml", ".fibex"), "fibex"),
}
_UNREAD = {"excel": "an Excel file", "dbf": "a DBF of BUSMASTER", "fibex": "a FIBEX file"}


def read_file(path: Path, bus: str) -> tuple[list[Message], list[Trouble]]:
    """The messages of a file, and what is wrong with others. `bus`: whose, where the file describes several.

    Raises ConfigError, one line: unreadable, no such format, no message in it.
    """
    kind = _KINDS.get(path.suffix.lower(), "dbc")
    expected = f"a {kind.upper()} file"
    raw = read_bytes(path, expected)
    if kind in _UNREAD:
        raise ConfigError(
            at_place(path, "", f"found {_UNREAD[kind]}, which nothing here reads", "it exported as a DBC")
        )
    if kind == "cdd":
        found = "found a description of diagnostics, and no frames in it"
        raise ConfigError(
            at_place(path, "", found, "a file that describes messages, such as a DBC or an ARXML file")
        )
    if kind in canmatrix_model.ALONE:
        return _with_others(path, bus, kind, raw, expected)
    try:
        return _with_cantools(path, bus, kind, raw, expected)
    except ConfigError as error:
        if not canmatrix_model.also_reads(kind, raw, str(error)) or not canmatrix_model.is_there():
            raise
        try:
            return _with_others(path, bus, kind, raw, expected)
        except ConfigError:
            raise error from None


def _with_cantools(
    path: Path, bus: str, kind: str, raw: bytes, expected: str
) -> tuple[list[Message], list[Trouble]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")  # what Vector's and PEAK's editors write
    if kind == "sym":  # cantools knows a hexadecimal value only by a digit at its beginning
        text = _MUX_OF_LETTERS.sub(r"\g<1>0\2", text)
    try:
        parsed, troubles = _parsed(text, kind, path)
        sources = _of_bus(parsed.messages, path, bus)
    except ConfigError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(at_place(path, "", reason, expected)) from error
    messages, wrong = _gather(sources, lambda source: cantools_model.described(source, parsed), path)
    _refuse_empty(path, kind, expected, messages, [*troubles, *wrong])
    return messages, [*troubles, *wrong]


def _with_others(
    path: Path, bus: str, kind: str, raw: bytes, expected: str
) -> tuple[list[Message], list[Trouble]]:
    """By canmatrix, which the extra 'networks' brings."""
    sources = _of_bus(canmatrix_model.frames(path, kind, raw, expected), path, bus)
    messages, troubles = _gather(sources, canmatrix_model.described, path)
    _refuse_empty(path, kind, expected, messages, troubles)
    return messages, troubles


def _refuse_empty(
    path: Path, kind: str, expected: str, messages: list[Message], troubles: list[Trouble]
) -> None:
    if not messages and not troubles:
        what = "no message (BO_) in it" if kind == "dbc" else "no message in it"
        raise ConfigError(at_place(path, "", what, expected))


def _parsed(text: str, kind: str, path: Path) -> tuple[Any, list[Trouble]]:
    """Strictly, else as much of it as can be used; what cantools raises where that is nothing."""
    from bench.lean_can import cantools

    def load(part: str) -> Any:
        return cantools.database.load_string(part, database_format=kind)

    try:
        return _strictly(text, kind), []
    except Exception:
        if kind == "dbc":
            rest = readable(text, path, load)
            if rest is None:
                raise
            kept, troubles = rest
            return load(kept or _EMPTY), troubles
        if kind == "kcd":
            return _in_parts(text, path, load)
        return cantools.database.load_string(text, database_format=kind, strict=False), []


def _in_parts(text: str, path: Path, load: Callable[[str], Any]) -> tuple[Any, list[Trouble]]:
    """A KCD without the messages that cannot be read. What cantools raises where there is no message to be blamed."""
    sound, wrong = without_wrong_messages(text, load)
    troubles = []
    for name, signals, reason in wrong:
        found, expected = found_and_expected(reason, "")
        troubles.append(Trouble(line=at_place(path, name, found, expected), message=name, signals=signals))
    return load(sound), troubles


@lru_cache(maxsize=8)
def _strictly(text: str, kind: str) -> Any:
    """Read once: a run looks into a file for its rig, its header and its report. Nobody changes what it gives."""
    from bench.lean_can import cantools

    return cantools.database.load_string(text, database_format=kind)


def _of_bus(messages: Sequence[Any], path: Path, bus: str) -> list[Any]:
    """KCD and ARXML may describe a whole vehicle: the bus named as in the bench file, or the only one there is."""
    named = sorted({str(one.bus_name) for one in messages if one.bus_name})
    if len(named) < 2:
        return list(messages)
    if bus not in named:
        found = f"found the buses {', '.join(named)}"
        expected = f"one of them to be named as the bench file names it, '{bus}'" if bus else "one bus"
        raise ConfigError(at_place(path, "", found, expected))
    return [one for one in messages if one.bus_name == bus]


def _gather(
    sources: Iterable[Any], described: Callable[[Any], Described], path: Path
) -> tuple[list[Message], list[Trouble]]:
    """The messages of the descriptions in a file, and what is wrong with others."""
    messages: list[Message] = []
    troubles: list[Trouble] = []
    for source in sources:
        try:
            found = described(source)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - cantools and canmatrix promise no closed set of exceptions
            troubles.append(_trouble(error, source, path))
            continue
        messages.append(found.message)
        troubles += length_taken(found, path)
    return messages, troubles


def _trouble(error: Exception, source: Any, path: Path) -> Trouble:
    reason = " ".join(str(error).split()) or type(error).__name__
    found, _, expected = reason.partition("; expected ")
    if not expected:
        found, expected = found_and_expected(reason, "")
    line = at_place(path, str(source.name), found, expected)
    return Trouble(
        line=line, message=str(source.name), signals=tuple(str(one.name) for one in source.signals)
    )

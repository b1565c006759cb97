"""Bus descriptions as files: DBC, KCD, SYM and ARXML, by their ending. cantools parses, imported on first use: 0.1 s.

What is wrong with one message alone is no mistake of the file: it becomes a Trouble, and the message is left out.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench.codec.dbc_text import readable
from bench.codec.e2e import DataIdMode, Protection, Settings, protection_of
from bench.codec.layout import FLOAT_CODE, Field, Layer
from bench.codec.message import EndToEnd, Message
from bench.codec.trouble import Trouble, found_and_expected
from bench.config.user_file import read_bytes
from bench.errors import ConfigError, at_place
from bench.units import NS_PER_MS

_FD_ONLY = (12, 16, 20, 24, 32, 48, 64)  # bytes no classic frame has
_EMPTY = 'VERSION ""\n'
_XML_OR_TEXT = {".kcd": "kcd", ".sym": "sym", ".arxml": "arxml"}  # every other ending is taken for a DBC


def read_file(path: Path, bus: str) -> tuple[list[Message], list[Trouble]]:
    """The messages of a file, and what is wrong with others. `bus`: whose, where the file describes several.

    Raises ConfigError, one line: unreadable, no such format, no message in it.
    """
    kind = _XML_OR_TEXT.get(path.suffix.lower(), "dbc")
    expected = f"a {kind.upper()} file"
    raw = read_bytes(path, expected)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")  # what Vector's and PEAK's editors write
    try:
        parsed, troubles = _parsed(text, kind, path)
        sources = _of_bus(parsed.messages, path, bus)
    except ConfigError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(at_place(path, "", reason, expected)) from error
    messages: list[Message] = []
    for source in sources:
        made = _made(source, parsed, path)
        if isinstance(made, Message):
            messages.append(made)
            if made.fd and not source.is_fd:
                found = f"found {made.length} bytes and no CAN FD said, taken for it"
                line = at_place(path, made.name, found, "it said, in a DBC by VFrameFormat 14 or 15")
                troubles.append(Trouble(line=line, message=made.name, usable=True))
        else:
            troubles.append(made)
    if not messages and not troubles:
        what = "no message (BO_) in it" if kind == "dbc" else "no message in it"
        raise ConfigError(at_place(path, "", what, expected))
    return messages, troubles


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
        return cantools.database.load_string(text, database_format=kind, strict=False), []


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


def _made(source: Any, parsed: Any, path: Path) -> Message | Trouble:
    try:
        if getattr(source, "is_container", False):
            raise ValueError("found a container of PDUs; expected a message of signals")
        source.refresh(strict=True)
        return _message(source, parsed)
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - cantools promises no closed set of exceptions
        reason = " ".join(str(error).split()) or type(error).__name__
        found, _, expected = reason.partition("; expected ")
        if not expected:
            found, expected = found_and_expected(reason, "")
        line = at_place(path, str(source.name), found, expected)
        signals = tuple(str(one.name) for one in source.signals)
        return Trouble(line=line, message=str(source.name), signals=signals)


def _message(source: Any, database: Any) -> Message:
    profile = str(_attribute(source, database, "E2E_Profile", "none"))
    return Message(
        name=source.name,
        can_id=source.frame_id,
        extended=source.is_extended_frame,
        fd=source.is_fd or source.length in _FD_ONLY,
        length=source.length,
        layout=_layer(source, source.signal_tree),
        cycle_ns=round((source.cycle_time or 0) * NS_PER_MS),
        e2e=EndToEnd(
            profile=profile,
            data_id=_number("E2E_DataId", _attribute(source, database, "E2E_DataId", 0)),
            protection=_protection(source, database, profile),
        ),
        senders=tuple(source.senders),
    )


def _protection(source: Any, database: Any, profile: str) -> Protection | None:
    """E2E as the file's attributes say. ValueError, with found and expected, where AUTOSAR knows no such thing."""
    if profile == "none":
        return None
    ids = str(_attribute(source, database, "E2E_DataIdList", ""))
    mode = str(_attribute(source, database, "E2E_DataIdMode", DataIdMode.BOTH.value))
    modes = [one.value for one in DataIdMode]
    if mode not in modes:
        raise ValueError(f"found E2E_DataIdMode '{mode}'; expected one of {', '.join(modes)}")
    settings = Settings(
        profile=profile,
        data_id=_number("E2E_DataId", _attribute(source, database, "E2E_DataId", 0)),
        mode=DataIdMode(mode),
        data_ids=tuple(_number("E2E_DataIdList", one) for one in ids.split(",") if one.strip()),
    )
    protection = protection_of(settings)
    if source.length < protection.shortest:
        raise ValueError(
            f"found {source.length} bytes; expected {protection.shortest} or more under {profile}"
        )
    return protection


def _number(attribute: str, value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise ValueError(f"found '{str(value).strip()}' in {attribute}; expected whole numbers") from None


def _attribute(source: Any, database: Any, name: str, otherwise: object) -> Any:
    """A message's attribute, else the default of the file; an ENUM as its text. Raises ValueError for a value outside
    the ENUM.
    """
    definition = database.dbc.attribute_definitions.get(name) if database.dbc else None
    if definition is None:
        return otherwise
    own = source.dbc.attributes.get(name) if source.dbc else None
    value = definition.default_value if own is None else own.value
    if value is None:
        return otherwise
    if definition.choices and isinstance(value, int):
        if not 0 <= value < len(definition.choices):
            known = ", ".join(f"{at} ({text})" for at, text in enumerate(definition.choices))
            raise ValueError(f"found {name} {value}; expected one of {known}")
        return definition.choices[value]
    return value


def _layer(source: Any, tree: list[Any]) -> Layer:
    fields: list[Field] = []
    branches: dict[str, dict[int, Layer]] = {}
    for node in tree:
        if isinstance(node, str):
            fields.append(_field(source.get_signal_by_name(node)))
            continue
        for selector, choices in node.items():
            fields.append(_field(source.get_signal_by_name(selector)))
            branches[selector] = {key: _layer(source, child) for key, child in choices.items()}
    return Layer(fields=tuple(fields), branches=branches)


def _field(signal: Any) -> Field:
    if signal.is_float and signal.length not in FLOAT_CODE:
        raise ValueError(f"found {signal.name}, a float of {signal.length} bits; expected 16, 32 or 64")
    for what, value in (("factor", signal.conversion.scale), ("offset", signal.conversion.offset)):
        if not math.isfinite(value):
            raise ValueError(f"found {what} {value} of {signal.name}; expected a finite number")
    return Field(
        name=signal.name,
        start=signal.start,
        length=signal.length,
        little_endian=signal.byte_order == "little_endian",
        signed=signal.is_signed,
        is_float=signal.is_float,
        scale=signal.conversion.scale,
        offset=signal.conversion.offset,
        minimum=signal.minimum,
        maximum=signal.maximum,
        choices={number: str(text) for number, text in (signal.choices or {}).items()},
        unit=signal.unit or "",
    )

"""DBC files as compiled messages. cantools parses; it is imported on first use, as that costs 0.1 s."""

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.codec.careful import choice_number
from bench.codec.compile import Compiler, Decode, Encode, Reader
from bench.codec.e2e import DataIdMode, Protection, Settings, protection_of
from bench.codec.layout import CodecError, Field, Layer, all_fields, paths
from bench.errors import ConfigError, at_place, nearest
from bench.units import NS_PER_MS

__all__ = ["CodecError", "Database", "Message"]


class Message:
    """One message of a DBC. `decode` and `encode` are generated when first asked for."""

    def __init__(
        self,
        *,
        name: str,
        can_id: int,
        extended: bool,
        fd: bool,
        length: int,
        layout: Layer,
        cycle_ns: int = 0,
        e2e_profile: str = "none",
        e2e_data_id: int = 0,
        protection: Protection | None = None,
        senders: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.can_id = can_id
        self.extended = extended
        self.fd = fd
        self.length = length
        self.layout = layout
        self.cycle_ns = cycle_ns
        self.e2e_profile = e2e_profile
        self.e2e_data_id = e2e_data_id
        self.protection = protection
        self.senders = senders
        # A signal of several multiplexer values stands in several layers, but is one signal.
        self.fields: dict[str, Field] = {one.name: one for one in all_fields(layout)}
        self.signal_names: tuple[str, ...] = tuple(self.fields)
        self.choices: dict[str, dict[int, str]] = {
            f.name: dict(f.choices) for f in self.fields.values() if f.choices
        }
        self.mux: str | None = next(iter(layout.branches), None)
        self._compiler = Compiler(name, length, layout)
        self._readers: dict[str, Reader] = {}
        self._extracts: dict[frozenset[str], Callable[[bytes], int | bytes]] = {}

    def __repr__(self) -> str:
        return f"Message({self.name}, 0x{self.can_id:X})"

    @cached_property
    def decode(self) -> Decode:
        """`decode(data) -> {signal: number}`, active multiplexer only. CodecError if too short."""
        return self._compiler.decode()

    @cached_property
    def encode(self) -> Encode:
        """`encode(values) -> data`, strict: exactly the frame's signals, in range, or CodecError."""
        return self._compiler.encode()

    def reader(self, signal: str) -> Reader:
        """A function from payload to physical value; None where the multiplexer does not carry it."""
        if signal not in self._readers:
            self._readers[signal] = self._compiler.reader(signal)
        return self._readers[signal]

    def extract(self, signals: Iterable[str]) -> Callable[[bytes], int | bytes]:
        """What of a payload these signals depend on: equal for two payloads, equal all their values.

        To remember what has been made of a payload, where the rest of it, such as a counter, keeps moving.
        """
        asked = frozenset(signals)
        if asked not in self._extracts:
            self._extracts[asked] = self._extract(asked)
        return self._extracts[asked]

    def _extract(self, signals: Iterable[str]) -> Callable[[bytes], int | bytes]:
        mask, length = 0, self.length
        for signal in signals:
            for above, one in paths(self.layout, signal, ()):
                for field in (one, *(selector for selector, _ in above)):
                    mask |= field.mask(length)

        def extract(data: bytes) -> int | bytes:
            return int.from_bytes(data, "little") & mask if len(data) == length else data

        return extract

    def choice_value(self, signal: str, text: str) -> int:
        """The raw number behind a text of the value table. Raises CodecError for a strange signal or text."""
        if signal not in self.fields:
            hint = nearest(signal, self.signal_names)
            raise CodecError(f"message {self.name} carries no signal '{signal}'{hint}")
        return choice_number(self.name, self.fields[signal], text)


class Database:
    """All messages of one bus, from one or more DBC files."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self.messages: tuple[Message, ...] = tuple(messages)
        self.by_id: dict[tuple[int, bool], Message] = {(m.can_id, m.extended): m for m in self.messages}
        self.by_name: dict[str, Message] = {m.name: m for m in self.messages}

    @classmethod
    def load(cls, *paths: Path) -> "Database":
        """Merges DBC files, UTF-8 or cp1252. Raises ConfigError: unreadable, no DBC, a name or id twice."""
        names: dict[str, Path] = {}
        ids: dict[tuple[int, bool], tuple[str, Path]] = {}
        messages: list[Message] = []
        for path in paths:
            for message in _read(path):
                identity = (message.can_id, message.extended)
                if message.name in names:
                    found = f"message {message.name} is also in {names[message.name]}"
                    raise ConfigError(at_place(path, message.name, found, "every name once per bus"))
                if identity in ids:
                    other, where = ids[identity]
                    found = f"id 0x{message.can_id:X} is also that of {other} in {where}"
                    raise ConfigError(at_place(path, message.name, found, "every id once per bus"))
                names[message.name] = path
                ids[identity] = message.name, path
                messages.append(message)
        return cls(messages)

    def __getitem__(self, name: str) -> Message:
        try:
            return self.by_name[name]
        except KeyError:
            raise ConfigError(f"no message '{name}' in the DBC files{nearest(name, self.by_name)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self.by_name


def _read(path: Path) -> list[Message]:
    from bench.lean_can import cantools

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(at_place(path, "", error.strerror or "unreadable", "a DBC file")) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")  # what Vector's editors write
    try:
        parsed: Any = cantools.database.load_string(text, database_format="dbc")
        messages = [_message(one, parsed) for one in parsed.messages]
    except ConfigError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(at_place(path, "", reason, "a DBC file")) from error
    if not messages:
        raise ConfigError(at_place(path, "", "no message (BO_) in it", "a DBC file"))
    return messages


def _message(source: Any, database: Any) -> Message:
    profile = str(_attribute(source, database, "E2E_Profile", "none"))
    return Message(
        name=source.name,
        can_id=source.frame_id,
        extended=source.is_extended_frame,
        fd=source.is_fd,
        length=source.length,
        layout=_layer(source, source.signal_tree),
        cycle_ns=round((source.cycle_time or 0) * NS_PER_MS),
        e2e_profile=profile,
        e2e_data_id=int(_attribute(source, database, "E2E_DataId", 0)),
        protection=_protection(source, database, profile),
        senders=tuple(source.senders),
    )


def _protection(source: Any, database: Any, profile: str) -> Protection | None:
    """E2E as the file's attributes say. ValueError, with found and expected, where AUTOSAR knows no such thing."""
    if profile == "none":
        return None
    ids = str(_attribute(source, database, "E2E_DataIdList", ""))
    settings = Settings(
        profile=profile,
        data_id=int(_attribute(source, database, "E2E_DataId", 0)),
        mode=DataIdMode(_attribute(source, database, "E2E_DataIdMode", "BOTH")),
        data_ids=tuple(int(one) for one in ids.split(",") if one.strip()),
    )
    protection = protection_of(settings)
    if source.length < protection.shortest:
        raise ValueError(
            f"found {source.length} bytes; expected {protection.shortest} or more under {profile}"
        )
    return protection


def _attribute(source: Any, database: Any, name: str, otherwise: object) -> Any:
    """A message's attribute, else the default of the file; an ENUM as its text."""
    definition = database.dbc.attribute_definitions.get(name) if database.dbc else None
    if definition is None:
        return otherwise
    own = source.dbc.attributes.get(name) if source.dbc else None
    value = definition.default_value if own is None else own.value
    if value is None:
        return otherwise
    if definition.choices and isinstance(value, int):
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

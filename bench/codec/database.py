"""The messages of one bus, compiled, from the files that describe it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.codec.layout import CodecError
from bench.codec.message import Message
from bench.codec.read_file import read_file
from bench.codec.trouble import Trouble
from bench.errors import ConfigError, at_place, nearest

__all__ = ["CodecError", "Database", "Message"]


class Database:
    """All messages of one bus, from one or more files.

    troubles: what is wrong in the files; a message it is about is not among `messages`, and asking for it says why.
    """

    def __init__(
        self,
        messages: Iterable[Message],
        troubles: Iterable[Trouble] = (),
        files: Mapping[str, Path] | None = None,
    ) -> None:
        self.messages: tuple[Message, ...] = tuple(messages)
        self.troubles: tuple[Trouble, ...] = tuple(troubles)
        self.by_id: dict[tuple[int, bool], Message] = {(m.can_id, m.extended): m for m in self.messages}
        self.files: dict[str, Path] = dict(files or {})
        self.by_name: dict[str, Message] = {m.name: m for m in self.messages}

    @classmethod
    def load(cls, *paths: Path, bus: str = "") -> "Database":
        """Merges files (DBC in UTF-8 or cp1252, KCD, SYM, ARXML). `bus`: its name, where a file describes several.

        Messages of one name or one id are all left out: nobody knows which of them is meant.
        Raises ConfigError: unreadable, not of its format.
        """
        found: list[tuple[Path, Message]] = []
        troubles: list[Trouble] = []
        for path in paths:
            messages, wrong = read_file(path, bus)
            troubles += wrong
            found += [(path, one) for one in messages]
        names: dict[str, list[tuple[Path, Message]]] = {}
        ids: dict[tuple[int, bool], list[tuple[Path, Message]]] = {}
        for path, one in found:
            names.setdefault(one.name, []).append((path, one))
            ids.setdefault((one.can_id, one.extended), []).append((path, one))
        kept: list[Message] = []
        for path, one in found:
            same = _same_name(path, one, names[one.name]) or _same_id(
                path, one, ids[one.can_id, one.extended]
            )
            if same is None:
                kept.append(one)
                continue
            line = at_place(path, one.name, *same)
            if not any(line == other.line for other in troubles):
                troubles.append(Trouble(line=line, message=one.name, signals=one.signal_names))
        return cls(kept, troubles, {one.name: path for path, one in found})

    def __getitem__(self, name: str) -> Message:
        if name not in self.by_name and (line := self.trouble(name)) is not None:
            raise ConfigError(line)
        try:
            return self.by_name[name]
        except KeyError:
            raise ConfigError(f"no message '{name}' in the DBC files{nearest(name, self.by_name)}") from None

    def with_message(self, message: Message) -> "Database":
        """This one with another description of the message of that name."""
        messages = [message if one.name == message.name else one for one in self.messages]
        return Database(messages, self.troubles, self.files)

    def file_of(self, message: str) -> str:
        """The file that describes it; "" where it came from none."""
        return str(self.files.get(message, ""))

    def trouble(self, message: str, signal: str | None = None) -> str | None:
        """Why a message is not there although its file has it, or any message with this signal; in one line."""
        if message in self.by_name:
            return None
        for one in self.troubles:
            if not one.usable and (one.message == message or (signal is not None and signal in one.signals)):
                return one.line
        return None

    def warnings(self) -> list[str]:
        """One line for each trouble of the files: what is left out of them."""
        return [
            one.line if one.usable or not one.message else f"{one.line}; until then {one.message} is left out"
            for one in self.troubles
        ]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name


def _same_name(path: Path, message: Message, found: list[tuple[Path, Message]]) -> tuple[str, str] | None:
    """(found, expected) where another message has its name; None: none has."""
    if len(found) == 1:
        return None
    where = next((str(other) for other, _ in found if other != path), "")
    told = f"is also in {where}" if where else f"is there {len(found)} times"
    return f"message {message.name} {told}", "every name once per bus"


def _same_id(path: Path, message: Message, found: list[tuple[Path, Message]]) -> tuple[str, str] | None:
    others = [(other, one) for other, one in found if one is not message]
    if not others:
        return None
    other, one = others[0]
    where = f" in {other}" if other != path else ""
    return f"id 0x{message.can_id:X} is also that of {one.name}{where}", "every id once per bus"

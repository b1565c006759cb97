"""The messages of one bus, compiled, from the files that describe it."""

from collections.abc import Iterable
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

    def __init__(self, messages: Iterable[Message], troubles: Iterable[Trouble] = ()) -> None:
        self.messages: tuple[Message, ...] = tuple(messages)
        self.troubles: tuple[Trouble, ...] = tuple(troubles)
        self.by_id: dict[tuple[int, bool], Message] = {(m.can_id, m.extended): m for m in self.messages}
        self.by_name: dict[str, Message] = {m.name: m for m in self.messages}

    @classmethod
    def load(cls, *paths: Path, bus: str = "") -> "Database":
        """Merges files (DBC in UTF-8 or cp1252, KCD, SYM, ARXML). `bus`: its name, where a file describes several.

        Raises ConfigError: unreadable, not of its format, a name or id twice.
        """
        names: dict[str, Path] = {}
        ids: dict[tuple[int, bool], tuple[str, Path]] = {}
        messages: list[Message] = []
        troubles: list[Trouble] = []
        for path in paths:
            found_messages, found_troubles = read_file(path, bus)
            troubles += found_troubles
            for message in found_messages:
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
        return cls(messages, troubles)

    def __getitem__(self, name: str) -> Message:
        if name not in self.by_name and (line := self.trouble(name)) is not None:
            raise ConfigError(line)
        try:
            return self.by_name[name]
        except KeyError:
            raise ConfigError(f"no message '{name}' in the DBC files{nearest(name, self.by_name)}") from None

    def trouble(self, message: str, signal: str | None = None) -> str | None:
        """Why a message is not there although its file has it, or any message with this signal; in one line."""
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

"""SCPI as instruments speak it: a command taken apart, channel lists written and read. Text only, no port."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from bench.errors import BenchError

_NODE = re.compile(r"([A-Z*]+)(\d*)")


class ScpiError(BenchError):
    """A command or a list that is no SCPI; `code` is SCPI's error number for it."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class Command(NamedTuple):
    """`:SOUR3:VOLT 3.7,(@1)` → header "SOUR:VOLT", suffix 3, parameters "3.7,(@1)", no query."""

    header: str
    suffix: int | None
    parameters: str
    query: bool


def take_apart(text: str) -> Command:
    """One command. ScpiError -113 for a header of strange letters, -114 for a second suffix."""
    header, space, parameters = text.strip().removeprefix(":").partition(" ")
    if not space and "(" in header:  # `MEAS:VOLT?(@1,2)`: no space before the list
        at = header.index("(")
        header, parameters = header[:at], header[at:]
    query = header.endswith("?")
    nodes = []
    suffix: int | None = None
    for node in header.removesuffix("?").upper().split(":"):
        match = _NODE.fullmatch(node)
        if match is None:
            raise ScpiError(-113, header)
        nodes.append(match[1])
        if match[2]:
            if suffix is not None:
                raise ScpiError(-114, header)
            suffix = int(match[2])
    return Command(":".join(nodes), suffix, parameters.strip(), query)


def channels_of(text: str, highest: int) -> list[int]:
    """`(@1,5:8)` → [1, 5, 6, 7, 8]. ScpiError -104 for no list, -222 for a channel outside 1..highest."""
    text = text.strip()
    if not (text.startswith("(@") and text.endswith(")")):
        raise ScpiError(-104, text)
    channels: list[int] = []
    for piece in text[2:-1].split(","):
        first, _, last = piece.strip().partition(":")
        if not (first.isdecimal() and (last.isdecimal() or not last)):
            raise ScpiError(-104, piece)
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= highest:
            raise ScpiError(-222, f"channel {piece}")
        channels.extend(range(low, high + 1))
    return channels


def plain_list(channels: Sequence[int]) -> str:
    """`(@1,2,3)`: for instruments that know no ranges."""
    return f"(@{','.join(map(str, channels))})"


def number_of(text: str) -> float:
    """A parameter that has to be a finite number. ScpiError -109 when missing, -104 for anything else."""
    text = text.strip()
    if not text:
        raise ScpiError(-109, "missing")
    try:
        value = float(text)
    except ValueError:
        raise ScpiError(-104, text) from None
    if value != value or value in (float("inf"), float("-inf")) or "_" in text:
        raise ScpiError(-104, text)
    return value

"""What a parser is to the harness: how its inputs are made, how it is called, and what it may raise."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import BenchError

Make = Callable[[random.Random], Any]
Read = Callable[[Any], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One parser, or several that meet the same input.

    make: an input from chance alone. opened: what reads it, once a folder of its own is there to write into.
    refuses: what it raises for an input that is wrong; everything else is a traceback. share: of all inputs, beside the
    others. slow: one parse takes long, so it gets inputs by another count. costly: so long that only a nightly run
    has the time for that count.
    """

    make: Make
    opened: Callable[[Path], Read]
    refuses: tuple[type[Exception], ...] = (BenchError,)
    share: int = 1
    slow: bool = False
    costly: bool = False


@dataclass(slots=True)
class Counts:
    """Of one parser. told: by what went wrong and where, how often, and the number of the first such input."""

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    wrong: dict[str, int] = field(default_factory=dict)
    told: dict[str, tuple[int, int]] = field(default_factory=dict)
    seconds: float = 0.0

    def note(self, kind: str, what: str, number: int) -> None:
        self.wrong[kind] = self.wrong.get(kind, 0) + 1
        line = f"{kind}: {what}"
        times, first = self.told.get(line, (0, number))
        self.told[line] = (times + 1, min(first, number))

    def add(self, other: "Counts") -> None:
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.refused += other.refused
        self.seconds += other.seconds
        for kind, times in other.wrong.items():
            self.wrong[kind] = self.wrong.get(kind, 0) + times
        for line, (times, first) in other.told.items():
            before, earliest = self.told.get(line, (0, first))
            self.told[line] = (before + times, min(first, earliest))


KINDS = ("traceback", "hang", "memory", "unclear")
LONGEST_LINE = 2000


def unclear(error: BaseException) -> str:
    """Why the words of a refusal are no clear line (one for each mistake) for a terminal, or "" where they are."""
    text = str(error)
    if not text.strip():
        return "no words"
    if any(not one.isprintable() and one != "\n" for one in text):
        return "characters that no terminal should get"
    if any(len(line) > LONGEST_LINE for line in text.split("\n")):
        return "a line of several thousand characters"
    return ""


def spread(count: int, seed: Sequence[tuple[str, int]]) -> dict[str, int]:
    """`count` inputs over parsers by their shares; at least one each."""
    total = sum(share for _, share in seed)
    return {name: max(1, round(count * share / total)) for name, share in seed}

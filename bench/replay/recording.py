"""One signal of a recording: what is asked for, what was found, and where each sample stands in its file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bench.errors import clear


class KeyMistake(ValueError):
    """What is asked for does not fit the recording: `key` is the one to be mended; the text says found and expected."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(clear(text, 1500))
        self.key = key

    def __reduce__(self) -> tuple[type["KeyMistake"], tuple[str, str]]:
        return type(self), (self.key, str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingAsked:
    """`time`: name of a CSV's time column. dbc: what decodes CAN frames. channel: None takes the only one there is."""

    path: Path
    signal: str
    time: str | None = None
    dbc: Path | None = None
    channel: int | None = None


class Frame(NamedTuple):
    """number: its place in the file, from 1; channel: as the file counts, from 1."""

    number: int
    time_s: float
    channel: int
    can_id: int
    extended: bool
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Samples as recorded, seconds and the signal's own unit ("" where the file does not say it), unchecked.

    `numbers[k]`: which `counted` ("line", "frame", "sample") of the file sample k is. `doubts[k]`: why sample k
    may not be used, in a line; a sensor that is not up yet says so by a value out of its range.
    """

    path: Path
    signal: str
    unit: str
    times_s: Sequence[float]
    values: Sequence[float]
    counted: str
    numbers: Sequence[int]
    doubts: Mapping[int, str] = field(default_factory=dict)

    def place(self, k: int) -> str:
        """`file [line 7]`; of a recording without samples, the file."""
        return f"{self.path} [{self.counted} {self.numbers[k]}]" if k < len(self.numbers) else f"{self.path}"

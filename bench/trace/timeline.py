"""The Trace: one append-only timeline of what was done or seen in a shot. Nobody keeps a private stamp."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from bench.timing.clock import Timebase
from bench.trace.buffer import FrameBuffer
from bench.trace.events import CanFrame, Kind
from bench.trace.facts import Fact
from bench.trace.mark import Mark
from bench.trace.stamping import Stamping

F = TypeVar("F", bound=Fact)
_json = json.JSONEncoder(sort_keys=True).encode


@dataclass(slots=True, kw_only=True)
class Trace:
    """Frames and marks of one shot, in the order in which the bench learned of them.

    frames: whatever sequence of them is given is packed.
    """

    timebase: Timebase
    stamping: dict[str, Stamping] = field(default_factory=dict)
    frames: FrameBuffer = field(default_factory=FrameBuffer)
    marks: list[Mark[Fact]] = field(default_factory=list)
    _on_mark: list[Callable[[Mark[Fact]], None]] = field(default_factory=list)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, FrameBuffer.of(value) if name == "frames" else value)

    def frame(self, t_ns: int, channel: str, frame: CanFrame, sender: str) -> None:
        """Append a frame whose end was seen at `t_ns`."""
        self.frames.add(t_ns, channel, frame, sender)

    def mark(self, t_ns: int, fact: F, source: str, *, u_ns: int = 0) -> Mark[F]:
        """Append a mark. `source`: who did it or saw it; u_ns: half-width of the instant's uncertainty."""
        mark = Mark(t_ns, u_ns, source, fact)
        self.marks.append(mark)
        for listener in self._on_mark:
            listener(mark)
        return mark

    def on_mark(self, listener: Callable[[Mark[Fact]], None]) -> None:
        """Call `listener` for every later mark (the run folder writes them as they come)."""
        self._on_mark.append(listener)

    def of_kind(self, *kinds: Kind) -> Iterator[Mark[Fact]]:
        """In the order of the trace."""
        return (mark for mark in self.marks if mark.fact.kind in kinds)

    def of(self, wanted: type[F]) -> Iterator[Mark[F]]:
        """The marks that say a fact of this type, in the order of the trace."""
        return (cast(Mark[F], mark) for mark in self.marks if isinstance(mark.fact, wanted))

    def digest(self) -> str:
        """SHA-256 over every frame and mark. Equal digests mean equal runs, bit for bit."""
        from bench.trace.columns import first_form  # numpy is not loaded before it is needed

        sha = hashlib.sha256(f"{self.timebase}\0{len(self.frames)}\0".encode())
        for piece in first_form(self.frames.columns()):
            sha.update(piece)
        for mark in self.marks:
            fact = mark.fact
            sha.update(_json([mark.t_ns, mark.u_ns, fact.kind, mark.source, fact.version_1()]).encode())
        return sha.hexdigest()

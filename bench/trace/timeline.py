"""The Trace: one append-only timeline of what was done or seen in a shot. Nobody keeps a private stamp."""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

from bench.timing.clock import Timebase
from bench.trace.events import CanFrame, FrameSeen, Kind, made
from bench.trace.facts import Fact
from bench.trace.mark import Mark
from bench.trace.stamping import Stamping

_DIGEST_PARTS = 12_000
_FRAME_HEAD = struct.Struct("<qIBB")

F = TypeVar("F", bound=Fact)


@dataclass(slots=True, kw_only=True)
class Trace:
    """Frames and marks of one shot, in the order in which the bench learned of them."""

    timebase: Timebase
    stamping: dict[str, Stamping] = field(default_factory=dict)
    frames: list[FrameSeen] = field(default_factory=list)
    marks: list[Mark[Fact]] = field(default_factory=list)
    _on_mark: list[Callable[[Mark[Fact]], None]] = field(default_factory=list)

    def frame(self, t_ns: int, channel: str, frame: CanFrame, sender: str) -> None:
        """Append a frame whose end was seen at `t_ns`."""
        self.frames.append(made(FrameSeen, (t_ns, channel, frame, sender)))

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
        sha = hashlib.sha256(f"{self.timebase}\0{len(self.frames)}\0".encode())
        names: dict[tuple[str, str], bytes] = {}
        parts: list[bytes] = []
        for t_ns, channel, (can_id, data, extended, fd, switch), sender in self.frames:
            parts.append(_FRAME_HEAD.pack(t_ns, can_id, extended | fd << 1 | switch << 2, len(data)))
            parts.append(data)
            name = names.get((channel, sender))
            if name is None:
                name = names[channel, sender] = f"{channel}\0{sender}\0".encode()
            parts.append(name)
            if len(parts) > _DIGEST_PARTS:  # an hour's frames at once would take as much memory as the trace
                sha.update(b"".join(parts))
                parts.clear()
        sha.update(b"".join(parts))
        for mark in self.marks:
            sha.update(
                json.dumps(
                    [mark.t_ns, mark.u_ns, mark.kind, mark.source, mark.fact.version_1()], sort_keys=True
                ).encode()
            )
        return sha.hexdigest()

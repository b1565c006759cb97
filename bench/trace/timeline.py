"""The Trace: one append-only timeline of what was done or seen in a shot. Nobody keeps a private stamp."""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.timing.clock import Timebase
from bench.trace.events import CanFrame, FrameSeen, Kind, Mark, Scalar, made

_DIGEST_PARTS = 12_000
_FRAME_HEAD = struct.Struct("<qIBB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamping:
    """What a channel's stamps are worth: where they are taken and their half-width.

    clock: whose time they are in. Stamps of different clocks are never subtracted; whatever an adapter has
    correlated with the host's clock is in the host's.
    """

    source: str
    u_ns: int
    clock: str = "host"


@dataclass(slots=True, kw_only=True)
class Trace:
    """Frames and marks of one shot, in the order in which the bench learned of them."""

    timebase: Timebase
    stamping: dict[str, Stamping] = field(default_factory=dict)
    frames: list[FrameSeen] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    _on_mark: list[Callable[[Mark], None]] = field(default_factory=list)

    def frame(self, t_ns: int, channel: str, frame: CanFrame, sender: str) -> None:
        """Append a frame whose end was seen at `t_ns`."""
        self.frames.append(made(FrameSeen, (t_ns, channel, frame, sender)))

    def mark(self, t_ns: int, kind: Kind, source: str, *, u_ns: int = 0, **facts: Scalar) -> Mark:
        """Append a mark; `facts` are plain scalars so that the mark can be stored and judged again."""
        mark = Mark(t_ns, u_ns, kind, source, facts)
        self.marks.append(mark)
        for listener in self._on_mark:
            listener(mark)
        return mark

    def on_mark(self, listener: Callable[[Mark], None]) -> None:
        """Call `listener` for every later mark (the run folder writes them as they come)."""
        self._on_mark.append(listener)

    def of_kind(self, *kinds: Kind) -> Iterator[Mark]:
        return (mark for mark in self.marks if mark.kind in kinds)

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
                    [mark.t_ns, mark.u_ns, mark.kind, mark.source, mark.facts], sort_keys=True
                ).encode()
            )
        return sha.hexdigest()

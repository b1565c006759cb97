"""Messages on disk between a run and its publisher: appended in order, bounded, acknowledged by offset.

A spool is a folder of segments `<run>.<number>.jsonl`. Every process of a run appends whole lines; one publisher reads.
The offset that a broker has taken stands in `<segment>.ack`. A segment goes when it is taken and nobody writes it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SEGMENT_BYTES = 4_000_000
_LOOK_EVERY = 64  # appends between two looks at the folder's size
# What gives way first when nobody takes the messages: a share of the bound for each. Verdicts never do.
ROOM = {"telemetry": 0.5, "event": 0.8}
_KEYS = {"topic", "qos", "retain", "body"}


@dataclass(slots=True)
class SpoolWriter:
    """Appends for one run. `dropped` counts, by topic, what found no room. A fork inherits it and writes on."""

    folder: Path
    run_id: str
    limit_bytes: int
    segment_bytes: int = SEGMENT_BYTES
    dropped: dict[str, int] = field(default_factory=dict)
    _number: int = 0
    _fd: int = -1
    _appends: int = 0
    _filled_bytes: int = 0

    def append(self, topic: str, body: Mapping[str, Any], *, qos: int, retain: bool = False) -> bool:
        """One line, in one write. False where it found no room and was dropped."""
        if self._appends % _LOOK_EVERY == 0:
            self._filled_bytes = size_of(self.folder)
        self._appends += 1
        room = ROOM.get(topic)
        if room is not None and self._filled_bytes > room * self.limit_bytes:
            self.dropped[topic] = self.dropped.get(topic, 0) + 1
            return False
        line = json.dumps({"topic": topic, "qos": qos, "retain": retain, "body": body}) + "\n"
        data = line.encode()
        os.write(self._segment(), data)
        self._filled_bytes += len(data)
        return True

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _segment(self) -> int:
        if self._fd >= 0 and os.fstat(self._fd).st_size < self.segment_bytes:
            return self._fd
        if self._fd >= 0:
            os.close(self._fd)
            self._number += 1
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.run_id}.{self._number:05d}.jsonl"
        import fcntl  # of Unix only, and needed where there is a broker

        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        fcntl.flock(self._fd, fcntl.LOCK_SH)  # as long as somebody writes, nobody deletes
        return self._fd


def size_of(folder: Path) -> int:
    """Bytes in all segments; 0 for a folder that is not there."""
    total = 0
    for path in folder.glob("*.jsonl"):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total


def lines_behind(path: Path, offset: int) -> int:
    """Whole lines from `offset` on; 0 where the file is gone."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return 0


def left_in(folder: Path) -> int:
    """Messages in all segments that no broker has taken, whoever reads them."""
    return sum(lines_behind(path, _taken(path.with_suffix(".ack"))) for path in folder.glob("*.jsonl"))


def _taken(ack: Path) -> int:
    try:
        said = ack.read_bytes()[:20]
    except OSError:
        return 0
    return int(said) if said.strip().isdigit() else 0


@dataclass(slots=True)
class Segment:
    """One segment being read. `taken`: offset up to which the broker has everything."""

    path: Path
    taken: int = 0
    _lock: int = -1

    @classmethod
    def claim(cls, path: Path) -> "Segment | None":
        """None where another publisher reads it."""
        import fcntl

        fd = os.open(path.with_suffix(".ack"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return None
        said = os.pread(fd, 20, 0)
        return cls(path, int(said) if said.strip().isdigit() else 0, fd)

    def waiting(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """(offset after it, message) of every whole line that is not taken yet."""
        with self.path.open("rb") as file:
            file.seek(self.taken)
            offset = self.taken
            for line in file:
                if not line.endswith(b"\n"):
                    return  # still being written, or torn by a crash
                offset += len(line)
                try:
                    message = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(message, dict) and message.keys() >= _KEYS:
                    yield offset, message

    def left(self) -> int:
        """How many messages are not taken, without reading what they say."""
        return lines_behind(self.path, self.taken)

    def take(self, offset: int) -> None:
        self.taken = offset
        os.pwrite(self._lock, f"{offset:020d}".encode(), 0)

    def finished(self) -> bool:
        """Everything is taken, and nobody writes it any more."""
        if self.path.stat().st_size > self.taken:
            return False
        import fcntl

        fd = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(fd)
        return self.path.stat().st_size <= self.taken

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(".ack").unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

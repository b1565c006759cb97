"""What tests do to stored shots: look for them, and alter them as somebody might who knows the layout."""

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.record.columns import deflated, inflated
from bench.record.container import FILE, HEAD_SIZE, SHOT, record
from bench.record.folder import open_run
from bench.record.shot_record import number_of

_HEAD = struct.Struct("<8sIIQ")


def finished(run: Path) -> list[Path]:
    """The places of the shots that are complete, also of a run that has hardly begun."""
    return list(open_run(run).shots()) if (run / "header.json").is_file() else []


def text_of(shot: Path) -> list[str]:
    """The lines of a stored shot: head, marks, result."""
    (body,) = [body for kind, number, body in _records(shot) if (kind, number) == (SHOT, number_of(shot))]
    return inflated(body)[0].decode().split("\n")


def result_of(shot: Path) -> dict[str, Any]:
    return json.loads(text_of(shot)[-1])


def alter_result(shot: Path, change: Callable[[str], str]) -> None:
    """In a record that is sound again afterwards."""

    def altered(body: bytes) -> bytes:
        text, frames = inflated(body)
        before, _, result = text.decode().rpartition("\n")
        after = change(result)
        assert after != result
        return deflated(f"{before}\n{after}".encode()) + frames

    _rewrite(shot, altered)


def alter_text(shot: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Any of its lines (head, marks, result), in a record that is sound again afterwards."""

    def altered(body: bytes) -> bytes:
        text, frames = inflated(body)
        return deflated("\n".join(change(text.decode().split("\n"))).encode()) + frames

    _rewrite(shot, altered)


def remove_shot(shot: Path) -> None:
    _rewrite(shot, lambda _: None)


def alter_frames(shot: Path) -> None:
    """One bit of the packed frames."""

    def altered(body: bytes) -> bytes:
        text, packed = inflated(body)
        plain = bytearray(zlib.decompress(packed))
        plain[-1] ^= 1
        return deflated(text) + deflated(bytes(plain))

    _rewrite(shot, altered)


def _rewrite(shot: Path, change: Callable[[bytes], bytes | None]) -> None:
    kept = []
    for kind, number, body in _records(shot):
        mine = kind == SHOT and number == number_of(shot)
        if (after := change(body) if mine else body) is not None:
            kept.append(record(kind, number, after))
    (shot.parent / FILE).write_bytes(b"".join(kept))


def _records(shot: Path) -> Iterator[tuple[int, int, bytes]]:
    content, pos = (shot.parent / FILE).read_bytes(), 0
    while pos < len(content):
        _, kind, number, length = _HEAD.unpack_from(content, pos)
        yield kind, number, content[pos + HEAD_SIZE : pos + HEAD_SIZE + length]
        pos += HEAD_SIZE + length

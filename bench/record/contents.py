"""What lies in a folder of evidence: plain files by name, their digests, and what may not lie there.

No link is followed, and only plain files are opened: a FIFO would block, and a link shows what lies elsewhere. Files
are read in pieces, so the use of memory does not depend on their size.
"""

import hashlib
import io
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.config.user_file import odd_kind

BLOCK = 4096
SHORT = 8  # hex digits
_PIECE = 256 * BLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Names below the folder, with `/`. empty: folders with nothing in them. odd: neither file nor folder, and what."""

    files: tuple[str, ...]
    empty: tuple[str, ...]
    odd: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """sha256 of the whole in hex; blocks: the first digits of that of each block, one after the other."""

    sha256: str
    blocks: str


def contents(folder: Path, left_out: Iterable[str] = ()) -> Contents:
    """In the order of their parts. Raises OSError where a folder cannot be read."""
    files: list[str] = []
    empty: list[str] = []
    odd: list[tuple[str, str]] = []
    waiting = [""]
    while waiting:
        above = waiting.pop()
        with os.scandir(folder / above) as found:
            entries = sorted(found, key=lambda one: one.name)
        if not entries and above:
            empty.append(above)
        for entry in entries:
            name = f"{above}/{entry.name}" if above else entry.name
            what = kind(entry.stat(follow_symlinks=False).st_mode)
            if what == "folder":
                waiting.append(name)
            elif what == "file":
                files.append(name)
            else:
                odd.append((name, what))
    kept = set(files) - set(left_out)
    return Contents(files=_ordered(kept), empty=_ordered(empty), odd=tuple(sorted(odd)))


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=by_place))


def by_place(name: str) -> list[str]:
    """The key by which names are sorted: as a tree is walked."""
    return name.split("/")


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """As every JSON file of a run is written, and so as a check makes it again."""
    return json.dumps(content, indent=1).encode(errors="backslashreplace")


def kind(mode: int) -> str:
    """`file`, `folder`, or a word for any other kind of entry."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return odd_kind(mode) or "neither file nor folder"


def plain(folder: Path, name: str) -> str | None:
    """Why `name` is no plain file in plain folders below `folder`; None where it is one."""
    path = folder
    parts = name.split("/")
    for number, part in enumerate(parts):
        path = path / part
        try:
            found = kind(path.lstat().st_mode)
        except OSError:
            return "missing"
        if found != ("file" if number == len(parts) - 1 else "folder"):
            return f"is {found}" if found != "folder" else "is a folder"
    return None


def digest(path: Path) -> Digest:
    """SHA-256 of a plain file. Raises OSError, also for a link."""
    whole, blocks = hashlib.sha256(), io.StringIO()
    with open(path, "rb", opener=_opened) as file:
        while piece := file.read(_PIECE):
            whole.update(piece)
            for start in range(0, len(piece), BLOCK):
                blocks.write(hashlib.sha256(piece[start : start + BLOCK]).hexdigest()[:SHORT])
    return Digest(sha256=whole.hexdigest(), blocks=blocks.getvalue())


def lines_before(path: Path, end: int) -> int:
    """How many lines end in the first `end` bytes."""
    count = 0
    with open(path, "rb", opener=_opened) as file:
        while end > 0 and (piece := file.read(min(_PIECE, end))):
            count += piece.count(b"\n")
            end -= len(piece)
    return count


def is_text(path: Path) -> bool:
    """Whether the first block of a file has no zero byte."""
    with open(path, "rb", opener=_opened) as file:
        return b"\0" not in file.read(BLOCK)


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def shown(name: str) -> str:
    """A name from a disk in a line for people: what cannot be printed is written out."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in name)

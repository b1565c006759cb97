"""Builds C into files that are found by the hash of what went into them; imports nothing that would be installed.

So an install may call it, and a file of sources as they were before is never taken: its name is another. A file takes
its place in one step, so that processes may build the same at once. Whatever a compiler does ends as NotBuilt.
"""

import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BUILT = "build"  # the folder beside the sources that built files lie in
_SOURCES = (".c", ".h", ".S", ".ld")
_PATIENCE_S = 120.0  # gcc and clang take one on a quiet machine
_ASKED_S = 20.0  # for its version
_ZIG = (sys.executable, "-m", "ziglang", "cc")
_ELF64, _ELF64_HEAD = b"\x7fELF\x02\x01", 64  # of 64 bits, the lowest byte first
_SECTIONS_AT, _SECTION_SIZE_AND_COUNT = struct.Struct("<Q"), struct.Struct("<HH")


class NotBuilt(Exception):
    """There is no such file and it cannot be made: what is wrong, in a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A file to be made of C sources, all as one translation unit.

    hashed: SHA-256 over the sources and all that they include. cross: a compiler of its own, for another machine.
    """

    name: str
    sources: tuple[Path, ...]
    hashed: bytes
    flags: tuple[str, ...]
    suffix: str = ".so"
    cross: str = ""

    def key(self) -> str:
        """What begins the file's name: whose it is, for which machine, and of which sources and flags."""
        machine = self.cross or sysconfig.get_platform()
        content = hashlib.sha256(self.hashed + "\0".join(self.flags).encode()).hexdigest()[:16]
        return f"{self.name}-{re.sub(r'[^A-Za-z0-9]+', '_', machine)}-{content}"


def source_hash(folder: Path) -> bytes:
    """SHA-256 over every C source, header and linker script below `folder`, with its place.

    What lies in BUILT is none: another process may be building there.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _SOURCES):
        place = path.relative_to(folder)
        if place.parts[0] != BUILT:
            digest.update(place.as_posix().encode())
            digest.update(path.read_bytes())
    return digest.digest()


def compiler() -> tuple[str, ...] | None:
    """The C compiler's words: CC, else the first of cc, gcc, clang on PATH, else zig's wheel; None without any."""
    wished = os.environ.get("CC")
    if wished:
        words = tuple(_words(wished))
        return words if words and shutil.which(words[0]) else None
    found = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if found is not None:
        return (found,)
    return _ZIG if importlib.util.find_spec("ziglang") is not None else None


def why_no_compiler() -> str:
    """What `compiler` has looked for, in words."""
    wished = os.environ.get("CC")
    return f"CC = '{wished}' is not there" if wished else "none of cc, gcc, clang is on PATH"


def found(target: Target, folders: Iterable[Path]) -> Path | None:
    """The built file in one of `folders`, of whichever compiler; only of the one named by CC, where that is set."""
    made_by = "*"
    if os.environ.get("CC") and not target.cross:
        try:
            made_by = _identity(_compiler_of(target))
        except NotBuilt:
            return None
    for folder in folders:
        with contextlib.suppress(OSError):
            for path in sorted(folder.glob(f"{target.key()}-{made_by}{target.suffix}")):
                if _is_whole(path):
                    return path
    return None


def _is_whole(path: Path) -> bool:
    """False for an ELF file that was cut short: loading it would end the process. Its last part is the table of its
    sections. Other formats are left to whoever loads them.
    """
    if not path.is_file():
        return True  # told by whoever loads it
    with path.open("rb") as file:
        head = file.read(_ELF64_HEAD)
    if not head.startswith(_ELF64):
        return True
    if len(head) < _ELF64_HEAD:
        return False
    (at,), (size, count) = _SECTIONS_AT.unpack_from(head, 40), _SECTION_SIZE_AND_COUNT.unpack_from(head, 58)
    return path.stat().st_size >= int(at) + int(size) * int(count)


def made(
    target: Target, folders: Iterable[Path], *, again: bool = True, patience_s: float = _PATIENCE_S
) -> Path:
    """The built file, compiled now into the first of `folders` that can be written unless it is there already.

    again: also where this compiler has failed at it before. Raises NotBuilt.
    """
    folders = tuple(folders)
    here = found(target, folders)
    if here is not None:
        return here
    command = _compiler_of(target)
    name = f"{target.key()}-{_identity(command)}"
    why = ""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                return _built(target, command, folder / name, Path(scratch), patience_s, again)
        except OSError as error:  # a read-only install: the next folder may do
            why = why or f"{folder} cannot be written: {error.strerror or error}"
    raise NotBuilt(why)


def _built(
    target: Target, command: tuple[str, ...], stem: Path, scratch: Path, patience_s: float, again: bool
) -> Path:
    path, note = stem.with_name(stem.name + target.suffix), stem.with_name(stem.name + ".failed")
    if not again and note.exists():
        raise NotBuilt(note.read_text(encoding="utf-8", errors="replace").strip())
    unit, fresh = scratch / "unit.c", scratch / "built"
    unit.write_text("".join(f'#include "{one}"\n' for one in target.sources), encoding="utf-8")
    try:
        code, said = _ran(
            (*command, *_own_flags(command), *target.flags, str(unit), "-o", str(fresh)), patience_s
        )
        if code or not fresh.exists():
            lines = [line for line in said.splitlines() if line.strip()] or ["nothing was said"]
            first = next((line for line in lines if "error" in line), lines[0])
            raise NotBuilt(f"{shlex.join(command)} failed: {first.strip()}")
    except NotBuilt as error:
        note.write_text(f"{error}\n", encoding="utf-8")
        raise
    fresh.replace(path)  # in one step: another process may be building the same
    note.unlink(missing_ok=True)
    return path


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # an open quote
        return [command]


def _compiler_of(target: Target) -> tuple[str, ...]:
    if target.cross:
        if shutil.which(target.cross) is None:
            raise NotBuilt(f"{target.cross} is not on PATH")
        return (target.cross,)
    command = compiler()
    if command is None:
        raise NotBuilt(why_no_compiler())
    return command


def _own_flags(command: tuple[str, ...]) -> tuple[str, ...]:
    """Zig aims at this very processor and glibc, and checks for undefined behaviour, unless it is told otherwise."""
    if command != _ZIG:
        return ()
    aim = ("-target", f"{platform.machine()}-linux-gnu.2.17") if sys.platform == "linux" else ()
    return ("-fno-sanitize=undefined", *aim)


@cache
def _identity(command: tuple[str, ...]) -> str:
    """Eight digits that differ from compiler to compiler. Raises NotBuilt where it does not even say its version."""
    _, said = _ran((*command, "--version"), _ASKED_S)
    version = said.partition("\n")[
        0
    ]  # below it zig and clang say where they lie, which is elsewhere in each build
    return hashlib.sha256("\0".join((*command[-2:], *_own_flags(command), version)).encode()).hexdigest()[:8]


def _ran(words: tuple[str, ...], patience_s: float) -> tuple[int, str]:
    """(exit code, all that it said); whatever it has started ends with it. Raises NotBuilt."""
    with _started(words) as running:
        try:
            said, _ = running.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            raise NotBuilt(f"{shlex.join(words[:3])} had not ended after {patience_s:g} s") from None
        return running.returncode, said.decode(errors="replace")


@contextlib.contextmanager
def _started(words: tuple[str, ...]) -> Iterator["subprocess.Popen[bytes]"]:
    try:
        running = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,  # a compiler starts others: they are ended together
        )
    except OSError as error:
        raise NotBuilt(f"{words[0]} does not start: {error.strerror or error}") from None
    try:
        yield running
    finally:
        if running.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(running.pid, signal.SIGKILL) if hasattr(os, "killpg") else running.kill()
            running.communicate()

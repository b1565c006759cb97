"""Builds the firmware in C: one compiler call per build, kept by the hash of all that went into it."""

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.errors import DutError, nearest
from firmware_stubs.mutants import REFERENCE
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms_c import switches
from firmware_stubs.reference_bms_c.switches import mutants

__all__ = ["HERE", "HOSTS", "REFERENCE", "build", "build_hash", "compiler", "flags", "mutants"]

HERE = Path(__file__).parent
FLAGS = (
    "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic",
    "-ffp-contract=off",  # a fused multiply-add would round once less than the firmware in Python does
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One way to run the core: its sources beside `core`, and what the linker needs."""

    sources: tuple[str, ...]
    flags: tuple[str, ...]
    suffix: str
    cross: str = ""  # a compiler of its own, for another machine


HOSTS = {
    "library": Host(sources=("hosts/library.c",), flags=("-shared", "-fPIC"), suffix=".so"),
    # 0x0 to 4 MB code, 0x20000000 on RAM: an image for the Cortex-M3 board that QEMU calls mps2-an385
    "mps2": Host(
        sources=("hosts/run.c", "hosts/slcan.c", "mps2/board.c"),
        flags=("-mcpu=cortex-m3", "-mthumb", "-nostartfiles", f"-Wl,-T,{HERE / 'mps2/mps2.ld'}"),
        suffix=".elf",
        cross="arm-none-eabi-gcc",
    ),
    "process": Host(
        sources=("hosts/run.c", "hosts/slcan.c", "hosts/port.c", "hosts/process.c"),
        flags=("-D_GNU_SOURCE",),
        suffix="",
    ),
    "replay": Host(sources=("hosts/replay.c",), flags=(), suffix=""),
}


def compiler() -> str | None:
    """The C compiler's command: CC, else the first of cc, gcc, clang on PATH; None where there is none."""
    wished = os.environ.get("CC")
    if wished:
        return wished if shutil.which(shlex.split(wished)[0]) else None
    return next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)


def _compiler_or_refuse(name: str, cross: str) -> str:
    if cross:
        if shutil.which(cross) is None:
            raise DutError(f"firmware '{name}_c' for another machine needs {cross}, which is not on PATH")
        return cross
    found = compiler()
    if found is None:
        wished = os.environ.get("CC")
        missing = f"CC = '{wished}' is not there" if wished else "none of cc, gcc, clang is on PATH"
        raise DutError(
            f"firmware '{name}_c' is built from C, and {missing}; install gcc or clang, or take '{name}'"
        )
    return found


@cache
def build_hash(name: str) -> bytes:
    """SHA-256 over the C sources, the flags and the name of the build. Raises DutError for an unknown name."""
    known = (REFERENCE, *mutants())
    if name not in known:
        raise DutError(
            f"no firmware '{name}' in C; expected one of the {len(known)} of `hil list`{nearest(name, known)}"
        )
    digest = hashlib.sha256()
    for path in sorted(path for path in HERE.rglob("*") if path.suffix in (".c", ".h", ".S", ".ld")):
        digest.update(path.relative_to(HERE).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update("\0".join((*FLAGS, *switches.defect(name), name)).encode())
    return digest.digest()


def flags(name: str, limits: Limits | None = None) -> tuple[str, ...]:
    """What makes these sources the firmware called `name`, with its hash; NMC's limits by default."""
    firmware_hash = build_hash(name)
    built_in = () if limits is None else switches.chemistry(limits)
    return (*switches.defect(name), *built_in, f"-DBUILD_HASH=0x{firmware_hash[:4].hex()}U")


def build(name: str, host: str, *, limits: Limits | None = None, extra: Sequence[str] = ()) -> Path:
    """The built file of firmware `name` for `host`, compiled now unless it is there already.

    `limits` are those built in; a library is mostly given others when it starts.
    `extra` are further flags, such as sanitizers. Raises DutError: no such build, no compiler, or it does not compile.
    """
    parts = HOSTS[host]
    firmware_hash = build_hash(name)
    command = [
        *shlex.split(_compiler_or_refuse(name, parts.cross)), *FLAGS, *parts.flags, *extra,
        *flags(name, limits),
    ]  # fmt: skip
    # One translation unit: a third of the time, and there are many mutants to build.
    sources = [*sorted((HERE / "core").glob("*.c")), *(HERE / source for source in parts.sources)]
    unit = "".join(f'#include "{source}"\n' for source in sources)
    key = hashlib.sha256(firmware_hash + "\0".join(command).encode()).hexdigest()[:16]
    folder = _output_folder()
    target = folder / f"{name}-{host}-{key}{parts.suffix}"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        fresh = Path(scratch) / "built"
        done = subprocess.run(
            [*command, "-x", "c", "-", "-o", str(fresh)],
            input=unit,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["nothing was said"]
            first = next((line for line in said if "error" in line), said[0])
            raise DutError(f"firmware '{name}_c' does not compile for {host}: {first}")
        fresh.replace(target)  # in one step: another process may be building the same
    return target


def _output_folder() -> Path:
    """Beside the sources where that can be written (a checkout), else the user's own cache."""
    beside = HERE / "build"
    if os.access(HERE, os.W_OK):
        beside.mkdir(exist_ok=True)
        return beside
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache_home / "bms-hil-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder

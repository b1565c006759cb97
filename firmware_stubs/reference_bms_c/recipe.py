"""What the firmware in C is built from, and for what. Nothing here needs an installed package: an install calls it."""

import os
from dataclasses import dataclass
from pathlib import Path

from bench.c_library import BUILT, Target, source_hash

HERE = Path(__file__).parent
FLAGS = (
    "-std=c11", "-O1", "-Wall", "-Wextra", "-pedantic",
    "-ffp-contract=off",  # a fused multiply-add would round once less than the firmware in Python does
)  # fmt: skip
LIBRARY = "library"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One way to run the core: its sources beside `core`, and what the linker needs."""

    sources: tuple[str, ...]
    flags: tuple[str, ...]
    suffix: str
    cross: str = ""  # a compiler of its own, for another machine


HOSTS = {
    LIBRARY: Host(sources=("hosts/library.c",), flags=("-O2", "-shared", "-fPIC"), suffix=".so"),
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


def target(name: str, host: str, flags: tuple[str, ...] = ()) -> Target:
    """The file of firmware `name` for `host`. `flags`: what makes these sources that firmware."""
    parts = HOSTS[host]
    return Target(
        name=f"{name}-{host}",
        sources=(*sorted((HERE / "core").glob("*.c")), *(HERE / source for source in parts.sources)),
        hashed=source_hash(HERE),
        flags=(*FLAGS, *parts.flags, *flags),
        suffix=parts.suffix,
        cross=parts.cross,
    )


def folders() -> tuple[Path, Path]:
    """Where built files lie: beside the sources (a checkout, a wheel), else in the user's own cache."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return HERE / BUILT, cache_home / "bms-hil-bench"

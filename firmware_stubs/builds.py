"""Every firmware build that can be named: the reference and its mutants.

One build has two implementations, in Python and in C, with the same frames bit for bit. NAME_c asks for the one in C;
`implementation` says which of them a plain NAME is run by.
"""

import ctypes
import hashlib
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.errors import DutError
from firmware_stubs import mutants
from firmware_stubs.machine.made import library_of
from firmware_stubs.machine.mutants import PREFIX
from firmware_stubs.reference_bms import bms
from firmware_stubs.reference_bms.bms import ReferenceBms
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms_c import compile as c
from firmware_stubs.reference_bms_c.stepped import SteppedFirmware

C_SUFFIX = "_c"
CORE = "BMS_HIL_CORE"
_CORES = ("native", "python")


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """What a build is stepped by in simulated time.

    sha256: of its file. why_python: why it is not the one in C although that was to be taken, and what would change it.
    """

    language: str  # "C" or "Python"
    file: Path
    why_python: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


def implementation(name: str) -> Implementation:
    """Which implementation build `name` is run by here.

    NAME_c, and with BMS_HIL_CORE=native every build, is the one in C, or DutError is raised. Unset, it is for the
    reference alone, and only where a library is there or can be built; with "python" never.
    """
    if name.startswith(PREFIX):
        return Implementation(language="C", file=library_of(name))
    wished = os.environ.get(CORE, "")
    if wished and wished not in _CORES:
        raise DutError(f"{CORE}: found '{wished}'; expected {' or '.join(_CORES)}, or none")
    return _chosen(name, wished)


@cache
def _chosen(name: str, wished: str) -> Implementation:
    in_python = Implementation(language="Python", file=Path(bms.__file__))
    plain = name.removesuffix(C_SUFFIX)
    if plain != name:
        return _in_c(plain)
    if wished == "native" and plain in (mutants.REFERENCE, *c.mutants()):
        return _in_c(plain)
    if wished or plain != mutants.REFERENCE:
        return in_python
    try:
        return _in_c(plain, again=False)
    except DutError as error:
        why = f"{error}, then `python -m firmware_stubs.build_c {plain}`; {CORE}=python asks for no other"
        return Implementation(language="Python", file=in_python.file, why_python=why)


def _in_c(plain: str, *, again: bool = True) -> Implementation:
    path = c.build(plain, c.LIBRARY, again=again)
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        raise DutError(f"firmware '{plain}_c' cannot be loaded: {error}; delete {path}") from None
    return Implementation(language="C", file=path)


def build(name: str, *, limits: Limits | None = None) -> ReferenceBms | SteppedFirmware:
    """The firmware, to be stepped in simulated time. Raises DutError for an unknown name or a missing compiler."""
    chosen = implementation(name)
    if chosen.language == "C":
        return SteppedFirmware(chosen.file, limits, build_hash(name))
    return mutants.build(name, limits=limits)


def process_command(name: str, chemistry: Path, parallel: int = 1) -> list[str]:
    """What starts the firmware as a process in real time, with the limits of a chemistry file.

    --vehicle and --sense are to follow, each with its bus.
    """
    if name.endswith(C_SUFFIX):
        limits = Limits.from_toml(chemistry).beside(parallel)
        return [str(c.build(name.removesuffix(C_SUFFIX), "process", limits=limits))]
    words = ["-m", "firmware_stubs.reference_bms", "--mutant", name, "--chemistry", str(chemistry)]
    words += ["--parallel", str(parallel)] if parallel > 1 else []
    return [sys.executable, *words]


def build_hash(name: str) -> bytes:
    """What identifies the build's sources; the first four bytes are what it says of itself on the bus."""
    return mutants.build_hash(name.removesuffix(C_SUFFIX))


def descriptions() -> dict[str, str]:
    """Every build, and what it is. Of those in C one line stands for all, and only where there is a compiler."""
    known = {mutants.REFERENCE: "the reference BMS"}
    if c.compiler() is not None:
        known[mutants.REFERENCE + C_SUFFIX] = (
            "the reference BMS in C; the mutants too are to be had as NAME_c"
        )
    return known | {name: mutant.description for name, mutant in mutants.MUTANTS.items()}

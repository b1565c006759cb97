"""Every firmware build that can be named: the reference and its mutants, in Python and, with the suffix _c, in C."""

import sys
from pathlib import Path

from firmware_stubs import mutants
from firmware_stubs.reference_bms.bms import ReferenceBms
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms_c import compile as c
from firmware_stubs.reference_bms_c.stepped import SteppedFirmware, build_stepped

C_SUFFIX = "_c"


def build(name: str, *, limits: Limits | None = None) -> ReferenceBms | SteppedFirmware:
    """The firmware, to be stepped in simulated time. Raises DutError for an unknown name or a missing compiler."""
    if name.endswith(C_SUFFIX):
        return build_stepped(name.removesuffix(C_SUFFIX), limits=limits)
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
    return c.build_hash(name.removesuffix(C_SUFFIX)) if name.endswith(C_SUFFIX) else mutants.build_hash(name)


def descriptions() -> dict[str, str]:
    """Every build, and what it is. Of those in C one line stands for all, and only where there is a compiler."""
    known = {mutants.REFERENCE: "the reference BMS"}
    if c.compiler() is not None:
        known[mutants.REFERENCE + C_SUFFIX] = (
            "the reference BMS in C; the mutants too are to be had as NAME_c"
        )
    return known | {name: mutant.description for name, mutant in mutants.MUTANTS.items()}

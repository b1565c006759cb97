"""The reference BMS with one defect each: the tables of firmware_stubs/defects. A bench that passes one is broken."""

import hashlib
from functools import cache
from pathlib import Path

from bench.c_library import source_hash
from bench.errors import DutError, nearest
from firmware_stubs.defects import (
    cells,
    communication,
    contactors,
    controller,
    current,
    deeper,
    insulation,
    rare,
    reported,
    thermal,
)
from firmware_stubs.defects.mutant import Mutant
from firmware_stubs.reference_bms.bms import ReferenceBms
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.nvm import Nvm

__all__ = [
    "FURTHER",
    "FURTHER_CLASSES",
    "MUTANTS",
    "MUTANT_CLASSES",
    "RARE",
    "REFERENCE",
    "Mutant",
    "build",
    "build_hash",
]

# Each must be caught by the library. By class of fault.
MUTANT_CLASSES: dict[str, dict[str, Mutant]] = {
    "cells": cells.DEFECTS,
    "thermal": thermal.DEFECTS,
    "current": current.DEFECTS,
    "insulation": insulation.DEFECTS,
    "contactors": contactors.DEFECTS,
    "communication": communication.DEFECTS,
    "controller": controller.DEFECTS,
}
MUTANTS: dict[str, Mutant] = {
    name: mutant for table in MUTANT_CLASSES.values() for name, mutant in table.items()
}
# These show only at a rare combination, which the library need not meet: for `hil hunt`.
RARE: dict[str, Mutant] = rare.DEFECTS
# Further ones, of which the library does not yet catch all: after public reports, and by dimension. Asked by name only.
FURTHER_CLASSES: dict[str, dict[str, Mutant]] = {"reported": reported.DEFECTS, "deeper": deeper.DEFECTS}
FURTHER: dict[str, Mutant] = {**reported.DEFECTS, **deeper.DEFECTS}
REFERENCE = "reference"


@cache
def build_hash(name: str) -> bytes:
    """SHA-256 over the sources of the firmware, in Python and in C, and the name of the build.

    One build has two implementations, and both say this hash of themselves.
    """
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update(source_hash(root / "reference_bms_c"))
    digest.update(name.encode())
    return digest.digest()


def build(name: str, *, limits: Limits | None = None, nvm: Nvm | None = None) -> ReferenceBms:
    """The firmware called `name`: "reference" or a key of MUTANTS or RARE; with the `nvm` of a life before, restarted.

    Raises DutError for any other name.
    """
    limits = limits or Limits()
    if name == REFERENCE:
        return ReferenceBms(limits, build_hash(name), nvm=nvm)
    mutant = MUTANTS.get(name) or RARE.get(name) or FURTHER.get(name)
    if mutant is None:
        known = (REFERENCE, *MUTANTS, *RARE)
        raise DutError(
            f"no firmware '{name}'; expected one of the {len(known)} of `hil list`{nearest(name, known)}"
        )
    return ReferenceBms(mutant.calibrate(limits), build_hash(name), mutant.parts, nvm)

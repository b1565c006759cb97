"""The compile-time switches of a build in C, from the same tables that the firmware in Python is built from."""

import re
from dataclasses import fields
from functools import cache
from pathlib import Path

from firmware_stubs.defects.mutant import Mutant, Shift
from firmware_stubs.mutants import MUTANTS, RARE, REFERENCE
from firmware_stubs.reference_bms.limits import Limits

_WRITTEN_OUT = Path(__file__).parent / "core/mutant.h"
_ALL = {**MUTANTS, **RARE}


@cache
def mutants() -> tuple[str, ...]:
    """The mutants there are in C: all but those whose replaced part nobody has written in C."""
    return tuple(name for name, mutant in _ALL.items() if _part(name, mutant) in _parts())


def defect(name: str) -> tuple[str, ...]:
    """The flags that make the reference the mutant called `name`; none for the reference itself."""
    if name == REFERENCE:
        return ()
    mutant = _ALL[name]
    made = []
    if mutant.calibration:
        steps = "".join(_step(limit, value) for limit, value in mutant.calibration.items())
        made.append(f"-DCALIBRATED={steps}")
    if mutant.deaf_to:
        made.append("-DDEAF_TO=" + "|".join(f"BIT({fault.name})" for fault in mutant.deaf_to))
    part = _part(name, mutant)
    return (*made, f"-DMUTANT={part}") if part else tuple(made)


def chemistry(limits: Limits) -> tuple[str, ...]:
    """The flag that builds these limits in, instead of those of NMC."""
    values = {one.name: getattr(limits, one.name) for one in fields(limits)}
    curve = values.pop("ocv_v")
    initial = [f".{name}={value!r}" for name, value in values.items()]
    initial += [f".ocv_v={{{','.join(map(repr, curve))}}}", f".ocv_points={len(curve)}"]
    return (f"-DCHEMISTRY={','.join(initial)}",)


def _step(limit: str, value: float | Shift) -> str:
    if not isinstance(value, Shift):
        return f"SET({limit},{value!r})"
    steps = f"TIMES({limit},{value.times!r})" if value.times != 1.0 else ""
    return steps + (f"PLUS({limit},{value.plus!r})" if value.plus else "")


def _part(name: str, mutant: Mutant) -> str:
    """The name of the mutant's own code in C; empty where the tables say it all."""
    return "" if mutant.parts is None or mutant.deaf_to else f"MUTANT_{name.upper()}"


@cache
def _parts() -> frozenset[str]:
    header = _WRITTEN_OUT.read_text(encoding="utf-8")
    return frozenset(("", *re.findall(r"^#define (MUTANT_\w+) [1-9]", header, re.MULTILINE)))

"""Builds the firmware in C: which flags make which firmware; one compiler call a build, kept by its hash."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from bench import c_library
from bench.c_library import NotBuilt
from bench.errors import DutError, nearest
from firmware_stubs.mutants import REFERENCE, build_hash
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms_c import switches
from firmware_stubs.reference_bms_c.recipe import FLAGS, HERE, HOSTS, LIBRARY, folders, target
from firmware_stubs.reference_bms_c.switches import mutants

__all__ = ["FLAGS", "HERE", "HOSTS", "LIBRARY", "REFERENCE", "build", "compiler", "flags", "mutants"]


def compiler() -> str | None:
    """The C compiler's command; None where there is none."""
    found = c_library.compiler()
    return None if found is None else shlex.join(found)


def flags(name: str, limits: Limits | None = None, host: str = "") -> tuple[str, ...]:
    """What makes these sources the firmware called `name`; NMC's limits by default.

    A library is told its hash when it starts, so that another sentence in a Python file needs no compiler; all others
    have it built in. Raises DutError for an unknown name.
    """
    known = (REFERENCE, *mutants())
    if name not in known:
        raise DutError(
            f"no firmware '{name}' in C; expected one of the {len(known)} of `hil list`{nearest(name, known)}"
        )
    built_in = () if limits is None else switches.chemistry(limits)
    said = () if host == LIBRARY else (f"-DBUILD_HASH=0x{build_hash(name)[:4].hex()}U",)
    return (*switches.defect(name), *built_in, *said)


def build(
    name: str, host: str, *, limits: Limits | None = None, extra: Sequence[str] = (), again: bool = True
) -> Path:
    """The built file of firmware `name` for `host`, compiled now unless it is there already.

    `limits` are those built in; a library is mostly given others when it starts.
    `extra` are further flags, such as sanitizers. again: also where the compiler has failed at it before.
    Raises DutError: no such build, no compiler, or it does not compile.
    """
    wanted = target(name, host, (*flags(name, limits, host), *extra))
    try:
        return c_library.made(wanted, folders(), again=again)
    except NotBuilt as error:
        remedy = "" if wanted.cross else f"; install gcc or clang, or take '{name}'"
        raise DutError(f"firmware '{name}_c' is not built for {host}: {error}{remedy}") from None

"""Every mutant by machine there is of the firmware in C, by a name that stays while its own line stays."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.errors import DutError
from firmware_stubs.machine.c_text import read_c
from firmware_stubs.machine.operators import Change, Operator, changes_of, is_changed
from firmware_stubs.reference_bms_c.recipe import HERE

PREFIX = "machine-"
CORE = HERE / "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineMutant:
    """name: `machine-` and ten digits. file: in core/. where: the function or macro; "" outside of any."""

    name: str
    file: str
    change: Change

    @property
    def where(self) -> str:
        return self.change.where

    @property
    def operator(self) -> Operator:
        return self.change.operator

    @property
    def line(self) -> int:
        """Counted from 1."""
        return _source(self.file).count("\n", 0, self.change.begin) + 1

    def source(self) -> str:
        """The whole file with the change in it."""
        source = _source(self.file)
        return source[: self.change.begin] + self.change.replacement + source[self.change.end :]

    @property
    def difference(self) -> str:
        """What became of which text, in one line."""
        source = _source(self.file)
        begin = source.rfind("\n", 0, self.change.begin) + 1
        end = source.find("\n", self.change.end)
        was, now = source[begin:end], source[begin : self.change.begin] + self.change.replacement
        now += source[self.change.end : end]
        return f"{' '.join(was.split())}  ->  {' '.join(now.split())}"


@cache
def _source(file: str) -> str:
    return (CORE / file).read_text(encoding="utf-8")


@cache
def machine_mutants() -> Mapping[str, MachineMutant]:
    """All of them by name, in the order of the files."""
    found: dict[str, MachineMutant] = {}
    for path in sorted(CORE.iterdir()):
        if not is_changed(path.name):
            continue
        source = _source(path.name)
        seen: dict[str, int] = {}
        for change in changes_of(read_c(source), source):
            name = _name(path, source, change, seen)
            found[name] = MachineMutant(name=name, file=path.name, change=change)
    return found


def machine_mutant(name: str) -> MachineMutant:
    """The one called so. Raises DutError."""
    try:
        return machine_mutants()[name]
    except KeyError:
        raise DutError(
            f"no firmware '{name}': expected one of the {len(machine_mutants())} mutants by machine, which "
            "`hil mutants --machine` names, or a build of `hil list`"
        ) from None


def _name(path: Path, source: str, change: Change, seen: dict[str, int]) -> str:
    """By what is changed and in which line, so that a change elsewhere in the file renames nothing."""
    begin = source.rfind("\n", 0, change.begin) + 1
    end = source.find("\n", change.end)
    line = " ".join(source[begin:end].split())
    column = len(" ".join(source[begin : change.begin].split()))
    said = "\0".join((path.name, change.where, change.operator, line, str(column), change.replacement))
    said += f"\0{source[change.begin : change.end]}"
    seen[said] = seen.get(said, 0) + 1
    return PREFIX + hashlib.sha256(f"{said}\0{seen[said]}".encode()).hexdigest()[:10]

"""The form of every finding: a code, whom it blames, its figures as fields."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar


class Blame(StrEnum):
    """Whom a finding accuses. NOBODY: it is open who is to blame, or there is nothing to blame anybody for."""

    DUT = "dut"
    BENCH = "bench"
    NOBODY = "nobody"


class Since(StrEnum):
    """What an offset counts from."""

    ONSET = "onset"
    COMMAND = "the command"
    ARMING = "arming"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """An instant, told from another one. offset_ns is negative before it."""

    offset_ns: int
    since: Since


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found. Durations in ns, voltages in V, shares of 1.

    code: stable, in kebab-case; files, databases and `hil explain` know the finding by it.
    aims: the fields that say what the finding is about. Two findings are alike where code and these fields are
    equal; all other fields are figures, which differ from shot to shot.
    """

    code: ClassVar[str] = ""
    blame: ClassVar[Blame] = Blame.NOBODY
    aims: ClassVar[tuple[str, ...]] = ()

    def alike(self) -> tuple[object, ...]:
        """The key under which findings of several shots are one reason."""
        return (self.code, *(getattr(self, name) for name in self.aims))

    def severity(self) -> tuple[float, ...]:
        """How bad it is among findings that are alike: the larger, the worse. (): one is as bad as the other."""
        return ()

    def figures(self) -> dict[str, object]:
        """All fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

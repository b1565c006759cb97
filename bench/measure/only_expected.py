"""What the DUT may say of itself while a scenario runs, as plain data: whatever is told beside it is a wrong report."""

from dataclasses import dataclass
from enum import StrEnum

OR = " or "


class What(StrEnum):
    """The kind of a report."""

    FLAG = "flag"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexpected:
    """What one message could report and the scenario does not expect.

    says: (name in the profile, signal, the value that says so, its trouble code or None). Several names that
    share a signal are joined by OR.
    """

    what: What
    channel: str
    message: str
    says: tuple[tuple[str, str, float, int | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """The signal that tells the DUT's trouble codes. expected: its values that stand for no code, or for a code that
    may come.
    """

    channel: str
    message: str
    signal: str
    expected: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Reports that count also when they were already there before the arming.

    fails: such a report is a failure too, because the bench has done nothing wrong to the DUT; False: it is only
    told.
    borne: outputs that no flag sets. reports, codes: the questions, where the plan has no such questions of its own.
    """

    fails: bool
    borne: tuple[str, ...] = ()
    reports: tuple[Unexpected, ...] = ()
    codes: Codes | None = None

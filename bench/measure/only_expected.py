"""What the DUT may say of itself while a scenario runs, as plain data: whatever is told beside it is a wrong report."""

from dataclasses import dataclass
from enum import StrEnum

OR = " or "


class What(StrEnum):
    """Of what kind a report is."""

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
    """The signal that tells the DUT's trouble codes, and which of its values are none or may come."""

    channel: str
    message: str
    signal: str
    expected: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What of this may not have held since before the arming either.

    fails: it is a wrong report as well, as the bench does nothing wrong to the DUT; else it is only told.
    borne: outputs that no flag sets. reports, codes: what is asked where the plan has no such questions of its own.
    """

    fails: bool
    borne: tuple[str, ...] = ()
    reports: tuple[Unexpected, ...] = ()
    codes: Codes | None = None

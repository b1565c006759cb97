"""By what a DUT tells that it has started again."""

from dataclasses import dataclass
from enum import StrEnum


class Sign(StrEnum):
    """What tells of a restart."""

    UPTIME = "uptime"
    RESET_COUNT = "reset_count"
    BOOT = "boot"
    BUILD = "build"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartSign:
    """The signal that shows a restart. highest: the largest value of an uptime, after which it starts at 0 again;
    None: not known.
    """

    sign: Sign
    channel: str
    message: str
    signal: str
    highest: float | None = None

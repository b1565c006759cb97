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
    """Where it is told. highest: the uptime's highest value, after which it begins anew; None: not known."""

    sign: Sign
    channel: str
    message: str
    signal: str
    highest: float | None = None

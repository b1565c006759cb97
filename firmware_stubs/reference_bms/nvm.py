"""What survives a reset: latched faults, trouble codes, and whether contactors were closed when it came."""

from enum import IntEnum


class ResetCause(IntEnum):
    POWER_ON = 0
    WATCHDOG = 1
    BROWN_OUT = 2
    SOFTWARE = 3
    EXTERNAL = 4


class Nvm:
    """Simulated non-volatile memory. Hand the same object to the next ReferenceBms, and it is the same controller."""

    __slots__ = ("boots", "closed", "dtcs", "latched", "next_cause")

    def __init__(self) -> None:
        self.boots = 0
        self.latched = 0
        self.closed = False
        self.dtcs: dict[int, tuple[int, int]] = {}  # code -> (status, occurrences)
        self.next_cause = ResetCause.POWER_ON

    def boot(self) -> ResetCause:
        """Count a start and say why it came. Whoever resets on purpose writes `next_cause` first."""
        cause, self.next_cause = self.next_cause, ResetCause.EXTERNAL
        self.boots += 1
        return cause

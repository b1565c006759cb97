"""What a DUT does between a wrong value and its report: stages, a count, and a delay until it acts."""

from dataclasses import dataclass
from typing import NamedTuple


class Stage(NamedTuple):
    """A step of the DUT between its input and its debounce: it holds a value for up to `period_ns`."""

    name: str
    period_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Debounce:
    """The DUT waits `settle_ns`, counts `events` samples `period_ns` apart, and acts `delay_ns` later.

    stages: what a value passes before it is counted, each of which may hold it for its period.
    """

    events: int
    period_ns: int
    delay_ns: int
    settle_ns: int = 0
    stages: tuple[Stage, ...] = ()

    @property
    def stages_ns(self) -> int:
        """How long all stages together may hold a value back (ns). The debounce counts later by this time, and lasts
        longer by it.
        """
        return sum(stage.period_ns for stage in self.stages)

    @property
    def fills_ns(self) -> int:
        """From the first sample to the last of a full count: no honest count is quicker."""
        return (self.events - 1) * self.period_ns

    @property
    def may_fill_ns(self) -> int:
        """A stimulus shown for less cannot fill the count, however long the stages hold it."""
        return max(0, self.fills_ns - self.stages_ns)

    @property
    def full_ns(self) -> int:
        """The slowest full count, from the instant at which the stimulus is there."""
        return self.settle_ns + self.stages_ns + self.events * self.period_ns

    def floor_ns(self, base_period_ns: int) -> int:
        """Earliest honest report: the count less its first sample, less a base period of the DUT's own grid.

        What a report's cycle hides is in the measured interval already, whose upper end has to reach this.
        """
        return max(0, self.fills_ns - base_period_ns)

    def ceiling_ns(self, report_cycle_ns: int, base_period_ns: int) -> int:
        """Slowest: a full count, one report cycle, and a base period each for taking in and for sending."""
        return self.full_ns + report_cycle_ns + 2 * base_period_ns

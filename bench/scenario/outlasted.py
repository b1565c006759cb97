"""That a stimulus stood longer than its scenario asks."""

from bench.errors import BenchError
from bench.trace.facts import StimulusOutlasted
from bench.units import NS_PER_MS, format_ns

LONGER_NS = 50 * NS_PER_MS  # a stimulus of limited duration may last so much longer, or 5 % of it


class Outlasted(BenchError):
    """Another stimulus was made of it: what the DUT does now is no answer to this scenario."""

    def __init__(self, told: StimulusOutlasted) -> None:
        self.told = told
        lasted, asked = format_ns(told.lasted_ns), format_ns(told.asked_ns)
        super().__init__(f"{told.stimulus} was to last {asked} and may have lasted {lasted}")


def refuse_outlasted(stimulus: str, asked_ns: int, lasted_ns: int, late_ns: int) -> None:
    """Raises Outlasted where it stood longer than it may. late_ns: how late the bench came to take it off."""
    if lasted_ns <= asked_ns + max(LONGER_NS, asked_ns // 20):
        return
    raise Outlasted(
        StimulusOutlasted(stimulus=stimulus, asked_ns=asked_ns, lasted_ns=lasted_ns, late_ns=late_ns)
    )

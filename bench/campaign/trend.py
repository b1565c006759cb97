"""Each metric over builds, against the rolling baseline of the runs before."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.record.database import PastResult, ResultsDatabase
from bench.timing.clock import Timebase

_WINDOW = 5  # runs that make the baseline: their median, so that one odd run does not move it
RELEVANT_SHARE = 0.02
RELEVANT_LEAST_NS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One run of a scenario. baseline_ns: median of up to five comparable runs before; None for the first."""

    past: PastResult
    value_ns: int | None
    baseline_ns: int | None

    @property
    def moved_ns(self) -> int | None:
        if self.value_ns is None or self.baseline_ns is None:
            return None
        return self.value_ns - self.baseline_ns

    @property
    def notable(self) -> bool:
        """Not a test, only a mark worth a look; `hil compare` tests."""
        moved, base = self.moved_ns, self.baseline_ns
        if moved is None or base is None:
            return self.baseline_ns is not None and self.value_ns is None
        return abs(moved) > max(RELEVANT_LEAST_NS, RELEVANT_SHARE * base)


def trend(
    database: ResultsDatabase, scenario_id: str, timebase: Timebase, chemistry: str, metric: str
) -> tuple[Point, ...]:
    """Oldest first. metric: fdti or fhti (the worst shot's upper end)."""
    history = [one for one in database.history(scenario_id, timebase) if one.chemistry == chemistry]
    values = [one.fdti_max_high_ns if metric == "fdti" else one.fhti_max_high_ns for one in history]
    return tuple(
        Point(past=one, value_ns=values[i], baseline_ns=_median(values[max(0, i - _WINDOW) : i]))
        for i, one in enumerate(history)
    )


def _median(values: Sequence[int | None]) -> int | None:
    known = sorted(value for value in values if value is not None)
    return known[len(known) // 2] if known else None


def sparkline(points: Sequence[Point]) -> str:
    """`▁▁▂█`; a gap for a run without a value."""
    values = [point.value_ns for point in points]
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(max(known) - min(known), 1)
    steps = "▁▂▃▄▅▆▇█"
    return "".join(" " if v is None else steps[min(7, (v - low) * 8 // span)] for v in values)

"""What `hil doctor` finds: one plain sentence each, how bad it is, and what mends it."""

from dataclasses import dataclass, field
from enum import StrEnum

from bench.units import NS_PER_US


class State(StrEnum):
    OK = "ok"
    NOTE = "note"  # worth mending; the bench is usable all the same
    BAD = "bad"  # the configured bench cannot be used like this


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`area`: machine, bus, instrument, DUT or safe state. `figures_us`: what was measured, by name, in µs."""

    area: str
    state: State
    text: str
    mend: str = ""
    figures_us: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """p50, p99 and max of a measurement, in ns."""

    n: int
    p50_ns: int
    p99_ns: int
    max_ns: int

    def figures_us(self) -> dict[str, float]:
        return {
            name: round(value / NS_PER_US, 1)
            for name, value in (("p50", self.p50_ns), ("p99", self.p99_ns), ("max", self.max_ns))
        }

    def words(self) -> str:
        p50, p99, most = (f"{value:.0f}" for value in self.figures_us().values())
        return f"p50 {p50}, p99 {p99}, max {most} µs (n = {self.n})"


def spread(values_ns: list[int]) -> Spread:
    """Raises ValueError for none."""
    if not values_ns:
        raise ValueError("nothing was measured")
    ordered = sorted(values_ns)
    p50, p99 = (ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 99))
    return Spread(n=len(ordered), p50_ns=p50, p99_ns=p99, max_ns=ordered[-1])

"""What `hil doctor` finds: one plain sentence each, how bad it is, and what mends it."""

from dataclasses import dataclass, field
from enum import StrEnum

from bench.units import NS_PER_US
from bench.verdict.result import FEWEST_FOR_P99


class Health(StrEnum):
    """How serious a finding of the doctor is."""

    OK = "ok"
    NOTE = "note"  # worth mending; the bench is usable all the same
    BAD = "bad"  # the configured bench cannot be used like this


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """`area`: machine, bus, instrument, DUT or safe state. `figures_us`: what was measured, by name, in µs."""

    area: str
    state: Health
    text: str
    mend: str = ""
    figures_us: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """p50, p99 and max of a measurement, in ns."""

    n: int
    p50_ns: int
    p99_ns: int
    max_ns: int

    def figures_us(self) -> dict[str, float]:
        """Without a p99 that so few values do not have."""
        figures = {"p50": self.p50_ns, "p99": self.p99_ns, "max": self.max_ns}
        if self.n < FEWEST_FOR_P99:
            del figures["p99"]
        return {name: round(value / NS_PER_US, 1) for name, value in figures.items()}

    def words(self) -> str:
        told = ", ".join(f"{name} {value:.0f}" for name, value in self.figures_us().items())
        return f"{told} µs (n = {self.n})"


def spread(values_ns: list[int]) -> Percentiles:
    """Raises ValueError for none."""
    if not values_ns:
        raise ValueError("nothing was measured")
    ordered = sorted(values_ns)
    p50, p99 = (ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 99))
    return Percentiles(n=len(ordered), p50_ns=p50, p99_ns=p99, max_ns=ordered[-1])

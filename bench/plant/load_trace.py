"""A current over time as a load follows it: samples held until the next one, never interpolated, never invented."""

from dataclasses import dataclass, replace
from itertools import pairwise

from bench.units import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTrace:
    """`current_a[k]` (> 0 discharges) holds from `times_ns[k]` to `times_ns[k + 1]`, counted from the start.

    times_ns has one entry more than current_a: the end. speed_kmh: beside each current, empty where none is known.
    """

    times_ns: tuple[int, ...]
    current_a: tuple[float, ...]
    speed_kmh: tuple[float, ...] = ()

    @property
    def lasts_ns(self) -> int:
        return self.times_ns[-1] - self.times_ns[0]

    @property
    def charge_ah(self) -> float:
        """Taken from the pack over the whole trace."""
        spans = (b - a for a, b in pairwise(self.times_ns))
        return sum(amp * span for amp, span in zip(self.current_a, spans)) / NS_PER_S / 3600.0

    def scaled(self, factor: float) -> "LoadTrace":
        return replace(self, current_a=tuple(factor * amp for amp in self.current_a))

    def within(self, lowest_a: float, highest_a: float) -> tuple["LoadTrace", int]:
        """The trace held inside [lowest, highest], and for how long (ns) it had to be."""
        held = tuple(min(highest_a, max(lowest_a, amp)) for amp in self.current_a)
        spans = (b - a for a, b in pairwise(self.times_ns))
        cut_ns = sum(span for was, now, span in zip(self.current_a, held, spans) if was != now)
        return replace(self, current_a=held), cut_ns

    def part(self, from_ns: int, until_ns: int) -> "LoadTrace":
        """What lies in [from, until), both counted from the trace's start; it starts at 0 again."""
        kept = [
            k
            for k in range(len(self.current_a))
            if from_ns < self.times_ns[k + 1] and self.times_ns[k] < until_ns
        ]
        starts = [max(0, self.times_ns[k] - from_ns) for k in kept]
        end_ns = min(self.times_ns[kept[-1] + 1], until_ns) - from_ns
        return LoadTrace(
            times_ns=(*starts, end_ns),
            current_a=tuple(self.current_a[k] for k in kept),
            speed_kmh=tuple(self.speed_kmh[k] for k in kept) if self.speed_kmh else (),
        )

    def repeated(self, times: int) -> "LoadTrace":
        """The trace `times` times, end to start."""
        starts = [n * self.lasts_ns + t_ns for n in range(times) for t_ns in self.times_ns[:-1]]
        return LoadTrace(
            times_ns=(*starts, times * self.lasts_ns),
            current_a=self.current_a * times,
            speed_kmh=self.speed_kmh * times,
        )

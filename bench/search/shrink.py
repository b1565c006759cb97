"""From a find to the smallest scenario that still shows it: fewest changes from the original, then rounder values."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.scenario.space import PHASE, PHASES
from bench.search.hunt import Crew, Hunt, Point, Tried

_PROBES = (125, 375, 625, 875)  # phases a smaller scenario has to show it at, too
_SLOWER = 0.98  # a worst latency may lose so much of itself for a rounder scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The smallest point, one of its runs that shows it, and what shrinking cost."""

    point: Point
    shown: Tried
    runs: int


class Shrinker:
    """Tries simpler points, each at a few phases, as the phase is not in the file that is written."""

    def __init__(self, hunt: Hunt, crew: Crew, tried: Tried) -> None:
        self._hunt, self._crew = hunt, crew
        self._shown = tried
        self._runs = 0
        names = [knob.name for knob in hunt.space.knobs]
        self._phase = names.index(PHASE) if PHASE in names else None
        self._fails = hunt.is_find(tried)
        self._limit_ns = _SLOWER * (tried.latency_ns or 0)
        self._needed = 1

    def shrink(self, on_step: Callable[[int], None]) -> Shrunk:
        best = self._shown.point
        self._needed = max(1, self._count(best))
        for knob_index in self._in_order():
            if best[knob_index] != self._hunt.space.knobs[knob_index].original:
                best = self._better(best, knob_index, [self._hunt.space.knobs[knob_index].original])
                on_step(self._runs)
        for knob_index in self._in_order():
            knob = self._hunt.space.knobs[knob_index]
            if best[knob_index] != knob.original:
                best = self._better(best, knob_index, knob.rounder(best[knob_index]))
                on_step(self._runs)
        return Shrunk(point=best, shown=self._shown, runs=self._runs)

    def _in_order(self) -> list[int]:
        """The second fault is removed first: it is the greatest change. The phase is not part of the file."""
        knobs = self._hunt.space.knobs
        order = sorted(range(len(knobs)), key=lambda n: not knobs[n].name.startswith("second"))
        return [n for n in order if n != self._phase]

    def _better(self, point: Point, place: int, values: list[int]) -> Point:
        for value in values:
            changed = (*point[:place], value, *point[place + 1 :])
            if self._count(changed) >= self._needed:
                return changed
        return point

    def _count(self, point: Point) -> int:
        """At how many of the phases it shows."""
        points = [point]
        if self._phase is not None:
            phases = [self._shown.point[self._phase], *_PROBES]
            points = [
                (*point[: self._phase], phase % PHASES, *point[self._phase + 1 :])
                for phase in dict.fromkeys(phases)
            ]
        showing = []
        for tried in self._crew.in_order(points):
            self._runs += 1
            if self._shows(tried):
                showing.append(tried)
        if showing and len(showing) >= self._needed:
            self._shown = showing[0]
        return len(showing)

    def _shows(self, tried: Tried) -> bool:
        if self._fails:
            return self._hunt.is_find(tried)
        return tried.latency_ns is not None and tried.latency_ns >= self._limit_ns

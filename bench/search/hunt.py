"""The hunt: a seeded search of a scenario's space for a failure, or for its worst latency.

First a scrambled Sobol sequence covers the space evenly, which is what finds a rare combination; then differential
evolution climbs from its slowest runs, which is what finds a worst latency. Points come in batches of a fixed size and
are looked at in their order, so that the number of workers changes nothing.
"""

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bench.config.toml_file import TomlFile
from bench.errors import ConfigError, ScenarioError
from bench.measure.finding.plant import EstimateOff
from bench.measure.finding.times import TooLate
from bench.report.finding_words import reason_words
from bench.running.shots import shoot
from bench.running.workers import Workers, on_workers
from bench.scenario.load import scenario_in
from bench.scenario.prepare import Prepared, on_chemistry, prepare_one
from bench.scenario.space import PHASE, PHASES, Space
from bench.verdict.result import Budget, Verdict
from bench.wiring.common import Wired

Point = tuple[int, ...]
_BATCH = 32
# Share of the budget that covers the space evenly; the rest climbs towards the worst latency.
COVERING = {"miss": 1.0, "any": 0.8, "latency": 0.4}
_FAMILY = 32  # points that climb together


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One run. latency_ns: upper end of the FHTI, or of the FDTI where no FHTI was measured; None: neither was."""

    point: Point
    verdict: Verdict
    reason: str
    latency_ns: int | None
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """What is hunted. goal: "miss" (a wrong reaction), "latency" (the worst one) or "any"."""

    wired: Wired
    space: Space
    file: TomlFile
    budgets: dict[str, Budget]
    goal: str
    budget: int
    seed: int
    workers: int

    def is_find(self, tried: Tried) -> bool:
        return tried.verdict is Verdict.FAIL and (self.goal != "latency" or tried.late)


@dataclass(slots=True, kw_only=True)
class HuntProgress:
    """So far. `unclear`: verdicts that blame nobody. `unfit`: points that are no scenario (nothing was run)."""

    runs: int = 0
    found: Tried | None = None
    worst: Tried | None = None
    unclear: dict[str, int] = field(default_factory=dict)
    unclear_reason: str = ""
    unfit: int = 0
    other_fails: int = 0

    def add(self, hunt: Hunt, tried: Tried) -> None:
        if tried.verdict is Verdict.NONE:
            self.unfit += 1
            return
        self.runs += 1
        if hunt.is_find(tried):
            self.found = tried
        elif tried.verdict is Verdict.FAIL:
            self.other_fails += 1
        elif not tried.verdict.expected:
            self.unclear[tried.verdict.name] = self.unclear.get(tried.verdict.name, 0) + 1
            self.unclear_reason = self.unclear_reason or tried.reason
        if tried.latency_ns is not None and tried.verdict is not Verdict.ERROR:
            worst = self.worst.latency_ns if self.worst is not None else None
            if worst is None or tried.latency_ns > worst:
                self.worst = tried


OnRun = Callable[[HuntProgress], None]


Crew = Workers[Point, Tried]


def crew_for(hunt: Hunt) -> AbstractContextManager[Crew]:
    """Those who run points; none is left behind."""
    return on_workers(partial(run_point, hunt), hunt.workers)


class _Enough(Exception):
    """Found, or the budget is spent."""


def search(hunt: Hunt, crew: Crew, on_run: OnRun, so_far: HuntProgress) -> None:
    """Fill `so_far` until a find or the end of the budget. KeyboardInterrupt leaves what there is in it."""
    seen: dict[Point, float] = {}

    def tell(points: Sequence[Point]) -> list[float]:
        new = list(dict.fromkeys(point for point in points if point not in seen))
        new = new[: max(0, hunt.budget - so_far.runs)]
        for tried in crew.in_order(new):
            so_far.add(hunt, tried)
            seen[tried.point] = -float(tried.latency_ns or 0)
            on_run(so_far)
            if so_far.found is not None:
                raise _Enough
        if so_far.runs + so_far.unfit >= hunt.budget:
            raise _Enough
        return [seen.get(point, 0.0) for point in points]

    with contextlib.suppress(_Enough):
        tell([hunt.space.start])
        _cover(hunt, tell, lambda: so_far.runs + so_far.unfit)
        if so_far.worst is not None:
            _climb(hunt, tell, seen)


Tell = Callable[[Sequence[Point]], list[float]]


def _cover(hunt: Hunt, tell: Tell, runs: Callable[[], int]) -> None:
    import warnings

    from scipy.stats import qmc

    sobol = qmc.Sobol(len(hunt.space.knobs), scramble=True, seed=hunt.seed)
    stale = 0
    while runs() < COVERING[hunt.goal] * hunt.budget and stale < 20:
        before = runs()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a batch need not be a power of two of the whole
            shares = sobol.random(_BATCH)
        tell([_point(hunt.space, row) for row in shares])
        stale = stale + 1 if runs() == before else 0  # a small space is covered wholly some day


def _climb(hunt: Hunt, tell: Tell, seen: dict[Point, float]) -> None:
    from scipy.optimize import differential_evolution

    slowest = sorted(seen, key=lambda point: (seen[point], point))[:_FAMILY]
    if len(slowest) < 5:  # differential evolution needs so many
        return
    family = [[knob.share(index) for knob, index in zip(hunt.space.knobs, point)] for point in slowest]

    def together(_: object, rows: Any) -> list[float]:
        return tell([_point(hunt.space, row) for row in rows])

    differential_evolution(
        lambda _: 0.0,  # `together` answers for it
        [(0.0, 1.0)] * len(hunt.space.knobs),
        init=family,
        seed=hunt.seed,
        maxiter=hunt.budget,
        tol=0.0,
        polish=False,
        updating="deferred",
        workers=together,
    )


def _point(space: Space, shares: Any) -> Point:
    return tuple(knob.index(float(share)) for knob, share in zip(space.knobs, shares))


# --- running a point -----------------------------------------------------------------------------------------


def prepared_at(hunt: Hunt, point: Point) -> Prepared:
    """The scenario at a point. Raises ConfigError where no scenario can be made there."""
    wired = hunt.wired
    prepared = prepare_one(
        scenario_in(TomlFile(hunt.file.path, hunt.space.table(point), {}, ScenarioError)),
        wired.profile,
        wired.thresholds(),
        hunt.budgets,
        wired.config.pack.cells,
        wired.databases,
        wired.config.pack.sensors,
    )
    return on_chemistry(prepared, wired.chemistry.id)


def run_point(hunt: Hunt, point: Point) -> Tried:
    """One simulated run at a point. A point that is no scenario has verdict NONE and says why."""
    try:
        prepared = prepared_at(hunt, point)
    except ConfigError as unfit:
        return Tried(
            point=point, verdict=Verdict.NONE, reason=str(unfit).splitlines()[0], latency_ns=None, late=False
        )
    names = [knob.name for knob in hunt.space.knobs]
    phase = point[names.index(PHASE)] if PHASE in names else 0
    result = shoot(hunt.wired, prepared, phase, PHASES, hunt.seed, None)
    measured = result.measurement
    latency = (measured.fhti or measured.fdti) if measured is not None else None
    reasons = result.judgement.reasons
    return Tried(
        point=point,
        verdict=result.judgement.verdict,
        reason=reason_words(reasons[0]) if reasons else "",
        latency_ns=latency.interval.high_ns if latency is not None else None,
        late=any(isinstance(reason.finding, TooLate | EstimateOff) for reason in reasons),
    )

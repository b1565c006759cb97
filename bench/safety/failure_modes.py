"""Failure modes against the newest runs of each chemistry: measured handling, margin to the hazard, ratings."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import AlteredRun, BenchError
from bench.record.evidence import of_header
from bench.record.folder import HEADER, verify_read
from bench.record.shot import read_json
from bench.scenario.library import Library
from bench.stored.builds import load_neighbour
from bench.timing.evidence_class import CLASS_WORDS, EvidenceClass
from bench.units import format_ns
from bench.verdict.fmea import Earned, FailureMode, HandledShare, Rated, earn, handled, rate, worst
from bench.verdict.fmea_on import on_chemistry
from bench.verdict.result import Budget, RunResult, ScenarioResult, Verdict
from bench.verdict.sampling import bunched


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One failure mode on one chemistry. Times in s; hazard_s: earliest time left to the hazard.

    excused: no scenario of it can show anything on this chemistry.
    """

    mode: FailureMode
    chemistry: str
    earned: Earned | None
    rated: Rated
    fhti_s: float | None
    hazard_s: float | None
    missing: tuple[str, ...]
    excused: bool = False

    @property
    def margin_s(self) -> float | None:
        if self.fhti_s is None or self.hazard_s is None:
            return None
        return self.hazard_s - self.fhti_s

    @property
    def driven(self) -> bool:
        """Whether M was earned by runs on hardware."""
        own = None if self.rated.assumed or self.earned is None else self.earned.evidence
        return own is not None and own.discharges

    @property
    def stands(self) -> bool:
        """Whether all of S, O and M is earned by hardware or stated by a source, so that a reduction may be claimed."""
        return self.driven and {"severity", "occurrence"} <= set(self.mode.given)


def gaps(modes: Sequence[FailureMode], library: Library, goals: Iterable[str]) -> tuple[str, ...]:
    """What of the library no failure mode stands for, one line each: goals, goals by class of fault, scenarios."""
    named = {name for one in modes for name in (*one.scenarios, *one.once)}
    trips = [entry for entry in library.entries if entry.must_trip]
    served = {one.safety_goal for one in modes}
    bare = [goal for goal in goals if goal not in served]
    wanted = {(entry.safety_goal, entry.fault_class) for entry in trips}
    had = {(entry.safety_goal, entry.fault_class) for entry in trips if entry.scenario_id in named}
    apart = [f"{goal}/{name}" for goal, name in sorted(wanted - had) if goal not in bare]
    loose = sorted(entry.scenario_id for entry in trips if entry.scenario_id not in named)
    return tuple(
        f"{what}: {', '.join(names)}"
        for what, names in (
            ("goals without a failure mode", bare),
            ("goals and classes of fault without a failure mode", apart),
            ("must-trip scenarios that no failure mode names", loose),
        )
        if names
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestRuns:
    """by_chemistry: newest first, of the newest identity of a firmware. altered: runs that earn nothing, and why.

    misfits: ids of runs of a BMS made for another chemistry than its pack's. They count for neither chemistry.
    """

    by_chemistry: Mapping[str, list[RunResult]]
    altered: tuple[str, ...]
    misfits: tuple[str, ...] = ()


def newest_runs(runs: Path, firmware: str, evidence: EvidenceClass) -> NewestRuns:
    """Finished runs of a firmware and of one class of evidence, as they were written; of its newest identity only.

    Their hashes also name the bench's code.
    """
    found: dict[str, list[RunResult]] = {}
    altered: list[str] = []
    misfits: list[str] = []
    identity: str | None = None
    for path in sorted(runs.glob("*/footer.json"), reverse=True):
        try:
            header = read_json(path.parent / HEADER)
            if told := verify_read(path.parent, (HEADER,)):  # else a header that was edited hides its run
                altered.append(f"{path.parent.name}: {told[0]}")
                continue
            if header["firmware"] != firmware or of_header(header, path.parent).evidence is not evidence:
                continue
            if header.get("firmware_chemistry", header["chemistry"]) != header["chemistry"]:
                misfits.append(path.parent.name)
                continue
            stored = load_neighbour(path.parent)
        except (BenchError, LookupError) as error:
            # An unreadable neighbour earns nothing; where it was altered, that is told.
            altered += [str(error)] if isinstance(error, AlteredRun) else []
            continue
        if stored.altered:
            altered.append(f"{path.parent.name}: {stored.altered[0]}")
            continue
        run = stored.result
        if run.aborted is not None or run.evidence_class is not evidence:
            continue
        identity = identity or run.firmware_identity
        if run.firmware_identity == identity:
            code = f"{header.get('bench_source', '')} {header.get('plug_ins', '')}".strip()
            hashes = {**run.hashes, "bench": code}
            found.setdefault(run.chemistry, []).append(replace(run, hashes=hashes))
    return NewestRuns(by_chemistry=found, altered=tuple(altered), misfits=tuple(misfits))


NotFor = Mapping[str, Mapping[str, str]]  # scenario → chemistry → why it says nothing there


def cells(
    modes: Sequence[FailureMode],
    runs: Mapping[str, Sequence[RunResult]],
    chemistries: Sequence[str],
    hazards: Mapping[tuple[str, str], float],
    excused: NotFor | None = None,
    goals: Mapping[str, Budget] | None = None,
) -> tuple[Cell, ...]:
    """Every failure mode on every chemistry, in that order. goals: to compare their own times with those judged by."""
    return tuple(
        _cell(
            mode,
            chemistry,
            runs.get(chemistry, ()),
            hazards,
            excused or {},
            (goals or {}).get(mode.safety_goal),
        )
        for mode in modes
        for chemistry in chemistries
    )


def not_for(library: Library) -> dict[str, Mapping[str, str]]:
    """For each scenario the chemistries that it is not for, with the reason."""
    return {entry.scenario_id: entry.not_for for entry in library.entries}


def lacking(
    modes: Sequence[FailureMode],
    runs: Sequence[RunResult],
    chemistry: str,
    attempts: int,
    excused: NotFor,
) -> tuple[str, ...]:
    """Scenarios of these modes that have not yet earned a rating from at least this number of attempts on this
    chemistry.
    """
    wanted = dict.fromkeys(name for mode in modes for name in mode.scenarios)
    had: dict[str, int] = {}
    for (name, _), like in _like_runs(wanted, runs).items():
        counting = _counting(like)
        shots = 0 if bunched(counting.shots) else len(counting.shots)
        had[name] = min(had.get(name, shots), shots)
    return tuple(
        name for name in wanted if had.get(name, 0) < attempts and chemistry not in excused.get(name, {})
    )


def _like_runs(
    wanted: Collection[str], runs: Sequence[RunResult]
) -> dict[tuple[str, str], list[ScenarioResult]]:
    """(scenario, operating point) → newest first, of runs alike in class, rig, budgets, file and bench code."""
    found: dict[tuple[str, str], list[ScenarioResult]] = {}
    of: dict[tuple[str, str], tuple[object, ...]] = {}
    for run in runs:
        for one in run.scenarios:
            if one.scenario_id not in wanted or one.judgement.verdict is Verdict.BLOCKED:
                continue
            place = one.scenario_id, one.operating_point
            rests_on = ("rig", "budgets", "bench", f"scenario.{one.scenario_id}")
            hashes = (run.evidence_class, *(run.hashes.get(name) for name in rests_on))
            if of.setdefault(place, hashes) == hashes:
                found.setdefault(place, []).append(one)
    return found


def _counting(like: Sequence[ScenarioResult]) -> ScenarioResult:
    """The result that counts: the worst one that failed, else the one with most attempts; results of copies come
    last.

    A second run does not undo the failure of a first one, and a quick look does not undo 59 shots. Shots of several
    runs are not added up: under the same seed they are the same shots.
    """
    failed = [one for one in like if earn(one).not_handled]
    if failed:
        return max(failed, key=lambda one: (earn(one).rating, -earn(one).lower))
    return max(like, key=lambda one: (not bunched(one.shots), len(one.shots)))


def _cell(
    mode: FailureMode,
    chemistry: str,
    runs: Sequence[RunResult],
    hazards: Mapping[tuple[str, str], float],
    excused: NotFor,
    goal: Budget | None,
) -> Cell:
    mode = on_chemistry(mode, chemistry)
    like = _like_runs(mode.scenarios, runs)
    measured = {name for name, _ in like}
    left_out = {name: why for name in mode.scenarios if (why := excused.get(name, {}).get(chemistry))}
    wanted = [name for name in mode.scenarios if name not in left_out]
    unrun = [name for name in wanted if name not in measured]
    missing = [f"no run of {', '.join(unrun)}"] if unrun else []
    missing += [f"{name} says nothing here: {why}" for name, why in left_out.items()]
    if not mode.scenarios:
        missing.append("no scenario injects it")
    if goal is not None:
        missing += _lent(goal, [_counting(ones) for ones in like.values()])
    once = _like_runs(mode.once, runs)
    each = [earn(_counting(ones)) for ones in like.values()]
    each += [one for one in (earn(_counting(ones)) for ones in once.values()) if one.not_handled]
    earned = worst(each)
    if earned is not None:
        earned = replace(earned, evidence=next(run.evidence_class for run in runs))
    if earned is None or not measured >= set(wanted):
        # Without data for every scenario the rating rests on an assumption, or on nothing: then the worst.
        rating, assumed = (mode.monitoring_assumed or 10), True
    else:
        rating, assumed = earned.rating, False
        if earned.more is not None:
            missing.append(f"{earned.more} attempts for M {_next(earned.rating)}{_least(earned, each)}")
        elif earned.lacks:
            missing.append(f"for M {_next(earned.rating)}: {earned.lacks}{_least(earned, each)}")
        if earned.evidence is not None and not earned.evidence.discharges:
            missing.append(f"hardware: results in {CLASS_WORDS[earned.evidence]} discharge no board")
    shot = {name for name, _ in once} | {name for name in mode.once if chemistry in excused.get(name, {})}
    if unshot := [name for name in mode.once if name not in shot]:
        missing.append(f"no run of {', '.join(unshot)}: one shot, an hour long")
    every = (*like.values(), *once.values())
    highs = [s.fhti.max_high_ns / 1e9 for ones in every for s in ones if s.fhti is not None]
    hazard_s = hazards.get((chemistry, mode.hazard)) if mode.hazard is not None else None
    if mode.hazard is None:
        missing.append("no model of its hazard: the FTTI is an input")
    elif hazard_s is None:
        missing.append("time to the hazard (hil hazard)")
    return Cell(
        mode=mode,
        chemistry=chemistry,
        earned=earned,
        rated=rate(mode, rating, assumed),
        fhti_s=max(highs, default=None),
        hazard_s=hazard_s,
        missing=tuple(missing),
        excused=bool(left_out) and not wanted,
    )


def _lent(goal: Budget, counting: Sequence[ScenarioResult]) -> list[str]:
    """Scenarios that were judged by longer times than the goal's own. What they earn does not count for the goal's
    own times.
    """
    longer: dict[int, list[str]] = {}
    for one in counting:
        if one.budget.fhti_ns > goal.fhti_ns:
            longer.setdefault(one.budget.fhti_ns, []).append(one.scenario_id)
    return [
        f"the goal's own FHTI of {format_ns(goal.fhti_ns)}: {', '.join(names)} judged by {format_ns(fhti_ns)}"
        for fhti_ns, names in longer.items()
    ]


def _least(earned: Earned, each: Sequence[Earned]) -> str:
    """The scenario and the point that limit the rating, where another one earned more."""
    if all((one.rating, one.lower) == (earned.rating, earned.lower) for one in each):
        return ""
    return f" (least: {earned.scenario_id}, {earned.operating_point})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChemistryStanding:
    """A chemistry over all failure modes. earned: M → how many modes data give it; least: (mode, margin in s)."""

    chemistry: str
    earned: Mapping[int, int]
    assumed: int
    without: int
    least: tuple[str, float] | None
    exceeded: tuple[str, ...]


def standings(found: Sequence[Cell]) -> tuple[ChemistryStanding, ...]:
    """Counts and the worst rating, never a mean: the ratings of different failure modes cannot be averaged."""
    standing = []
    for chemistry in dict.fromkeys(cell.chemistry for cell in found):
        own = [cell for cell in found if cell.chemistry == chemistry]
        earned = Counter(cell.rated.rating for cell in own if not cell.rated.assumed)
        assumed = sum(cell.rated.assumed and cell.mode.monitoring_assumed is not None for cell in own)
        margins = [(cell.mode.id, cell.margin_s) for cell in own if cell.margin_s is not None]
        standing.append(
            ChemistryStanding(
                chemistry=chemistry,
                earned=dict(sorted(earned.items())),
                assumed=assumed,
                without=len(own) - earned.total() - assumed,
                least=min(margins, key=lambda one: one[1], default=None),
                exceeded=tuple(name for name, margin in margins if margin <= 0),
            )
        )
    return tuple(standing)


def _next(rating: int) -> int:
    return {10: 8, 9: 8, 8: 7, 7: 5, 6: 4, 5: 4}.get(rating, rating - 1)


def handled_by_goal(found: Sequence[Cell]) -> dict[tuple[str, str], HandledShare]:
    """(goal, chemistry) → what share of the injected faults was shown to be handled."""
    parts: dict[tuple[str, str], list[tuple[float | None, Earned | None]]] = {}
    for cell in found:
        earned = None if cell.rated.assumed else cell.earned
        key = cell.mode.safety_goal, cell.chemistry
        parts.setdefault(key, []).append((cell.mode.failure_rate_fit, earned))
    return {key: handled(own) for key, own in parts.items()}

"""Each metric over builds, against the rolling baseline of the runs before."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.record.database import PastResult, ResultsDatabase
from bench.record.folder import HEADER, verify_read
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.rules import RULES

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
        return abs(moved) > relevant_ns(base)


def relevant_ns(base_ns: int) -> float:
    """A smaller step is no news to anybody, though many of them in one direction are: see `bench.stored.pinned`."""
    return max(RELEVANT_LEAST_NS, RELEVANT_SHARE * base_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """points: runs like the newest one, oldest first. apart: why others are not among them → how many.

    unjudged: how many of those are there for their rules alone.
    """

    points: tuple[Point, ...]
    apart: Mapping[str, int]
    unjudged: int = 0


Again = Callable[[PastResult, str], PastResult | None]
"""A result of a scenario's id, by today's rules, or as its folder has it."""


def trend(
    database: ResultsDatabase,
    scenario_id: str,
    evidence: EvidenceClass,
    chemistry: str,
    metric: str,
    again: Again = lambda _, __: None,
    checked: Again = lambda past, _: past,
) -> Trend:
    """The line that the newest run belongs to. metric: fdti or fhti (the worst shot's upper end).

    again: judges a result of older rules by today's, None where it cannot. checked: a result as its folder has it,
    None where the folder has none.

    A baseline is made of runs on the same rig, class of evidence and chemistry, of the same scenario file, and with as
    many shots: the worst of 59 is no worse than the worst of 5 for being larger.
    """
    rows = [one for one in database.history(scenario_id, evidence) if one.chemistry == chemistry]
    history = [one for row in rows if (one := checked(row, scenario_id)) is not None]
    like_none = "of another class of evidence than the results database says"
    reasons = [_unlike(one, history[-1]) if one.evidence is evidence else like_none for one in history]
    apart = Counter(why for why in reasons if why is not None)
    like = [one for one, why in zip(history, reasons, strict=True) if why is None]
    kept, unjudged = _by_one_rule(like, scenario_id, again)
    apart.update(
        f"judged by rules {one.rules}, which cannot be done again by rules {RULES}" for one in unjudged
    )
    values = [one.fdti_max_high_ns if metric == "fdti" else one.fhti_max_high_ns for one in kept]
    points = tuple(
        Point(past=one, value_ns=values[i], baseline_ns=_median(values[max(0, i - _WINDOW) : i]))
        for i, one in enumerate(kept)
    )
    return Trend(points=points, apart=apart, unjudged=len(unjudged))


def _by_one_rule(
    like: Sequence[PastResult], scenario_id: str, again: Again
) -> tuple[list[PastResult], list[PastResult]]:
    """(by today's rules, what cannot be judged by them)."""
    today = [one if one.rules == RULES else again(one, scenario_id) for one in like]
    lost = [one for one, made in zip(like, today, strict=True) if made is None]
    return [made for made in today if made is not None], lost


def _unlike(one: PastResult, newest: PastResult) -> str | None:
    """Why two runs share no line; None where they do."""
    if one.rig != newest.rig:
        return f"on another rig ({one.rig[:8] or 'not recorded'})"
    if one.scenario_hash != newest.scenario_hash:
        return f"of another scenario file ({one.scenario_hash[:8] or 'not recorded'})"
    if one.shots != newest.shots:
        return f"with {one.shots} shots instead of {newest.shots}"
    return None


def altered_among(runs: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Which of these runs lie in `folder` and are not as they were written: the database tells their story too."""
    told = []
    for run_id in dict.fromkeys(runs):
        if (folder / run_id / HEADER).exists():
            told += [f"{run_id}: {line}" for line in verify_read(folder / run_id)[:1]]
    return tuple(told)


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

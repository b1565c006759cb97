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
    """One run of a scenario. baseline_ns: median of up to five runs before with as many shots; None for the first."""

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
    """The whole line that the scenario's newest run belongs to; see `trends`."""
    wanted = (scenario_id,).__contains__
    found = trends(database, evidence, chemistry, metric, wanted=wanted, again=again, checked=checked)
    return found.get(scenario_id, Trend(points=(), apart={}))


def trends(
    database: ResultsDatabase,
    evidence: EvidenceClass,
    chemistry: str,
    metric: str,
    *,
    wanted: Callable[[str], bool] = lambda _: True,
    last: int | None = None,
    again: Again = lambda _, __: None,
    checked: Again = lambda past, _: past,
) -> dict[str, Trend]:
    """The line of each scenario that the newest run of it belongs to.

    metric: fdti or fhti (the worst shot's upper end). last: how many points of each are asked for; None: all.
    again: judges a result of older rules by today's, None where it cannot. checked: a result as its folder has it, None
    where the folder has none.

    A line is made of runs on the same rig, class of evidence and chemistry, of the same scenario file. A baseline is
    made of those with as many shots: the worst of 59 is no worse than the worst of 5 for being larger.
    """
    counts = {name: kept for name, kept in database.counts(evidence, chemistry).items() if wanted(name)}
    most = None if last is None else last + _WINDOW
    rows = dict(database.histories(evidence, chemistry, newest=most)) if most is not None else {}
    short = [name for name, kept in counts.items() if not _enough(rows.get(name, ()), kept, last)]
    rows |= database.histories(evidence, chemistry, short) if short else {}
    return {
        name: _line(name, rows[name], counts[name], evidence, metric, last, again, checked)
        for name in sorted(counts)
    }


def _enough(rows: Sequence[PastResult], counts: Mapping[tuple[str, str], int], last: int | None) -> bool:
    """Whether what was read holds the points asked for and the whole baseline of each, or all that there is."""
    if not rows or last is None:
        return False
    key = _key(rows[-1])
    like = [one for one in rows if _key(one) == key]
    if len(like) >= counts[key]:
        return True
    shown = range(len(like) - last, len(like))
    # A baseline is made of runs with as many shots, which may lie far back.
    return shown.start >= 0 and all(
        sum(before.shots == like[at].shots for before in like[:at]) >= _WINDOW for at in shown
    )


def _key(one: PastResult) -> tuple[str, str]:
    return one.rig, one.scenario_hash


def _line(
    name: str,
    rows: Sequence[PastResult],
    counts: Mapping[tuple[str, str], int],
    evidence: EvidenceClass,
    metric: str,
    last: int | None,
    again: Again,
    checked: Again,
) -> Trend:
    history = [one for row in rows if (one := checked(row, name)) is not None]
    if not history:
        return Trend(points=(), apart={})
    like_none = "of another class of evidence than the results database says"
    newest = history[-1]
    reasons = [_unlike(_key(one), _key(newest)) if one.evidence is evidence else like_none for one in history]
    apart = Counter(why for why in reasons if why is not None)
    for key, count in (Counter(counts) - Counter(map(_key, rows))).items():  # those that were not read
        if (why := _unlike(key, _key(newest))) is not None:
            apart[why] += count
    like = [one for one, why in zip(history, reasons, strict=True) if why is None]
    kept, unjudged = _by_one_rule(like, name, again)
    apart.update(
        f"judged by rules {one.rules}, which cannot be done again by rules {RULES}" for one in unjudged
    )
    values = [one.fdti_max_high_ns if metric == "fdti" else one.fhti_max_high_ns for one in kept]
    points = tuple(
        Point(past=one, value_ns=values[i], baseline_ns=_baseline(kept[:i], values[:i], one.shots))
        for i, one in enumerate(kept)
    )
    return Trend(points=points if last is None else points[-last:], apart=apart, unjudged=len(unjudged))


def _baseline(before: Sequence[PastResult], values: Sequence[int | None], shots: int) -> int | None:
    comparable = [value for one, value in zip(before, values, strict=True) if one.shots == shots]
    return _median(comparable[-_WINDOW:])


def _by_one_rule(
    like: Sequence[PastResult], scenario_id: str, again: Again
) -> tuple[list[PastResult], list[PastResult]]:
    """(by today's rules, what cannot be judged by them)."""
    today = [one if one.rules == RULES else again(one, scenario_id) for one in like]
    lost = [one for one, made in zip(like, today, strict=True) if made is None]
    return [made for made in today if made is not None], lost


def _unlike(key: tuple[str, str], newest: tuple[str, str]) -> str | None:
    """Why two runs share no line; None where they do. A key: rig and scenario file, by their hashes."""
    if key[0] != newest[0]:
        return f"on another rig ({key[0][:8] or 'not recorded'})"
    if key[1] != newest[1]:
        return f"of another scenario file ({key[1][:8] or 'not recorded'})"
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

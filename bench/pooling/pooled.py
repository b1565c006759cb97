"""What the runs of a pool say together: per chemistry, fault and build, over labs and rigs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.pooling.effects import PooledMean, PooledShare, pooled_mean, pooled_share
from bench.pooling.merge import connection, files_of
from bench.verdict.proportion import lower_bound

_DIFFER_P = 0.01  # of one figure among all of a pool to differ by chance
_Z_95 = 1.959963984540054
# One shot of simulated time is the same shot wherever it is fired again; one of real time is known by its frames.
_ONE_SHOT = (
    "CASE WHEN evidence = 'simulated' THEN concat_ws('/', build, chemistry, scenario, scenario_hash, seed) "
    "ELSE concat_ws('/', evidence, digest) END"
)


# Of one shot that is there twice a failure counts: no earlier PASS hides it.
_WORST_FIRST = "CASE verdict WHEN 'FAIL' THEN 0 WHEN 'GAP' THEN 1 WHEN 'PASS' THEN 2 ELSE 3 END"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPart:
    """What one lab brings. fdti_s, fhti_s: the mean over its rigs and its standard uncertainty; None without times."""

    lab: str
    rigs: int
    tried: int
    handled: int
    undecided: int
    fdti_s: tuple[float, float] | None
    fhti_s: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledFault:
    """One fault on one chemistry and build.

    handled_at_least: the share that the count of these labs shows, one-sided 95 %, exact (Clopper and Pearson).
    over_labs: the share where labs may differ, None where nothing was decided. fdti_s, fhti_s: in seconds.
    contradicts: in which figures the labs differ by more than chance explains: `share`, `fdti`, `fhti`.
    """

    chemistry: str
    scenario: str
    scenario_hash: str
    goal: str
    build: str
    evidence: str
    tried: int
    handled: int
    undecided: int
    handled_at_least: float
    over_labs: PooledShare | None
    fdti_s: PooledMean | None
    fhti_s: PooledMean | None
    labs: tuple[LabPart, ...]
    contradicts: tuple[str, ...] = ()

    @property
    def figures(self) -> dict[str, PooledShare | PooledMean]:
        """What more than one lab has a say in."""
        found = {"share": self.over_labs, "fdti": self.fdti_s, "fhti": self.fhti_s}
        return {name: one for name, one in found.items() if one is not None and one.labs > 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """again: shots that were in the pool more than once and count once. differing: those of simulated time whose frames
    differ although build, rig, scenario file and seed are the same: (scenario, seed, runs).
    """

    faults: tuple[PooledFault, ...]
    runs: int
    labs: int
    shots: int
    again: int
    differing: tuple[tuple[str, str, str], ...]


def pool_of(folder: Path) -> Pooled:
    """Raises ConfigError for a folder that is no pool."""
    files = files_of(folder)
    with connection() as columns:
        columns.read_parquet(files).create_view("bundles")
        columns.execute(f"CREATE VIEW every AS SELECT *, {_ONE_SHOT} AS one_shot FROM bundles")
        columns.execute(
            "CREATE TABLE once AS SELECT * FROM every "
            f"QUALIFY row_number() OVER (PARTITION BY one_shot ORDER BY {_WORST_FIRST}, started_utc, run_id) = 1"
        )
        ((runs, labs, shots),) = columns.execute(
            "SELECT count(DISTINCT run_id), count(DISTINCT lab), count(*) FROM every"
        ).fetchall()
        ((kept,),) = columns.execute("SELECT count(*) FROM once").fetchall()
        differing = columns.execute(
            "SELECT scenario, seed, string_agg(DISTINCT run_id, ', ' ORDER BY run_id) FROM every "
            "WHERE evidence = 'simulated' GROUP BY build, chemistry, rig, scenario, scenario_hash, seed "
            "HAVING count(DISTINCT digest) > 1 ORDER BY scenario, seed"
        ).fetchall()
        rows = columns.execute(_BY_RIG).fetchall()
    faults = [_fault(key, [*group]) for key, group in groupby(rows, key=lambda row: row[:6])]
    asked = sum(len(one.figures) for one in faults)  # of many figures some differ by chance: Bonferroni
    limit_p = _DIFFER_P / max(1, asked)
    return Pooled(
        faults=tuple(replace(one, contradicts=_contradicts(one, limit_p)) for one in faults),
        runs=runs,
        labs=labs,
        shots=shots,
        again=shots - kept,
        differing=tuple(differing),
    )


def _contradicts(fault: PooledFault, limit_p: float) -> tuple[str, ...]:
    return tuple(name for name, one in fault.figures.items() if one.differ_p < limit_p)


def _times(name: str) -> str:
    """Four columns of a time: how many; mean and standard deviation of the middles, and the mean half width, in s."""
    middle = f"(({name}_low_ns + {name}_high_ns) / 2e9)"
    half = f"(({name}_high_ns - {name}_low_ns) / 2e9)"
    return f"count({name}_low_ns), avg({middle}), coalesce(stddev_samp({middle}), 0), avg({half})"


_BY_RIG = f"""
SELECT chemistry, scenario, scenario_hash, goal, build, evidence, lab, rig,
       count(*) FILTER (verdict IN ('PASS', 'GAP', 'FAIL')),
       count(*) FILTER (verdict = 'PASS'),
       count(*) FILTER (verdict NOT IN ('PASS', 'GAP', 'FAIL')),
       {_times("fdti")}, {_times("fhti")}
FROM once GROUP BY ALL ORDER BY ALL
"""


def _fault(key: Sequence[Any], rows: Sequence[Sequence[Any]]) -> PooledFault:
    found = (_lab(lab, [*group]) for lab, group in groupby(rows, key=lambda row: row[6]))
    labs = tuple(sorted(found, key=_as_people_count))
    tried, handled = sum(one.tried for one in labs), sum(one.handled for one in labs)
    counted = [one for one in labs if one.tried]
    chemistry, scenario, scenario_hash, goal, build, evidence = key
    return PooledFault(
        chemistry=chemistry,
        scenario=scenario,
        scenario_hash=scenario_hash,
        goal=goal,
        build=build,
        evidence=evidence,
        tried=tried,
        handled=handled,
        undecided=sum(one.undecided for one in labs),
        handled_at_least=lower_bound(handled, tried) if tried else 0.0,
        over_labs=pooled_share([one.handled for one in counted], [one.tried for one in counted])
        if counted
        else None,
        fdti_s=_over([one.fdti_s for one in labs]),
        fhti_s=_over([one.fhti_s for one in labs]),
        labs=labs,
    )


def _as_people_count(one: LabPart) -> list[tuple[int, str]]:
    """Lab 10 behind Lab 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", one.lab)]


def _lab(name: str, rigs: Sequence[Sequence[Any]]) -> LabPart:
    return LabPart(
        lab=name,
        rigs=len(rigs),
        tried=sum(rig[8] for rig in rigs),
        handled=sum(rig[9] for rig in rigs),
        undecided=sum(rig[10] for rig in rigs),
        fdti_s=_mean_of_rigs([rig[11:15] for rig in rigs]),
        fhti_s=_mean_of_rigs([rig[15:19] for rig in rigs]),
    )


def _mean_of_rigs(rigs: Sequence[Sequence[Any]]) -> tuple[float, float] | None:
    """(mean, standard uncertainty). What a rig cannot resolve, half the width of its intervals as a rectangle (GUM
    4.3.7), stays however many shots it fires; the scatter of the shots falls with their number.
    """
    seen = [rig for rig in rigs if rig[0]]
    if not seen:
        return None
    variances = [spread**2 / count + max(half, 1e-9) ** 2 / 3 for count, _, spread, half in seen]
    found = pooled_mean([mean for _, mean, _, _ in seen], variances)
    return found.mean, (found.high - found.low) / (2 * _Z_95)


def _over(labs: Sequence[tuple[float, float] | None]) -> PooledMean | None:
    known = [one for one in labs if one is not None]
    if not known:
        return None
    return pooled_mean([mean for mean, _ in known], [math.pow(u, 2) for _, u in known])

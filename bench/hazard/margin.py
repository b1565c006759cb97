"""The time that physics leaves against the FTTI of the budgets and the FHTI that was measured on a DUT."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench.errors import RecordError
from bench.hazard.result import Band, CaseResult
from bench.record.database import OF_CLASS, RUNS, SCENARIOS, ResultsDatabase
from bench.record.engine import named
from bench.timing.evidence_class import EvidenceClass
from bench.units import NS_PER_S
from bench.verdict.result import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFhti:
    """The worst FHTI (upper end) of one safety goal in the newest run of a build that measured it; which run it was."""

    goal: str
    chemistry: str
    evidence: EvidenceClass
    firmware: str
    run_id: str
    fhti_s: float
    shots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Both margins are to the earliest time: the bound of 59 draws and more, else their 5th percentile. None:
    nothing to compare.

    `ftti_s` counts from the onset of the fault, `fhti_s` from the limit crossed, as the bench measures it. For a
    goal that asks for a warning both count from the runaway. Its FTTI has no margin: no harm in the model ends it.
    """

    ftti_s: float | None
    ftti_margin_s: float | None
    fhti: MeasuredFhti | None
    fhti_margin_s: float | None


def margin_of(
    result: CaseResult, budgets: Mapping[str, Budget], measured: Mapping[tuple[str, str], MeasuredFhti]
) -> Margin:
    """Infinite margins where no sample meets a hazard within the horizon."""
    budget = budgets.get(result.goal)
    ftti_s = budget.ftti_ns / NS_PER_S if budget is not None else None
    fhti = measured.get((result.goal, result.chemistry))
    return Margin(
        ftti_s=ftti_s,
        ftti_margin_s=None
        if ftti_s is None or result.allowed is None
        else result.allowed.earliest_s - ftti_s,
        fhti=fhti,
        fhti_margin_s=None if fhti is None else time_to_react(result).earliest_s - fhti.fhti_s,
    )


def time_to_react(result: CaseResult) -> Band:
    """What a measured FHTI is held against: a warning counts from the runaway, all else from the limit."""
    return result.spread if result.warns else result.left


GOOD_BUILD = "reference"


def measured_fhti(
    database: Path | str, run_id: str | None = None, firmware: str = GOOD_BUILD
) -> dict[tuple[str, str], MeasuredFhti]:
    """Measured FHTI by (goal, chemistry), of one build only: from the run `run_id`, or from the newest run that has
    one.

    database: a path, or the URL of a server. firmware: a build (`reference@27e9f388`), or a name; then its newest
    build with a measured time. Raises RecordError, also for a run of another build. The times of a broken build, of an
    older one, or of one made for another chemistry than its pack's do not count.
    """
    where = named(database)
    if isinstance(database, Path) and not database.is_file():
        raise RecordError(f"{where}: found no results database; expected the results.sqlite of `hil run`")
    build_column = RUNS.c.firmware_identity if "@" in firmware else RUNS.c.firmware
    asked = select(
        RUNS.c.run_id, RUNS.c.chemistry, OF_CLASS, RUNS.c.firmware, RUNS.c.firmware_identity
    ).where(
        RUNS.c.aborted.is_(None),
        RUNS.c.mismatch.is_(None),
        RUNS.c.run_id == run_id if run_id is not None else build_column == firmware,
    )
    results = ResultsDatabase(database)
    runs = results.rows(asked.order_by(RUNS.c.started_utc.desc()))
    rows = _newest_measured(results, runs)
    if run_id is not None and rows and firmware not in (runs[0].firmware, runs[0].firmware_identity):
        of = runs[0].firmware_identity if "@" in firmware else runs[0].firmware
        raise RecordError(
            f"{where}: run '{run_id}' is of the build '{of}'; expected one of '{firmware}', or --firmware {of}"
        )
    if run_id is not None and not rows:
        raise RecordError(f"{where}: found no run '{run_id}' with a measured FHTI; see `hil report`")
    newest: dict[tuple[str, str], MeasuredFhti] = {}
    for (run, chemistry, evidence, _, build), goal, fhti_ns, shots in rows:
        found = MeasuredFhti(
            goal=goal,
            chemistry=chemistry,
            evidence=EvidenceClass(evidence),
            firmware=build,
            run_id=run,
            fhti_s=fhti_ns / NS_PER_S,
            shots=shots,
        )
        known = newest.setdefault((goal, chemistry), found)
        if known.run_id == run and found.fhti_s > known.fhti_s:
            newest[goal, chemistry] = found
    return newest


def _newest_measured(results: ResultsDatabase, runs: Sequence[Any]) -> list[tuple[Any, str, int, int]]:
    """(run, goal, fhti_ns, shots) of the newest build that has a measured time; runs: the newest first."""
    its = SCENARIOS.c
    for build in dict.fromkeys(one.firmware_identity for one in runs):
        own = {one.run_id: one for one in runs if one.firmware_identity == build}
        query = select(its.run_id, its.safety_goal, its.fhti_max_high_ns, its.shots)
        query = query.where(its.run_id.in_(own), its.fhti_max_high_ns.is_not(None)).order_by(its.id)
        rows = results.rows(query)
        if rows:
            order = list(own)
            return sorted(
                ((own[run], goal, fhti_ns, shots) for run, goal, fhti_ns, shots in rows),
                key=lambda row: order.index(row[0].run_id),
            )
    return []

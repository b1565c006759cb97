"""Whether the results database says of a run what its result.json says: every row of it, with all figures."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bench.errors import DAMAGED, RecordError
from bench.record.codable import decode, run_from_dict
from bench.record.database import ResultsDatabase
from bench.record.evidence import of_result
from bench.record.rows import finding_rows, run_row, scenario_row, shot_row
from bench.verdict.result import Judgement, RunResult

_UNREAD: tuple[type[Exception], ...] = (*DAMAGED, RecordError)
_PLACE = ("host", "folder", "chain", "lab", "label")  # of a run's row: no part of the result
_KEYS = ("id", "scenario", "run_id")  # of the other rows: the database's own
Rows = tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]


def says_otherwise(database: ResultsDatabase, run_id: str, result: Mapping[str, Any]) -> bool:
    """result: as the folder has it. Raises RecordError where either cannot be read."""
    stored = _text(_plain(database.rows_of(run_id)))
    try:
        if stored == _text(_quickly(result)):
            return False
    except _UNREAD:
        pass  # of a release that wrote it otherwise: read as any result is
    return stored != _text(_exactly(run_from_dict(dict(result))))


def _text(rows: Rows) -> str:
    return json.dumps(rows, sort_keys=True)  # in which a figure that is no number is equal to itself


def _plain(stored: tuple[list[dict[str, Any]], ...]) -> Rows:
    runs, *others = stored
    run = [{k: v for k, v in row.items() if k not in _PLACE} for row in runs]
    run = [
        {**row, "rules": row["rules"] or 1, "evidence": of_result(row)} for row in run
    ]  # older ones kept none
    rest = [[{k: v for k, v in row.items() if k not in _KEYS} for row in table] for table in others]
    return run, rest[0], rest[1], rest[2]


def _exactly(run: RunResult) -> Rows:
    shots = [shot_row(one.timebase, shot) for one in run.scenarios for shot in one.shots]
    found: list[dict[str, Any]] = []
    for one in run.scenarios:
        found += finding_rows(None, one.judgement)
        for shot in one.shots:
            found += finding_rows(shot.index, shot.judgement)
    return [run_row(run)], [scenario_row(one, run.hashes) for one in run.scenarios], shots, found


def _quickly(result: Mapping[str, Any]) -> Rows:
    """As `_exactly`, without what takes long to read of thousands of shots and stands in no row."""
    scenarios = result["scenarios"]
    run = run_from_dict({**result, "scenarios": [{**one, "shots": []} for one in scenarios]})
    rows = [
        {**scenario_row(one, run.hashes), "shots": len(raw["shots"])}
        for one, raw in zip(run.scenarios, scenarios, strict=True)
    ]
    shots = [_shot(one.timebase.value, shot) for one, raw in zip(run.scenarios, scenarios, strict=True)
             for shot in raw["shots"]]  # fmt: skip
    found: list[dict[str, Any]] = []
    for one, raw in zip(run.scenarios, scenarios, strict=True):
        found += finding_rows(None, one.judgement)
        for shot in raw["shots"]:
            found += _findings(shot)
    return [run_row(run)], rows, shots, found


def _findings(shot: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    judged = shot["judgement"]
    if judged["reasons"]:
        yield from finding_rows(shot["index"], decode(Judgement, judged))


def _shot(timebase: str, shot: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "timebase": timebase,
        "shot": shot["index"],
        "seed": str(shot["seed"]),
        "phase_ns": shot["phase_ns"],
        "stratum": shot.get("stratum"),
        "place": shot.get("place"),
        "verdict": shot["judgement"]["verdict"],
        "reasons": shot["judgement"]["reasons"],
        "digest": shot["digest"],
        "folder": shot["folder"],
    }
    measured = shot["measurement"] or {}
    for name in ("fdti", "frti", "fhti"):
        interval = (measured.get(name) or {}).get("interval") or {}
        row |= {f"{name}_low_ns": interval.get("low_ns"), f"{name}_high_ns": interval.get("high_ns")}
    return row

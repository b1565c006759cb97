"""Past results as the run folders have them: the results database is an index, and a row of it may say anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.errors import DAMAGED, RecordError
from bench.record.chain import FOOTER
from bench.record.codable import decode
from bench.record.database import PastResult
from bench.record.evidence import completed
from bench.record.folder import HEADER, RESULT, verify_read
from bench.record.shot import read_json
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.result import Judgement

_UNREAD: tuple[type[Exception], ...] = (*DAMAGED, RecordError)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a row of the database says of a run, and the run's scenarios without their shots."""

    of_run: Mapping[str, Any]
    scenarios: Mapping[str, Mapping[str, Any]]


class FolderSays:
    """Past results of runs in `folder`, by their result.json where that is there and as it was written.

    differing: runs of which the database said something else.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[str, _Kept | None] = {}
        self.differing: dict[str, None] = {}

    def checked(self, past: PastResult, scenario_id: str) -> PastResult | None:
        """As the folder has it, and as it is where there is no folder to ask; None where the folder has none such."""
        if past.run_id not in self._runs:
            self._runs[past.run_id] = _read(self._folder / past.run_id)
        run = self._runs[past.run_id]
        if run is None:
            return past
        scenario = run.scenarios.get(scenario_id)
        try:
            found = None if scenario is None else _past(past, run.of_run, scenario, scenario_id)
        except _UNREAD:
            return past  # of a release that wrote it otherwise
        if found != past:
            self.differing[past.run_id] = None
        return found


def _read(path: Path) -> _Kept | None:
    """None where there is no folder, or one that is not as it was written: that is told by whoever shows it."""
    try:
        if not (path / FOOTER).exists() or verify_read(path):
            return None
        content = completed(read_json(path / RESULT), read_json(path / HEADER), path)
        aborted = content.get("aborted") is not None  # what is left of such a run is no result
        scenarios = {
            one["scenario_id"]: {**one, "shots": len(one["shots"])}
            for one in (() if aborted else content["scenarios"])
        }
        return _Kept({key: value for key, value in content.items() if key != "scenarios"}, scenarios)
    except _UNREAD:
        return None


def _past(
    past: PastResult, run: Mapping[str, Any], scenario: Mapping[str, Any], scenario_id: str
) -> PastResult:
    judged = decode(Judgement, scenario["judgement"])
    fdti, fhti = ((scenario.get(name) or {}).get("max_high_ns") for name in ("fdti", "fhti"))
    return replace(
        past,
        started_utc=run["started_utc"],
        firmware=run["firmware"],
        firmware_identity=run["firmware_identity"],
        chemistry=run["chemistry"],
        shots=scenario["shots"],
        verdict=judged.verdict,
        reasons=judged.reasons,
        fdti_max_high_ns=fdti,
        fhti_max_high_ns=fhti,
        rig=str(run["hashes"].get("rig", "")),
        scenario_hash=str(run["hashes"].get(f"scenario.{scenario_id}", "")),
        rules=run.get("rules", 1),
        evidence=EvidenceClass(run["evidence"]),
    )

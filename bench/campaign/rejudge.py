"""Judging a stored run again, from its frames and events alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.campaign.shots import judge_trace
from bench.codec.database import Database
from bench.errors import RecordError
from bench.record.codable import plan_from_dict
from bench.record.folder import OpenedRun, open_run, read_shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """What a second judgement found. `differences`: one line for each shot that is judged otherwise now."""

    shots: int
    differences: tuple[str, ...]
    altered: tuple[str, ...]
    aborted: bool


def rejudge_run(path: Path) -> Rejudged:
    """Raises RecordError when the folder is no run or a shot's evidence cannot be read."""
    opened = open_run(path)
    databases = stored_databases(opened)
    differences: list[str] = []
    shots = 0
    for folder in opened.shots():
        trace, plan, recorded = read_shot(folder)
        shots += 1
        name = f"{folder.parent.name}/{folder.name}"
        digest = trace.digest()
        if digest != recorded["digest"]:
            differences.append(f"{name}: the stored trace is not the one that was judged ({digest[:12]} now)")
            continue
        _, judgement = judge_trace(trace, plan_from_dict(plan), databases)
        before: dict[str, Any] = recorded["judgement"]
        if judgement.verdict.name != before["verdict"] or list(judgement.reasons) != before["reasons"]:
            differences.append(
                f"{name}: {before['verdict']} {before['reasons']} → {judgement.verdict.name} {list(judgement.reasons)}"
            )
    if shots == 0:
        raise RecordError(f"{path}: holds no finished shot; nothing can be judged")
    return Rejudged(
        shots=shots, differences=tuple(differences), altered=opened.altered(), aborted=opened.aborted
    )


def stored_databases(opened: OpenedRun) -> dict[str, Database]:
    """The DBC files as they were at the time of the run, from the evidence itself."""
    hashes: dict[str, str] = opened.header["hashes"]
    databases: dict[str, Database] = {}
    for channel, names in opened.header["dbc"].items():
        files = [
            opened.path / "inputs" / f"{hashes[f'dbc.{channel}.{number}'][:12]}-{name}"
            for number, name in enumerate(names)
        ]
        databases[channel] = Database.load(*files)
    return databases

"""The stored runs of a project, newest first: their builds and verdicts, and what people said of them.

Only the small files of a run are read, and each against its footer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import DAMAGED, BenchError
from bench.record.chain import FOOTER, SIGNATURE
from bench.record.folder import HEADER, RESULT, verify_read
from bench.record.held import held
from bench.record.shot import read_json
from bench.record.statement import STATEMENT
from bench.stored.notes import notes_file
from bench.verdict.result import Verdict, together

RUNNING, CUT_SHORT, ALTERED, UNREADABLE = "RUNNING", "CUT SHORT", "ALTERED", "UNREADABLE"
_UNREAD: tuple[type[Exception], ...] = (*DAMAGED, BenchError)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunListed:
    """verdict: of the run, or why it has none (`RUNNING` and the like). scenarios: how many have a verdict.

    by: who ran it. noted: a person has closed an anomaly of it, or approved it.
    """

    run_id: str
    folder: Path
    verdict: str
    started_utc: str = ""
    firmware: str = ""
    rig: str = ""
    chemistry: str = ""
    evidence: str = ""
    scenarios: int = 0
    label: str = ""
    note: str = ""
    by: str = ""
    dut_serial: str = ""
    signed: bool = False
    noted: bool = False


def run_folders(runs: Path) -> Iterator[Path]:
    """Every folder that holds a run, in `runs` or in a folder of it (`--out runs/nightly`), by path."""
    for one in sorted(runs.glob("*/")):
        if (one / HEADER).is_file():
            yield one
        else:
            yield from sorted(header.parent for header in one.glob(f"*/{HEADER}"))


def run_list(runs: Path) -> list[RunListed]:
    """The newest first. What is no run of scenarios (a qualification, a rig by hand) is left out."""
    found = [listed for folder in run_folders(runs) if (listed := _listed(folder)) is not None]
    return sorted(found, key=lambda one: one.run_id, reverse=True)


def newest_run(runs: Path, label: str | None = None) -> Path | None:
    """The folder of the newest run, finished or not; label: of those that are called so."""
    for folder in sorted(run_folders(runs), key=lambda one: one.name, reverse=True):
        try:
            header = read_json(folder / HEADER)
        except _UNREAD:
            continue
        if header.get("kind") is None and label in (None, header.get("label")):
            return folder
    return None


def _listed(folder: Path) -> RunListed | None:
    try:
        header = read_json(folder / HEADER)
        if header.get("kind") is not None:
            return None
        verdict, scenarios = _outcome(folder)
    except _UNREAD:
        return RunListed(run_id=folder.name, folder=folder, verdict=UNREADABLE)
    text = {key: str(header.get(key) or "") for key in ("started_utc", "firmware", "chemistry", "evidence")}
    return RunListed(
        run_id=folder.name,
        folder=folder,
        verdict=verdict,
        scenarios=scenarios,
        rig=str(header.get("rig_name") or ""),
        by=str(header.get("operator") or ""),
        **{key: str(header.get(key) or "") for key in ("label", "note", "dut_serial")},
        signed=(folder / SIGNATURE).is_file(),
        noted=notes_file(folder).is_file(),
        **text,
    )


def _outcome(folder: Path) -> tuple[str, int]:
    """(verdict, number of scenarios). It is read from the whole result where an older release made no statement."""
    if not (folder / FOOTER).is_file():
        with held(folder) as mine:
            return (CUT_SHORT if mine else RUNNING), 0
    stated = (folder / STATEMENT).is_file()
    if verify_read(folder, (HEADER, STATEMENT if stated else RESULT)):
        return ALTERED, 0
    if not stated:
        result = read_json(folder / RESULT)
        names = [str(one["judgement"]["verdict"]) for one in result["scenarios"]]
        return _together(names, aborted=result.get("aborted") is not None), len(names)
    predicate: Mapping[str, Any] = read_json(folder / STATEMENT)["predicate"]
    names = [str(one) for one in predicate["hil_verdicts"].values()]
    aborted = predicate["result"] == "FAILED" and all(Verdict[name].expected for name in names)
    return _together(names, aborted=aborted), len(names)


def _together(names: list[str], *, aborted: bool) -> str:
    found = together(Verdict[name] for name in names)
    return (Verdict.INCONCLUSIVE if aborted and found.expected else found).name

"""The scenarios of a stored run that did not pass. The run may have been cut short."""

from __future__ import annotations

from pathlib import Path

from bench.errors import NotARun
from bench.record.folder import open_run, read_shot
from bench.stored.run_list import newest_run
from bench.verdict.result import Verdict


def last_failed(runs: Path) -> tuple[Path, frozenset[str]]:
    """(the newest run, the ids of what did not pass in it). Raises NotARun where there is none."""
    folder = newest_run(runs)
    if folder is None:
        raise NotARun(f"--last-failed: found no run in {runs}; expected one, as `hil run` makes it")
    return folder, failed_in(folder)


def failed_in(folder: Path) -> frozenset[str]:
    """By the run's result; where it has none, by the shots that had finished."""
    opened = open_run(folder)
    if opened.result is not None:
        found = {str(one["scenario_id"]): one for one in opened.result["scenarios"]}
        return frozenset(name for name, one in found.items() if not _passed(one["judgement"]))
    shots = ((place.parent.name, read_shot(place)[2]) for place in opened.shots())
    return frozenset(name for name, shot in shots if not _passed(shot["judgement"]))


def _passed(judgement: dict[str, object]) -> bool:
    return Verdict[str(judgement["verdict"])].expected

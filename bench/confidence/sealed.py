"""A qualification as a folder of evidence of its own: sealed like a run, so that `hil verify` and `hil sign` know it.

runs/qualifications/<time>-<timebase>/
    header.json           what it is of: identity of software and rig, and when
    qualification.json    the rows: ruler with every shot, mutants, negative tests, uses
    qualification.md      the same for people
    inputs/               the uses and known malfunctions that were read
    footer.json           SHA-256 of every file and the chain over them (last)
"""

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.confidence.qualified import why_no_date, why_not_shown, why_stale
from bench.confidence.reviewed import newest_review
from bench.errors import RecordError
from bench.record.chain import FOOTER, seal
from bench.record.folder import HEADER, RunFolder, verify_run
from bench.record.shot import read_json, write_json
from bench.running.results import Covered
from bench.timing.host import wall_now_ns
from bench.units import NS_PER_S
from bench.wiring.mutants import mutant_classes

FOLDER = "qualifications"
ROWS, PAGE = "qualification.json", "qualification.md"
KIND = "qualification"


def write_sealed(content: Mapping[str, Any], page: str, runs: Path, inputs: Iterable[Path] = ()) -> Path:
    """Write and seal `content`; its folder. Never overwritten. Raises RecordError."""
    name = _name(content)
    header = {
        "kind": KIND,
        "created_utc": content["created_utc"],
        "timebase": content["identity"]["timebase"],
        "identity": content["identity"],
        "bench_version": content["identity"].get("bench"),
        "hashes": {},
        "dbc": {},
    }
    folder = RunFolder.create(runs / FOLDER, name, header)
    try:
        for file in inputs:
            folder.add_input(file)
        write_json(folder.path / ROWS, dict(content))
        (folder.path / PAGE).write_text(page, encoding="utf-8", errors="backslashreplace")
        write_json(folder.path / FOOTER, seal(folder.path, name))
    except OSError as error:
        raise RecordError(f"{folder.path}: cannot be written: {error}") from error
    return folder.path


def _name(content: Mapping[str, Any]) -> str:
    stamp = str(content["created_utc"]).replace("-", "").replace(":", "")[:15]
    return f"{stamp}Z-{content['identity']['timebase']}"


def is_qualification(folder: Path) -> bool:
    """By its header alone: whether it is a good one is another question."""
    try:
        return read_json(folder / HEADER).get("kind") == KIND
    except RecordError:
        return False


def newest_covering(wanted: Mapping[str, str], runs: Path) -> Covered:
    """The newest one of this timebase that covers `wanted` now, one that somebody has reviewed before all others; or
    the newest and why it does not.
    """
    timebase = wanted["timebase"]
    time = "simulated" if timebase == "simulated" else "real"
    trouble = f"there is no qualification of this rig in {time} time; `hil qualify --full` makes one"
    newest: Path | None = None
    covering: Path | None = None
    for folder in sorted((runs / FOLDER).glob(f"*-{timebase}"), reverse=True):
        if not folder.is_dir():
            continue
        told = why_not_covering(folder, wanted)
        if told is None:
            if (review := newest_review(folder)) is not None:
                return Covered(path=folder, trouble=None, review=review.path)
            covering = covering or folder
        elif newest is None:
            newest, trouble = folder, f"{folder.name} is stale: {told}"
    if covering is not None:
        return Covered(path=covering, trouble=None)
    if newest is None and any((runs / FOLDER).glob(f"*-{timebase}.json")):
        trouble += "; those of older releases were not sealed and cover nothing"
    return Covered(path=newest, trouble=trouble)


def why_not_covering(folder: Path, wanted: Mapping[str, str]) -> str | None:
    """What keeps a sealed qualification from covering software and rig `wanted` now; None where nothing does."""
    if (why := why_not_good(folder)) is not None:
        return why
    stated: Mapping[str, str] = read_json(folder / ROWS)["identity"]
    changed = sorted(key for key in {*wanted, *stated} if wanted.get(key) != stated.get(key))
    if changed:
        return f"changed since: {', '.join(changed)}"
    return why_stale(str(read_json(folder / ROWS)["created_utc"]), _now())


def why_not_good(folder: Path) -> str | None:
    """Why it shows no bench that qualified, whatever it says of itself and however old it is; None where it does."""
    try:
        footer, altered = verify_run(folder)
        if footer is None:
            return "it was never finished, it has no footer"
        if altered:
            return f"ALTERED since it was written: {altered[0]}"
        header, content = read_json(folder / HEADER), read_json(folder / ROWS)
        if header.get("kind") != KIND or header.get("identity") != content["identity"]:
            return "its header is of something else"
        if header.get("created_utc") != content["created_utc"] or folder.resolve().name != _name(content):
            return "its rows are of another time than its folder"
        mutants = [name for table in mutant_classes().values() for name in table]
        if (shown := why_not_shown(content, mutants)) is not None:
            return shown
        return why_no_date(content["created_utc"], _now())
    except (RecordError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return "it cannot be read"


def _now() -> datetime.datetime:
    return datetime.datetime.fromtimestamp(wall_now_ns() // NS_PER_S, tz=datetime.UTC)

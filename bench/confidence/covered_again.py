"""Whether the qualification that a stored run refers to covers it, by the copy in its own inputs/."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.confidence.qualified import why_not_shown, why_stale
from bench.confidence.reviewed import Review, newest_review, read_review
from bench.confidence.sealed import FOLDER, ROWS
from bench.errors import RecordError
from bench.record.contents import digest
from bench.record.folder import OpenedRun, verify_run
from bench.record.shot import read_json
from bench.running.sources import source_hash
from bench.wiring.mutants import mutant_classes
from bench.wiring.plug_ins import PLUG_INS

_NAMELESS = "the run's header names no qualification"
UNREVIEWED = (
    "is evidence for a qualification that nobody has reviewed; `hil qualify --review NAME` seals a review"
)


def why_not_named(opened: OpenedRun) -> str | None:
    """None where the header claims no qualification, or names one whose copy in inputs/ is there with its hash."""
    claimed = opened.header.get("qualification")
    if not isinstance(claimed, dict) or claimed.get("trouble") is not None:
        return None
    sha256 = opened.header.get("hashes", {}).get("qualification")
    copy = _copy(opened, sha256)
    if copy is None or digest(copy).sha256 != sha256:
        return "header.json: says that a qualification covers the run, and inputs/ has none with its hash"
    if claimed.get("sha256") != sha256 or not isinstance(claimed.get("file"), str) or not claimed["file"]:
        return "header.json: says that a qualification covers the run, and names another than inputs/ has, or none"
    return None


def _copy(opened: OpenedRun, sha256: Any) -> Path | None:
    if not isinstance(sha256, str) or re.fullmatch("[0-9a-f]{64}", sha256) is None:
        return None
    found = (opened.path / "inputs").glob(f"{sha256[:12]}-*")
    return next((one for one in found if one.is_file() and not one.is_symlink()), None)


def why_not_covered(opened: OpenedRun) -> str | None:
    """None where the header claims no qualification, or where its copy shows one. For runs of this very release."""
    header = opened.header
    claimed = header.get("qualification")
    if not isinstance(claimed, dict) or claimed.get("trouble") is not None:
        return None
    copy = _copy(opened, header["hashes"].get("qualification"))
    if copy is None:
        return "header.json: says that a qualification covers the run, and inputs/ has none"
    try:
        why = _why_not(read_json(copy), header)
    except (RecordError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
        why = "it cannot be read"
    return None if why is None else f"header.json: says that {copy.name} covers the run; {why}"


def copy_of(opened: OpenedRun) -> Mapping[str, Any] | None:
    """The run's own copy of the evidence; None where it has none that can be read."""
    copy = _copy(opened, opened.header.get("hashes", {}).get("qualification"))
    try:
        return None if copy is None else read_json(copy)
    except RecordError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualified:
    """What a report says of it.

    trouble: None where evidence covers the run and somebody has reviewed it. by: which evidence, how that is known,
    and who reviewed it; never without a review. evidence: its name, where it covers the run, reviewed or not.
    """

    trouble: str | None
    by: str = ""
    evidence: str = ""
    review: Review | None = None


def qualified_by(opened: OpenedRun) -> Qualified | None:
    """By the copy in inputs/, and by the sealed folder where that is still here; None where the run names nothing."""
    claimed = opened.header.get("qualification")
    if not isinstance(claimed, dict):
        return None
    if claimed.get("trouble") is not None:
        return Qualified(trouble=str(claimed["trouble"]))
    if claimed.get("file") is None:
        return Qualified(trouble=_NAMELESS)
    if (why := why_not_named(opened)) is not None:
        return Qualified(trouble=why)
    same_source = opened.header.get("bench_source") == source_hash()
    if same_source and (why := why_not_covered(opened)) is not None:
        return Qualified(trouble=why)
    name, sha256 = Path(claimed["file"]).name, claimed["sha256"]
    told = [] if same_source else ["of another release, its rows were not checked"]
    folder = opened.path.parent / FOLDER / name
    if not folder.is_dir():
        told.append("its own folder is not here, not checked")
    elif (why := _of_folder(folder, sha256)) is not None:
        return Qualified(trouble=f"{name}: {why}")
    words = f"; {'; '.join(told)}" if told else ""
    evidence = f"{name} ({sha256[:12]}{words})"
    review = _review(opened, folder, sha256)
    if review is None:
        return Qualified(trouble=f"{evidence} {UNREVIEWED}", evidence=evidence)
    return Qualified(trouble=None, by=f"{evidence}, {review.words}", evidence=evidence, review=review)


def _review(opened: OpenedRun, folder: Path, sha256: str) -> Review | None:
    """Who has reviewed the evidence with this hash: by the run's own copy of the review, else by what is here now."""
    copied = opened.header.get("hashes", {}).get("qualification_review")
    copy = _copy(opened, copied)
    if copy is not None and digest(copy).sha256 == copied:
        review = read_review(copy)
        if review is not None and review.of == folder.name and review.files.get(ROWS) == sha256:
            return review
    return newest_review(folder) if folder.is_dir() else None


def _of_folder(folder: Path, sha256: str) -> str | None:
    """What is wrong with the sealed folder that a run names, as it is here now."""
    footer, altered = verify_run(folder)
    if footer is None or altered:
        return f"ALTERED since it was written: {altered[0]}" if altered else "it has no footer"
    if footer["sha256"].get(ROWS) != sha256:
        return "it is another than that of which the run has a copy"
    return None


def _why_not(content: Mapping[str, Any], header: Mapping[str, Any]) -> str | None:
    mutants = [name for table in mutant_classes().values() for name in table]
    if (why := why_not_shown(content, mutants)) is not None:
        return why
    of_run = {
        "rig": header["hashes"]["rig"],
        "bench source": header["bench_source"][:16],
        "timebase": header["timebase"],
        "core": (header.get("core") or {}).get("name"),
        PLUG_INS: header.get("plug_ins"),
    }
    stated = content["identity"]
    if other := [key for key, value in of_run.items() if stated.get(key) != value]:
        return f"it is of another {', '.join(other)}"
    return why_stale(content["created_utc"], datetime.datetime.fromisoformat(header["started_utc"]))

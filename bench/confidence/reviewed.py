"""A person's review of the evidence for a qualification: sealed in a folder of its own, beside what was reviewed.

runs/qualifications/reviews/<time>-<timebase>/
    header.json    what it is
    review.json    who, when, and the SHA-256 of every file that was reviewed
    footer.json    as that of a run: `hil verify` and `hil sign` know it

The date is that of the system's clock. It is told and does not change a result. The reviewed files are named by their
digests. So evidence that was changed, or made a second time, has no review.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import ConfigError, RecordError
from bench.record.chain import FOOTER, seal
from bench.record.folder import HEADER, RunFolder, verify_run
from bench.record.shot import read_json, write_json
from bench.timing.host import wall_now_ns
from bench.units import NS_PER_S

FOLDER, FILE = "reviews", "review.json"
KIND = "qualification-review"
FORMAT = "hil-qualification-review-1"
_LONGEST_NAME = 200
_UNREAD = (RecordError, KeyError, ValueError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Who reviewed what, by digest. path: the file that says so."""

    reviewer: str
    reviewed_utc: str
    of: str
    files: Mapping[str, str]
    path: Path

    @property
    def words(self) -> str:
        return f"reviewed by {self.reviewer} on {self.reviewed_utc[:10]}"


def why_no_name(reviewer: str) -> str | None:
    """What is wrong with a reviewer's name; None where it is one."""
    if not reviewer.strip() or not reviewer.isprintable() or len(reviewer) > _LONGEST_NAME:
        return f"expected the reviewer's name, 1 to {_LONGEST_NAME} characters that can be printed"
    return None


def write_review(evidence: Path, reviewer: str) -> Review:
    """Seal that `reviewer` has reviewed the sealed folder `evidence` as it is now. Raises ConfigError, RecordError.

    The caller has made sure that it reaches the minimum.
    """
    if (why := why_no_name(reviewer)) is not None:
        raise ConfigError(f"--review: found '{reviewer}'; {why}")
    footer, altered = verify_run(evidence)
    if footer is None or altered:
        raise RecordError(f"{evidence}: {f'ALTERED: {altered[0]}' if altered else 'it has no footer'}")
    now = datetime.datetime.fromtimestamp(wall_now_ns() / NS_PER_S, tz=datetime.UTC)
    content = {
        "format": FORMAT,
        "reviewer": reviewer,
        "reviewed_utc": now.isoformat(),
        "of": evidence.resolve().name,
        "files": dict(footer["sha256"]),
        "chain": footer["chain"],
    }
    timebase = str(read_json(evidence / HEADER).get("timebase"))
    name = f"{now.strftime('%Y%m%dT%H%M%S%f')}Z-{timebase}"
    header = {
        "kind": KIND,
        "created_utc": content["reviewed_utc"],
        "of": content["of"],
        "hashes": {},
        "dbc": {},
    }
    folder = RunFolder.create(evidence.resolve().parent / FOLDER, name, header)
    try:
        write_json(folder.path / FILE, content)
        write_json(folder.path / FOOTER, seal(folder.path, name))
    except OSError as error:
        raise RecordError(f"{folder.path}: cannot be written: {error}") from error
    return _of(content, folder.path / FILE)


def is_review(folder: Path) -> bool:
    """By its header alone."""
    try:
        return read_json(folder / HEADER).get("kind") == KIND
    except RecordError:
        return False


def read_review(file: Path) -> Review | None:
    """The content of a review.json; None where it is not a review."""
    try:
        return _of(read_json(file), file)
    except _UNREAD:
        return None


def _of(content: Mapping[str, Any], path: Path) -> Review:
    """Raises what _UNREAD names where it is no review."""
    texts = [content[key] for key in ("reviewer", "reviewed_utc", "of")]
    files = content["files"]
    if content["format"] != FORMAT or not all(isinstance(one, str) for one in (*texts, *files.values())):
        raise ValueError("no review")
    if datetime.datetime.fromisoformat(texts[1]).tzinfo is None or why_no_name(texts[0]) is not None:
        raise ValueError("no review")
    return Review(reviewer=texts[0], reviewed_utc=texts[1], of=texts[2], files=dict(files), path=path)


def why_not_reviewed(folder: Path) -> str | None:
    """What is wrong with a sealed review, or with what it is of where that is here; None where nothing is."""
    footer, altered = verify_run(folder)
    if footer is None or altered:
        return f"ALTERED since it was written: {altered[0]}" if altered else "it has no footer"
    review = read_review(folder / FILE)
    if review is None:
        return "it cannot be read"
    evidence = folder.resolve().parent.parent / Path(review.of).name
    return why_not_of(review, evidence) if evidence.is_dir() else None


def why_not_of(review: Review, evidence: Path) -> str | None:
    """Why the folder `evidence` is not what was reviewed; None where it is, byte for byte."""
    footer, altered = verify_run(evidence)
    if footer is None or altered:
        return f"{evidence.name} was altered since its review"
    if dict(footer["sha256"]) != dict(review.files):
        return f"{evidence.name} is another than was reviewed"
    return None


def newest_review(evidence: Path) -> Review | None:
    """The newest sound review of the sealed folder `evidence` as it is now; None where nobody has reviewed it."""
    for folder in sorted((evidence.resolve().parent / FOLDER).glob("*"), reverse=True):
        if not folder.is_dir() or not is_review(folder) or why_not_reviewed(folder) is not None:
            continue
        review = read_review(folder / FILE)
        if (
            review is not None
            and review.of == evidence.resolve().name
            and why_not_of(review, evidence) is None
        ):
            return review
    return None

"""`<run>.notes.jsonl` beside a run folder: what people have said of it since. It only grows, and is chained to the run.

A sealed folder takes no more files. So a note names the run's footer chain, and the digest of the note before it: one
that was changed, moved, or left out in the middle is told. That the newest ones were cut off is not to be seen; whoever
needs that keeps the file under version control, or signs it.
"""

import datetime
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from bench.confidence.reviewed import why_no_name
from bench.config.user_file import MOST_RECORDED_BYTES, read_text
from bench.errors import ConfigError, RecordError, choices, nearest
from bench.record.chain import FOOTER
from bench.record.shot import read_json
from bench.report.anomalies import anomalies
from bench.report.finding_words import finding_words
from bench.report.notes import Note, of_anomaly
from bench.timing.host import wall_now_ns
from bench.units import NS_PER_S
from bench.verdict.result import RunResult

_LONGEST_REASON = 1000
_KEYS = {"chain", "before", "by", "utc", "reason", "anomaly", "sha256"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNotes:
    """trouble: what is wrong with the file, in one line; then none of the notes counts."""

    notes: tuple[Note, ...] = ()
    trouble: str = ""
    last: str = ""


def notes_file(run: Path) -> Path:
    """The file with the notes on a run, beside its folder."""
    place = run.resolve()
    return place.parent / f"{place.name}.notes.jsonl"


def read_notes(run: Path) -> RunNotes:
    """The notes on a finished run; empty where there are none."""
    file = notes_file(run)
    if not file.exists():
        return RunNotes(last="")
    try:
        lines = read_text(file, "notes of a run", error=RecordError, most=MOST_RECORDED_BYTES).splitlines()
        return _read(lines, _chain_of(run))
    except (RecordError, ValueError, TypeError, KeyError, RecursionError) as error:
        return RunNotes(trouble=f"{file.name} cannot be believed: {error}")


def _read(lines: Sequence[str], chain: str) -> RunNotes:
    found: list[Note] = []
    before = ""
    for number, line in enumerate(lines, start=1):
        content = json.loads(line)
        if not isinstance(content, dict) or set(content) != _KEYS:
            raise ValueError(f"line {number} is no note")
        if content["chain"] != chain:
            raise ValueError(f"line {number} is of another run")
        if content["before"] != before or content["sha256"] != _digest(content):
            raise ValueError(f"line {number} is not as it was written, or one before it is missing")
        before = content["sha256"]
        made = Note(**{key: content[key] for key in ("by", "utc", "reason", "anomaly")})
        if not all(isinstance(value, str) for value in asdict(made).values()):
            raise ValueError(f"line {number} is no note")
        found.append(made)
    return RunNotes(notes=tuple(found), last=before)


def _alone(file: IO[str]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: nothing keeps two people apart there
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def add_note(run: Path, result: RunResult, *, by: str, reason: str, anomaly: str = "") -> Note:
    """Write one more line. Raises ConfigError for what cannot be noted, RecordError where it cannot be written."""
    if (why := why_no_name(by)) is not None:
        raise ConfigError(f"--by: found '{by}'; {why.replace('the reviewer', 'a person')}")
    said = " ".join(reason.split())
    if (anomaly and not said) or len(said) > _LONGEST_REASON or not said.isprintable():
        raise ConfigError(f"--reason: expected why, in 1 to {_LONGEST_REASON} characters that can be printed")
    known = {of_anomaly(one): finding_words(one.finding) for one in anomalies(result.scenarios)}
    if anomaly and anomaly not in known:
        listed = choices(anomaly, known) or "none, the run has no anomaly"
        raise ConfigError(f"--close: found '{anomaly}'; expected one of {listed}{nearest(anomaly, known)}")
    now = datetime.datetime.fromtimestamp(wall_now_ns() / NS_PER_S, tz=datetime.UTC)
    note = Note(by=by, utc=now.isoformat(timespec="seconds"), reason=said, anomaly=anomaly)
    file = notes_file(run)
    try:
        with file.open("a", encoding="utf-8") as end:
            _alone(end)  # two people at once: each line names the one before it
            kept = read_notes(run)
            if kept.trouble:
                raise RecordError(f"{kept.trouble}; move the file away before another note is made")
            content: dict[str, Any] = {"chain": _chain_of(run), "before": kept.last, **asdict(note)}
            end.write(json.dumps({**content, "sha256": _digest(content)}) + "\n")
            end.flush()
            os.fsync(end.fileno())
    except OSError as error:
        raise RecordError(f"{file}: cannot be written: {error}") from error
    return note


def _digest(content: dict[str, Any]) -> str:
    kept = {key: value for key, value in content.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _chain_of(run: Path) -> str:
    if not (run / FOOTER).is_file():
        raise RecordError(
            f"{run}: has no footer; a run that did not come to its end is not approved or closed"
        )
    return str(read_json(run / FOOTER)["chain"])

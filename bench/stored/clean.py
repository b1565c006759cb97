"""Which stored runs may go to make room, and why the others stay."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import DAMAGED, BenchError, RecordError
from bench.record.database import ResultsDatabase
from bench.record.held import held
from bench.stored.last_failed import failed_in
from bench.stored.run_list import ALTERED, CUT_SHORT, RUNNING, UNREADABLE, RunListed
from bench.verdict.result import Verdict

_UNREAD: tuple[type[Exception], ...] = (*DAMAGED, BenchError)
_EXPECTED = frozenset(one.name for one in Verdict if one.expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """stays: why it is kept; "" for a run that may go. bytes: what its folder takes."""

    run: RunListed
    stays: str
    bytes: int


def fates(runs: Sequence[RunListed], keep: int, *, failing: bool = False) -> Iterator[Fate]:
    """The fate of each run, the newest first. keep: the number of newest runs that stay.

    failing: those that did not pass may go, too.
    """
    for number, run in enumerate(runs):
        stays = f"among the newest {keep}" if number < keep else _why_kept(run, failing=failing)
        yield Fate(run=run, stays=stays, bytes=_bytes_of(run.folder))


def _why_kept(run: RunListed, *, failing: bool) -> str:
    if run.verdict == RUNNING:
        return "is being written"
    if run.verdict in (ALTERED, UNREADABLE):
        return "is not as it was written: look at it first"
    if run.signed:
        return "signed"
    if run.noted:
        return "somebody has noted something on it"
    if run.label:
        return f"called '{run.label}'"
    return "" if failing else _why_failed(run)


def _why_failed(run: RunListed) -> str:
    """What did not pass in it, also in one that was cut short: its shots that had finished tell it."""
    if run.verdict in _EXPECTED:
        return ""
    if run.verdict != CUT_SHORT:
        return f"did not pass ({run.verdict})"
    try:
        failed = sorted(failed_in(run.folder))
    except _UNREAD:
        return "was cut short, and its shots cannot be read: look at it first"
    named = ", ".join(failed[:3]) + (f" and {len(failed) - 3} more" if failed[3:] else "")
    return f"was cut short, and these had not passed: {named}" if failed else ""


def _bytes_of(folder: Path) -> int:
    total = 0
    for one in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if not one.is_symlink() and one.is_file():
                total += one.stat().st_size
    return total


def free(run: RunListed, database: ResultsDatabase | None) -> None:
    """Take its folder away, and its row in the results database. Raises RecordError."""
    with held(run.folder) as mine:
        if not mine:
            raise RecordError(f"{run.folder}: is being written; it stays")
        try:
            if run.folder.is_symlink():
                run.folder.unlink()
            else:
                shutil.rmtree(run.folder)
        except OSError as error:
            raise RecordError(f"{run.folder}: cannot be taken away: {error.strerror}") from error
    if database is not None:
        database.remove(run.run_id)

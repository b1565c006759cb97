"""What differs between the results database and the run folders, and the mend: the folder is the truth.

A row is added or replaced by what its folder says; none is taken away because a folder is gone, for folders are
archived. Runs that are being written just now are left alone.
"""

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.errors import RecordError, UnusableUrl
from bench.record.chain import FOOTER
from bench.record.database import Listed, ResultsDatabase, Sealed
from bench.record.folder import HEADER, open_run, verify_read, verify_run
from bench.record.held import held
from bench.record.same_rows import says_otherwise
from bench.stored.cut_short import complete_cut_short
from bench.stored.store import store_one

_WAIT_S = 2.0
_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """good: nothing is left to do. mend: what is left."""

    good: bool
    text: str
    mend: str = ""


@dataclass(slots=True, kw_only=True)
class _Found:
    """Run folders and rows, by what is the matter with them."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    cut_short: list[Path] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unknown: int = 0


def examine_listed(where: Path | str, runs: Path) -> Iterator[Difference]:
    """Compare the rows of the database with the runs in `runs`, and with runs elsewhere on this machine that it
    names. Mends what it can.

    Raises UnusableUrl.
    """
    folders = sorted(one.parent for one in runs.glob(f"*/{HEADER}"))
    if not folders and isinstance(where, Path) and not where.exists():
        yield Difference(good=True, text="no run yet")
        return
    try:
        database = ResultsDatabase(where, wait_s=_WAIT_S)
        rows = database.runs()
        found = _compared(database, rows, runs, folders)
    except UnusableUrl:
        raise
    except RecordError as error:
        yield Difference(
            good=False,
            text=f"{error}",
            mend="runs are complete in their folders; once it is mended: hil doctor",
        )
        return
    yield from _told(found, len(rows), database)


def forget(where: Path | str, runs: Path, run_ids: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """Take runs out of the database whose folders no longer exist: (whether it is out, a line) for each."""
    database = ResultsDatabase(where, wait_s=_WAIT_S)
    rows = {row.run_id: row for row in database.runs()}
    for run_id in run_ids:
        row = rows.get(run_id)
        place = None if row is None else _place(row, runs)
        if row is None:
            yield False, f"{run_id}: is not in the results database"
        elif place is not None and place.is_dir():
            yield False, f"{run_id}: its folder is there ({place}), so it stays in the results database"
        else:
            database.remove(run_id)
            yield True, f"{run_id}: taken off the results database ({row.verdict})"


def _compared(
    database: ResultsDatabase, rows: Sequence[Listed], runs: Path, folders: Sequence[Path]
) -> _Found:
    found = _Found()
    known = {row.run_id for row in rows}
    for row in rows:
        _row(database, row, _place(row, runs), found)
    for folder in folders:
        if folder.name not in known and _is_free(folder):
            if (folder / FOOTER).is_file():
                stored, line = store_one(folder, database)
                (found.added if stored else found.refused).append(folder.name if stored else line)
            else:
                found.cut_short.append(folder)
    return found


def _place(row: Listed, runs: Path) -> Path | None:
    """Where its folder is, or was; None where nobody on this machine knows."""
    if (runs / row.run_id).is_dir():
        return runs / row.run_id
    if row.sealed is None or row.sealed.host != platform.node():
        return None
    return Path(row.sealed.folder)


def _is_free(folder: Path) -> bool:
    with held(folder) as mine:
        return mine


def _row(database: ResultsDatabase, row: Listed, place: Path | None, found: _Found) -> None:
    if place is None:
        found.unknown += 1
    elif not place.is_dir():
        found.gone.append(row.run_id)
    elif not _is_free(place):
        return
    elif (place / FOOTER).is_file():
        _complete(database, row, place, found)
    else:
        try:
            complete_cut_short(place)
        except RecordError as error:
            found.refused.append(f"{row.run_id} is listed, and its folder has no footer: {error}")
            return
        _replace(database, row, place, found)


def _complete(database: ResultsDatabase, row: Listed, place: Path, found: _Found) -> None:
    """Check a row against its folder, which has a footer. Header and result are checked, since the row was made from
    them.
    """
    try:
        if altered := verify_read(place):
            found.refused.append(f"{row.run_id} is listed, and its folder is ALTERED: {altered[0]}")
            return
        sealed = row.sealed is None or row.sealed.chain == Sealed.of(place).chain
        if not sealed or says_otherwise(database, row.run_id, open_run(place).result or {}):
            _replace(database, row, place, found)
    except RecordError as error:
        found.refused.append(f"{row.run_id} is listed, and its folder cannot be read: {error}")


def _replace(database: ResultsDatabase, row: Listed, place: Path, found: _Found) -> None:
    """By what the folder says, where that can be believed."""
    _, altered = verify_run(place)
    if altered:
        found.refused.append(f"{row.run_id}: altered since it was written: {altered[0]}")
        return
    database.remove(row.run_id)
    stored, line = store_one(place, database)
    (found.replaced if stored else found.refused).append(f"{row.run_id} ({row.verdict})" if stored else line)


def _told(found: _Found, rows: int, database: ResultsDatabase) -> Iterator[Difference]:
    if database.brought_from is not None:
        yield Difference(
            good=True, text=f"its schema was brought up to date from version {database.brought_from}"
        )
    if found.added:
        yield Difference(good=True, text=f"{_runs(found.added)} complete and not listed; added")
    if found.replaced:
        text = f"{_runs(found.replaced)} listed otherwise than the folder says; now listed as the folder says"
        yield Difference(good=True, text=text)
    for line in found.refused:
        yield Difference(good=False, text=line, mend="`hil verify` tells all")
    if found.cut_short:
        names = [one.name for one in found.cut_short]
        mend = (
            f"hil store {' '.join(map(str, found.cut_short[:_MOST]))}: keeps what is whole as an aborted run"
        )
        yield Difference(good=False, text=f"{_runs(names)} cut short: no footer", mend=mend)
    if found.gone:
        mend = f"leave it where folders are archived; else hil doctor --forget {found.gone[0]}"
        yield Difference(good=False, text=f"{_runs(found.gone)} listed, and the folder is gone", mend=mend)
    unknown = f"; of {found.unknown} the folder is not known here" if found.unknown else ""
    listed = rows + len(found.added)
    yield Difference(good=True, text=f"{listed} {'run' if listed == 1 else 'runs'} listed{unknown}")


def _runs(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if names[_MOST:] else ""
    verb = "run was" if len(names) == 1 else "runs were"
    return f"{', '.join(names[:_MOST])}{more}: {len(names)} {verb}"

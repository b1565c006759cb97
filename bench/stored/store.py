"""Adding stored runs to the results database."""

from collections.abc import Iterator
from pathlib import Path

from bench.errors import RecordError
from bench.record.codable import run_from_dict
from bench.record.database import ResultsDatabase, Sealed
from bench.record.folder import open_run, verify_run
from bench.record.same_rows import says_otherwise
from bench.stored.cut_short import complete_cut_short


def stored_from(folders: list[Path], where: Path | str) -> Iterator[tuple[bool, str]]:
    """Add runs from their folders, however often: (whether it is in the database now, a line) for each.

    One without a footer gets it first, as an aborted run of what is whole.
    Raises NotARun before anything is stored, RecordError where the database is in trouble.
    """
    for folder in folders:
        open_run(folder)
    database = ResultsDatabase(where)
    for folder in folders:
        yield store_one(folder, database)


def store_one(folder: Path, database: ResultsDatabase) -> tuple[bool, str]:
    """As `stored_from`, of one run."""
    footer, altered = verify_run(folder)
    note, cut_short = "", footer is None
    if footer is None:
        try:
            completed = complete_cut_short(folder)
        except RecordError as error:
            return False, f"{folder}: not stored: {error}"
        note = f" as an aborted run, for it had no footer: {completed.words()}"
        note += "".join(f"; not written: {line}" for line in completed.troubles)
        footer, altered = verify_run(folder)
    if altered or footer is None:
        return False, f"{folder}: not stored: altered since it was written: {altered[0]}"
    opened = open_run(folder)
    if opened.result is None:
        return False, f"{folder}: not stored: it has no result.json"
    try:
        result = run_from_dict(opened.result)
    except RecordError as error:
        return False, f"{folder}: not stored: {error}"
    if result.aborted is not None and not note:
        note = " as an aborted run"
    replaced = cut_short and database.remove(
        result.run_id
    )  # a row beside a folder without footer says too much
    added = database.add(result, Sealed.of(folder, footer))
    if not added and says_otherwise(database, result.run_id, opened.result):
        return False, f"{folder}: not stored: listed otherwise than the folder says; `hil doctor` mends that"
    note += ", in place of what was listed" if replaced else ""
    return True, f"{folder}: {'stored' if added else 'stored already'}{note}"

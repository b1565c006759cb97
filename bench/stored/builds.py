"""Finding stored runs by folder, id or firmware build, and reading them as long as they can be trusted."""

from dataclasses import dataclass
from pathlib import Path

from bench.errors import AlteredRun, BenchError, NotARun, RecordError, nearest
from bench.record.codable import run_from_dict
from bench.record.folder import OpenedRun, open_run, verify_read, verify_run
from bench.record.said import LAST
from bench.stored.run_list import newest_run, run_folders
from bench.verdict.result import RunResult
from bench.verdict.rules import RULES

ALTERED = "ALTERED"


def find_run(text: str, runs: Path) -> Path:
    """A run folder by path or run id, `last`, the newest with a label, or the newest finished one of a firmware build.

    Raises NotARun.
    """
    path = Path(text)
    if path.is_dir():
        return path
    if (runs / text).is_dir():
        return runs / text
    if (called := newest_run(runs, None if text == LAST else text)) is not None:
        return called
    found = sorted(p for p in run_folders(runs) if (p / "footer.json").is_file())
    if text in (ids := {p.name: p for p in found}):
        return ids[text]
    named = [p for p in found if p.name.partition("-")[2].partition("-")[2] == text]
    for path in reversed(named):
        if not _was_aborted(path):
            return path
    names = [p.name for p in found]
    near = nearest(text, [*names, *(n.partition("-")[2].partition("-")[2] for n in names)])
    if text == LAST:
        raise NotARun(f"'{LAST}': found no run in {runs}; `hil run` makes one, `hil runs` lists them")
    raise NotARun(
        f"'{text}': no run folder, and no finished run of that id, label or firmware in {runs}; "
        f"expected one that `hil runs` lists{near}"
    )


def _was_aborted(path: Path) -> bool:
    """Whether a run with a footer was aborted. A run that cannot be read is told by the code that reads it next."""
    try:
        result = open_run(path).result
    except RecordError:
        return False
    return result is not None and result.get("aborted") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored run. altered: what of it is not as it was written, one line each; then the result is no evidence."""

    path: Path
    result: RunResult
    altered: tuple[str, ...]


def load_checked(path: Path) -> Stored:
    """A finished run and whether every byte of it is as written. Raises RecordError for one without a result."""
    footer, altered = verify_run(path)
    if footer is None:
        altered = verify_read(path)
    return _stored(path, altered)


def load_neighbour(path: Path) -> Stored:
    """As `load_checked`, but only what is read here is checked: header and result. Quick, for runs not asked for."""
    return _stored(path, verify_read(path))


def _stored(path: Path, altered: tuple[str, ...]) -> Stored:
    try:
        opened = open_run(path)
        if opened.header.get("kind") is not None:
            raise NotARun(f"{path}: a {opened.header['kind']}, no run of scenarios; expected a run folder")
        if opened.result is None:
            raise RecordError(f"{path}: an aborted run has no result; `hil rejudge` reads what it left")
        refuse_newer(opened)
        return Stored(path=path, result=run_from_dict(opened.result), altered=altered)
    except (BenchError, RecursionError) as error:
        if altered and (path / "footer.json").exists():
            raise AlteredRun(f"{ALTERED} {path}: {altered[0]}; it cannot be read: {error}") from error
        raise


def refuse_newer(opened: OpenedRun) -> None:
    """Raises RecordError for a run that was judged by rules which this release does not have."""
    rules = max(content.get("rules", 1) for content in (opened.header, opened.result or {}))
    if rules > RULES:
        raise RecordError(
            f"{opened.path}: judged by rules {rules}, of a newer release; expected rules {RULES} at most"
        )


def refuse_altered(stored: Stored, what: str) -> None:
    """Raises RecordError where the run was altered. what: what is not done with it then, as `exported`."""
    if stored.altered:
        more = f" and {len(stored.altered) - 1} more" if stored.altered[1:] else ""
        raise AlteredRun(
            f"{ALTERED} {stored.path}: {stored.altered[0]}{more}; a run that is not as it was written is not {what}, "
            "`hil verify` tells all"
        )

"""Finding stored runs by folder, id or firmware build."""

from pathlib import Path

from bench.errors import NotARun, RecordError, nearest
from bench.record.codable import run_from_dict
from bench.record.folder import open_run
from bench.verdict.result import RunResult


def find_run(text: str, runs: Path) -> Path:
    """A run folder by path, by run id, or the newest finished one of a firmware build. Raises NotARun."""
    path = Path(text)
    if path.is_dir():
        return path
    if (runs / text).is_dir():
        return runs / text
    found = sorted(p.parent for p in runs.glob("*/footer.json"))
    named = [p for p in found if p.name.partition("-")[2].partition("-")[2] == text]
    if named:
        return named[-1]
    names = [p.name for p in found]
    near = nearest(text, [*names, *(n.partition("-")[2].partition("-")[2] for n in names)])
    raise NotARun(
        f"'{text}': no run folder, and no finished run of that id or firmware in {runs}; expected one{near}"
    )


def load_result(path: Path) -> RunResult:
    """The result of a finished run. Raises RecordError for one that has none."""
    opened = open_run(path)
    if opened.result is None:
        raise RecordError(f"{path}: an aborted run has no result; `hil rejudge` reads what it left")
    return run_from_dict(opened.result)

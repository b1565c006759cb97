"""A pool: a folder with the shots of each run as columns of a Parquet file of its own, named by the run.

So a run that is merged twice is there once, and two pools are merged by their files. Nothing in it is a verdict.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.errors import ConfigError
from bench.pooling.bundle import Bundle, BundleShots, NotPooled, Why, read_bundle
from bench.running.workers import bounded, on_workers
from bench.stored.run_list import run_folders

if TYPE_CHECKING:
    import duckdb

_FILES = "*.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What became of one run. added: False where it was in the pool before. why: None where it is in the pool now."""

    folder: Path
    run_id: str
    shots: int
    added: bool
    why: Why | None = None
    words: str = ""


def connection() -> duckdb.DuckDBPyConnection:
    """Raises ConfigError where the extra is not installed."""
    try:
        import duckdb
    except ImportError as error:
        raise ConfigError("a pool needs DuckDB; expected: pip install 'bms-hil[pool]'") from error
    return duckdb.connect(config={"threads": max(1, os.cpu_count() or 1)})


def runs_below(places: Iterable[Path]) -> Iterator[Path]:
    """The run folders that are named, and those in a folder that is named. Raises ConfigError for one without any."""
    for place in places:
        if (place / "header.json").is_file():
            yield place
            continue
        found = [*run_folders(place)]
        if not found:
            raise ConfigError(f"{place}: found no run; expected a run folder, or a folder of run folders")
        yield from found


def merge(pool: Path, places: Iterable[Path], workers: int | None = None) -> list[Merged]:
    """Take runs into the pool, each whole or not at all. workers: processes that read them, all processors by default.

    Raises ConfigError for a place without runs.
    """
    pool.mkdir(parents=True, exist_ok=True)
    folders = [*runs_below(places)]
    count, _ = bounded(workers, len(folders) or 1)
    with on_workers(partial(_merged, pool), count) as readers:
        return [*readers.in_order(folders)]


def _merged(pool: Path, folder: Path) -> Merged:
    try:
        bundle = read_bundle(folder)
        with connection() as columns:
            added = add(columns, pool, folder, bundle)
    except NotPooled as error:
        name = folder.name
        return Merged(folder=folder, run_id=name, shots=0, added=False, why=error.why, words=error.words)
    return Merged(folder=folder, run_id=bundle.facts.run_id, shots=len(bundle.shots.seed), added=added)


def add(columns: duckdb.DuckDBPyConnection, pool: Path, folder: Path, bundle: Bundle) -> bool:
    """One run into the pool; False where it is there. Raises NotPooled for another one of the same id.

    folder: where it comes from, for whoever reads why it is not pooled.
    """
    if not bundle.shots.seed:
        words = "asks for no reaction in any scenario, so there is nothing to pool"
        raise NotPooled(folder, Why.EMPTY, words)
    file = pool / f"{bundle.facts.run_id}.parquet"
    if not file.exists():
        shots = _arrays(bundle.shots)  # noqa: F841  DuckDB finds it by its name
        facts = asdict(bundle.facts)
        constant = ", ".join(f"? AS {name}" for name in facts)
        made = columns.sql(f"SELECT *, {constant} FROM shots", params=[*facts.values()])
        part = file.with_suffix(f".{os.getpid()}.part")
        made.write_parquet(str(part), compression="zstd")
        if _kept(part, file):
            return True
    known = columns.execute("SELECT chain FROM read_parquet(?) LIMIT 1", [str(file)]).fetchone()
    if known is None or known[0] != bundle.facts.chain:
        words = f"the pool has another run of this id, whose chain is {str(known and known[0])[:12]}…"
        raise NotPooled(folder, Why.CONFLICT, f"{words}; expected one of the two")
    return False


def _kept(part: Path, file: Path) -> bool:
    """Whether the part is the file now; False where another process was first."""
    try:
        os.link(part, file)
    except FileExistsError:
        return False
    except OSError:  # a file system without links: whoever is last is there
        part.replace(file)
        return True
    finally:
        part.unlink(missing_ok=True)
    return True


def _arrays(shots: BundleShots) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for one in fields(shots):
        values = getattr(shots, one.name)
        if one.name.endswith("_ns"):
            none = np.array([value is None for value in values])
            made[one.name] = np.ma.array(
                np.array([value or 0 for value in values], dtype=np.int64), mask=none
            )
        else:
            made[one.name] = np.array(values, dtype=object)
    return made


def files_of(pool: Path) -> list[str]:
    """Raises ConfigError for a folder that is no pool."""
    found = sorted(str(one) for one in pool.glob(_FILES))
    if not found:
        raise ConfigError(f"{pool}: found no pooled run; expected a folder that `hil pool RUN…` has made")
    return found

"""Whether a bench file's `[record] database` can ever take results, told at its place; nothing is opened or made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.config.toml_file import read_toml
from bench.config.user_file import odd_kind
from bench.errors import UnusableUrl

if TYPE_CHECKING:
    from bench.config.bench_file import BenchConfig


def refuse_unusable_url(bench: BenchConfig) -> None:
    """Raises ConfigError for a URL that nothing here can open, such as one whose driver is missing."""
    where = bench.record.database
    if isinstance(where, Path):
        return
    from bench.record.engine import engine_of

    try:
        engine_of(where, wait_s=0)
    except UnusableUrl as error:
        _tell(bench, str(error))


def refuse_unusable(bench: BenchConfig) -> None:
    """As `refuse_unusable_url`, and for a path of a folder, a device or a pipe.

    A run goes on without a database, and is complete; but whoever asks whether the bench is right has to hear of it.
    """
    refuse_unusable_url(bench)
    where = bench.record.database
    if isinstance(where, Path) and (what := _special(where)):
        _tell(bench, f"found {what}; expected an SQLite file, or a path where there is none yet")


def _special(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # none yet, or none that can be made: the run warns
        return ""
    return odd_kind(mode)


def _tell(bench: BenchConfig, why: str) -> None:
    file = read_toml(bench.file)
    file.mistake(("record", "database"), why)
    file.stop_on_mistakes()

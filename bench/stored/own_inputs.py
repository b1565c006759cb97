"""What a stored run holds of its own inputs: library, goals and copies of files."""

import contextlib
from pathlib import Path

from bench.errors import BenchError
from bench.record.codable import decode
from bench.record.folder import OpenedRun, open_run
from bench.scenario.library import Library
from bench.verdict.budgets import load_budgets
from bench.verdict.result import Budget


def stored_library(opened: OpenedRun) -> Library | None:
    """What there was to be run; None where the folder does not say, as those of older releases."""
    kept = opened.library()
    return None if kept is None else decode(Library, kept)


def library_of(folder: Path) -> Library | None:
    """What there was to be run; None where nothing that can be read says so."""
    with contextlib.suppress(BenchError, KeyError, ValueError, TypeError, AttributeError):
        return stored_library(open_run(folder))
    return None


def stored_input(opened: OpenedRun, key: str) -> Path:
    """The copy of an input by its name in the header's hashes."""
    digest = str(opened.header["hashes"][key])
    return next(iter((opened.path / "inputs").glob(f"{digest[:12]}-*")), opened.path / "inputs" / digest)


def stored_goals(opened: OpenedRun) -> dict[str, Budget]:
    """The safety goals of a run, from its own copy of budgets.toml."""
    return load_budgets(stored_input(opened, "budgets"), str(opened.header["chemistry"]))

"""A name that is no bench file: what it is instead, and which bench file may be meant."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.errors import ConfigError, clear, nearest

_MOST_LOOKED_AT, _MOST_BYTES = 50, 200_000
# By keys that no other kind of file has.
_KINDS = {
    "a scenario": {"safety_goal", "aim"},
    "a DUT profile": {"play", "base_period"},
}
_GOAL = {"asil", "ftti"}  # in each table of budgets.toml


def refuse_no_bench(path: Path) -> None:
    """Raises ConfigError where nothing is there, with what to do about it. Whatever else is wrong is told later."""
    try:
        there = os.path.lexists(path)
    except ValueError:
        return
    if not there:
        raise ConfigError(f"{clear(str(path))}: found no such file; expected a bench file{_instead(path)}")


def refuse_another_kind(path: Path, data: Mapping[str, Any]) -> None:
    """Raises ConfigError, in one line, for a file of another kind: each of its keys would be a mistake."""
    if {"bench", "dut", "can", "pack"} & data.keys():
        return
    tables = [one for one in data.values() if isinstance(one, dict)]
    goals = (
        "safety goals" if any(one.keys() >= _GOAL for one in tables) else "no [bench], [can], [dut], [pack]"
    )
    kind = next((name for name, keys in _KINDS.items() if keys & data.keys()), goals)
    raise ConfigError(f"{clear(str(path))}: found {kind}; expected a bench file{_instead(path)}")


def _instead(path: Path) -> str:
    """The nearest bench file, else all of this folder, else how to get one."""
    here = sorted({one for folder in (path.parent, Path()) for one in _bench_files(folder) if one != path})
    names = [str(one) for one in here]
    if near := nearest(path.name, [one.name for one in here]):
        return near
    if names:
        return f", such as {', '.join(names[:3])}"
    return "; `hil init --demo DIR` lays out an example that runs"


def _bench_files(folder: Path) -> list[Path]:
    try:
        files = sorted(folder.glob("*.toml"))[:_MOST_LOOKED_AT]
        return [one for one in files if one.is_file() and _is_bench(one)]
    except OSError:
        return []


def _is_bench(file: Path) -> bool:
    try:
        if file.stat().st_size > _MOST_BYTES:
            return False
        return {"bench", "dut", "pack"} <= tomllib.loads(file.read_text(encoding="utf-8")).keys()
    except (OSError, ValueError, RecursionError):
        return False

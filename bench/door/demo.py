"""The bench, the messages and the library that the package brings, laid out in a folder of the user's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import bench
from bench.errors import ConfigError

PARTS = ("hil_config.toml", "dbc", "scenarios")


def demo_source() -> Path:
    """The folder that holds them: in an installed package its own, in a source tree the root of the repository."""
    package = Path(bench.__file__).resolve().parent
    found = next((one for one in (package / "demo", package.parent) if (one / PARTS[0]).is_file()), None)
    if found is None:
        raise ConfigError(
            f"{package / 'demo'}: found no example bench; expected it with the package: install it anew"
        )
    return found


def lay_out_demo(folder: Path) -> tuple[Path, ...]:
    """Copy them; the files that were written. Raises ConfigError where one of them is there already."""
    source = demo_source()
    if there := [name for name in PARTS if (folder / name).exists()]:
        raise ConfigError(
            f"--demo: found {folder / there[0]}; expected a folder without it, so that nothing is lost"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in PARTS:
            if (source / name).is_dir():
                shutil.copytree(
                    source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "runs")
                )
            else:
                shutil.copy(source / name, folder)
    except OSError as error:
        raise ConfigError(f"--demo: {folder} cannot be written: {error.strerror or error}") from error
    return tuple(sorted(file for name in PARTS for file in _files(folder / name)))


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else [one for one in place.rglob("*") if one.is_file()]

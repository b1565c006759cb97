"""A bench folder with one scenario, whose runs take a moment, and the command line in this process."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.cli.ending import ended
from bench.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
ONE = "weld-plus-at-opening--inside"
QUICK = ("run", "-k", ONE, "--repeat", "1")


def file_of(scenario: str) -> Path:
    """Where the library has a scenario, or the one that a twin is made of: to prepare one takes 10 ms, all 0.5 s."""
    name = scenario.split("--")[0].replace("-", "_")
    (found,) = (ROOT / "scenarios").rglob(f"{name}.toml")
    return found


def small_bench(folder: Path) -> Path:
    shutil.copytree(ROOT / "dbc", folder / "dbc")
    (folder / "scenarios" / "contactors").mkdir(parents=True)
    for name in ("budgets.toml", "contactors/weld_plus_at_opening.toml"):
        shutil.copy(ROOT / "scenarios" / name, folder / "scenarios" / name)
    shutil.copy(ROOT / "hil_config.toml", folder)
    return folder


def records_in(folder: Path, database: str) -> None:
    """Let the bench file name another database."""
    file = folder / "hil_config.toml"
    lines = file.read_text().splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("database = ")]
    lines[at] = f'database = "{database}"'
    file.write_text("\n".join(lines) + "\n")


def run_folders(folder: Path) -> list[Path]:
    return sorted(one.parent for one in (folder / "runs").glob("*/header.json"))


def hil_here(*words: str) -> int:
    """The exit code of a command, as the entry point makes it, without the start of an interpreter."""
    return ended(lambda: app(list(words)))


Hil = Callable[..., subprocess.CompletedProcess[str]]
"""A command line in a folder: `hil(folder, "run", …)`."""


def hil_within(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Hil:
    """`hil` in a folder, told as a process tells it, without the start of an interpreter for each.

    A module of the folder is read anew each time, as a new process does.
    """

    def hil(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(folder)
        monkeypatch.syspath_prepend(str(folder))
        for one in folder.glob("*.py"):
            monkeypatch.delitem(sys.modules, one.stem, raising=False)
        capsys.readouterr()
        code = hil_here(*words)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, said.out, said.err)

    return hil

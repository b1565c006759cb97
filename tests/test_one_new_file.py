"""What a colleague adds as one new file, from the docs alone: each is put into a copy of the bench and used there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

COMMAND = '''
"""`hil count`: how many scenarios there are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.command import Command


def count(folder: Annotated[Path, typer.Argument(help="Where to look.")] = Path("scenarios")) -> None:
    """Count the scenario files of a folder."""
    typer.echo(f"{len(list(folder.glob('*/*.toml')))} files")


COMMAND = Command(name="count", call=count, place=25)
'''

SECTION = '''
"""How many shots the run has of each verdict."""

from collections import Counter

from bench.report.extras import ReportExtras
from bench.report.section import Place, Section, Told
from bench.verdict.result import RunResult


def _tell(run: RunResult, extras: ReportExtras) -> Told | None:
    counts = Counter(shot.judgement.verdict.name for one in run.scenarios for shot in one.shots)
    rows = counts.most_common()
    return Told(lines=("Shots: <each> counts.",), headings=("Verdict", "Shots"), rows=rows)


SECTION = Section(title="Shots by verdict", place=Place.COVERED - 1, tell=_tell)
'''

AT_THE_END = SECTION.replace("Shots by verdict", "Counted once more").replace(
    "Place.COVERED - 1", "Place.END"
)
AT_THE_END += 'AGAIN = Section(title="And once again", place=Place.END, tell=_tell)\n'

CHEMISTRY = """
based_on = "lfp"

[meta]
id = "lfp_warm"
name = "LFP in a warmer housing"

[thermal]
R_th_ambient_K_W = { v = 4.0, c = "E", s = "own" }

[sources]
own = "measured on three packs, report 12"
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bench with four new files, and nothing else changed."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("bench", "firmware_stubs", "dbc"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "hil_config.toml", folder)
    (folder / "scenarios" / "contactors").mkdir(parents=True)
    for one in ("budgets.toml", "contactors/weld_plus_at_opening.toml"):
        shutil.copy(ROOT / "scenarios" / one, folder / "scenarios" / one)
    for place, text in (
        ("bench/cli/count_command.py", COMMAND),
        ("bench/report/sections/shots_by_verdict.py", SECTION),
        ("bench/report/sections/counted_once_more.py", AT_THE_END),
        ("bench/plant/chemistries/lfp_warm.toml", CHEMISTRY),
    ):
        assert len(text.splitlines()) <= 60
        (folder / place).write_text(text.lstrip("\n"))
    return folder


def hil(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_command_a_section_and_a_chemistry_are_one_new_file_each(copy: Path) -> None:
    assert hil(copy, "count") == "1 files\n"
    run = ("-k", "weld-plus-at-opening--inside", "--repeat", "1", "--chemistry", "lfp_warm")
    hil(copy, "run", *run)
    (folder,) = (one.parent for one in (copy / "runs").glob("*/header.json"))
    page = (folder / "report.html").read_text()
    told = page.index("<h2>Shots by verdict</h2>")
    assert page.index("<h2>Safety goals</h2>") < told < page.index("<h2>What is covered")
    assert "<td>PASS</td><td>1</td>" in page and "&lt;each&gt; counts" in page
    assert page.index("<h2>What the run was made of") < page.index("<h2>Counted once more</h2>")
    assert "<h2>And once again</h2>" in page, "a second section of a file is not lost"
    summary = hil(copy, "report", str(folder), "--markdown")
    assert "**Shots by verdict**" in summary and "| PASS | 1 |" in summary

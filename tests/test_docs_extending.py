"""The parts of docs/extending.md, put where the page says, in a copy of the bench: found, run and told."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import bench.rig.capabilities as capabilities
from bench.config.play import QUANTITIES
from bench.measure.interval import Latency, Measurement
from bench.plant.chemistry import Chemistry
from bench.report.extras import ReportExtras
from bench.verdict.result import (
    Budget,
    Judgement,
    LatencyStatistics,
    RunResult,
    ScenarioResult,
    ShotResult,
)

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w/]+\.\w+)`:\n\n```\w+\n(.*?)```", PAGE, re.S))
LONGEST = 60
SCENARIO = "scenarios/cells/uv_sag_cell40.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    folder: Path
    env: Mapping[str, str]

    def hil(self, *words: str) -> str:
        line = [sys.executable, "-m", "bench", *words]
        done = subprocess.run(
            line, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    folder = tmp_path_factory.mktemp("extending")
    for name in ("bench", "firmware_stubs", "dbc"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "scenarios").mkdir()
    shutil.copy(ROOT / "scenarios" / "budgets.toml", folder / "scenarios")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "bench/instruments/acme_relays/__init__.py").touch()
    (table,) = re.findall(r"```toml\n(\[instrument\..*?)```", PAGE, re.S)
    (folder / "hil_config.toml").write_text((ROOT / "hil_config.toml").read_text() + "\n" + table)
    return Trial(folder=folder, env={**os.environ, "PYTHONPATH": str(folder)})


def test_no_file_of_the_page_is_longer_than_promised() -> None:
    assert len(FILES) == 8, sorted(FILES)
    assert {name: text.count("\n") for name, text in FILES.items() if text.count("\n") > LONGEST} == {}


def test_the_parts_of_the_page_are_found_and_run(trial: Trial) -> None:
    said = trial.hil("run", SCENARIO, "--chemistry", "lfp_warm", "--repeat", "1", "--workers", "1")
    assert "PASS 1 of 1 scenarios" in said
    (run,) = (trial.folder / "runs").glob("*/report.html")
    text = run.read_text(encoding="utf-8")
    assert "The 1 of 1 shots that took longest until the fault was detected." in text
    assert "acme_relays" in (run.parent / "header.json").read_text(encoding="utf-8")
    assert "lfp_warm" in (run.parent / "header.json").read_text(encoding="utf-8")
    assert re.fullmatch(r"uv-sag-cell40: \d+\.\d ms\n", trial.hil("slowest", "reference"))


@pytest.mark.slow
def test_types_and_style_of_the_page_are_those_of_the_house(trial: Trial) -> None:
    shutil.copy(ROOT / "pyproject.toml", trial.folder)
    own = [name for name in FILES if name.endswith(".py")]
    for tool in (["mypy"], ["ruff", "check"], ["ruff", "format", "--check"]):
        line = [sys.executable, "-m", *tool, *own]
        done = subprocess.run(
            line, cwd=trial.folder, env=trial.env, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_names_every_capability_and_all_it_can_do() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.M))
    missing = []
    for name in capabilities.__all__:
        protocol = getattr(capabilities, name)
        if not getattr(protocol, "_is_protocol", False):
            continue
        row = rows.get(name, "")
        verbs = [verb for verb in vars(protocol) if not verb.startswith("_")]
        missing += [f"{name}.{verb}" for verb in verbs if not re.search(rf"`{verb}\b", row)]
    assert missing == []


READABLE = {
    "run": (RunResult,),
    "scenario": (ScenarioResult,),
    "budget": (Budget,),
    "fdti": (LatencyStatistics, Latency),
    "shot": (ShotResult,),
    "measurement": (Measurement,),
    "judgement": (Judgement,),
    "extras": (ReportExtras,),
}


def test_what_the_page_lets_a_section_read_is_there() -> None:
    named = re.findall(r"`(?:\w+\.)*(\w+)\.(\w+)`", PAGE[PAGE.index("| what you read") :])
    held = [(thing, field) for thing, field in named if thing in READABLE]
    assert len(held) > 15
    assert [
        f"{thing}.{field}" for thing, field in held if not any(hasattr(t, field) for t in READABLE[thing])
    ] == []


def test_the_page_names_every_threshold_and_every_quantity() -> None:
    for first, names in (("Thresholds", Chemistry.load("nmc").thresholds()), ("Quantities", QUANTITIES)):
        (told,) = re.findall(rf"^{first} .*?(?=\n\n)", PAGE, re.M | re.S)
        assert set(re.findall(r"`(\w+)`", told)) == set(names)


@pytest.mark.parametrize("table", ["cell", "limits", "ocv", "thermal", "validity"])
def test_the_page_of_chemistries_names_every_key_that_others_change(table: str) -> None:
    page = (ROOT / "docs" / "chemistries.md").read_text(encoding="utf-8")
    part = page.partition("## A chemistry of your own")[2].partition("\n## ")[0]
    keys = set(tomllib.loads((ROOT / "bench/plant/chemistries/nmc.toml").read_text(encoding="utf-8"))[table])
    assert {key for key in keys if not re.search(rf"`{key}\b", part)} == set()

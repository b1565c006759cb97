"""`-k` prepares only what it asks for, and runs the same as if it had prepared the whole library."""

import shutil
from pathlib import Path

import pytest

import bench.scenario.prepare as preparing
from bench.errors import ScenarioError
from bench.running.load import load_rig, matches, select_scenarios
from bench.scenario.prepare import Prepared
from bench.wiring.common import Wired

ROOT = Path(__file__).parents[1]
WORDS = (
    "ov-step-cell17",
    "=ov-step-cell17",
    "healthy",
    "not healthy",
    "not (inside or counter-reset)",
    "insulation and healthy",
    "cells",
    "ntc or ot",
    "must-reach",
    "na-ion",
    "glitch",
    "us06",
)


@pytest.fixture(scope="module")
def wired() -> Wired:
    return load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)


@pytest.fixture(scope="module")
def whole(wired: Wired) -> list[Prepared]:
    return select_scenarios(wired, None, None, long=True, mismatches=True).prepared


def asked(wired: Wired, only: str) -> list[Prepared]:
    return select_scenarios(wired, None, only, long=True, mismatches=True).prepared


@pytest.mark.parametrize("only", WORDS)
def test_a_word_gives_what_the_whole_library_has_of_it(
    wired: Wired, whole: list[Prepared], only: str
) -> None:
    wanted = [one for one in whole if matches(only, one.scenario.id, one.scenario.file)]

    assert wanted
    assert asked(wired, only) == wanted


def test_each_healthy_twin_is_kept_or_left_out_as_in_the_whole_library(
    wired: Wired, whole: list[Prepared]
) -> None:
    kept = {one.scenario.id for one in whole if one.scenario.twin_kind == "healthy"}
    made = {one.scenario.twin_of for one in whole if one.scenario.twin_of} - {
        one[: -len("--healthy")] for one in kept
    }

    assert kept
    for name in [*sorted(kept)[::3], *(f"{one}--healthy" for one in sorted(made)[::12])]:
        scenario = name.removesuffix("--healthy")
        found = {one.scenario.id for one in asked(wired, f"={name} or ={scenario}")}
        assert (name in found) == (name in kept), name


def test_one_scenario_by_its_name_prepares_one_file(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    known = preparing.read_scenario
    monkeypatch.setattr(preparing, "read_scenario", lambda path: (read.append(path), known(path))[1])

    asked(wired, "=ov-step-cell17")

    assert [one.name for one in read] == ["ov_step_cell17.toml"]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of two scenarios of the house, and its bench file."""
    folder = tmp_path / "scenarios" / "cells"
    folder.mkdir(parents=True)
    found = {file.stem: file for file in (ROOT / "scenarios").rglob("*.toml")}
    for name in ("ov_step_cell17", "uv_step_cell96"):
        shutil.copy(found[name], folder)
    shutil.copy(ROOT / "scenarios" / "budgets.toml", tmp_path / "scenarios")
    return tmp_path


def in_library(wired: Wired, library: Path, only: str) -> list[str]:
    found = select_scenarios(wired, [library / "scenarios"], only, long=True, mismatches=True)
    return [one.scenario.id for one in found.prepared]


def altered(library: Path, name: str, old: str, new: str) -> None:
    file = library / "scenarios" / "cells" / f"{name}.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_what_another_file_asks_of_the_dut_is_not_held_against_the_one_asked_for(
    wired: Wired, library: Path
) -> None:
    altered(library, "uv_step_cell96", 'flag = "undervoltage"', 'flag = "undervolts"')

    assert in_library(wired, library, "=ov-step-cell17") == ["ov-step-cell17"]
    with pytest.raises(ScenarioError, match="undervolts"):
        in_library(wired, library, "=uv-step-cell96")


def test_a_file_that_is_no_scenario_is_told_whatever_is_asked_for(wired: Wired, library: Path) -> None:
    altered(library, "uv_step_cell96", "[sweep]", "[swep]")

    with pytest.raises(ScenarioError, match="uv_step_cell96"):
        in_library(wired, library, "=ov-step-cell17")


def test_an_id_in_two_files_is_told_whatever_is_asked_for(wired: Wired, library: Path) -> None:
    again = library / "scenarios" / "again"
    again.mkdir()
    shutil.copy(library / "scenarios" / "cells" / "uv_step_cell96.toml", again)

    with pytest.raises(
        ScenarioError, match=r"found 'uv-step-cell96', which .*again/uv_step_cell96\.toml has"
    ):
        in_library(wired, library, "=ov-step-cell17")


def test_a_word_that_nothing_has_tells_how_many_there_are(wired: Wired, library: Path) -> None:
    every = len(in_library(wired, library, "not nothing"))

    with pytest.raises(ScenarioError, match=f"shows all {every}$"):
        in_library(wired, library, "nonsense")

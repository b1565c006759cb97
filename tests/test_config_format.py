"""Scenario, profile and bench files may say in which format they are written."""

import shutil
from pathlib import Path

import pytest

from bench.config.bench_file import load_bench
from bench.config.profile_file import load_profile
from bench.errors import BenchError
from bench.scenario.load import load_scenario

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "scenario": (ROOT / "scenarios" / "cells" / "ov_step_cell17.toml", load_scenario),
    "profile": (ROOT / "dbc" / "reference_bms.toml", load_profile),
    "bench": (ROOT / "hil_config.toml", load_bench),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_may_say_its_format(tmp_path: Path, kind: str) -> None:
    file, load = FILES[kind]
    shutil.copytree(ROOT / "dbc", tmp_path / "dbc")
    text = file.read_text(encoding="utf-8").replace("format = 2\n", "")
    copy = tmp_path / file.name
    copy.write_text("format = 1\n" + text, encoding="utf-8")
    load(copy)
    newest, expected = ("2", "expected 1 or 2") if kind == "scenario" else ("1", "expected 1, the one format")
    copy.write_text(f"format = {newest}\n" + text, encoding="utf-8")
    load(copy)
    for wrong in ("3", "0", '"1"', "1.0", "true"):
        copy.write_text(f"format = {wrong}\n" + text, encoding="utf-8")
        with pytest.raises(BenchError, match=rf"\[format\].*{expected}") as told:
            load(copy)
        assert len(str(told.value).splitlines()) == 1

"""Mutants of the judge made by hand: each still changes a line of the judge as it is today."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MUTANTS = tomllib.loads((ROOT / "tests/judge_mutants.toml").read_text(encoding="utf-8"))["mutant"]


@pytest.mark.parametrize("mutant", MUTANTS, ids=[one["what"] for one in MUTANTS])
def test_what_a_mutant_replaces_stands_once_in_its_file(mutant: dict[str, str]) -> None:
    text = (ROOT / mutant["file"]).read_text(encoding="utf-8")
    assert text.count(mutant["was"].strip("\n")) == 1
    assert mutant["now"] != mutant["was"]


def test_there_are_as_many_as_are_claimed() -> None:
    assert len(MUTANTS) >= 40

"""Of every file of safety goals made by chance comes what came of it before, to the letter."""

from itertools import zip_longest

import pytest
from goals_corpus import CASES, GROUPS, STORED, said

from bench.verdict.budgets import load_budgets

HOW_TO_UPDATE = (
    "If changed on purpose: PYTHONPATH=.:tests python tests/goals_corpus.py; say in the commit what moved."
)
LINES = STORED.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_file_of_goals_is_read_as_before(group: int) -> None:
    stored = [line for line in LINES if line.startswith(f"{group}/")]
    assert len(stored) == CASES
    other = [(was, now) for was, now in zip_longest(stored, said(group)) if was != now]
    assert not other, f"{len(other)} of {len(stored)} differ: {other[:4]}. {HOW_TO_UPDATE}"


def test_a_good_part_of_the_files_loads_and_a_good_part_does_not() -> None:
    loads = sum(" loads " in line for line in LINES)
    assert len(LINES) / 4 < loads < len(LINES) * 3 / 4, load_budgets.__module__

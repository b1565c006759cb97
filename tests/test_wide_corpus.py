"""Each part of measuring says of every wider trace what it said before; whoever changes that reads what changes."""

from itertools import zip_longest

import pytest
from wide_corpus import CASES, GROUPS, STORED, said

from bench.measure.measure import measure

HOW_TO_UPDATE = (
    "If measuring was changed on purpose: PYTHONPATH=.:tests python tests/wide_corpus.py, and say in the commit what "
    "moved. The first digest of a line is of the shot as a whole, the second of each part asked by itself."
)
LINES = STORED.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_wider_trace_is_measured_as_before(group: int) -> None:
    stored = [line for line in LINES if line.startswith(f"{group}/")]
    assert len(stored) == CASES
    other = [f"was {was}\n now {now}" for was, now in zip_longest(stored, said(group)) if was != now]
    assert not other, "\n".join([f"{len(other)} of {len(stored)} differ.", *other[:8], HOW_TO_UPDATE])


def test_all_of_them_can_be_measured() -> None:
    assert not [line for line in LINES if " raises " in line], measure.__module__

"""Judgements at every bound, and figures of runs, are what they were before, whole."""

from itertools import zip_longest

import pytest
from judged_whole import CASES, KINDS, STORED, said

from bench.verdict.judge import judge

HOW_TO_UPDATE = (
    "If changed on purpose: PYTHONPATH=.:tests python tests/judged_whole.py; say in the commit what moved."
)
LINES = STORED.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_it_is_what_it_was(kind: str) -> None:
    stored = [line for line in LINES if line.startswith(f"{kind}/")]
    assert len(stored) == CASES.get(kind, 100)
    other = [(was, now) for was, now in zip_longest(stored, said(kind)) if was != now]
    assert not other, f"{len(other)} of {len(stored)} differ: {other[:4]}. {HOW_TO_UPDATE}"


def test_hardly_anything_is_refused() -> None:
    assert sum(" raises " in line for line in LINES) < len(LINES) / 50, judge.__module__

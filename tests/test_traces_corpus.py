"""The judge says of every trace made by chance what it said before; whoever changes that reads what changes."""

from itertools import zip_longest

import pytest
from traces_corpus import CASES, GROUPS, STORED, judged

HOW_TO_UPDATE = (
    "If judging was changed on purpose: PYTHONPATH=.:tests python tests/traces_corpus.py, read the difference, and say "
    "in the commit why it moved."
)
LINES = STORED.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_trace_is_judged_as_before(group: int) -> None:
    stored = [line for line in LINES if line.startswith(f"{group}/")]
    assert len(stored) == CASES
    other = [f"was {was}\n now {now}" for was, now in zip_longest(stored, judged(group)) if was != now]
    assert not other, "\n".join([f"{len(other)} of {len(stored)} differ.", *other[:8], HOW_TO_UPDATE])


def test_the_traces_meet_every_verdict_and_most_findings_and_few_cannot_be_judged() -> None:
    lines = [line.split() for line in LINES]
    assert {line[1] for line in lines} >= {"PASS", "FAIL", "INCONCLUSIVE", "ERROR", "BLOCKED"}
    assert len({code.split(":")[1] for line in lines for code in line[3:]}) >= 70
    assert sum(line[1] == "raises" for line in lines) < len(lines) / 100

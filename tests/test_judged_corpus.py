"""The judge says of every altered shot what it said before; whoever changes that reads what changes."""

from itertools import zip_longest

from judged_corpus import STORED, judged

from bench.scenario.prepare import Prepared
from bench.wiring.common import Wired

HOW_TO_UPDATE = (
    "If judging was changed on purpose: PYTHONPATH=. python tests/judged_corpus.py, read the difference line by line, "
    "and say in the commit why it moved. A change of plant, firmware or a scenario moves the digests, rarely the codes."
)


def test_every_altered_shot_is_judged_as_before(wired: Wired, prepared: dict[str, Prepared]) -> None:
    stored = STORED.read_text(encoding="utf-8").splitlines()
    other = [
        f"was {was}\n now {now}" for was, now in zip_longest(stored, judged(wired, prepared)) if was != now
    ]
    assert not other, "\n".join([f"{len(other)} of {len(stored)} differ.", *other[:8], HOW_TO_UPDATE])


def test_the_corpus_meets_every_verdict_a_shot_can_have() -> None:
    lines = [line.split() for line in STORED.read_text(encoding="utf-8").splitlines()]
    assert {line[1] for line in lines} >= {"PASS", "FAIL", "GAP", "INCONCLUSIVE", "ERROR"}
    assert len({code for line in lines for code in line[3:]}) >= 20

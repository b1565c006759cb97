"""Statistics and judgement give for hundreds of seeded inputs what they gave before; whoever changes that reads it."""

from itertools import zip_longest

import pytest
from figures_corpus import JUDGEMENTS, KINDS, STATISTICS, STORED, judgement_lines, material, statistics_lines

from bench.scenario.prepare import Prepared
from bench.wiring.common import Wired

HOW_TO_UPDATE = (
    "If it was changed on purpose: PYTHONPATH=.:tests python tests/figures_corpus.py, and say in the commit which "
    "kinds moved and why."
)


def _stored(kind: str) -> list[str]:
    lines = STORED.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(f"{kind}/")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_statistic_is_what_it_was(kind: str) -> None:
    stored, now = _stored(kind), list(statistics_lines(kind))
    assert len(stored) == STATISTICS
    other = [(a, b) for a, b in zip_longest(stored, now) if a != b]
    assert not other, f"{len(other)} of {len(stored)} differ: {other[:4]}. {HOW_TO_UPDATE}"


def test_every_altered_measurement_is_judged_as_it_was(wired: Wired, prepared: dict[str, Prepared]) -> None:
    stored = _stored("judgement")
    assert len(stored) == JUDGEMENTS
    for was, now in zip_longest(stored, judgement_lines(material(wired, prepared))):
        assert was == now, HOW_TO_UPDATE


def test_few_inputs_are_refused() -> None:
    lines = STORED.read_text(encoding="utf-8").splitlines()
    assert sum(" raises " in line for line in lines) < len(lines) / 20

"""The judge says of every altered shot what it said before; whoever changes that reads what changes."""

from itertools import zip_longest

import pytest
from judged_corpus import SCENARIOS, STORED, judged

from bench.scenario.prepare import Prepared
from bench.wiring.common import Wired

HOW_TO_UPDATE = (
    "If judging was changed on purpose: PYTHONPATH=. python tests/judged_corpus.py, read the difference line by line, "
    "and say in the commit why it moved. A change of plant, firmware or a scenario moves the digests, rarely the codes."
)


def _stored() -> list[str]:
    return STORED.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_altered_shot_is_judged_as_before(
    scenario: str, wired: Wired, prepared: dict[str, Prepared]
) -> None:
    stored = [line for line in _stored() if line.split("/")[0].split()[0] == scenario]
    lines = zip_longest(stored, judged(wired, prepared, scenario))
    other = [f"was {was}\n now {now}" for was, now in lines if was != now]
    assert stored and not other, "\n".join(
        [f"{len(other)} of {len(stored)} differ.", *other[:8], HOW_TO_UPDATE]
    )


def test_the_corpus_holds_shots_of_its_scenarios_only() -> None:
    assert {line.split("/")[0].split()[0] for line in _stored()} == set(SCENARIOS)


def test_the_corpus_meets_every_verdict_a_shot_can_have() -> None:
    lines = [line.split() for line in _stored()]
    assert {line[1] for line in lines} >= {"PASS", "FAIL", "GAP", "INCONCLUSIVE", "ERROR"}
    assert len({code for line in lines for code in line[3:]}) >= 20

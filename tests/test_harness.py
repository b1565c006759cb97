"""Faults put into the bench itself: a small seeded sample of what `python -m tests.harness` does each night."""

import sys

from harness.classes import injected, spread
from harness.ground import USUAL, Grounds
from harness.outcome import Tally

IN_SHOTS = ["exceptions", "way", "replies", "stuck"]


def tally_of(names: list[str], faults: int, seed: int, grounds: Grounds) -> Tally:
    tally = Tally()
    for name, count in spread(faults, names).items():
        for number in range(count):
            tally.add(name, number, injected(name, seed, number, grounds))
    sys.stdout.write("\n".join([*tally.lines(), ""]))
    return tally


def test_no_fault_in_a_shot_passes_leaves_outputs_on_untold_or_ends_the_run() -> None:
    tally = tally_of(IN_SHOTS, 16, 7, USUAL[:2])
    assert not tally.wrong, tally.lines()
    outcomes = [one for _, _, one in tally.outcomes]
    # The harness itself has to bite: it strikes, and some of it is no confirmed safe state.
    assert sum(one.struck for one in outcomes) > len(outcomes) // 2
    assert any(one.missed for one in outcomes) and any(one.left_on for one in outcomes)


def test_a_fault_is_the_same_whatever_else_is_injected() -> None:
    first = injected("exceptions", 7, 3, USUAL[:2])
    assert injected("exceptions", 7, 3, USUAL[:2]) == first
    assert first.struck

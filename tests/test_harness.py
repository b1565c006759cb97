"""Faults put into the bench itself: a small seeded sample of what `python -m tests.harness` does each night."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from harness.classes import CLASSES, injected, spread
from harness.ground import USUAL, Grounds, ground, play, the_core
from harness.outcome import Outcome, Tally
from harness.soak import Life
from harness.strikes import How, Place, Strike, Striker, struck

from bench.core.choice import CoreName
from bench.core.library import Stop
from bench.wiring.core import chosen_core

ROOT = Path(__file__).resolve().parents[1]
COME_TOO_LATE = {"stuck", "signals", "signals at the end", "signals at any instant", "clock in real time"}
IN_SHOTS = ["exceptions", "way", "replies", "stuck"]


def tally_of(names: list[str], faults: int, seed: int, grounds: Grounds) -> Tally:
    tally = Tally()
    for name, number in spread(faults, names):
        tally.add(name, number, injected(name, seed, number, grounds))
    sys.stdout.write("\n".join([*tally.lines(), ""]))
    return tally


@pytest.mark.slow
def test_no_fault_in_a_shot_passes_leaves_outputs_on_untold_or_ends_the_run() -> None:
    tally = tally_of(IN_SHOTS, 16, 7, USUAL[:2])
    assert not tally.wrong, tally.lines()
    outcomes = [one for _, _, one in tally.outcomes]
    # The harness itself has to bite: it strikes, and some of it is no confirmed safe state.
    assert sum(one.struck for one in outcomes) > len(outcomes) // 2
    assert any(one.missed for one in outcomes) and any(one.left_on for one in outcomes)


@pytest.mark.slow
def test_neither_a_killed_worker_nor_the_end_of_the_run_costs_what_had_finished() -> None:
    """In a process of its own: runs are forked from it, and the one that runs these tests may have threads."""
    words = ["--faults", "2", "--seed", "1", "--classes", "workers,parent", "--verbose"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.harness", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=110, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^\w+: 1 faults, 1 struck", done.stdout, re.MULTILINE)) == 2, done.stdout


@pytest.mark.slow
@pytest.mark.real_time
@pytest.mark.timeout(400)
def test_a_fault_of_every_class() -> None:
    """As each night, for longer: shots on every bench, and runs in both times that are stopped by signals."""
    words = ["--faults", "30", "--seed", "13", "--within", "220"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.harness", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=380, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    made = dict(re.findall(r"^([\w ]+): \d+ faults, (\d+) struck", done.stdout, re.MULTILINE))
    missed = {name for name in CLASSES if made.get(name) == "0"}
    assert missed <= COME_TOO_LATE, done.stdout
    # One of each; only a busy machine has no time for all.
    assert set(made) >= set(CLASSES) or "the time is over" in done.stdout, done.stdout
    assert len(set(made) - missed) > len(CLASSES) * 2 // 3, done.stdout


def test_every_stop_of_the_native_core_in_a_shot_is_struck() -> None:
    """The harness wrapped a method that the clock no longer called, and struck none of them for a whole session."""
    if the_core() == CoreName.PYTHON or chosen_core().file is None:
        pytest.skip("the native core does not run here")
    where = ground(*USUAL[0])
    seen = Striker()
    with struck(seen):
        play(where, Outcome(fault="none"))
    assert {Stop.HEARD, Stop.CYCLIC, Stop.PLANT} <= set(seen.stops)
    for stop, at in seen.stops.items():
        strike = Strike(
            place=Place.CALLBACK, at=at, how=How.INSTEAD, error=RuntimeError(f"struck at {stop.name}")
        )
        striker, outcome = Striker(strikes=[strike]), Outcome(fault=stop.name)
        with struck(striker):
            play(where, outcome)
        assert striker.told and not outcome.wrong and outcome.verdict != "PASS", (stop.name, outcome)


def test_a_fault_is_the_same_whatever_else_is_injected() -> None:
    first = injected("exceptions", 7, 3, USUAL[:2])
    assert injected("exceptions", 7, 3, USUAL[:2]) == first
    assert first.struck


def test_a_soak_tells_what_grows_and_not_what_is_open_in_mid_shot() -> None:
    def life(descriptors: list[int]) -> Life:
        return Life(name="worker 1", samples=[(k * 100, 80 << 20, d, 1) for k, d in enumerate(descriptors)])

    assert life([18, 18, 18, 18, 18, 18, 18, 18, 20]).wrong() == []
    assert life([18, 18, 18, 19, 19, 19, 20, 20, 20]).wrong() == [
        "worker 1: 18 descriptors at first, 20 in the end"
    ]
    grown = Life(name="worker 1", samples=[(k * 1000, (80 << 20) + k * 2_000_000, 18, 1) for k in range(12)])
    assert [line.split(":")[1].split(" by")[0] for line in grown.wrong()] == [" grows"]

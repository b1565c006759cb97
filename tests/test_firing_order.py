"""Shots are fired in shuffled order: a drift of the rig is no drift of the phase, and no shot depends on its turn."""

import dataclasses
import random
from pathlib import Path

import pytest
from sample_run import sample_run

from bench.record.codable import decode, encode
from bench.record.database import ResultsDatabase
from bench.record.folder import RunFolder, read_shot
from bench.running.firing import firing_order, place_of, stratum_of
from bench.running.local import Campaign, run_all
from bench.running.results import scenario_result
from bench.running.shots import shoot, shot_phase_ns, shot_seed
from bench.scenario.prepare import Prepared
from bench.stored.export_rows import SHOT_COLUMNS, shot_rows
from bench.timing.clock import Timebase
from bench.verdict.result import ShotResult
from bench.wiring.common import Wired

SCENARIO = "ov-step-cell17"
REPEAT = 6
ORDER = firing_order(1, SCENARIO, REPEAT)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fired:
    folder: Path
    came: tuple[ShotResult, ...]


def campaign(wired: Wired, one: Prepared, folder: RunFolder | None, workers: int) -> Campaign:
    return Campaign(wired=wired, prepared=[one], run_seed=1, repeat=REPEAT, folder=folder, workers=workers)


@pytest.fixture(scope="module")
def fired(wired: Wired, prepared: dict[str, Prepared], tmp_path_factory: pytest.TempPathFactory) -> Fired:
    """One after the other, as in real time."""
    folder = RunFolder.create(tmp_path_factory.mktemp("runs"), "fired", {})
    came: list[ShotResult] = []
    run_all(campaign(wired, prepared[SCENARIO], folder, 1), lambda _, shot: came.append(shot))
    return Fired(folder=folder.path, came=tuple(came))


def agreement(values: list[int]) -> float:
    """Kendall's tau of the values with their order: 1 where they only rise."""
    n = len(values)
    signs = [(b > a) - (b < a) for i, a in enumerate(values) for b in values[i + 1 :]]
    return sum(signs) / (n * (n - 1) / 2)


def test_the_phase_does_not_rise_with_the_order_of_firing(prepared: dict[str, Prepared]) -> None:
    """It did in 141 of 141 scenarios, with a tau of 1. By chance it is above 0.3 in one of 1,300."""
    rising = found = 0
    for one in prepared.values():
        repeat = one.scenario.sweep.repeat
        if repeat >= 40:
            found += 1
            phases = [
                shot_phase_ns(one, index, repeat, random.Random(shot_seed(1, one.scenario.id, index)))
                for index in firing_order(1, one.scenario.id, repeat)
            ]
            rising += abs(agreement(phases)) > 0.3
    assert found > 100
    assert rising <= 2


def test_every_stratum_is_fired_once_in_an_order_of_its_own() -> None:
    orders = {firing_order(seed, name, 59) for seed in (1, 2) for name in ("a", "b")}
    assert len(orders) == 4
    for order in orders:
        assert sorted(stratum_of(index, 59) for index in order) == list(range(59))
    assert firing_order(1, "a", 1) == (0,)
    assert [place_of(1, "a", index, 5) for index in firing_order(1, "a", 5)] == list(range(5))
    assert place_of(1, "a", 5, 5) is None


def test_each_order_of_four_shots_is_as_likely() -> None:
    counts: dict[tuple[int, ...], int] = {}
    for seed in range(2_400):
        order = firing_order(seed, "x", 4)
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    assert (
        sum((count - 100) ** 2 / 100 for count in counts.values()) < 49.7
    )  # 23 degrees of freedom, p = 0.001


@pytest.mark.slow
def test_shots_are_fired_in_that_order_and_know_their_turn(fired: Fired) -> None:
    assert tuple(range(REPEAT)) != ORDER
    assert tuple(shot.index for shot in fired.came) == ORDER
    assert [shot.place for shot in fired.came] == list(range(REPEAT))
    assert all(shot.stratum == shot.index for shot in fired.came)
    phases = {shot.stratum: shot.phase_ns for shot in fired.came}
    assert sorted(phases.values()) == [phases[k] for k in range(REPEAT)]


def test_a_shot_is_the_same_whenever_it_is_fired(
    wired: Wired, prepared: dict[str, Prepared], fired: Fired
) -> None:
    beside: list[ShotResult] = []
    run_all(campaign(wired, prepared[SCENARIO], None, 2), lambda _, shot: beside.append(shot))
    mine = {shot.index: dataclasses.replace(shot, folder="") for shot in fired.came}
    assert {shot.index: dataclasses.replace(shot, folder="") for shot in beside} == mine
    alone = shoot(wired, prepared[SCENARIO], 3, REPEAT, 1, None)
    assert (alone.stratum, alone.place) == (3, None)  # no campaign has fired it
    assert dataclasses.replace(alone, place=mine[3].place, folder="") == mine[3]


def test_stratum_and_place_are_kept_with_the_shot_in_the_database_and_in_tables(
    wired: Wired, prepared: dict[str, Prepared], fired: Fired, tmp_path: Path
) -> None:
    place = ORDER.index(4)
    assert read_shot(fired.folder / fired.came[place].folder)[2]["place"] == place
    result = scenario_result(prepared[SCENARIO], fired.came, Timebase.SIMULATED, wired.profile)
    run = dataclasses.replace(sample_run(n=12), scenarios=(result,))
    told = dict(zip(SHOT_COLUMNS, list(shot_rows(run))[4], strict=True))
    assert (told["shot"], told["stratum"], told["place"]) == (4, 4, place)
    database = ResultsDatabase(tmp_path / "results.sqlite")
    database.add(run)
    row = database.rows_of(run.run_id)[2][4]
    assert (row["shot"], row["stratum"], row["place"]) == (4, 4, place)


def test_a_shot_of_an_older_release_says_nothing_of_its_order(fired: Fired) -> None:
    old = encode(fired.came[0])
    del old["stratum"], old["place"]
    read = decode(ShotResult, old)
    assert (read.stratum, read.place) == (None, None)

"""Twins, order and traceability of the shipped library."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bench.measure.plan import Aim
from bench.report.traceability import denominator, denominator_words, rows
from bench.running.load import load_scenarios
from bench.running.order import ordered, predicted_s
from bench.scenario.library import Library, entry_of, list_library
from bench.scenario.model import Inject, Wait
from bench.scenario.prepare import Prepared
from bench.verdict.budgets import load_budgets
from bench.wiring.common import Wired

BUDGETS_FILE = Path(__file__).parent.parent / "scenarios" / "budgets.toml"
BUDGETS = load_budgets(BUDGETS_FILE)


def test_a_counter_reset_is_one_sample_short_of_the_debounce_twice(prepared: dict[str, Prepared]) -> None:
    twin = prepared["ov-step-cell17--counter-reset"]
    first, good, second = twin.steps
    assert isinstance(first, Inject) and isinstance(good, Wait) and first == second
    assert first.duration_ns == 23 * 100_000_000, "25 sweeps make the debounce"
    assert twin.plan.aim is Aim.MUST_NOT_TRIP
    assert any(test.signal == "CellOvervoltage" for test in twin.plan.forbidden)


def test_every_must_trip_scenario_has_twins_or_says_why(prepared: dict[str, Prepared]) -> None:
    for one in prepared.values():
        if one.plan.aim is Aim.MUST_TRIP:
            own = [twin for twin in prepared.values() if twin.scenario.twin_of == one.scenario.id]
            told = one.scenario.no_twins is not None
            assert told != any(twin.scenario.twin_kind != "healthy" for twin in own), one.scenario.id


def test_every_goal_is_served_and_the_library_is_large(prepared: dict[str, Prepared]) -> None:
    trips = [one for one in prepared.values() if one.plan.aim is Aim.MUST_TRIP]
    assert len(trips) >= 60
    library = Library(entries=tuple(entry_of(one.scenario) for one in trips))
    goals = denominator(BUDGETS, library.lent)
    assert len(goals) == 27 and not [row.safety_goal for row in rows(library, goals) if row.absent]
    without = Library(entries=tuple(one for one in library.entries if one.safety_goal != "SG-TR"))
    found = rows(without, goals)
    assert [row.safety_goal for row in found if row.absent] == ["SG-TR"]
    assert denominator_words(found).startswith("26 of 27 safety goals have a scenario; 0 of 27 were run")
    assert "no scenario serves: SG-TR" in denominator_words(found)


def test_a_broken_file_is_told_and_in_no_denominator(tmp_path: Path) -> None:
    good = Path(__file__).parent.parent / "scenarios" / "cells" / "ov_step_cell17.toml"
    bad = tmp_path / "bad.toml"
    bad.write_text("id = 3")
    found = list_library([good, bad])
    assert [(one.scenario_id, one.fault_class, one.file) for one in found.entries] == [
        ("ov-step-cell17", "cells", "cells/ov_step_cell17.toml")
    ]
    assert found.unreadable == (f"{tmp_path.name}/bad.toml",)


def test_set_ups_stay_together_and_latched_trips_come_last(prepared: dict[str, Prepared]) -> None:
    found = ordered(list(prepared.values()))
    modes = [one.scenario.start.mode for one in found]
    assert len({*pairwise(modes)} - {(mode, mode) for mode in modes}) == len(set(modes)) - 1
    first = next(n for n, one in enumerate(found) if one.plan.aim is Aim.MUST_TRIP and one.budget.latched)
    same = [one for one in found[first:] if one.scenario.start == found[first].scenario.start]
    assert all(one.plan.aim is Aim.MUST_TRIP for one in same)
    one = prepared["ov-step-cell17"]
    assert predicted_s(one, 2) == pytest.approx(
        2 * predicted_s(one, 1)
    )  # both watched to the end of their window
    each_more_s = predicted_s(one, 3) - predicted_s(one, 2)
    assert predicted_s(one, 59) == pytest.approx(predicted_s(one, 2) + 57 * each_more_s)
    assert each_more_s < predicted_s(one, 1)


@pytest.mark.slow
def test_the_long_lane_is_not_begun_by_the_way_and_its_hours_are_told(wired: Wired) -> None:
    short, _ = load_scenarios(wired, None, "external-short")
    assert {one.scenario.id for one in short} == {"external-short"}, "of two that match one takes an hour"
    (hour,), _ = load_scenarios(wired, None, "protection-external-short")
    assert predicted_s(hour, 1) > 3600 > predicted_s(short[0], 1)
    both, _ = load_scenarios(wired, None, "external-short", long=True)
    assert {one.scenario.id for one in both} == {"external-short", "protection-external-short"}


def test_a_twin_takes_fewer_shots(prepared: dict[str, Prepared]) -> None:
    one, twin = prepared["ov-step-cell17"], prepared["ov-step-cell17--inside"]
    assert (one.scenario.sweep.repeat, twin.scenario.sweep.repeat) == (59, 5)
    assert replace(twin.scenario.sweep, repeat=59) == one.scenario.sweep

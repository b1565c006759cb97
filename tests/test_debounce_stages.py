"""Stages inside a DUT: what holds a value before it is counted moves windows, ceilings and twins with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.config.debounce import Debounce, Stage
from bench.config.profile_file import load_profile
from bench.errors import ConfigError
from bench.running.load import load_scenarios
from bench.scenario.model import Inject, Wait
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "scenarios" / "cells" / "ov_step_cell17.toml"
MS = 1_000_000
PLAIN = Debounce(events=50, period_ns=10 * MS, delay_ns=200 * MS)
HELD = replace(PLAIN, stages=(Stage("validation", 50 * MS), Stage("input", 10 * MS)))


def test_stages_move_the_ceiling_and_the_glitch_but_not_the_floor() -> None:
    assert HELD.stages_ns == 60 * MS
    assert HELD.floor_ns(10 * MS) == PLAIN.floor_ns(10 * MS) == 480 * MS, "a stage never makes it quicker"
    assert HELD.ceiling_ns(100 * MS, 10 * MS) == PLAIN.ceiling_ns(100 * MS, 10 * MS) + 60 * MS
    assert (PLAIN.may_fill_ns, HELD.may_fill_ns) == (490 * MS, 430 * MS), (
        "it shows a value longer than it was there"
    )
    assert replace(HELD, events=3).may_fill_ns == 0


def with_debounce(folder: Path, new: str) -> Path:
    text = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")
    old = 'debounce = { events = 25, period = "100 ms", delay = "200 ms" }'
    assert old in text
    path = folder / "profile.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_a_profile_names_its_stages(tmp_path: Path) -> None:
    text = 'debounce = { events = 25, period = "100 ms", stages = { validation = "400 ms", "input queue" = "10 ms" } }'
    profile = load_profile(with_debounce(tmp_path, text))
    debounce = profile.flags["overvoltage"].debounce
    assert debounce is not None
    assert debounce.stages == (Stage("validation", 400 * MS), Stage("input queue", 10 * MS))
    assert profile.longest_period_ns(profile.flags["overvoltage"]) == 400 * MS, (
        "shots are spread over a stage, too"
    )
    for wrong in ('"0 ms"', '"fast"', "10"):
        bad = text.replace('"400 ms"', wrong)
        with pytest.raises(ConfigError, match=r"overvoltage\.debounce\.stages\.validation"):
            load_profile(with_debounce(tmp_path, bad))


def test_plan_and_twins_of_a_scenario_follow_the_stages(wired: Wired) -> None:
    profile = wired.profile
    flag = profile.flags["overvoltage"]
    assert flag.debounce is not None
    held = replace(flag.debounce, stages=(Stage("validation", 400 * MS),))
    slow = replace(profile, flags={**profile.flags, "overvoltage": replace(flag, debounce=held)})
    lengths = {}
    for name, one in (("plain", profile), ("held", slow)):
        scenario, *twins = load_scenarios(replace(wired, profile=one), [FILE], None)[0]
        again = next(twin for twin in twins if twin.scenario.twin_kind == "counter_reset")
        inside = next(twin for twin in twins if twin.scenario.twin_kind == "inside")
        shown, good, _ = again.steps
        assert isinstance(shown, Inject) and isinstance(good, Wait)
        lengths[name] = (
            scenario.plan.floor_ns,
            scenario.plan.ceiling_ns,
            scenario.plan.dut_cycle_ns,
            shown.duration_ns,
            good.duration_ns,
            again.plan.glitch_under_ns,
            inside.plan.window_ns,
        )
    other = lengths["held"]
    floor, ceiling, cycle, shown_ns, good_ns, under, window = lengths["plain"]
    assert (floor, cycle, shown_ns, good_ns, under) == (2390 * MS, 100 * MS, 2300 * MS, 200 * MS, 2400 * MS)
    assert ceiling is not None and shown_ns is not None and under is not None
    assert other == (
        floor, ceiling + 400 * MS, 400 * MS, shown_ns - 400 * MS, good_ns + 400 * MS, under - 400 * MS,
        window + 400 * MS,
    )  # fmt: skip

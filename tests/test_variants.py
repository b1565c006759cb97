"""Variants of a scenario: what they do to a DUT, what they are worth, and what is said where there is none."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from small_bench import hil_within

from bench.config.toml_file import TomlFile, read_toml
from bench.errors import ScenarioError
from bench.running.load import load_rig, select_scenarios
from bench.running.shots import shoot
from bench.running.variants import LibrarySpace, result_of, space_of
from bench.scenario.load import scenario_in
from bench.scenario.model import FaultReset, Inject, Request, Wait
from bench.scenario.prepare import Prepared
from bench.scenario.variants.find import dimensions, level_names
from bench.scenario.variants.make import Variant
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

HOUSE = Path(__file__).parent.parent


@cache
def bench() -> tuple[Wired, list[Prepared]]:
    wired = load_rig(HOUSE / "hil_config.toml", "simulated", None, None)
    return wired, select_scenarios(wired, None, None).prepared


@cache
def space(name: str) -> LibrarySpace:
    wired, library = bench()
    asked = [one for one in library if one.scenario.id == name]
    assert asked, name
    return space_of(wired, asked, library, 1)


def with_level(name: str, *levels: str) -> Variant:
    return next(one for one in space(name).variants if set(levels) <= set(one.levels.values()))


def test_every_pair_that_is_possible_is_in_a_variant() -> None:
    (found,) = space("ov-step-cell17").spaces
    rows = [set(one.levels.items()) for one in found.variants] + [set(found.own.items())]
    assert len(found.pairs) > 500
    for part in (*found.pairs, *found.triples):
        assert any(part.items() <= row for row in rows), part
    assert all({*part} == {"mode", "depth", "second"} for part in found.triples)
    assert found.triples


def test_the_space_is_the_same_alone_and_made_again() -> None:
    wired, library = bench()
    asked = [one for one in library if one.scenario.id.startswith(("ov-step-cell17", "ot-driving-sensor7"))]
    together = space_of(wired, asked, library, 1)
    alone = space("ov-step-cell17").spaces[0]
    again = next(one for one in together.spaces if one.scenario_id == "ov-step-cell17")
    assert [one.id for one in again.variants] == [one.id for one in alone.variants]
    assert [one.prepared.steps for one in again.variants] == [one.prepared.steps for one in alone.variants]
    other = space_of(wired, asked, library, 2)
    assert [one.id for one in other.variants] != [one.id for one in together.variants]


def test_each_id_is_of_one_variant_and_names_its_levels() -> None:
    for one in space("ov-step-cell17").variants:
        name, *levels = one.id.split("+")
        assert name == one.of == "ov-step-cell17"
        assert set(levels) <= set(one.levels.values())
    ids = Counter(one.id for one in space("ov-step-cell17").variants)
    assert set(ids.values()) == {1}


def test_what_cannot_be_says_why() -> None:
    (found,) = space("ov-step-cell17").spaces
    never = {next(iter(one.levels.values())): one.why for one in found.never}
    assert "front end" not in never.get("far", "")
    assert never["lost-frames"].startswith("what shows its fault is no message")
    assert all(one.why for one in (*found.never, *found.not_possible))
    pairs = {tuple(sorted(one.levels.values())): one.why for one in found.not_possible}
    assert pairs["far", "warning"] == "so far beyond it trips"


def test_a_scenario_whose_fault_has_no_level_has_no_depth() -> None:
    (found,) = space("vcu-lost").spaces
    never = {next(iter(one.levels.values())): one.why for one in found.never}
    assert {"far", "end-of-range", "warning"} <= set(never)
    assert never["healed"] == "'vcu_command_lost' goes with its cause"


def test_scenarios_without_variants_say_why() -> None:
    wired, library = bench()
    asked = [one for one in library if one.scenario.id in ("adc-frozen", "thermal-runaway-only-hot")]
    found = space_of(wired, asked, library, 1)
    assert found.without == {"adc-frozen": "no fault is measured in it"}
    assert not found.spaces


LEVELS = ["end-of-range", "warning", "standby", "closing", "charge", "wrap", "second-in-debounce", "held", "healed",
          "off-and-on", "reset-held", "restarted"]  # fmt: skip


@pytest.mark.parametrize("level", LEVELS)
def test_a_good_dut_bears_each_level(level: str) -> None:
    wired, _ = bench()
    shot = shoot(wired, with_level("ov-step-cell17", level).prepared, 0, 1, 1, None)
    assert shot.judgement.verdict is Verdict.PASS


@pytest.mark.parametrize("core", ["python", "native"])
def test_both_cores_fire_the_same_variant(core: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wired, _ = bench()
    one = with_level("current-sensor-lost", "second-before").prepared
    monkeypatch.setenv("BMS_HIL_CORE", "native")
    native = shoot(wired, one, 0, 1, 1, None)
    monkeypatch.setenv("BMS_HIL_CORE", core)
    assert shoot(wired, one, 0, 1, 1, None).digest == native.digest


def test_after_a_trip_the_vehicle_asks_again() -> None:
    off_and_on = with_level("ov-step-cell17", "off-and-on", "drive").prepared
    assert [one.mode for one in off_and_on.steps if isinstance(one, Request)][-2:] == ["off", "drive"]
    reset = with_level("ov-step-cell17", "reset-held").prepared
    assert any(isinstance(one, FaultReset) and one.duration_ns == 2_000_000_000 for one in reset.steps)


def test_the_wrap_of_the_milliseconds_comes_while_the_fault_is_counted() -> None:
    one = with_level("ov-step-cell17", "wrap").prepared
    waits = sum(step.duration_ns for step in one.steps if isinstance(step, Wait))
    assert waits > 60_000_000_000


def test_the_fault_that_is_measured_is_still_the_files_own() -> None:
    for one in space("ov-step-cell17").variants:
        expect = one.prepared.scenario.expect
        assert expect is not None
        assert expect.step is not None
        (measured,) = [
            step
            for step in one.prepared.steps
            if isinstance(step, Inject) and step.step == one.prepared.plan.onset_step
        ]
        assert measured.kind == "cell_voltage"
        assert measured.step == expect.step


def test_covered_is_what_was_decided() -> None:
    wired, _ = bench()
    found = space("vcu-lost")
    first = found.variants[0]
    shot = shoot(wired, first.prepared, 0, 1, 1, None)
    none, one = result_of(found, {}), result_of(found, {first.id: shot})
    assert none.scenarios[0].pairs_covered == 0
    assert 0 < one.scenarios[0].pairs_covered < one.scenarios[0].pairs
    assert [each.variant_id for each in one.variants] == [first.id]
    assert one.verdict is Verdict.PASS
    assert sum(count for _, count in one.why_not()) == sum(one.scenarios[0].never.values()) + sum(
        one.scenarios[0].not_possible.values()
    )


def test_a_file_may_skip_a_level_with_its_reason() -> None:
    (found,) = space("uv-step-cell40").spaces
    assert any("stands still" in one.why for one in found.not_possible)
    assert not any("heavy" in one.levels.values() for one in found.variants)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"skip": {"heavie": "why"}}, "found 'heavie'; expected a level of the space"),
        ("because", "none: "),
    ],
)
def test_a_wrong_skip_is_told_with_its_place(table: object, told: str) -> None:
    file = read_toml(HOUSE / "scenarios/cells/ov_step_cell17.toml", ScenarioError)
    with pytest.raises(ScenarioError, match=told):
        scenario_in(TomlFile(file.path, {**file.data, "space": table}, {}, ScenarioError))


def test_levels_are_named_once_and_explained() -> None:
    assert len(level_names()) == len(set(level_names()))
    assert all(level.words for one in dimensions() for level in one.levels)
    names = set(level_names())
    for one in dimensions():
        for mine, other in one.clashes:
            assert {mine, other} <= names, (one.name, mine, other)


def test_trace_shows_the_space_of_what_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = hil_within(capsys, monkeypatch)(HOUSE, "trace", "--space", "-k", "=vcu-lost")
    assert done.returncode == 0
    assert "vcu-lost" in done.stdout
    assert "possible, all of them in the variants" in done.stdout
    assert "not possible, " in done.stdout


def test_trace_lists_every_clause_with_its_denominator(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = hil_within(capsys, monkeypatch)(HOUSE, "trace", "--standards")
    assert done.returncode == 0
    assert "UN R100.03 Annex 6" in done.stdout
    rows = [line.split("│")[1:-1] for line in done.stdout.splitlines() if line.count("│") > 4]
    assert any(row[1].strip() == "0" for row in rows)  # touched, and performed by none
    assert all(row[2].strip() == "–" for row in rows)  # nothing was run

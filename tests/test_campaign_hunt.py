"""`hil hunt`: the space stays fair, the same seed finds the same, and the file it writes shows what it found."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bench.cli.main import app
from bench.errors import ConfigError
from bench.running.load import load_rig, load_scenarios
from bench.scenario.load import find_scenarios
from bench.scenario.space import PHASE, PHASES, SECOND, SECOND_AT
from bench.search.ground import ground, scenario_file
from bench.search.hunt import Hunt, HuntProgress, Point, crew_for, run_point, search
from bench.search.write import as_toml, write_find
from bench.verdict.result import Verdict

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "hil_config.toml"


def hunt_of(scenario: str, firmware: str = "reference", **changed: object) -> Hunt:
    wired = load_rig(CONFIG, "simulated", firmware, None)
    asked = {"vary": {}, "goal": "any", "budget": 6, "seed": 1, "workers": 1, **changed}
    return ground(wired, scenario_file(wired, scenario), **asked)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def overvoltage() -> Hunt:
    return hunt_of("ov-step-cell17")


@given(shares=st.lists(st.floats(0, 1), min_size=7, max_size=7))
def test_every_point_stays_beyond_the_threshold_and_allows_what_it_adds(
    overvoltage: Hunt, shares: list[float]
) -> None:
    space = overvoltage.space
    point = tuple(knob.index(share) for knob, share in zip(space.knobs, shares))
    table = space.table(point)
    measured = table["step"][table["expect"].get("step", 1) - 1]
    level = re.fullmatch(r"ov_trip \+ ([\d.]+) mV", measured["voltage"])
    assert level is not None and float(level[1]) >= 5
    chosen = space.second(point)
    if chosen:
        assert set(space.seconds[chosen - 1].flags) <= set(table["expect"]["also"])
        assert space.seconds[chosen - 1].capability in table["needs"]
    assert tomllib.loads(as_toml(table)) == table


def test_the_start_of_a_hunt_is_the_scenario_as_it_is(overvoltage: Hunt) -> None:
    written = tomllib.loads(overvoltage.file.path.read_text(encoding="utf-8"))
    assert overvoltage.space.table(overvoltage.space.start) == written
    assert overvoltage.space.changes(overvoltage.space.start) == []


def test_a_whole_library_scenario_survives_being_written_anew() -> None:
    for file in find_scenarios([ROOT / "scenarios"]):
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        assert tomllib.loads(as_toml(table)) == table


def test_no_second_fault_hides_the_first_from_the_dut() -> None:
    offered = {one.name for one in hunt_of("insulation-95-ohm-per-volt").space.seconds}
    assert offered and not any(name.startswith(("insulation", "chassis")) for name in offered)


@pytest.mark.slow
def test_a_second_fault_is_never_answered_before_the_first_is_there(overvoltage: Hunt) -> None:
    """The good BMS may open for it; a safe state that was there before the fault would be held against it."""
    space = overvoltage.space
    names = [knob.name for knob in space.knobs]
    earliest = replace_at(space.start, names.index(SECOND_AT), 0)
    for second, fault in enumerate(space.seconds, start=1):
        for phase in (0, PHASES // 2) if fault.opens else ():
            point = replace_at(replace_at(earliest, names.index(SECOND), second), names.index(PHASE), phase)
            tried = run_point(overvoltage, point)
            assert tried.verdict is Verdict.PASS, (fault.name, tried.reason)


def replace_at(point: Point, place: int, index: int) -> Point:
    return (*point[:place], index, *point[place + 1 :])


def runs_of(hunt: Hunt) -> list[tuple[Point, int | None]]:
    seen: list[tuple[Point, int | None]] = []
    so_far = HuntProgress()

    def note(progress: HuntProgress) -> None:
        seen.append((progress.worst.point if progress.worst else (), progress.runs))

    with crew_for(hunt) as crew:
        search(hunt, crew, note, so_far)
    return [
        *seen,
        (so_far.worst.point if so_far.worst else (), so_far.worst.latency_ns if so_far.worst else 0),
    ]


@pytest.mark.parametrize(
    ("firmware", "finds"), [("late_overvoltage", True), ("never_detects_overvoltage", False)]
)
def test_a_hunt_for_latency_stops_at_a_late_build_not_at_a_deaf_one(firmware: str, finds: bool) -> None:
    """A build that never answers has no latency that could be the worst."""
    hunt = hunt_of("ov-step-cell17", firmware, goal="latency")
    tried = run_point(hunt, hunt.space.start)
    assert tried.verdict is Verdict.FAIL and tried.late is finds
    assert hunt.is_find(tried) is finds
    assert replace(hunt, goal="any").is_find(tried)


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing(overvoltage: Hunt) -> None:
    assert runs_of(overvoltage) == runs_of(replace(overvoltage, workers=2))


def test_a_user_bounds_and_holds_what_is_varied() -> None:
    space = hunt_of("ov-step-cell17", vary={"start.current": "10 A:30 A", SECOND: "hold"}).space
    current = next(knob for knob in space.knobs if knob.name == "start.current")
    assert (current.numbers[0], current.numbers[-1]) == (10.0, 30.0)
    assert SECOND not in [knob.name for knob in space.knobs]


def test_a_user_frees_what_is_held_within_bounds() -> None:
    asked = {"step1.on": "200 ms:1.2 s", "step1.off": "hold"}
    space = hunt_of("hvil-intermittent", vary=asked).space
    knob = next(knob for knob in space.knobs if knob.name == "step1.on")
    assert {"200 ms", "1200 ms"} <= set(knob.texts) and "step1.on" not in [one.name for one in space.held]
    original = space.original["step"][0]["on"]
    assert knob.texts[knob.original] == original and space.table(space.start)["step"][0]["on"] == original


@pytest.mark.parametrize(
    ("scenario", "vary", "words"),
    [
        ("hvil-intermittent", {"step1.on": "1 V:2 V"}, "found 'ms' and 'V'; expected units of one kind"),
        ("hvil-intermittent", {"step1.on": "200 ms"}, 'expected "LOW:HIGH" with units'),
        ("fault-reset-in-drive", {"step2.for": "0 ms:200 ms"}, "--vary step2.for at 0 ms: "),
        ("high-ohm-wire-cell30", {"step1.wire": "1 ohm:2 ohm"}, "it has no bounds"),
        ("ov-step-cell1", {}, "did you mean 'ov-step-cell17'"),
        ("ov-step-cell17", {"start.curent": "1 A:2 A"}, "did you mean 'start.current'"),
        ("ov-step-cell17", {"start.current": "1 V:2 V"}, "unit 'V'"),
        ("ov-step-cell17", {"start.current": "200 A:300 A"}, "expected a range inside"),
        ("healthy-standby", {}, "nothing to vary"),
    ],
)
def test_a_wrong_wish_is_one_line(scenario: str, vary: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as told:
        hunt_of(scenario, vary=vary)
    assert "\n" not in str(told.value)


@pytest.mark.slow
def test_what_is_written_fails_as_a_scenario_of_its_own(tmp_path: Path) -> None:
    out = tmp_path / "found_ov.toml"
    asked = ["hunt", "ov-step-cell17", "-c", str(CONFIG), "--firmware", "never_detects_overvoltage"]
    told = CliRunner().invoke(app, [*asked, "--budget", "3", "--workers", "1", "--out", str(out)])
    assert told.exit_code == 1, told.output
    assert "fails in 12 of 12 shots" in told.output
    table = tomllib.loads(out.read_text(encoding="utf-8"))
    assert table["requirements"] == ["BMS-OV-1", "BMS-OV-2"]
    assert table["provenance"].startswith(
        "found by hil hunt of ov-step-cell17: seed 1, run 1 of 3, firmware never"
    )


@pytest.mark.slow
def test_without_a_file_named_a_find_is_shown_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["hunt", "ov-step-cell17", "-c", str(CONFIG), "--firmware", "never_detects_overvoltage"]
    told = CliRunner().invoke(app, [*asked, "--budget", "3", "--workers", "1"])
    assert told.exit_code == 1, told.output
    assert "as a scenario (--out FILE keeps it; the same seed finds the same):" in told.output
    assert '  id = "ov-step-cell17-hunt-1"' in told.output and "fails in 12 of 12 shots" in told.output
    assert list(tmp_path.rglob("*")) == []


def test_a_find_with_a_second_fault_has_no_twins_that_a_good_dut_would_fail(
    overvoltage: Hunt, tmp_path: Path
) -> None:
    names = [knob.name for knob in overvoltage.space.knobs]
    point = tuple(int(name == SECOND) or knob.original for name, knob in zip(names, overvoltage.space.knobs))
    write_find(overvoltage, point, "shown", "here", tmp_path / "found_ov.toml")
    prepared, _ = load_scenarios(overvoltage.wired, [tmp_path / "found_ov.toml"], None, long=True)
    assert [one.scenario.id for one in prepared] == ["found-ov"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("firmware", "scenario"),
    [
        ("rare_level_and_load", "ov-step-cell17"),
        ("rare_second_fault", "ov-step-cell17"),
        ("rare_resistance", "insulation-95-ohm-per-volt"),
    ],
)
def test_a_rare_combination_is_found_within_2000_runs(firmware: str, scenario: str) -> None:
    hunt, so_far = hunt_of(scenario, firmware, budget=2000, workers=2), HuntProgress()
    with crew_for(hunt) as crew:
        search(hunt, crew, lambda _: None, so_far)
    assert so_far.found is not None

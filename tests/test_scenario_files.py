"""Scenario files: what ships loads and resolves; a mistake is one line that says file, line and place."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.codec.database import Database
from bench.config.bench_file import load_bench
from bench.config.lag import Lag
from bench.config.profile import DutProfile
from bench.config.profile_file import load_profile
from bench.errors import ConfigError, ScenarioError
from bench.faults.catalogue.cell_voltage import CellVoltage
from bench.faults.catalogue.insulation import InsulationFault
from bench.faults.expression import parse_expression, value_of
from bench.measure.plan import Aim, Plan
from bench.running.load import load_scenarios
from bench.scenario.load import find_scenarios, load_scenario
from bench.scenario.lookup import Lookup
from bench.scenario.model import Inject, Request, Scenario, Step
from bench.scenario.resolve import resolve, resolve_in, resolve_twins
from bench.verdict.budgets import load_budgets
from bench.verdict.result import Budget
from bench.wiring.common import Wired
from bench.wiring.virtual_signals import bind_plays

ROOT = Path(__file__).parent.parent
SHIPPED = find_scenarios([ROOT / "scenarios"])
BENCH = load_bench(ROOT / "hil_config.toml")
PROFILE = load_profile(BENCH.dut.profile)
DECODERS = {channel: Database.load(*bus.dbc) for channel, bus in BENCH.can.items()}
BUDGETS = load_budgets(ROOT / "scenarios" / "budgets.toml")
THRESHOLDS = {
    "ov_warn": 4.22,
    "ov_trip": 4.25,
    "uv_warn": 2.8,
    "uv_trip": 2.5,
    "iso_warn": 500.0,
    "iso_fault": 100.0,
    "oc_charge": 75.0,
    "oc_discharge": 150.0,
    "oc_continuous": 120.0,
    "ot_trip": 60.0,
    "ot_charge": 55.0,
    "ut_charge": 0.0,
    "ut_discharge": -20.0,
    "dd_trip": 2.25,
}


def planned(
    path: Path, *, profile: DutProfile = PROFILE, budget: Budget | None = None, cells: int = 96
) -> tuple[Plan, list[Step]]:
    scenario = load_scenario(path)
    goal = budget if budget is not None else BUDGETS[scenario.budget or scenario.safety_goal]
    return resolve(scenario, profile, THRESHOLDS, goal, cells, DECODERS)


def twin_of(name: str, kind: str) -> tuple[Scenario, Plan]:
    """The generated twin of a shipped scenario."""
    scenario = load_scenario(shipped(name))
    goal = BUDGETS[scenario.budget or scenario.safety_goal]
    lookup = Lookup(scenario, PROFILE, THRESHOLDS, goal, DECODERS, 96, 24)
    made, _ = resolve_twins(lookup, *resolve_in(lookup))
    return next((twin.scenario, of_twin) for twin, of_twin in made if twin.kind == kind)


def shipped(name: str) -> Path:
    return next((ROOT / "scenarios").rglob(f"{name}.toml"))


def changed(tmp_path: Path, name: str, old: str, new: str) -> Path:
    text = shipped(name).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / f"{name}.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def the_line(path: Path, run: Callable[[Path], object]) -> str:
    with pytest.raises(ScenarioError) as error:
        run(path)
    text = str(error.value)
    assert "\n" not in text, text
    assert text.startswith(str(path)), text
    assert "; expected" in text
    return text


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_scenario_loads_and_resolves(path: Path) -> None:
    plan, steps = planned(path)
    assert steps
    if plan.aim is Aim.MUST_REFUSE:
        assert all(isinstance(step, Inject) for step in steps)
        return
    assert plan.heard
    assert plan.aim.asks_flag == bool(plan.detection and plan.safe_state)
    assert (plan.aim is Aim.MUST_STAY_SAFE) == (plan.refusal is not None)
    if plan.aim is Aim.MUST_NOT_TRIP:
        assert plan.forbidden
        return
    assert plan.fdti_budget_ns is not None
    assert plan.floor_ns is None or plan.ceiling_ns is None or plan.floor_ns < plan.ceiling_ns
    assert plan.floor_ns is None or plan.floor_ns <= plan.fdti_budget_ns


def test_ids_are_unique_and_budgets_are_no_scenario() -> None:
    ids = [load_scenario(path).id for path in SHIPPED]
    assert len(set(ids)) == len(ids) >= 100
    assert "budgets.toml" not in {path.name for path in SHIPPED}


def test_a_cell_step_asks_the_cells_own_signal() -> None:
    plan, steps = planned(shipped("ov_step_cell17"))
    (step,) = steps
    assert isinstance(step, Inject)
    assert step.fault == CellVoltage(cells=(17,), voltage_v=pytest.approx(4.27))
    assert step.duration_ns is None
    (onset,) = plan.onset
    assert (onset.channel, onset.signal, onset.op, onset.value) == ("sense", "CellVoltage17", ">=", 4.25)
    assert plan.dtc_test is not None
    assert plan.dtc_test.value == 0x1A0117
    own = plan.detection[0]
    assert own not in plan.forbidden


def test_a_twin_below_the_threshold_has_its_own_onset() -> None:
    (twin, plan) = twin_of("ov_step_cell17", "inside")
    (onset,) = plan.onset
    assert 4.2 < onset.value < 4.24 < THRESHOLDS["ov_trip"]
    assert (twin.aim, twin.twin_of, twin.id) == (
        Aim.MUST_NOT_TRIP,
        "ov-step-cell17",
        "ov-step-cell17--inside",
    )


def test_the_charger_may_push_any_cell_over() -> None:
    plan, _ = planned(shipped("ov_charger_ignores_limit"))
    assert {test.signal for test in plan.onset} == {f"CellVoltage{cell:02d}" for cell in range(1, 97)}


def test_a_weld_counts_from_the_open_command() -> None:
    plan, steps = planned(shipped("weld_both_at_opening"))
    assert {(test.signal, test.op, test.value) for test in plan.onset} == {
        ("ContactorPlusCommand", "==", 0.0),
        ("ContactorMinusCommand", "==", 0.0),
    }
    assert Request(mode="off", mode_value=PROFILE.modes["off"]) in steps
    assert plan.detection[0] in plan.safe_state


def test_both_poles_leak_above_the_threshold_each_and_below_it_together() -> None:
    _, steps = planned(shipped("insulation_loss_symmetric"))
    (step,) = steps
    assert isinstance(step, Inject)
    assert isinstance(step.fault, InsulationFault)
    assert step.fault.ohm_per_volt / 2 < THRESHOLDS["iso_fault"] < step.fault.ohm_per_volt


def test_contactors_may_open_only_where_they_are_asked_to() -> None:
    opened = "ContactorPlusCommand"
    _, asked = twin_of("weld_plus_at_opening", "inside")
    unasked, _ = planned(shipped("healthy_drive"))
    assert opened not in {test.signal for test in asked.forbidden}
    assert opened in {test.signal for test in unasked.forbidden}


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "says"),
    [
        ("ov_step_cell17", 'do = "inject"', 'do = "injct"', "step[1].do", "did you mean 'inject'?"),
        ("ov_step_cell17", 'do = "inject"\n', "", "step[1]", "found no 'do'"),
        (
            "ov_step_cell17",
            '"cell_voltage"\ncells',
            '"cell_volts"\ncells',
            "step[1].fault",
            "'cell_voltage'?",
        ),
        ("ov_step_cell17", "cells = [17]", "cels = [17]", "step[1].cels", "did you mean 'cells'?"),
        ("ov_step_cell17", "cells = [17]", "cells = []", "step[1].cells", "at least 1"),
        ("ov_step_cell17", "cells = [17]", "cells = [0]", "step[1].cells[1]", "0 (number)"),
        ("ov_step_cell17", "+ 20 mV", "+ 20 mX", "step[1].voltage", "unit 'mX'"),
        ("ov_step_cell17", "+ 20 mV", "+ 20", "step[1].voltage", "no unit"),
        ("ov_step_cell17", "+ 20 mV", "* 20 mV", "step[1].voltage", "name + quantity"),
        ("ov_step_cell17", '"ov_trip + 20 mV"', "4.27", "step[1].voltage", "4.27 (number)"),
        ("ov_step_cell17", 'aim = "must_trip"', 'aim = "must_tripp"', "aim", "did you mean 'must_trip'?"),
        ("ov_step_cell17", 'id = "ov-step-cell17"', 'id = "OV step"', "id", "lower-case"),
        ("ov_step_cell17", 'id = "ov-step-cell17"', 'id = "ov-step"', "id", "expected file"),
        ("ov_step_cell17", 'needs = ["cell_voltage"]', "needs = []", "needs", "cell_voltage"),
        ("ov_step_cell17", 'mode = "drive"', 'mode = "driv"', "start.mode", "did you mean 'drive'?"),
        ("ov_step_cell17", 'window = "6 s"', 'window = "6"', "expect.window", "no unit"),
        ("ov_step_cell17", 'window = "6 s"', 'window = "0.4 s"', "expect.window", "longer"),
        ("ov_step_cell17", 'hold = "500 ms"', 'hold = "-1 ms"', "expect.hold", "negative"),
        ("ov_step_cell17", "[expect]", "[quiet]\nfor = '1 s'\n\n[expect]", "quiet", "[expect] only"),
        ("ov_step_cell17", "repeat = 59", "repeat = 0", "sweep.repeat", "0 (number)"),
        ("ov_step_cell17", "title =", "titel =", "titel", "did you mean 'title'?"),
        ("insulation_loss_minus_pole", '"minus"', '"minsu"', "step[1].pole", "did you mean 'minus'?"),
        ("insulation_loss_minus_pole", "20 ohm/V", "20 mV", "step[1].resistance", "unit 'mV'"),
        ("weld_plus_at_opening", 'mode = "off"', 'mode = "drive"', "expect.onset", "request"),
        ("weld_plus_at_opening", 'for = "200 ms"', "", "step[2].for", "found no 'for'"),
        ("cell_noise_small", "[quiet]", "[quite]", "quite", "did you mean 'quiet'?"),
        ("hvil_intermittent", 'on = "50 ms"', 'on = "0 ms"', "step[1].on", "greater than 0"),
        ("hvil_intermittent", 'off = "150 ms"', 'off = "0 ms"', "step[1].off", "greater than 0"),
        ("vcu_late", 'late = "', 'late = "0 ms" # "', "step[1].late", "greater than 0"),
        ("cell_offset_one", 'by = "', 'by = "0 V" # "', "step[1].by", "changes nothing"),
        ("ntc_drift", 'rate = "', 'rate = "0 degC/s" # "', "step[1].rate", "changes nothing"),
        ("thermal_runaway_only_drop", 'drop = "', 'drop = "0 %" # "', "step[1].drop", "greater than 0"),
    ],
)
def test_a_wrong_file_is_one_located_line(
    tmp_path: Path, name: str, old: str, new: str, place: str, says: str
) -> None:
    path = changed(tmp_path, name, old, new)
    line = the_line(path, load_scenario)
    assert re.match(rf"{re.escape(str(path))}:\d+ \[{re.escape(place)}\]: found", line), line
    assert says in line


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "says"),
    [
        (
            "ov_step_cell17",
            "cells = [17]",
            "cells = [97]",
            "step[1].cells",
            "found cell 97; expected 1 to 96",
        ),
        ("ov_step_cell17", "cells = [17]", "cells = [17, 17]", "step[1].cells", "more than once"),
        ("current_offset", 'by = "', 'by = "0 A" # "', "step[1].by", "changes nothing"),
        ("pack_voltage_offset", 'by = "', 'by = "0 V" # "', "step[1].by", "changes nothing"),
        ("ov_step_cell17", "ov_trip +", "ov_tripp +", "step[1].voltage", "did you mean 'ov_trip'?"),
        ("ov_step_cell17", "ov_trip +", "iso_fault +", "step[1].voltage", "expected one in V"),
        ("insulation_loss_minus_pole", "- 20 ohm/V", "- 200 ohm/V", "step[1].resistance", "above 0"),
        ("ov_step_cell17", '"overvoltage"', '"overvoltge"', "expect.flag", "did you mean 'overvoltage'?"),
        ("ov_step_cell17", '"hv_open"', '"hv_opne"', "expect.safe_state", "did you mean 'hv_open'?"),
        (
            "ov_step_cell17",
            '"precharge_closed"',
            '"precharge_close"',
            "expect.forbidden",
            "'precharge_closed'?",
        ),
        ("ov_step_cell17", 'floor = "profile"', 'floor = "9 s"', "expect.floor", "at most the ceiling"),
        ("ov_step_cell17", 'window = "6 s"', 'window = "1 s"', "expect.window", "at least the budget"),
        (
            "cell_noise_small",
            '"any_trip"',
            '"any_tripp"',
            "quiet.forbidden",
            "'any_trip'?",
        ),
    ],
)
def test_what_does_not_fit_the_bench_is_one_located_line(
    tmp_path: Path, name: str, old: str, new: str, place: str, says: str
) -> None:
    path = changed(tmp_path, name, old, new)
    line = the_line(path, planned)
    assert re.match(rf"{re.escape(str(path))}:\d+ \[{re.escape(place)}\]: found", line), line
    assert says in line


def test_a_flag_without_debounce_predicts_nothing(tmp_path: Path) -> None:
    path = changed(tmp_path, "ov_step_cell17", 'flag = "overvoltage"', 'flag = "overload_i2t"')
    assert "has no debounce" in the_line(path, planned)


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ({"fdti_ns": 1_000_000}, "FDTI 1.0 ms"),
        ({"frti_ns": 1_000_000}, "FRTI 1.0 ms"),
        ({"ftti_ns": 1_000_000_000}, "at most its FTTI"),
    ],
)
def test_a_budget_the_rig_cannot_resolve_is_refused(times: dict[str, int], says: str) -> None:
    budget = replace(BUDGETS["SG-OV"], **times)
    line = the_line(shipped("ov_step_cell17"), lambda path: planned(path, budget=budget))
    assert says in line


@pytest.mark.parametrize(("width_ns", "refused"), [(0, False), (20_000_000, True)])
def test_a_lag_of_the_report_makes_coarser_what_the_rig_resolves(width_ns: int, refused: bool) -> None:
    """SG-OV with the cycle of its report as FDTI, 20 ms: a report that lags by 0 to 20 ms cannot show that."""
    role = PROFILE.flags["overvoltage"].role
    lagging = replace(PROFILE, lags={role: Lag(low_ns=0, high_ns=width_ns)})
    budget = replace(BUDGETS["SG-OV"], fdti_ns=20_000_000)
    if not refused:
        planned(shipped("ov_step_cell17"), profile=lagging, budget=budget)
        return
    line = the_line(shipped("ov_step_cell17"), lambda path: planned(path, profile=lagging, budget=budget))
    assert (
        "FDTI 20.0 ms, too fine" in line and "at least 40.0 ms, the cycle of BMS_Faults and the width" in line
    )


def test_a_ceiling_the_rig_cannot_resolve_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, "ov_step_cell17", 'ceiling = "profile"', 'ceiling = "19 ms"')
    path.write_text(path.read_text().replace('floor = "profile"', 'floor = "1 ms"'))
    line = the_line(path, planned)
    assert "[expect.ceiling]: found 19.0 ms, too fine for this rig; expected at least 20.0 ms" in line


@pytest.mark.parametrize(
    ("old", "wrong", "near"),
    [
        ("vehicle.BMS_Faults.CellOvervoltage", "vehicel.BMS_Faults.CellOvervoltage", "vehicle"),
        ("vehicle.BMS_Faults.CellOvervoltage", "vehicle.BMS_Fault.CellOvervoltage", "BMS_Faults"),
        ("vehicle.BMS_Faults.CellOvervoltage", "vehicle.BMS_Faults.CelOvervoltage", "CellOvervoltage"),
    ],
)
def test_a_profile_that_names_what_no_dbc_has_is_refused(
    tmp_path: Path, old: str, wrong: str, near: str
) -> None:
    profile = profile_with(tmp_path, old, wrong)
    with pytest.raises(ScenarioError) as error:
        planned(shipped("ov_step_cell17"), profile=load_profile(profile))
    assert str(error.value).startswith(str(profile))
    assert f"did you mean '{near}'?" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "wrong", "near"),
    [
        ("sense.IO_CellVoltages", "sence.IO_CellVoltages", "sense"),
        ("sense.IO_CellVoltages", "sense.IO_CellVoltage", "IO_CellVoltages"),
        ("CellVoltage{cell:02d}", "CelVoltage{cell:02d}", "CellVoltage01"),
        ("PackCurrent", "PackCurent", "PackCurrent"),
    ],
)
def test_a_play_that_names_what_no_dbc_has_is_refused(
    tmp_path: Path, old: str, wrong: str, near: str
) -> None:
    profile = profile_with(tmp_path, old, wrong)
    with pytest.raises(ConfigError) as error:
        bind_plays(load_profile(profile), DECODERS, 96, 24)
    assert str(error.value).startswith(str(profile))
    assert f"did you mean '{near}'?" in str(error.value)
    assert "\n" not in str(error.value)


def profile_with(tmp_path: Path, old: str, new: str) -> Path:
    text = PROFILE.file.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "dut.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_a_missing_scenario_names_its_neighbour() -> None:
    wrong = ROOT / "scenarios" / "cells" / "ov_step_cel17.toml"
    line = the_line(wrong, lambda path: find_scenarios([path]))
    assert "did you mean 'ov_step_cell17.toml'?" in line


def test_all_mistakes_of_all_files_are_told_in_one_go(tmp_path: Path, wired: Wired) -> None:
    """An unknown goal does not hide an unknown flag, nor a file that is not there what is wrong in another."""
    wrong = changed(tmp_path, "hvil_open_driving", '"SG-HVIL"', '"SG-HVLI"')
    wrong.write_text(wrong.read_text(encoding="utf-8").replace('flag = "hvil_open"', 'flag = "hvil_opne"'))
    torn = tmp_path / "torn.toml"
    torn.write_text('id = "torn', encoding="utf-8")
    with pytest.raises(ScenarioError) as told:
        load_scenarios(wired, [tmp_path / "gone.toml", wrong, torn], None)
    lines = str(told.value).splitlines()
    assert [one.split(": found ")[1].split(";")[0].split(" (")[0] for one in lines] == [
        "no such file",
        "'SG-HVLI'",
        "unknown flag 'hvil_opne'",
        "no valid TOML",
    ]


def test_an_empty_folder_holds_no_scenario(tmp_path: Path) -> None:
    assert "found no scenario" in the_line(tmp_path, lambda path: find_scenarios([path]))


def test_a_scenario_named_twice_is_found_once() -> None:
    assert find_scenarios([SHIPPED[0], SHIPPED[0].parent]).count(SHIPPED[0]) == 1


@given(
    name=st.sampled_from(["ov_trip", "ov_warn", "uv_trip", "uv_warn"]),
    sign=st.sampled_from("+-"),
    millivolts=st.integers(0, 100_000),
    space=st.sampled_from(["", " ", "  "]),
)
def test_an_offset_moves_a_threshold_by_just_that(name: str, sign: str, millivolts: int, space: str) -> None:
    expression = parse_expression(f"{name}{space}{sign}{space}{millivolts}{space}mV", "V")
    moved = value_of(expression, THRESHOLDS) - THRESHOLDS[name]
    assert moved == pytest.approx((1 if sign == "+" else -1) * millivolts / 1000, abs=1e-9)


@given(st.floats(0, 1e6, allow_nan=False))
def test_a_bare_quantity_needs_no_threshold(volts: float) -> None:
    assert value_of(parse_expression(f"{volts:.6f} V", "V"), {}) == pytest.approx(volts, abs=1e-6)


@given(st.text(max_size=30), st.sampled_from(["V", "ohm/V"]))
def test_any_text_is_an_expression_or_a_clear_no(text: str, dimension: str) -> None:
    try:
        value_of(parse_expression(text, dimension), THRESHOLDS)
    except ValueError as refused:
        assert "expected" in str(refused) or "negative" in str(refused)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_loader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.toml"
    path.write_bytes(data)
    with pytest.raises(ScenarioError) as error:
        load_scenario(path)
    assert all(line.startswith(str(path)) for line in str(error.value).splitlines())

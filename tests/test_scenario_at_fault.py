"""What no DUT could answer rightly is told before one is accused: by hil check in a line, and as ERROR in a run."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli.main import app
from bench.errors import ConfigError, ScenarioError
from bench.measure.finding.stimulus import ScenarioAtFault
from bench.plant.chemistry import Chemistry
from bench.report.finding_words import reasons_words
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.verdict.result import Verdict
from bench.wiring.at_fault import faults_of
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]


def changed(folder: Path, name: str, *pairs: tuple[str, str]) -> Path:
    """A scenario of the library with other texts, beside its budgets."""
    source = ROOT / name
    text = source.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / "budgets.toml").write_text((ROOT / "scenarios/budgets.toml").read_text(encoding="utf-8"))
    file = folder / source.name
    file.write_text(text, encoding="utf-8")
    return file


OV = "scenarios/cells/ov_step_cell17.toml"
LEVEL = 'voltage = "ov_trip + 20 mV"'
START = 'current = "20 A"'


@pytest.mark.parametrize(
    ("chemistry", "pairs", "key", "says"),
    [
        (None, [(LEVEL, 'voltage = "ov_trip - 20 mV"')], "step[1].voltage", "cannot trip 'overvoltage'"),
        ("lfp", [(LEVEL, 'voltage = "3.5 V"')], "step[1].voltage", "cannot trip 'overvoltage'"),
        (None, [(START, 'current = "20000 A"')], "start.current", "trips 'overcurrent_discharge' by itself"),
        (None, [(START, 'current = "-20000 A"')], "start.current", "trips 'overcurrent_charge' by itself"),
    ],
)
def test_what_no_dut_can_answer_is_one_line_and_an_error(
    chemistry: str | None, pairs: list[tuple[str, str]], key: str, says: str, tmp_path: Path
) -> None:
    rig = load_rig(ROOT / "hil_config.toml", "simulated", "reference", chemistry)
    file = changed(tmp_path, OV, *pairs)
    one = load_scenarios(rig, [file], None)[0][0]
    (line,) = faults_of(rig, one)
    assert line.startswith(f"{file}:") and f"[{key}]: found " in line and says in line
    assert "; expected " in line and "beyond = true" in line
    shot = shoot(rig, one, 0, 1, 1, None)
    assert shot.judgement.verdict is Verdict.ERROR and shot.measurement is None, "nothing is driven"
    assert [type(reason.finding) for reason in shot.judgement.reasons] == [ScenarioAtFault]
    assert reasons_words(shot.judgement) == [line]


def test_the_same_level_may_trip_on_one_pack_and_not_on_another(tmp_path: Path) -> None:
    """2.48 V: below the undervoltage trip of an NMC pack, above that of an LFP pack."""
    file = changed(
        tmp_path, OV, (LEVEL, 'voltage = "2.48 V"'), ('flag = "overvoltage"', 'flag = "undervoltage"')
    )
    for chemistry in Chemistry.shipped():
        rig = load_rig(ROOT / "hil_config.toml", "simulated", "reference", chemistry)
        one = load_scenarios(rig, [file], None)[0][0]
        assert bool(faults_of(rig, one)) is (rig.thresholds()["uv_trip"] < 2.48), chemistry


def test_cells_that_sag_below_their_trip_under_the_starts_current_are_told(
    tmp_path: Path, wired: Wired
) -> None:
    file = changed(tmp_path, OV, (START, 'current = "110 A"'), ('soc = "50 %"', 'soc = "0 %"'))
    one = load_scenarios(wired, [file], None)[0][0]
    (line,) = faults_of(wired, one)
    assert "[start.soc]" in line and "by itself: cell_voltage is " in line


def test_what_is_meant_says_so(tmp_path: Path, wired: Wired) -> None:
    level = 'voltage = "ov_trip - 20 mV"\nbeyond = true'
    file = changed(tmp_path, OV, (LEVEL, level), (START, 'current = "20000 A"\nbeyond = true'))
    one = load_scenarios(wired, [file], None)[0][0]
    assert faults_of(wired, one) == []


def test_a_level_that_has_to_trip_is_no_quiet_one(tmp_path: Path, wired: Wired) -> None:
    quiet = '[quiet]\nfor = "8 s"\n[unused]'
    text = (ROOT / OV).read_text(encoding="utf-8")
    head = text[: text.index("[expect]")].replace('aim = "must_trip"', 'aim = "must_not_trip"')
    (tmp_path / "budgets.toml").write_text((ROOT / "scenarios/budgets.toml").read_text(encoding="utf-8"))
    file = tmp_path / "ov_step_cell17.toml"
    file.write_text(f"{head}\n{quiet.removesuffix('[unused]')}", encoding="utf-8")
    one = load_scenarios(wired, [file], None)[0][0]
    (line,) = faults_of(wired, one)
    assert "has to trip 'overvoltage' after 2.500 s under aim 'must_not_trip'" in line


QUIET = """
format = 2
id = "quiet-one"
title = "What a must-not-trip scenario does"
safety_goal = "SG-OV"
aim = "must_not_trip"
needs = {needs}
[start]
mode = "drive"
soc = "50 %"
current = "20 A"
{steps}
[quiet]
for = "{quiet}"
[sweep]
phase = "100 ms"
repeat = 1
"""


def quiet_one(folder: Path, steps: str, quiet: str) -> Path:
    (folder / "budgets.toml").write_text((ROOT / "scenarios/budgets.toml").read_text(encoding="utf-8"))
    file = folder / "quiet_one.toml"
    needs = [one for one in ("cell_voltage", "temperature") if f'"{one}"' in steps]
    file.write_text(QUIET.format(steps=steps, quiet=quiet, needs=needs), encoding="utf-8")
    return file


def drives(current: str, lasts: str) -> str:
    there, back = (f'[[step]]\ndo = "drive"\ncurrent = "{one}"\n' for one in (current, "10 A"))
    return f'{there}[[step]]\ndo = "wait"\nfor = "{lasts}"\n{back}'


def injects(fault: str, lasts: str) -> str:
    return f'[[step]]\ndo = "inject"\n{fault}\n[[step]]\ndo = "wait"\nfor = "{lasts}"\n'


CELL = 'fault = "cell_voltage"\ncells = [17]\nvoltage = "ov_trip + 20 mV"'
WARM = 'fault = "temperature"\nsensors = [3]\ntemperature = "ot_trip + 5 degC"'
TEPID = 'fault = "temperature"\nsensors = [3]\ntemperature = "ot_charge + 2 degC"'


@pytest.mark.parametrize(
    ("steps", "quiet", "flag"),
    [
        (drives("oc_discharge + 20 A", "1 s"), "3 s", "overcurrent_discharge"),
        (drives("oc_discharge + 20 A", "100 ms"), "3 s", None),
        (drives("oc_discharge - 20 A", "1 s"), "3 s", None),
        (drives("-300 A", "1 s"), "3 s", None),  # the charger keeps to the limit that the DUT announces
        (injects(CELL, "4 s"), "1 s", "overvoltage"),
        (injects(CELL, "1 s"), "2 s", None),
        (injects(WARM, "1 s"), "6 s", "overtemperature"),
        (injects(WARM, "1 s"), "3 s", None),
        (injects(TEPID, "1 s"), "9 s", None),  # too warm for charging, and it drives
    ],
)
def test_whatever_stays_beyond_a_limit_for_longer_than_its_debounce_is_no_quiet_level(
    steps: str, quiet: str, flag: str | None, tmp_path: Path, wired: Wired
) -> None:
    one = load_scenarios(wired, [quiet_one(tmp_path, steps, quiet)], None)[0][0]
    lines = faults_of(wired, one)
    assert len(lines) == (flag is not None)
    assert all(f"[step[1].{'current' if 'current' in (flag or '') else ''}" in line for line in lines)
    assert all(f"has to trip '{flag}'" in line and "; expected one inside" in line for line in lines)
    if lines:
        assert shoot(wired, one, 0, 1, 1, None).judgement.verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("current", "lasts", "told"),
    [("200 A", "1 s", True), ("200 A", "100 ms", False), ("100 A", "1 s", False)],
)
def test_a_step_before_the_fault_that_trips_something_else_is_told(
    current: str, lasts: str, told: bool, tmp_path: Path, wired: Wired
) -> None:
    before = drives(current, lasts) + '[[step]]\ndo = "inject"'
    file = changed(tmp_path, OV, ('[[step]]\ndo = "inject"', before))
    lines = faults_of(wired, load_scenarios(wired, [file], None)[0][0])
    assert len(lines) == told
    assert all("trips 'overcurrent_discharge' after 150.0 ms, before the fault is there" in x for x in lines)
    assert all("[step[1].current]" in line for line in lines)


def test_a_current_in_the_other_direction_cannot_trip(tmp_path: Path, wired: Wired) -> None:
    turned = ('direction = "discharge"', 'direction = "charge"')
    file = changed(tmp_path, "scenarios/current/oc_discharge_low.toml", turned)
    (line,) = faults_of(wired, load_scenarios(wired, [file], None)[0][0])
    assert "[step[1].current]" in line and "cannot trip 'overcurrent_discharge'" in line


def test_a_limit_of_charging_alone_cannot_trip_while_driving(tmp_path: Path, wired: Wired) -> None:
    file = changed(tmp_path, "scenarios/thermal/cold_charging.toml", ('mode = "charge"', 'mode = "drive"'))
    (line,) = faults_of(wired, load_scenarios(wired, [file], None)[0][0])
    assert "[start.mode]: found a DUT in 'drive', in which 'undertemperature_charge' cannot trip" in line
    assert "temperature < ut_charge in charge; expected 'charge'" in line


def test_everything_wrong_is_told_at_once(tmp_path: Path, wired: Wired) -> None:
    level, window = 'voltage = "ov_trip - 20 mV"', 'window = "1 s"'
    file = changed(tmp_path, OV, (LEVEL, level), (START, 'current = "20000 A"'), ('window = "6 s"', window))
    other = quiet_one(tmp_path, injects(CELL, "4 s"), "1 s")
    with pytest.raises(ScenarioError) as told:
        load_scenarios(wired, [tmp_path], None)
    lines = str(told.value).splitlines()
    places = ["[expect.window]", "[start.current]", "[step[1].voltage]"]
    assert [sum(str(file) in x and place in x for x in lines) for place in places] == [1, 1, 1]
    assert sum(str(other) in x and "has to trip" in x for x in lines) == 1 and len(lines) == 4


def test_a_wrong_title_hides_no_wrong_level_and_a_wrong_step_leads_to_no_guess(
    tmp_path: Path, wired: Wired
) -> None:
    changed(tmp_path, OV, (LEVEL, 'voltage = "ov_trip - 20 mV"'), ("title = ", "titel = 1\ntitle = "))
    with pytest.raises(ScenarioError) as told:
        load_scenarios(wired, [tmp_path], None)
    assert "cannot trip 'overvoltage'" in str(told.value) and "[titel]" in str(told.value)
    changed(tmp_path, OV, (LEVEL, 'voltage = "ov_trip - 20 mV"\nbeyont = true'))
    with pytest.raises(ScenarioError) as told:
        load_scenarios(wired, [tmp_path], None)
    assert "cannot trip" not in str(told.value)


def test_check_tells_all_of_them_and_ends_with_3(tmp_path: Path) -> None:
    file = changed(tmp_path, OV, (LEVEL, 'voltage = "ov_trip - 20 mV"'), (START, 'current = "20000 A"'))
    done = CliRunner().invoke(app, ["check", str(file), "--config", str(ROOT / "hil_config.toml")])
    told = [line for line in done.output.splitlines() if line.endswith("(will be ERROR)")]
    assert done.exit_code == 3 and len(told) == 2


@pytest.mark.parametrize(
    "chemistry",
    [
        "lfp",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("nmc", "na_ion", "na_nfm", "zn_chitosan")),
    ],
)
def test_nothing_of_the_library_is_at_fault(chemistry: str) -> None:
    rig = load_rig(ROOT / "hil_config.toml", "simulated", "reference", chemistry)
    prepared = load_scenarios(rig, None, None, long=True, mismatches=True)[0]
    assert [line for one in prepared for line in faults_of(rig, one)] == []
    compared = [one for one in prepared if one.scenario.expect is not None and not one.scenario.twin_of]
    limits = [rig.profile.flags[one.scenario.expect.flag].limit for one in compared if one.scenario.expect]
    assert sum(limit is not None for limit in limits) > 20, "and something was compared"


def test_an_error_of_a_message_that_the_bench_does_not_send_is_refused(tmp_path: Path, wired: Wired) -> None:
    asked = ('message = "vehicle.VCU_BmsCommand"', 'message = "vehicle.BMS_State"')
    file = changed(tmp_path, "scenarios/communication/vcu_wrong_crc.toml", asked)
    with pytest.raises(ScenarioError, match="expected one the bench sends"):
        load_scenarios(wired, [file], None)
    shown = ('shown_by = "vehicle.VCU_BmsCommand"', 'shown_by = "vehicle.BMS_State"')
    file = changed(tmp_path, "scenarios/communication/vcu_node_silent.toml", shown)
    with pytest.raises(ScenarioError, match="expected a message that the bench sends"):
        load_scenarios(wired, [file], None)


def test_a_limit_that_is_none_is_a_located_line(tmp_path: Path) -> None:
    from bench.config.profile_file import load_profile

    text = (ROOT / "dbc/reference_bms.toml").read_text(encoding="utf-8")
    file = tmp_path / "profile.toml"
    file.write_text(text.replace('"cell_voltage >= ov_trip"', '"cell_voltag >= ov_trip"'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[flag.overvoltage.limit\].*did you mean 'cell_voltage'"):
        load_profile(file)
    file.write_text(text.replace("ut_charge in charge", "ut_charge in charg"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[flag.undertemperature_charge.limit\].*did you mean 'charge'"):
        load_profile(file)

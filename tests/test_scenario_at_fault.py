"""What no DUT could answer rightly is told before one is accused: by hil check in a line, and as ERROR in a run."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.campaign.load import load_rig, load_scenarios
from bench.campaign.shots import shoot
from bench.cli.main import app
from bench.errors import ConfigError, ScenarioError
from bench.measure.finding.stimulus import ScenarioAtFault
from bench.plant.chemistry import Chemistry
from bench.report.finding_words import reasons_words
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


def test_check_tells_all_of_them_and_ends_with_3(tmp_path: Path) -> None:
    file = changed(tmp_path, OV, (LEVEL, 'voltage = "ov_trip - 20 mV"'), (START, 'current = "20000 A"'))
    done = CliRunner().invoke(app, ["check", str(file), "--config", str(ROOT / "hil_config.toml")])
    told = [line for line in done.output.splitlines() if line.endswith("(will be ERROR)")]
    assert done.exit_code == 3 and len(told) == 2


@pytest.mark.parametrize(
    "chemistry",
    ["lfp", *(pytest.param(one, marks=pytest.mark.slow) for one in ("nmc", "na_ion", "zn_chitosan"))],
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
    from bench.config.profile import load_profile

    text = (ROOT / "dbc/reference_bms.toml").read_text(encoding="utf-8")
    file = tmp_path / "profile.toml"
    file.write_text(text.replace('"cell_voltage >= ov_trip"', '"cell_voltag >= ov_trip"'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[flag.overvoltage.limit\].*did you mean 'cell_voltage'"):
        load_profile(file)

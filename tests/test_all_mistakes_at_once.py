"""Every mistake of every file in one go: none hides another, none is told twice, and none follows from another."""

from pathlib import Path

import pytest
from test_scenario_at_fault import OV, ROOT, changed
from typer.testing import CliRunner

from bench.cli.main import app
from bench.config.bench_file import load_bench
from bench.config.profile_file import load_profile
from bench.errors import ConfigError, ScenarioError
from bench.running.load import load_scenarios
from bench.verdict.budgets import load_budgets
from bench.wiring.common import Wired


def mistakes(wired: Wired, file: Path) -> list[str]:
    with pytest.raises(ScenarioError) as wrong:
        load_scenarios(wired, [file], None)
    return str(wrong.value).splitlines()


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (
            [
                ('safety_goal = "SG-OV"', 'safety_goal = "SG-OVV"'),
                ('voltage = "ov_trip + 20 mV"', 'voltage = "ov_tripp + 20 mV"'),
                ('flag = "overvoltage"', 'flag = "overvoltag"'),
            ],
            ["[safety_goal]", "[step[1].voltage]", "[expect.flag]"],
        ),
        (
            [
                ("cells = [17]", "cells = [170]"),
                ('soc = "50 %"', 'soc = "500 %"'),
                ("forbidden = [", 'forbidden = ["nonsense", '),
            ],
            ["[start.soc]", "[step[1].cells]", "[expect.forbidden]"],
        ),
        (
            [
                ('window = "6 s"', 'windw = "6 s"'),
                ('fault = "cell_voltage"', 'fault = "cell_voltge"'),
                ('safe_state = "hv_open"', 'safe_state = "hv_opn"'),
            ],
            ["[expect.windw]", "[step[1].fault]", "[expect.safe_state]"],
        ),
        (
            [
                ('window = "6 s"', 'window = "6 parsec"'),
                ('needs = ["cell_voltage"]', 'needs = ["cell_voltage", "pyro"]'),
                ('id = "ov-step-cell17"', 'id = "ov-step-cell18"'),
            ],
            ["[expect.window]", "[needs]", "[id]"],
        ),
    ],
)
def test_three_mistakes_of_a_scenario_are_three_lines(
    pairs: list[tuple[str, str]], says: list[str], wired: Wired, tmp_path: Path
) -> None:
    told = mistakes(wired, changed(tmp_path, OV, *pairs))
    assert len(told) == 3, told
    for place in says:
        assert sum(place in line for line in told) == 1, told


def test_two_goals_two_flags_and_two_instruments_are_told_together(tmp_path: Path) -> None:
    budgets = tmp_path / "budgets.toml"
    text = (ROOT / "scenarios/budgets.toml").read_text(encoding="utf-8")
    budgets.write_text(text.replace("fdti =", "fdtti =", 2), encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_budgets(budgets)
    assert len(str(wrong.value).splitlines()) == 2

    profile = tmp_path / "profile.toml"
    text = (ROOT / "dbc/reference_bms.toml").read_text(encoding="utf-8")
    text = text.replace('signal = "vehicle.BMS_Faults.CellOvervoltage"', 'signal = "CellOvervoltage"')
    text = text.replace('severity = "warning"', 'severity = "warnin"', 1)
    profile.write_text(
        text.replace('"cell_voltage <= uv_trip"', '"cell_voltage = uv_trip"'), encoding="utf-8"
    )
    with pytest.raises(ConfigError) as wrong:
        load_profile(profile)
    told = str(wrong.value).splitlines()
    assert len(told) == 3 and all(":" in line and "[flag." in line for line in told), told


def test_check_tells_bench_profile_budgets_and_scenarios_in_one_go(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    changed(tmp_path / "scenarios", OV, ('soc = "50 %"', 'soc = "500 %"'))
    budgets = tmp_path / "scenarios" / "budgets.toml"
    budgets.write_text(budgets.read_text(encoding="utf-8").replace("fdti =", "fdtti =", 1), encoding="utf-8")
    profile = tmp_path / "profile.toml"
    text = (ROOT / "dbc/reference_bms.toml").read_text(encoding="utf-8")
    profile.write_text(text.replace('severity = "warning"', 'severity = "warnin"', 1), encoding="utf-8")
    config = tmp_path / "hil_config.toml"
    text = (ROOT / "hil_config.toml").read_text(encoding="utf-8")
    text = text.replace("dbc/reference_bms.toml", str(profile)).replace('"dbc/', f'"{ROOT}/dbc/')
    config.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", "--config", str(config)])
    told = str(done.exception).splitlines()
    assert [sum(str(file) in line for line in told) for file in (profile, budgets)] == [1, 1]
    assert sum("[start.soc]" in line for line in told) == 1 and len(told) == 3, told

    config.write_text(text.replace("[pack]", "[pack]\nnonsense = 1"), encoding="utf-8")
    done = CliRunner().invoke(app, ["check", "--config", str(config)])
    told = str(done.exception).splitlines()
    assert len(told) == 4 and any("[pack.nonsense]" in line for line in told), told


def test_a_bench_file_tells_what_is_wrong_beside_an_unknown_key(tmp_path: Path) -> None:
    text = (ROOT / "hil_config.toml").read_text(encoding="utf-8")
    config = tmp_path / "hil_config.toml"
    config.write_text(text.replace("[pack]", "[pack]\nnonsense = 1"), encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_bench(config)
    told = str(wrong.value).splitlines()
    assert any("[pack.nonsense]" in line for line in told)
    assert any("[dut.profile]" in line and "no such file" in line for line in told), told
    assert len(told) == len(set(told))

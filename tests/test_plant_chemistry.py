"""Chemistry files: what the shipped one says, and how a wrong one is reported."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import ConfigError
from bench.plant.chemistry import SHIPPED, Chemistry

NMC = Chemistry.load("nmc")
NMC_TEXT = (SHIPPED / "nmc.toml").read_text(encoding="utf-8")


def test_shipped_nmc_gives_its_limits_as_thresholds() -> None:
    thresholds = NMC.thresholds()
    assert NMC.capacity_ah == 50.0
    assert (thresholds["uv_trip"], thresholds["uv_warn"]) == (2.5, 2.8)
    assert (thresholds["ov_warn"], thresholds["ov_trip"]) == (4.22, 4.25)
    assert (thresholds["ot_warn"], thresholds["ot_trip"]) == (50.0, 60.0)
    assert (thresholds["oc_charge"], thresholds["oc_discharge"]) == (75.0, 150.0)
    assert (thresholds["iso_warn"], thresholds["iso_fault"]) == (500.0, 100.0)


@given(st.floats(-0.5, 3.0), st.floats(-0.5, 3.0))
def test_open_circuit_voltage_never_falls_with_soc(one: float, other: float) -> None:
    assert NMC.ocv_v(min(one, other)) <= NMC.ocv_v(max(one, other))


def test_open_circuit_voltage_continues_into_abuse() -> None:
    assert NMC.ocv_v(0.0) == 2.5
    assert NMC.ocv_v(1.1) == pytest.approx(4.45)
    assert NMC.ocv_v(-0.04) == pytest.approx(0.0, abs=1e-9)


def test_a_file_is_loaded_by_path_as_by_id(tmp_path: Path) -> None:
    copy = tmp_path / "mine.toml"
    copy.write_text(NMC_TEXT, encoding="utf-8")
    assert Chemistry.load(copy).thresholds() == NMC.thresholds()
    assert Chemistry.load(str(copy)).path == copy


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown chemistry 'nmcc'.*did you mean 'nmc'"):
        Chemistry.load("nmcc")


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        (r"capacity_Ah = .*", "", r"\[cell\.capacity_Ah\]: missing; expected a positive number"),
        (r"capacity_Ah = \{ v = 50\.0", "capacity_Ah = { v = -1", r"\[cell\.capacity_Ah\]: found -1;"),
        (r"v_alarm_high = \{ v = 4\.25", "v_alarm_high = { v = 4.1", r"\[limits\.v_warn_high\]: 4\.22 above"),
        (r"T_alarm_C = \{ v = 60\.0", "T_alarm_C = { v = 'hot'", r"\[limits\.T_alarm_C\]: found 'hot'"),
        (r"4\.2001\]", "4.1001]", r"\[ocv\.V\]: 4\.19202 V then 4\.1001 V at SoC 1; expected a voltage that"),
        (r"V = \[2\.5, ", "V = [", r"\[ocv\.V\]: 98 values; expected 99"),
        (r"V = \[2\.5, 2\.61", "V = [2.5, nan, 2.61", r"\[ocv\.V\]: found nan as number 2 of 100"),
        (r"soc = \[0\.0, 0\.005, 0\.01", "soc = [0.0, 0.01, 0.005", r"\[ocv\.soc\]: 0\.005 after 0\.01"),
        (r"R0_ohm = \[0\.0076", "R0_ohm = [-0.0076", r"\[ecm\.R0_ohm\]: found -0\.0076"),
        (
            r"V_oc = \[4\.2, 4\.45",
            "V_oc = [4.2, 4.15",
            r"\[abuse\.overcharge\.V_oc\]: 4\.2 V then 4\.15 V at SoC 1\.1",
        ),
        (r"\[meta\]", "[meta", "is no valid TOML"),
    ],
)
def test_a_wrong_file_is_reported_in_one_line(
    tmp_path: Path, pattern: str, replacement: str, message: str
) -> None:
    wrong = tmp_path / "wrong.toml"
    text, count = re.subn(pattern, replacement, NMC_TEXT, count=1)
    assert count == 1
    wrong.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        Chemistry.load(wrong)
    assert "\n" not in str(caught.value)
    assert str(wrong) in str(caught.value)
    assert "expected" in str(caught.value)


def test_an_absent_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Chemistry.load(tmp_path / "none.toml")

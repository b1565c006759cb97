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
        (r"V = \[2\.5, 2\.61", "V = [2.5, nan, 2.61", r"\[ocv\.V\.1\]: found nan"),
        (r"soc = \[0\.0, 0\.005, 0\.01", "soc = [0.0, 0.01, 0.005", r"\[ocv\.soc\]: 0\.005 after 0\.01"),
        (r"R0_ohm = \[0\.0076", "R0_ohm = [-0.0076", r"\[ecm\.R0_ohm\]: found -0\.0076"),
        (
            r"V_oc = \[4\.2, 4\.45",
            "V_oc = [4.2, 4.15",
            r"\[abuse\.overcharge\.V_oc\]: 4\.2 V then 4\.15 V at SoC 1\.1",
        ),
        (r"\[meta\]", "[meta", "found no valid TOML"),
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


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        ("T_on_C = 180", "T_onset_C = 180", r"\[abuse\.reaction\.2\.T_onset_C\]: unknown key .*mean 'T_on_C'"),
        (r"\[hysteresis\]", "[hysterese]", r"\[hysterese\]: unknown key .*did you mean 'hysteresis'"),
        (r"(?m)^regen = 5\.0", "regenx = 5.0", r"\[abuse\.reaction\.0\.regenx\]: .*did you mean 'regen'"),
        ('order = "first"', 'order = "first"\nz0 = "thin"', r"\[abuse\.reaction\.\d\.z0\]: found 'thin'"),
        ("v = 4.25, c", 'v = 4.25, unit = "V", c', r"\[limits\.v_alarm_high\.unit\]: unknown key 'unit'"),
        ('note = "mean of', 'remark = "mean of', r"\[ocv\.remark\]: unknown key 'remark'"),
        ("energy_Wh = { v = 186", "energy_Wh = { v = 286", r"\[cell\.energy_Wh\]: found 286\.106; expected about"),
        ("C1_F = .2230", "C1_F = [3230", r"\[ecm_bv\.C1_F\]: 3230\.34 at SoC 0; expected tau / R = 2230\.33 F"),
        ("168.0, 230.0", "178.0, 230.0", r"\[abuse\.T2_range_C\]: found 178, 230; expected two temperatures"),
        ('src_kinetics = "feng"', 'src_kinetics = "fang"', r"src_kinetics\]: source 'fang'.*mean 'feng'"),
        (r'v = 4\.25, c = "\w+"', 'v = 4.25, c = ["E"]', r"\[limits\.v_alarm_high\.c\]: confidence \['E'\]"),
        ('conf_mass = "E"', 'conf_mass = "X"', r"\[abuse\.reaction\.0\.conf_mass\]: confidence 'X'"),
    ],
)  # fmt: skip
def test_what_nobody_reads_is_refused_in_one_line(
    tmp_path: Path, pattern: str, replacement: str, message: str
) -> None:
    text = (SHIPPED / ("lfp.toml" if "hysteres" in pattern else "nmc.toml")).read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.toml"
    text, count = re.subn(pattern, replacement, text, count=1)
    assert count == 1
    wrong.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        Chemistry.load(wrong)
    assert "\n" not in str(caught.value)


def test_the_constants_of_runaway_that_only_some_reactions_have_are_read() -> None:
    """Seven of NMC, one of LFP, three of layered-oxide sodium."""
    nmc, lfp, na = (
        {r.name: r for r in Chemistry.load(one).abuse.reactions} for one in ("nmc", "lfp", "na_nfm")
    )
    assert nmc["sei"].regen == 5.0
    assert (nmc["anode"].a2_1_s, nmc["anode"].t_switch_c) == (5.0, 260.0)
    onsets_c = [nmc[name].t_on_c for name in ("cathode_1", "cathode_2", "electrolyte", "separator")]
    assert onsets_c == [180.0, 220.0, 140.0, 120.0]
    assert (lfp["anode"].z0, na["anode"].z0) == (0.033, 0.033)
    assert (na["cathode_1"].t_on_c, na["cathode_2"].t_on_c) == (160.0, 200.0)

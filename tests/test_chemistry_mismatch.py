"""A BMS made for one chemistry on a pack of another has to FAIL; one made for its pack passes."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_bench import file_of
from typer.testing import CliRunner

from bench.cli.main import app
from bench.errors import ConfigError, ScenarioError
from bench.measure.finding.answer import NotDetected
from bench.measure.finding.bench import NeverArmed
from bench.report.finding_words import reasons_words
from bench.running.load import load_rig, load_scenarios
from bench.running.results import scenario_result
from bench.running.shots import shoot
from bench.scenario.load import load_scenario
from bench.timing.clock import Timebase
from bench.verdict.result import Judgement, ShotResult, Verdict

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "hil_config.toml"


def shot(pack: str, firmware: str | None, scenario: str = "ov-step-cell60") -> ShotResult:
    wired = load_rig(CONFIG, "simulated", "reference", pack, firmware)
    one = next(p for p in load_scenarios(wired, [file_of(scenario)], None)[0] if p.scenario.id == scenario)
    return shoot(wired, one, 0, 1, 1, None)


@pytest.mark.parametrize("chemistry", ["lfp", "na_ion", "zn_chitosan"])
@pytest.mark.slow
def test_the_firmware_takes_its_limits_from_the_pack_by_default(chemistry: str) -> None:
    assert shot(chemistry, None).judgement.verdict is Verdict.PASS
    assert shot(chemistry, None, "healthy-drive").judgement.verdict is Verdict.PASS


def test_a_lithium_ion_bms_does_not_see_the_overvoltage_of_an_iron_phosphate_pack() -> None:
    judged = shot("lfp", "nmc").judgement
    assert judged.verdict is Verdict.FAIL, reasons_words(judged)


@pytest.mark.slow
def test_a_lithium_ion_bms_takes_a_healthy_zinc_pack_for_an_empty_one() -> None:
    judged = shot("zn_chitosan", "nmc", "healthy-standby").judgement
    assert judged.verdict is Verdict.FAIL, reasons_words(judged)
    assert shot("zn_chitosan", None, "healthy-standby").judgement.verdict is Verdict.PASS


@pytest.mark.slow
def test_a_lithium_ion_bms_trips_a_healthy_sodium_pack_that_is_nearly_empty() -> None:
    """Their upper limits are alike (4.25 V); what differs is how low sodium may go."""
    judged = shot("na_ion", "nmc", "low-but-healthy-drive").judgement
    assert judged.verdict is Verdict.FAIL, reasons_words(judged)
    for pack in ("na_ion", "nmc", "lfp", "zn_chitosan"):
        assert shot(pack, None, "low-but-healthy-drive").judgement.verdict is Verdict.PASS, pack


def test_the_command_fails_a_mismatch_and_refuses_an_unknown_chemistry(tmp_path: Path) -> None:
    words = ["run", "--config", str(CONFIG), "--chemistry", "lfp", "--firmware-chemistry", "nmc"]
    words += ["-k", "ov-step-cell60", "--repeat", "1", "--out", str(tmp_path)]
    assert CliRunner().invoke(app, words).exit_code == 1
    with pytest.raises(
        ConfigError, match=r"^--firmware-chemistry: .*unknown chemistry 'nmcc'.*did you mean 'nmc'"
    ):
        load_rig(CONFIG, "simulated", "reference", None, "nmcc")


@pytest.mark.slow
def test_a_mismatch_is_a_scenario_that_passes_because_every_shot_fails(tmp_path: Path) -> None:
    words = ["run", "--config", str(CONFIG), "-k", "mismatch", "--repeat", "1", "--workers", "1"]
    words += [
        "--out",
        str(tmp_path),
        "--junit",
        str(tmp_path / "junit.xml"),
        "--report",
        str(tmp_path / "r.html"),
    ]
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 0, ran.output
    told = " ".join(ran.output.split())
    for pair in ("nmc on a pack of na_ion", "nmc on a pack of zn_chitosan", "nmc on a pack of lfp"):
        assert f"the mismatch was caught: a BMS made for {pair}" in told
    junit = (tmp_path / "junit.xml").read_text()
    assert "<failure" not in junit
    assert "the mismatch was caught" in junit
    report = (tmp_path / "r.html").read_text()
    assert "Deliberate mismatch, a BMS made for nmc" in report
    goals = report.partition("<h2>Safety goals</h2>")[2].partition("<h2>")[0]
    assert "SG-IMEAS" in goals  # of current-mismatch, which is none of them
    assert not any(of_a_mismatch in goals for of_a_mismatch in ("SG-OV", "SG-UV", "SG-UTC"))
    assert "1 of 1 scenarios with fewer shots than their claim needs" in report
    run = next(one for one in tmp_path.iterdir() if one.is_dir())
    assert CliRunner().invoke(app, ["rejudge", str(run)]).exit_code == 0


def test_a_library_that_does_not_notice_the_mismatch_fails(tmp_path: Path) -> None:
    blind = tmp_path / "blind.toml"
    file = (ROOT / "scenarios" / "mismatch" / "nmc_bms_on_lfp.toml").read_text()
    file = file.replace("format = 2\n", "")  # by which every flag beside would be noticed
    blind.write_text(file.replace('"nmc-bms-on-lfp"', '"blind"').replace('pack = "lfp"', 'pack = "na_ion"'))
    wired = load_rig(CONFIG, "simulated", "reference", None)
    assert load_scenarios(wired, [blind], None)[0] == []  # nothing that mutants or a hunt should run
    (one,) = load_scenarios(wired, [blind], None, mismatches=True)[0]
    result = scenario_result(one, [shoot(wired, one, 0, 1, 1, None)], Timebase.SIMULATED, wired.profile)
    assert result.judgement.verdict is Verdict.FAIL  # both chemistries trip at 4.25 V
    assert "did not notice a BMS made for nmc on a pack of na_ion" in reasons_words(result.judgement)[0]
    doubted = replace(
        shoot(wired, one, 0, 1, 1, None), judgement=Judgement.of(Verdict.ERROR, NeverArmed()), index=1
    )
    failed = replace(doubted, judgement=Judgement.of(Verdict.FAIL, NotDetected(window_ns=1)), index=0)
    partly = scenario_result(one, [failed, doubted], Timebase.SIMULATED, wired.profile)
    assert partly.judgement.verdict is Verdict.ERROR  # not every shot has noticed
    elsewhere = replace(wired, config=replace(wired.config, dut=replace(wired.config.dut, start="external")))
    assert shoot(elsewhere, one, 0, 1, 1, None).judgement.verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'pack = "lfp"',
            'pack = "lfpp"',
            r"\[mismatch.pack\]: found unknown chemistry 'lfpp'.*did you mean 'lfp'",
        ),
        ('pack = "lfp"', 'pack = "nmc"', r"found 'nmc' on a pack of the same"),
        ('hazard = "', 'hazart = "', r"hazart"),
        ("[start]", '[not_for]\nlfp = "no"\n\n[start]', r"found \[not_for\] beside \[mismatch\]"),
    ],
)
def test_a_wrong_mismatch_is_told_in_one_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    wrong = tmp_path / "nmc_bms_on_lfp.toml"
    wrong.write_text((ROOT / "scenarios" / "mismatch" / wrong.name).read_text().replace(old, new, 1))
    with pytest.raises(ScenarioError, match=told):
        load_scenario(wrong)

"""A BMS made for one chemistry on a pack of another has to FAIL; one made for its pack passes."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.campaign.load import load_rig, load_scenarios
from bench.campaign.shots import shoot
from bench.cli.main import app
from bench.errors import ConfigError
from bench.verdict.result import ShotResult, Verdict

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "hil_config.toml"


def shot(pack: str, firmware: str | None, scenario: str = "ov-step-cell60") -> ShotResult:
    wired = load_rig(CONFIG, "simulated", "reference", pack, firmware)
    one = next(p for p in load_scenarios(wired, None, scenario)[0] if p.scenario.id == scenario)
    return shoot(wired, one, 0, 1, 1, None)


@pytest.mark.parametrize("chemistry", ["lfp", "na_ion", "zn_chitosan"])
def test_the_firmware_takes_its_limits_from_the_pack_by_default(chemistry: str) -> None:
    assert shot(chemistry, None).judgement.verdict is Verdict.PASS
    assert shot(chemistry, None, "healthy-drive").judgement.verdict is Verdict.PASS


def test_a_lithium_ion_bms_does_not_see_the_overvoltage_of_an_iron_phosphate_pack() -> None:
    judged = shot("lfp", "nmc").judgement
    assert judged.verdict is Verdict.FAIL, judged.reasons


def test_a_lithium_ion_bms_takes_a_healthy_zinc_pack_for_an_empty_one() -> None:
    judged = shot("zn_chitosan", "nmc", "healthy-standby").judgement
    assert judged.verdict is Verdict.FAIL, judged.reasons
    assert shot("zn_chitosan", None, "healthy-standby").judgement.verdict is Verdict.PASS


def test_a_lithium_ion_bms_trips_a_healthy_sodium_pack_that_is_nearly_empty() -> None:
    """Their upper limits are alike (4.25 V); what differs is how low sodium may go."""
    judged = shot("na_ion", "nmc", "low-but-healthy-drive").judgement
    assert judged.verdict is Verdict.FAIL, judged.reasons
    for pack in ("na_ion", "nmc", "lfp", "zn_chitosan"):
        assert shot(pack, None, "low-but-healthy-drive").judgement.verdict is Verdict.PASS, pack


def test_the_command_fails_a_mismatch_and_refuses_an_unknown_chemistry(tmp_path: Path) -> None:
    words = ["run", "--config", str(CONFIG), "--chemistry", "lfp", "--firmware-chemistry", "nmc"]
    words += ["-k", "ov-step-cell60", "--repeat", "1", "--out", str(tmp_path)]
    assert CliRunner().invoke(app, words).exit_code == 1
    with pytest.raises(
        ConfigError, match=r"\[dut\.chemistry\]: .*unknown chemistry 'nmcc'.*did you mean 'nmc'"
    ):
        load_rig(CONFIG, "simulated", "reference", None, "nmcc")

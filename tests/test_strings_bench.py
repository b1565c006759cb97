"""A pack of three strings on its example bench, in simulated time: from the DUT's frames to the plant and back."""

import shutil
from pathlib import Path

import pytest

from bench.errors import ConfigError, ScenarioError
from bench.record.folder import RunFolder
from bench.report.finding_words import reasons_words
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.verdict.result import ShotResult, Verdict
from firmware_stubs.string_bms.files import written

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "docs/examples/strings"


@pytest.mark.parametrize("path", written(), ids=lambda path: path.name)
def test_the_files_of_further_strings_are_those_of_the_first(path: Path) -> None:
    """`python -m firmware_stubs.string_bms.files` writes them anew."""
    assert path.read_text(encoding="utf-8") == written()[path]


def fired(tmp_path: Path, scenario: str, firmware: str = "make") -> ShotResult:
    wired = load_rig(EXAMPLE / "hil_config.toml", None, f"firmware_stubs.string_bms:{firmware}", None)
    prepared = load_scenarios(wired, [EXAMPLE / "scenarios" / f"{scenario}.toml"], None)[0][0]
    return shoot(wired, prepared, 0, 1, 1, RunFolder.create(tmp_path, scenario, {}))


def test_a_string_that_drops_open_is_found_and_opened_alone(tmp_path: Path) -> None:
    """Second string out, the others carry on: flag, code and safe state by string."""
    result = fired(tmp_path, "string_opens_in_operation")
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [
        "strings_healthy_drive",
        "string_insulation_standby",
        "string_weld_at_opening",
        "strings_close_apart",
        "strings_circulating_current",
    ],
)
def test_three_strings_run_with_their_bms(tmp_path: Path, scenario: str) -> None:
    result = fired(tmp_path, scenario)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)


@pytest.mark.slow
def test_a_master_that_joins_strings_far_apart_fails(tmp_path: Path) -> None:
    result = fired(tmp_path, "strings_close_apart", "make_unguarded")
    assert result.judgement.verdict is Verdict.FAIL
    assert "StringsClosed" in str(reasons_words(result.judgement))


def test_a_fault_of_a_string_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    wired = load_rig(EXAMPLE / "hil_config.toml", None, None, None)
    text = (EXAMPLE / "scenarios/string_opens_in_operation.toml").read_text(encoding="utf-8")
    shutil.copy(EXAMPLE / "scenarios/budgets.toml", tmp_path)
    path = tmp_path / "string_opens_in_operation.toml"
    path.write_text(text.replace("string = 2", "string = 4"), encoding="utf-8")
    with pytest.raises(ScenarioError) as wrong:
        load_scenarios(wired, [path], None)
    (line,) = str(wrong.value).splitlines()
    assert "string" in line and "found 4" in line and "expected 1 to 3" in line and path.name in line


def test_a_profile_of_other_strings_than_the_pack_has_is_one_line(tmp_path: Path) -> None:
    text = (EXAMPLE / "hil_config.toml").read_text(encoding="utf-8").replace("strings = 3", "strings = 1")
    text = text.replace('"../../../', f'"{ROOT}/').replace('"sense.dbc"', f'"{EXAMPLE}/sense.dbc"')
    text = text.replace('"vehicle.dbc"', f'"{EXAMPLE}/vehicle.dbc"')
    text = text.replace('"string_pack.toml"', f'"{ROOT}/dbc/reference_bms.toml"')
    (tmp_path / "hil_config.toml").write_text(text.replace("strings = 1", "strings = 2"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"pack\.strings"):
        load_rig(tmp_path / "hil_config.toml", None, None, None)

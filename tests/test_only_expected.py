"""Under format 2 whatever the DUT reports beside what a scenario expects is a wrong report; `also` names the rest."""

import shutil
import tomllib
from pathlib import Path

import pytest

from bench.errors import ScenarioError
from bench.report.finding_words import finding_words, reasons_words
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.scenario.load import find_scenarios
from bench.scenario.prepare import Prepared
from bench.verdict.result import ShotResult, Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
HVIL = ROOT / "scenarios" / "contactors" / "hvil_open_driving.toml"


def prepared(folder: Path, firmware: str, kind: str = "", **edits: str) -> tuple[Wired, Prepared]:
    """hvil-open-driving (or its twin) in a folder of its own. edits: `format`, and `also` as TOML."""
    text = HVIL.read_text(encoding="utf-8")
    lines = [one for one in text.splitlines() if not one.startswith(("format =", "also ="))]
    if "format" in edits:
        lines.insert(0, f"format = {edits['format']}")
    if "also" in edits:
        lines.insert(lines.index("[expect]") + 1, f"also = {edits['also']}")
    shutil.copy(ROOT / "scenarios" / "budgets.toml", folder)
    file = folder / HVIL.name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    wired = load_rig(ROOT / "hil_config.toml", None, firmware, None)
    found = load_scenarios(wired, [file], None)[0]
    return wired, next(one for one in found if one.scenario.twin_kind == kind)


def fired(folder: Path, firmware: str, kind: str = "", **edits: str) -> ShotResult:
    wired, one = prepared(folder, firmware, kind, **edits)
    return shoot(wired, one, 0, 1, 1, None)


WRONG = {
    "fires_always": "output pyro_command was not expected",
    "warns_beside": "flag cell_imbalance was not expected",
    "tells_after_trip": "trouble code 0x1A9999 was not expected",
    "tells_for_a_moment": "trouble code 0x1A9999 was not expected",
}


@pytest.mark.parametrize("firmware", WRONG)
def test_a_report_that_nobody_expects_fails_under_format_2_and_is_told_under_format_1(
    tmp_path: Path, firmware: str
) -> None:
    now = fired(tmp_path, f"rogue_bms:{firmware}", format="2")
    assert now.judgement.verdict is Verdict.FAIL
    assert any(one.startswith(WRONG[firmware]) for one in reasons_words(now.judgement))
    before = fired(tmp_path, f"rogue_bms:{firmware}")
    assert before.judgement.verdict is Verdict.PASS
    assert before.measurement is not None
    assert any(finding_words(one).startswith(WRONG[firmware]) for one in before.measurement.unexpected)


@pytest.mark.parametrize(
    ("firmware", "also"),
    [
        ("fires_always", '["pyro_command"]'),
        ("warns_beside", '["cell_imbalance"]'),
        ("tells_after_trip", "[0x1A9999]"),
    ],
)
def test_what_also_names_may_come(tmp_path: Path, firmware: str, also: str) -> None:
    result = fired(tmp_path, f"rogue_bms:{firmware}", format="2", also=also)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)


def test_the_reference_says_nothing_that_is_not_expected(tmp_path: Path) -> None:
    for kind in ("", "healthy", "counter_reset"):
        result = fired(tmp_path, "reference", kind, format="2")
        assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
        assert result.measurement is not None and not result.measurement.unexpected


def test_a_code_told_since_before_arming_is_no_news(tmp_path: Path) -> None:
    assert fired(tmp_path, "rogue_bms:tells_from_its_memory", format="2").judgement.verdict is Verdict.PASS


def test_a_must_not_trip_scenario_takes_no_code_either(tmp_path: Path) -> None:
    now = fired(tmp_path, "rogue_bms:tells_while_driving", "healthy", format="2")
    assert now.judgement.verdict is Verdict.FAIL
    assert reasons_words(now.judgement)[0].startswith("trouble code 0x1A9999 was not expected")
    before = fired(tmp_path, "rogue_bms:tells_while_driving", "healthy")
    assert before.judgement.verdict is Verdict.PASS


def test_a_twin_may_warn_as_its_scenario_may_and_never_trip(tmp_path: Path) -> None:
    _, one = prepared(
        tmp_path,
        "reference",
        "healthy",
        format="2",
        also='["cell_imbalance", "undervoltage", "pyro_command", 7]',
    )
    assert one.scenario.quiet is not None and one.scenario.quiet.also == ("cell_imbalance",)
    told = {name for group in one.plan.unexpected for name, *_ in group.says}
    assert {"undervoltage", "pyro_command", "hvil_open"} <= told
    assert not {"cell_imbalance", "service_required", "warning_active"} & told
    assert one.plan.codes is not None and 0x1A1162 in one.plan.codes.expected


@pytest.mark.parametrize(
    ("also", "expected"),
    [
        ('["pyro_comand"]', "found unknown flag or output 'pyro_comand'.*'pyro_command'"),
        ("[-1]", "found -1 .number.; expected the name of a flag or an output, or a trouble code"),
        ("[true]", "found true .true/false.; expected the name of a flag"),
        ('["state"]', "found unknown flag or output 'state'"),
    ],
)
def test_what_also_cannot_name_is_one_line(tmp_path: Path, also: str, expected: str) -> None:
    with pytest.raises(ScenarioError, match=expected) as told:
        prepared(tmp_path, "reference", format="2", also=also)
    assert len(str(told.value).splitlines()) == 1


def test_every_file_of_the_library_and_of_the_example_is_of_format_2() -> None:
    files = find_scenarios([ROOT / "scenarios", ROOT / "docs" / "examples" / "foxbms" / "scenarios"])
    assert len(files) > 150
    formats = {file.name: tomllib.loads(file.read_text(encoding="utf-8")).get("format") for file in files}
    assert {name for name, found in formats.items() if found != 2} == set()

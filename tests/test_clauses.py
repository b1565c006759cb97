"""A scenario performs a clause or touches it, and is called the type of test that it is: in all outputs alike."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli.main import app
from bench.cli.options import load_rig
from bench.errors import ScenarioError
from bench.report.clauses import clause_rows, clause_words
from bench.running.load import load_scenarios
from bench.scenario.clauses import names_a_clause
from bench.scenario.library import entry_of, list_library
from bench.scenario.load import find_scenarios, load_scenario
from bench.scenario.prepare import Prepared

ROOT = Path(__file__).resolve().parents[1]
SHORT = ROOT / "scenarios" / "cells" / "ov_step_cell17.toml"
WHOLE = ROOT / "scenarios" / "isolation" / "insulation_95_ohm_per_volt.toml"
HEALTHY = ROOT / "scenarios" / "healthy" / "healthy_opening.toml"


@pytest.fixture(scope="module")
def prepared() -> dict[str, Prepared]:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)
    found, _ = load_scenarios(wired, [ROOT / "scenarios"], None, long=True, mismatches=True)
    return {one.scenario.id: one for one in found}


def test_one_cell_above_its_limit_performs_no_clause_and_the_protection_tests_do(
    prepared: dict[str, Prepared],
) -> None:
    performing = {name: one.scenario for name, one in prepared.items() if one.scenario.performs}
    assert set(performing) == {
        "protection-over-temperature", "protection-over-current", "protection-external-short",
        "protection-overcharge", "protection-over-discharge", "insulation-95-ohm-per-volt",
    }  # fmt: skip
    for name, one in performing.items():
        assert one.end is not None or name == "insulation-95-ohm-per-volt", "GB 38031 has end conditions"
    assert "GB 38031-2025 8.2.14" in prepared["ov-step-cell17"].scenario.standards
    twins = [
        one.scenario for one in prepared.values() if one.scenario.twin_of == "insulation-95-ohm-per-volt"
    ]
    assert twins and all("UN R100.03 Annex 6" in one.standards for one in twins)


def test_the_warnings_of_gtr_20_and_of_gb_38031_are_two_goals(prepared: dict[str, Prepared]) -> None:
    of = {
        document: {
            one.scenario.safety_goal
            for one in prepared.values()
            if any(
                clause.startswith(document) for clause in (*one.scenario.performs, *one.scenario.standards)
            )
        }
        for document in ("UN GTR 20", "GB 38031-2025 C.5.3")
    }
    assert of["UN GTR 20"] == {"SG-TR-EGRESS"} and "SG-TR" in of["GB 38031-2025 C.5.3"]
    gtr, gb = (prepared[f"thermal-runaway-{one}-and-rise"].budget for one in ("hot", "drop"))
    assert (gtr.ftti_ns, gb.ftti_ns) == (60 * 10**9, 300 * 10**9)


def test_the_type_of_a_test_and_how_it_was_found_are_true_of_each(prepared: dict[str, Prepared]) -> None:
    kinds = {name: one.test_type for name, one in prepared.items()}
    healthy = [name for name in kinds if name.endswith("--healthy")]
    assert healthy and {kinds[name] for name in ("healthy-drive", "drive-wltc", *healthy)} == {
        "requirements-based"
    }
    assert (
        kinds["ov-step-cell17"]
        == kinds["ov-step-cell17--inside"]
        == kinds["nmc-bms-on-lfp"]
        == "fault-injection"
    )
    found = {name: one.scenario.derivation for name, one in prepared.items()}
    assert found["ov-step-cell17"] == found["ov-step-cell17--inside"] == "boundary-values"
    assert {found[name] for name in ("healthy-drive", *healthy)} == {"requirements-analysis"}
    assert found["nmc-bms-on-zinc"] == "error-guessing"
    for name, one in prepared.items():
        assert one.scenario.requirements or found[name] != "requirements-analysis", name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("GB 38031-2025 8.2.14", True), ("GB 38031-2025 C.5.3.7", True), ("UN R100.03 Annex 9G", True),
        ("ISO 26262-4:2018 7.4.3", True), ("GB 38031-2025", False), ("UN R100.03", False),
        ("ISO 26262-4:2018", False), ("ISO 16750-2:2012", False), ("AUTOSAR E2E", False),
    ],
)  # fmt: skip
def test_what_is_performed_is_a_clause_and_no_whole_document(text: str, names: bool) -> None:
    assert names_a_clause(text) is names


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('performs = ["UN R100.03 Annex 6"]', 'performs = ["UN R100.03"]', "a document; expected its clause"),
        (
            'performs = ["UN R100.03 Annex 6"]',
            'performs = ["UN R100.03 5.1.3"]',
            "among what it touches, too",
        ),
    ],
)
def test_a_clause_is_performed_or_touched(tmp_path: Path, old: str, new: str, words: str) -> None:
    file = tmp_path / WHOLE.name
    text = WHOLE.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError, match=words):
        load_scenario(file)


def test_a_healthy_drive_performs_no_clause_and_the_old_key_means_that_it_touches(tmp_path: Path) -> None:
    file = tmp_path / HEALTHY.name
    text = HEALTHY.read_text(encoding="utf-8")
    file.write_text(text.replace("touches =", "performs ="), encoding="utf-8")
    with pytest.raises(ScenarioError, match="under aim 'must_not_trip'"):
        load_scenario(file)
    file.write_text(text.replace("touches =", "standards ="), encoding="utf-8")
    assert (load_scenario(file).performs, load_scenario(file).standards) == ((), ("ISO 26262-4:2018 7.4.3",))


@pytest.mark.slow
def test_every_output_says_which_clause_is_performed_and_which_is_touched(tmp_path: Path) -> None:
    cli = CliRunner()
    files = [str(one) for one in (SHORT, WHOLE, HEALTHY)]
    done = cli.invoke(app, ["run", *files, "--out", str(tmp_path), "--repeat", "1"])
    assert done.exit_code == 0, done.output
    (folder,) = (one.parent for one in tmp_path.glob("*/footer.json"))
    facts = {
        str(case.get("name")): {str(one.get("name")): str(one.get("value")) for one in case.iter("property")}
        for case in ET.parse(folder / "junit.xml").getroot().iter("testcase")
    }
    own = facts["insulation-95-ohm-per-volt"]
    assert (own["performs"], own["touches"]) == ("UN R100.03 Annex 6", "UN R100.03 5.1.3")
    assert "performs" not in facts["ov-step-cell17"] and "8.2.14" in facts["ov-step-cell17"]["touches"]
    assert facts["ov-step-cell17"]["TestType"] == "fault-injection"
    assert (
        facts["healthy-opening"]["TestType"]
        == facts["ov-step-cell17--healthy"]["TestType"]
        == "requirements-based"
    )
    assert facts["ov-step-cell17"]["DerivationTechnique"] == "boundary-values"
    words = "11 performed by scenarios of the library, 1 of these run and passed"
    trace = re.sub(r"\s+", " ", cli.invoke(app, ["trace", str(folder)]).stdout)
    assert words in trace and "UN R100.03 Annex 6: performed by insulation-95-ohm-per-volt: PASS" in trace
    assert "GB 38031-2025 8.2.14: performed by protection-overcharge: not run; touched by" in trace
    assert words in re.sub(r"\s+", " ", cli.invoke(app, ["report", str(folder), "--markdown"]).stdout)
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert words in html and "performed by protection-overcharge: not run" in html
    assert "Performs: UN R100.03 Annex 6 · Touches: UN R100.03 5.1.3" in html


def test_a_clause_counts_as_passed_only_where_all_that_performs_it_was_run() -> None:
    library = list_library(find_scenarios([ROOT / "scenarios"]))
    rows = clause_rows(library)
    assert not any(one.passed for one in rows) and "0 of these run and passed" in clause_words(rows)
    assert entry_of(load_scenario(WHOLE)).performs == ("UN R100.03 Annex 6",)

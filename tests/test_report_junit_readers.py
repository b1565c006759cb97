"""What others make of our JUnit file, by their own published rules: nothing but PASS may be read as passed.

The rules, with their sources, stand in junit_readers.py; readers that can be installed run in tests/consumers.
"""

import dataclasses
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
from junit_readers import (
    READERS,
    SCORE_OWN,
    Reader,
    refused_by_jenkins_xunit,
    score_links,
    score_name,
    score_result,
)
from sample_run import OVERVOLTAGE, measurement, sample_run, scenario, shot

from bench.report.junit import write_junit
from bench.report.junit_style import JUnitStyle
from bench.running.results import scenario_result
from bench.running.sources import in_repository
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.verdict.result import RunResult, ScenarioResult, Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).parents[1]


def one_of_each() -> RunResult:
    """A scenario for every verdict there is, also one that is new to this test."""
    shots = {v: [shot(0, v, measurement(None, None), f"because {v.name}")] for v in Verdict}
    scenarios = tuple(
        dataclasses.replace(
            scenario(f"is-{v.name.lower()}", f"Ends as {v.name}", OVERVOLTAGE, shots[v], v, f"why {v.name}"),
            line=7,
        )
        for v in Verdict
    )
    return dataclasses.replace(sample_run(n=12), scenarios=scenarios)


def written(
    run: RunResult, path: Path, attempts: bool = False, style: JUnitStyle = JUnitStyle.FULL
) -> ET.Element:
    write_junit(run, path, attempts, style)
    return ET.parse(path).getroot()


def only(verdict: Verdict) -> RunResult:
    run = one_of_each()
    kept = tuple(one for one in run.scenarios if one.judgement.verdict is verdict)
    return dataclasses.replace(run, scenarios=kept)


def wanted(verdict: Verdict) -> str:
    return {Verdict.PASS: "passed", Verdict.GAP: "skipped"}.get(verdict, "failed")


@pytest.mark.parametrize("style", list(JUnitStyle))
@pytest.mark.parametrize("attempts", [False, True])
@pytest.mark.parametrize("reader", READERS.values(), ids=list(READERS))
def test_no_reader_shows_anything_but_a_pass_as_passed_and_all_see_a_gap(
    reader: Reader, attempts: bool, style: JUnitStyle, tmp_path: Path
) -> None:
    root = written(one_of_each(), tmp_path / "test.xml", attempts, style)
    found = reader.cases(root)
    assert len(found) == len(Verdict) * (2 if attempts else 1)
    scenarios = {one.name: one for one in found}
    for verdict in Verdict:
        one = scenarios[f"is-{verdict.name.lower()}"]
        assert one.result == wanted(verdict)
        if one.result == "failed":
            assert f"{verdict.name.lower()}: why {verdict.name}" in one.text
    assert sum(one.result == "passed" for one in found) == (2 if attempts else 1)


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("name", [name for name, reader in READERS.items() if reader.good])
def test_a_file_is_good_for_a_pipeline_where_the_exit_code_is_zero(
    name: str, verdict: Verdict, tmp_path: Path
) -> None:
    good = READERS[name].good
    assert good is not None
    for style in JUnitStyle:
        assert good(written(only(verdict), tmp_path / "test.xml", style=style)) == verdict.expected
        aborted = dataclasses.replace(only(verdict), aborted="interrupted by Ctrl-C")
        assert not good(written(aborted, tmp_path / "test.xml", style=style))


def test_jenkins_xunit_takes_its_style_and_what_it_has_no_place_for_stands_in_its_output(
    tmp_path: Path,
) -> None:
    """It excludes S-CORE: file, line and properties of a case are what one refuses and the other wants."""
    full = written(one_of_each(), tmp_path / "test.xml", attempts=True)
    assert {
        "testcase: attribute file", "testcase: attribute line", "testcase: element properties",
    } == set(refused_by_jenkins_xunit(full))  # fmt: skip
    root = written(one_of_each(), tmp_path / "test.xml", attempts=True, style=JUnitStyle.JENKINS_XUNIT)
    assert refused_by_jenkins_xunit(root) == []
    facts = {
        str(case.get("name")): case.findtext("system-out", "").splitlines() for case in root.iter("testcase")
    }
    for line in ("file: scenarios/is-gap.toml", "line: 7", "Description: Ends as GAP", "asil: C"):
        assert line in facts["is-gap"]


def test_the_names_of_suites_are_the_same_in_every_run_and_each_case_has_its_own(tmp_path: Path) -> None:
    """GitLab and Jenkins compare a case with the one of the run before by suite, class and name."""
    names = []
    for run_id in ("one", "two"):
        run = dataclasses.replace(one_of_each(), run_id=run_id)
        root = written(run, tmp_path / "test.xml", attempts=True)
        names.append(
            [(s.get("name"), c.get("classname"), c.get("name")) for s in root for c in s.iter("testcase")]
        )
        assert root.findtext("testsuite/properties") is not None
        assert root.find(f"testsuite/properties/property[@name='run_id'][@value='{run_id}']") is not None
    assert names[0] == names[1] and len(set(names[0])) == len(names[0])


@pytest.mark.parametrize("verdict", list(Verdict))
def test_score_reads_only_a_pass_as_passed_and_links_every_verdict(verdict: Verdict, tmp_path: Path) -> None:
    cases = {c.get("name"): c for c in written(one_of_each(), tmp_path / "test.xml").iter("testcase")}
    case = cases[f"is-{verdict.name.lower()}"]
    result, text = score_result(case)
    assert result == wanted(verdict)
    assert text == ("" if verdict is Verdict.PASS else f"{verdict.name.lower()}: why {verdict.name}")
    file = f"scenarios/is-{verdict.name.lower()}.toml"
    assert score_links(case) == [
        ("REQ-BMS-012", file, 7, "FullyVerifies"),
        ("REQ-BMS-013", file, 7, "FullyVerifies"),
    ]
    facts = {p.get("name"): p.get("value") for p in case.iterfind("properties/property")}
    assert facts["Description"] == f"Ends as {verdict.name}"


def test_every_attempt_and_an_aborted_run_are_read_alike(tmp_path: Path) -> None:
    run = dataclasses.replace(one_of_each(), aborted="interrupted by Ctrl-C")
    root = written(run, tmp_path / "test.xml", attempts=True)
    attempts = root.findall("testsuite")[1]
    passed = [c for c in root.iter("testcase") if score_result(c)[0] == "passed"]
    assert {c.get("name") for c in passed} == {"is-pass", "shot-000"} and len(passed) == 2
    assert len(attempts.findall("testcase")) == len(Verdict)
    aborted = root.find(".//testcase[@name='run']")
    assert aborted is not None and score_result(aborted) == ("failed", "aborted: interrupted by Ctrl-C")


def test_score_finds_a_description_and_an_id_of_its_own_for_every_case(tmp_path: Path) -> None:
    run = dataclasses.replace(one_of_each(), aborted="interrupted by Ctrl-C")
    cases = list(written(run, tmp_path / "test.xml", attempts=True).iter("testcase"))
    for case in cases:
        facts = [str(p.get("name")) for p in case.iterfind("properties/property")]
        assert "Description" in facts and not SCORE_OWN & set(facts)
    names = [score_name(case) for case in cases]
    assert len(set(names)) == len(names)
    # `needs_id_regex` of its metamodel; an id that does not fit is left out without a word
    assert all(re.match("^[A-Za-z0-9_-]{6,}", f"testcase__{name}_abcde") for name in names)


def test_the_counts_of_a_suite_leave_what_passed(tmp_path: Path) -> None:
    """Readers that subtract (tests - failures - errors - skipped) and readers that look at each case agree."""
    for suite in written(one_of_each(), tmp_path / "test.xml", attempts=True).findall("testsuite"):
        told = {key: int(str(suite.get(key))) for key in ("tests", "failures", "errors", "skipped")}
        tags_of = [
            [child.tag for child in case if child.tag != "properties"] for case in suite.iter("testcase")
        ]
        first = Counter(tags[0] if tags else "passed" for tags in tags_of)
        assert first["passed"] == 1 == told["tests"] - told["failures"] - told["errors"] - told["skipped"]
        assert (first["failure"], first["error"], first["skipped"]) == (
            told["failures"], told["errors"], told["skipped"],
        )  # fmt: skip
        # none twice, so that no reader counts one twice
        for case in suite.iter("testcase"):
            tags = Counter(child.tag for child in case)
            assert set(tags) <= {"properties", "failure", "error", "skipped"} and max(tags.values()) == 1
            assert not ("skipped" in tags and "failure" in tags)


def test_the_line_is_that_of_the_id_and_the_file_that_of_the_repository(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path
) -> None:
    quiet = [shot(0, Verdict.PASS, measurement(None, None))]
    found = {
        name: scenario_result(prepared[name], quiet, Timebase.SIMULATED, wired.profile, "nmc")
        for name in ("ov-step-cell17", "ov-step-cell17--inside", "weld-plus-at-opening")
    }
    for one in found.values():
        line = (ROOT / one.file).read_text(encoding="utf-8").splitlines()[one.line - 1]
        assert line.startswith("id = ") and one.scenario_id.partition("--")[0] in line
    assert found["ov-step-cell17"].file == "scenarios/cells/ov_step_cell17.toml"
    case = written(with_scenarios(*found.values()), tmp_path / "test.xml").find(".//testcase")
    assert case is not None and case.get("line") == str(found["ov-step-cell17"].line)


def with_scenarios(*scenarios: ScenarioResult) -> RunResult:
    return dataclasses.replace(sample_run(n=12), scenarios=scenarios)


def test_a_file_outside_any_repository_gives_away_no_place_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "scenarios" / "own.toml"
    file.parent.mkdir()
    file.write_text('id = "own"\n')
    assert in_repository(file) == "own.toml"
    monkeypatch.chdir(tmp_path)
    assert in_repository(Path("scenarios/own.toml")) == "scenarios/own.toml"
    (tmp_path / "scenarios" / ".git").write_text("gitdir: elsewhere\n")
    assert in_repository(file) == "own.toml"


def test_junitparser_counts_the_suite_as_it_says(tmp_path: Path) -> None:
    """The most used reader on PyPI, where it is installed."""
    junitparser = pytest.importorskip("junitparser")
    write_junit(one_of_each(), tmp_path / "test.xml")
    for suite in junitparser.JUnitXml.fromfile(str(tmp_path / "test.xml")):
        assert sum(case.is_passed for case in suite) == 1
        assert sum(case.is_skipped for case in suite) == suite.skipped
        assert sum(case.is_failure for case in suite) == suite.failures + suite.errors


def test_a_run_from_the_command_line_links_its_scenario(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "bench", "run", "-k", "ov-step-cell17", "--repeat", "1", "--workers", "1",
         "--out", str(tmp_path), "--junit", str(tmp_path / "test.xml")],
        cwd=ROOT, capture_output=True, timeout=100, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    case = ET.parse(tmp_path / "test.xml").getroot().find(".//testcase")
    assert case is not None and score_result(case) == ("passed", "")
    for _, file, line, _ in (links := score_links(case)):
        assert 'id = "ov-step-cell17"' in (ROOT / file).read_text(encoding="utf-8").splitlines()[line - 1]
    assert links

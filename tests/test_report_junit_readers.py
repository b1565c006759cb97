"""What others make of our JUnit file, by their own published rules: nothing but PASS may be read as passed.

S-CORE: eclipse-score/docs-as-code at 7c1b6b6bb36db3d04dafde4f5155b3f248611538, files xml_parser.py and testlink.py of
src/extensions/score_source_code_linker. Its rules in our words: a case with status "notrun" is disabled; one with a
`failure` failed, else one with `skipped` was skipped, else it passed (an `error` alone is passed over). A case is
linked if name, file, line, TestType, DerivationTechnique, result and one of FullyVerifies and PartiallyVerifies are
there; the requirements are split at commas; line must be a whole number. `Description` is no property of the link, but
each test must have one.
"""

import dataclasses
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
from sample_run import OVERVOLTAGE, measurement, sample_run, scenario, shot

from bench.campaign.run import scenario_result
from bench.campaign.sources import in_repository
from bench.report.junit import write_junit
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.verdict.result import RunResult, ScenarioResult, Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).parents[1]
SKIPPED = {"BLOCKED", "GAP"}


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


def written(run: RunResult, path: Path, attempts: bool = False) -> ET.Element:
    write_junit(run, path, attempts)
    return ET.parse(path).getroot()


def score_result(case: ET.Element) -> tuple[str, str]:
    """The rules above, stated anew."""
    if case.get("status") == "notrun":
        return "disabled", ""
    for tag, word in (("failure", "failed"), ("skipped", "skipped")):
        found = case.find(tag)
        if found is not None:
            return word, found.get("message", "")
    return "passed", ""


def score_links(case: ET.Element) -> list[tuple[str, str, int, str]]:
    """(requirement, file, line, how it verifies); empty where a needed field is not there."""
    facts = {str(p.get("name")): str(p.get("value")) for p in case.iterfind("properties/property")}
    needed = (case.get("name"), case.get("file"), case.get("line"), facts.get("TestType"),
              facts.get("DerivationTechnique"))  # fmt: skip
    if None in needed:
        return []
    return [
        (one.strip(), str(case.get("file")), int(str(case.get("line"))), kind)
        for kind in ("PartiallyVerifies", "FullyVerifies")
        for one in facts.get(kind, "").split(",")
        if one
    ]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_score_reads_only_a_pass_as_passed_and_links_every_verdict(verdict: Verdict, tmp_path: Path) -> None:
    cases = {c.get("name"): c for c in written(one_of_each(), tmp_path / "test.xml").iter("testcase")}
    case = cases[f"is-{verdict.name.lower()}"]
    result, text = score_result(case)
    wanted = "passed" if verdict is Verdict.PASS else "skipped" if verdict.name in SKIPPED else "failed"
    assert result == wanted
    assert text == ("" if wanted == "passed" else f"{verdict.name.lower()}: why {verdict.name}")
    file = f"scenarios/is-{verdict.name.lower()}.toml"
    assert score_links(case) == [
        ("REQ-BMS-012", file, 7, "FullyVerifies"),
        ("REQ-BMS-013", file, 7, "FullyVerifies"),
    ]
    assert case.find("properties/property[@name='Description']").get("value") == f"Ends as {verdict.name}"  # type: ignore[union-attr]


def test_every_attempt_and_an_aborted_run_are_read_alike(tmp_path: Path) -> None:
    run = dataclasses.replace(one_of_each(), aborted="interrupted by Ctrl-C")
    root = written(run, tmp_path / "test.xml", attempts=True)
    attempts = root.findall("testsuite")[1]
    passed = [c for c in root.iter("testcase") if score_result(c)[0] == "passed"]
    assert {c.get("name") for c in passed} == {"is-pass", "shot-000"} and len(passed) == 2
    assert len(attempts.findall("testcase")) == len(Verdict)
    aborted = root.find(".//testcase[@name='run']")
    assert aborted is not None and score_result(aborted) == ("failed", "aborted: interrupted by Ctrl-C")


def test_the_counts_of_a_suite_leave_what_passed(tmp_path: Path) -> None:
    """Readers that subtract (tests - failures - errors - skipped) and readers that look at each case agree."""
    for suite in written(one_of_each(), tmp_path / "test.xml", attempts=True).findall("testsuite"):
        told = {key: int(str(suite.get(key))) for key in ("tests", "failures", "errors", "skipped")}
        # GitLab, Jenkins and dorny/test-reporter look for any of the elements: each is "not passed".
        tags_of = [
            [child.tag for child in case if child.tag != "properties"] for case in suite.iter("testcase")
        ]
        first = Counter(tags[0] if tags else "passed" for tags in tags_of)
        assert first["passed"] == 1 == told["tests"] - told["failures"] - told["errors"] - told["skipped"]
        assert (first["failure"], first["error"], first["skipped"]) == (
            told["failures"], told["errors"], told["skipped"],
        )  # fmt: skip
        # Jenkins' junit-10.xsd knows each of them; none twice, so that no reader counts one twice
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

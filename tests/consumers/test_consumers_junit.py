"""The JUnit file in sphinx-test-reports' parser and build, in Jenkins' schema and in junitparser."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sample_run import OVERVOLTAGE, measurement, scenario, shot
from test_consumers_needs import HOSTILE
from test_report_junit_readers import one_of_each, wanted

from bench.report.junit import write_junit
from bench.report.junit_style import JUnitStyle
from bench.verdict.result import RunResult, Verdict

CONF = """
project = "results"
extensions = ["sphinx_needs", "sphinx_test_reports"]
needs_types = [
    {"directive": "req", "title": "Requirement", "prefix": "R_", "color": "#fff", "style": "node"},
]
needs_links = {"verifies": {"incoming": "is verified by", "outgoing": "verifies"}}
needs_id_regex = "^[A-Za-z0-9_-]+"
tr_case_id_length = 12
tr_property_link_types = {"FullyVerifies": "verifies"}
"""
INDEX = """
Results
=======

.. req:: A weld is never closed upon
   :id: REQ-BMS-012

.. req:: A weld is told
   :id: REQ-BMS-013

.. test-file:: The run
   :file: junit.xml
   :id: HIL
   :auto_suites:
   :auto_cases:
"""


@pytest.mark.parametrize("style", list(JUnitStyle))
def test_sphinx_test_reports_reads_every_verdict_and_counts_one_pass(
    style: JUnitStyle, tmp_path: Path
) -> None:
    from ub_test_reports.junitparser import JUnitParser

    write_junit(one_of_each(), tmp_path / "junit.xml", style=style)
    (suite,) = JUnitParser(str(tmp_path / "junit.xml")).parse()
    assert suite["passed"] == 1 and suite["skips"] == 1 and suite["tests"] == len(Verdict)
    assert suite["time"] >= 0
    cases = {case["name"]: case for case in suite["testcases"]}
    for verdict in Verdict:
        case = cases[f"is-{verdict.name.lower()}"]
        assert case["result"] == wanted(verdict)
        if verdict is not Verdict.PASS:
            assert case["message"] == f"{verdict.name.lower()}: why {verdict.name}"
            assert case["type"] == verdict.name
        if style is JUnitStyle.FULL:
            assert case["line"] == 7 and case["properties"]["Description"] == f"Ends as {verdict.name}"


def built(run: RunResult, folder: Path, builder: str) -> Path:
    write_junit(run, folder / "junit.xml", attempts=True)
    (folder / "conf.py").write_text(CONF)
    (folder / "index.rst").write_text(INDEX)
    line = [sys.executable, "-m", "sphinx", "-E", "-W", "-q", "-b", builder, str(folder), str(folder / "out")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_sphinx_test_reports_builds_a_page_that_links_each_case_to_its_requirements(tmp_path: Path) -> None:
    content = json.loads((built(one_of_each(), tmp_path, "needs") / "needs.json").read_text())
    needs: list[dict[str, Any]] = list(content["versions"][content["current_version"]]["needs"].values())
    cases = {one["case"]: one for one in needs if one["type"] == "testcase" and one["case"].startswith("is-")}
    for verdict in Verdict:
        case = cases[f"is-{verdict.name.lower()}"]
        assert case["result"] == wanted(verdict)
        assert case["verifies"] == ["REQ-BMS-012", "REQ-BMS-013"]
        assert case["case_line"] == "7"
    (suite,) = [one for one in needs if one["type"] == "testsuite" and "attempts" not in one["title"]]
    assert int(suite["passed"]) == 1 and int(suite["skipped"]) == 1


def test_what_a_dut_says_is_text_on_that_page(tmp_path: Path) -> None:
    bad = shot(0, Verdict.FAIL, measurement(None, None), HOSTILE)
    one = scenario("x", "A title", OVERVOLTAGE, [bad], Verdict.FAIL, HOSTILE)
    out = built(dataclasses.replace(one_of_each(), scenarios=(one,)), tmp_path, "html")
    page = (out / "index.html").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_jenkins_schema_takes_the_style_that_is_for_it(jenkins_xsd: Path, tmp_path: Path) -> None:
    from lxml import etree

    schema = etree.XMLSchema(etree.parse(str(jenkins_xsd)))
    for run in (one_of_each(), dataclasses.replace(one_of_each(), aborted="interrupted by Ctrl-C")):
        for attempts in (False, True):
            file = tmp_path / "junit.xml"
            write_junit(run, file, attempts, JUnitStyle.JENKINS_XUNIT)
            assert schema.validate(etree.parse(str(file))), schema.error_log
            write_junit(run, file, attempts)
            assert not schema.validate(etree.parse(str(file))), "both styles fit: one is enough now"


def test_junitparser_reads_every_verdict(tmp_path: Path) -> None:
    import junitparser

    for style in JUnitStyle:
        write_junit(one_of_each(), tmp_path / "junit.xml", style=style)
        for suite in junitparser.JUnitXml.fromfile(str(tmp_path / "junit.xml")):
            found = {case.name: case for case in suite}
            for verdict in Verdict:
                case = found[f"is-{verdict.name.lower()}"]
                told = "passed" if case.is_passed else "skipped" if case.is_skipped else "failed"
                assert told == wanted(verdict)
                assert case.is_failure == (told == "failed")

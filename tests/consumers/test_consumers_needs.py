"""needs.json in a real sphinx-needs build."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sample_run import OVERVOLTAGE, measurement, sample_run, scenario, shot
from test_report_junit_readers import one_of_each

from bench.report.needs import write_needs
from bench.verdict.result import RunResult, Verdict

CONF = """
project = "requirements"
extensions = ["sphinx_needs"]
needs_types = [
    {"directive": "req", "title": "Requirement", "prefix": "R_", "color": "#fff", "style": "node"},
    {"directive": "testcase", "title": "Test Case", "prefix": "T_", "color": "#fff", "style": "node"},
]
needs_links = {"verifies": {"incoming": "is verified by", "outgoing": "verifies"}}
needs_fields = {
    name: {"nullable": True} for name in ("safety_goal", "asil", "result", "run_id", "firmware")
}
needs_id_regex = "^[A-Za-z0-9_-]+"
"""
INDEX = """
Requirements
============

.. req:: A weld is never closed upon
   :id: REQ-BMS-012

.. req:: A weld is told
   :id: REQ-BMS-013

.. needimport:: needs.json
"""


HOSTILE = """out of range

.. raw:: html

   <script>alert(1)</script>

.. include:: /etc/hostname
`*|_\x00 {{ 7 }}"""


def built(run: RunResult, folder: Path) -> dict[str, dict[str, Any]]:
    write_needs(run, folder / "needs.json")
    (folder / "conf.py").write_text(CONF)
    (folder / "index.rst").write_text(INDEX)
    line = [sys.executable, "-m", "sphinx", "-E", "-W", "-q", "-b"]
    for builder in ("needs", "html"):
        done = subprocess.run(
            [*line, builder, str(folder), str(folder / builder)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    content = json.loads((folder / "needs" / "needs.json").read_text())
    needs: dict[str, dict[str, Any]] = content["versions"][content["current_version"]]["needs"]
    return needs


def test_sphinx_needs_takes_every_verdict_in_and_links_it_back(tmp_path: Path) -> None:
    needs = built(one_of_each(), tmp_path)
    for verdict in Verdict:
        need = needs[f"HIL_IS_{verdict.name}"]
        assert (need["type"], need["status"], need["result"]) == (
            "testcase", verdict.name.lower(), verdict.name,
        )  # fmt: skip
        assert need["verifies"] == ["REQ-BMS-012", "REQ-BMS-013"]
        assert need["id"] in needs["REQ-BMS-012"]["verifies_back"]
        assert f"why {verdict.name}" in (tmp_path / "html" / "index.html").read_text()
    assert [key for key, need in needs.items() if need.get("result") == "PASS"] == ["HIL_IS_PASS"]


def test_what_a_dut_says_is_text_and_no_directive(tmp_path: Path) -> None:
    bad = shot(0, Verdict.FAIL, measurement(None, None), HOSTILE)
    one = scenario("x", "A title\nof two lines", OVERVOLTAGE, [bad], Verdict.FAIL, HOSTILE)
    inside = dataclasses.replace(one, scenario_id="x--inside")
    own = dataclasses.replace(one, scenario_id="x-inside")
    needs = built(dataclasses.replace(sample_run(n=12), scenarios=(one, inside, own)), tmp_path)
    assert {"HIL_X", "HIL_X__INSIDE", "HIL_X_INSIDE"} <= set(needs)
    page = (tmp_path / "html" / "index.html").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_a_run_that_was_ended_early_says_so(tmp_path: Path) -> None:
    needs = built(dataclasses.replace(one_of_each(), aborted="interrupted by Ctrl-C"), tmp_path)
    assert needs["HIL__RUN"]["result"] == "ERROR"
    assert "aborted: interrupted by Ctrl-C" in (tmp_path / "html" / "index.html").read_text()

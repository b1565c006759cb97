"""needs.json in a real sphinx-needs build. Runs where it is installed: python -m pip install sphinx-needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sample_run import sample_run

from bench.report.needs import write_needs

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


@pytest.mark.slow
def test_sphinx_needs_takes_the_results_in_and_links_them_back(tmp_path: Path) -> None:
    pytest.importorskip("sphinx_needs")
    write_needs(sample_run(n=12), tmp_path / "needs.json")
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "index.rst").write_text(INDEX)
    line = [sys.executable, "-m", "sphinx", "-E", "-q", "-b", "needs", str(tmp_path), str(tmp_path / "out")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "out" / "needs.json").read_text())
    needs = content["versions"][content["current_version"]]["needs"]
    assert "HIL_WELD_PLUS" in needs["REQ-BMS-012"]["verifies_back"]
    weld = needs["HIL_WELD_PLUS"]
    assert (weld["type"], weld["status"], weld["result"]) == ("testcase", "fail", "FAIL")
    assert weld["verifies"] == ["REQ-BMS-012", "REQ-BMS-013"]

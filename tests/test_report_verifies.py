"""JUnit says which requirements a scenario verifies, and whether in full or in part."""

import dataclasses
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from bench.record.codable import run_from_dict
from bench.report.junit import write_junit

ROOT = Path(__file__).parents[1]


def links(path: Path) -> dict[str, str]:
    case = ET.parse(path).getroot().find("testsuite/testcase")
    assert case is not None
    found = {str(p.get("name")): str(p.get("value")) for p in case.iter("property")}
    return {name: value for name, value in found.items() if name.endswith("Verifies")}


def test_a_scenario_that_covers_a_part_says_so(tmp_path: Path) -> None:
    """external_short.toml states `verifies = "partially"`: from the file to JUnit, and through the record."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "run", "-k", "external-short", "--repeat", "1", "--workers", "1",
         "--out", str(tmp_path), "--junit", str(tmp_path / "run.xml"), "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    run = run_from_dict(json.loads(done.stdout))
    first = run.scenarios[0]
    assert first.requirements and not first.fully_verifies, done.stderr
    stated = ", ".join(first.requirements)
    assert links(tmp_path / "run.xml") == {"PartiallyVerifies": stated}
    whole = dataclasses.replace(first, fully_verifies=True)
    write_junit(dataclasses.replace(run, scenarios=(whole,)), tmp_path / "whole.xml")
    assert links(tmp_path / "whole.xml") == {"FullyVerifies": stated}

"""JUnit says which requirements a scenario verifies, and whether in full or in part."""

import dataclasses
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from sample_run import measurement, sample_run, shot

from bench.record.codable import run_from_dict
from bench.report.junit import write_junit
from bench.running.results import scenario_result
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).parents[1]


def links(path: Path) -> dict[str, str]:
    case = ET.parse(path).getroot().find("testsuite/testcase")
    assert case is not None
    found = {str(p.get("name")): str(p.get("value")) for p in case.iter("property")}
    return {name: value for name, value in found.items() if name.endswith("Verifies")}


@pytest.mark.slow
def test_a_scenario_that_covers_a_part_says_so(tmp_path: Path) -> None:
    """external_short.toml states `verifies = "partially"`: from the file to JUnit, and through the record."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "run", "-k", "external-short", "--repeat", "1", "--workers", "1",
         "--out", str(tmp_path), "--junit", str(tmp_path / "run.xml"), "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert json.loads(done.stdout)["verdict"] == "PASS", done.stderr
    run = run_from_dict(json.loads(next(tmp_path.glob("*/result.json")).read_text(encoding="utf-8")))
    first = run.scenarios[0]
    assert first.requirements and not first.fully_verifies, done.stderr
    stated = ", ".join(first.requirements)
    assert links(tmp_path / "run.xml") == {"PartiallyVerifies": stated}
    lent = dataclasses.replace(first, fully_verifies=True)
    write_junit(dataclasses.replace(run, scenarios=(lent,)), tmp_path / "lent.xml")
    assert links(tmp_path / "lent.xml") == {"PartiallyVerifies": stated}, (
        "judged by longer times than its goal's"
    )
    whole = dataclasses.replace(lent, own_times=None)
    write_junit(dataclasses.replace(run, scenarios=(whole,)), tmp_path / "whole.xml")
    assert links(tmp_path / "whole.xml") == {"FullyVerifies": stated}


def test_a_twin_is_derived_from_a_boundary_and_a_find_by_exploring(
    tmp_path: Path, wired: Wired, prepared: dict[str, Prepared]
) -> None:
    """The names of S-CORE's DerivationTechnique: of the scenario's file, of a twin's kind."""
    own = prepared["ov-step-cell17"]
    found = replace_scenario(own, derivation="explorative-testing")
    quiet = shot(0, Verdict.PASS, measurement(None, None))
    healthy = next(one for name, one in prepared.items() if name.endswith("--healthy"))
    cases = (own, found, prepared["ov-step-cell17--inside"], healthy)
    results = tuple(scenario_result(one, [quiet], Timebase.SIMULATED, wired.profile, "nmc") for one in cases)
    write_junit(dataclasses.replace(sample_run(n=12), scenarios=results), tmp_path / "run.xml")
    told = ET.parse(tmp_path / "run.xml").getroot().iterfind(".//property[@name='DerivationTechnique']")
    assert [one.get("value") for one in told] == [
        "boundary-values", "explorative-testing", "boundary-values", "requirements-analysis",
    ]  # fmt: skip


def replace_scenario(one: Prepared, **changed: str) -> Prepared:
    return dataclasses.replace(one, scenario=dataclasses.replace(one.scenario, **changed))

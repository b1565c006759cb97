"""sphinx-needs `needs.json`: each scenario's result as a need that links to the requirements it verifies."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.errors import RecordError
from bench.report.finding_words import reasons_words
from bench.report.goals import NOT_SHOWN, why_in_part
from bench.report.mismatch import WHAT, failed_words, word
from bench.report.words import EVIDENCE_WORTH, max_words
from bench.report.xml_text import writable
from bench.verdict.result import RunResult, ScenarioResult


def write_needs(run: RunResult, path: Path) -> None:
    """For sphinx-needs' `needimport`; the link name `verifies` is what S-CORE and sphinx-test-reports use."""
    needs = {need["id"]: need for need in (_need(run, one) for one in run.scenarios)}
    if run.aborted is not None:
        needs[RUN_ID] = _run_need(run, run.aborted)
    content = {
        "project": "BMS HIL bench",
        "created": run.started_utc,
        "current_version": run.firmware_identity,
        "versions": {
            run.firmware_identity: {
                "created": run.started_utc,
                "needs_amount": len(needs),
                "needs": needs,
                "filters": {},
                "filters_amount": 0,
            }
        },
    }
    try:
        path.write_text(json.dumps(content, indent=1), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error}") from error


RUN_ID = "HIL__RUN"  # no scenario has this one
RUN_TITLE = "The run as a whole comes to its end"


def need_id(scenario_id: str) -> str:
    """sphinx-needs ids are upper case with underscores. Other for every scenario: `x--inside` is not `x-inside`."""
    return "HIL_" + re.sub(r"[^A-Z0-9]", "_", scenario_id.upper())


def _need(run: RunResult, scenario: ScenarioResult) -> dict[str, Any]:
    verdict = word(scenario)
    passed = sum(shot.judgement.verdict.name == "PASS" for shot in scenario.shots)
    facts = [
        f"{passed} of {len(scenario.shots)} attempts passed. {EVIDENCE_WORTH[run.evidence_class].capitalize()}.",
        f"FDTI max {max_words(scenario.fdti)}, FHTI max {max_words(scenario.fhti)}.",
    ]
    if scenario.mismatch:
        facts.append(f"{failed_words(scenario).capitalize()}: {scenario.mismatch}, {WHAT}.")
    if in_part := why_in_part(scenario):
        facts.append(f"{NOT_SHOWN} of its safety goal:")
        facts.append(_as_text(in_part))
    if why := reasons_words(scenario.judgement):
        facts.append(_as_text(why))
    return {
        **_common(run, need_id(scenario.scenario_id), _one_line(scenario.title), verdict),
        "description": "\n\n".join(facts),
        "tags": [scenario.budget.safety_goal, f"ASIL_{scenario.budget.asil}", run.evidence_class.value],
        "links": list(scenario.requirements),
        "verifies": [] if scenario.mismatch else list(scenario.requirements),
        "safety_goal": scenario.budget.safety_goal,
        "asil": scenario.budget.asil,
        "docname": scenario.file,
    }


def _run_need(run: RunResult, aborted: str) -> dict[str, Any]:
    """What a run that was ended early needs. Without this line the scenarios that were run would look like all of
    them.
    """
    return {
        **_common(run, RUN_ID, RUN_TITLE, "ERROR"),
        "description": _as_text([f"aborted: {aborted}"]),
        "tags": [run.evidence_class.value],
        "links": [],
        "verifies": [],
        "docname": "",
    }


def _common(run: RunResult, identifier: str, title: str, verdict: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": "testcase",
        "type_name": "Test Case",
        "title": title,
        "status": verdict.lower(),
        "result": verdict,
        "run_id": run.run_id,
        "firmware": run.firmware_identity,
        "sections": [],
        "is_need": True,
        "is_part": False,
        "parts": {},
    }


def _as_text(lines: Iterable[str]) -> str:
    """sphinx-needs reads a description as reStructuredText, and what a DUT says may hold directives."""
    return "\n".join((".. code-block:: text", "", *(f"    {_one_line(one)}" for one in lines)))


def _one_line(content: str) -> str:
    return " ".join(writable(content).split())

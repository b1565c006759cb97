"""JUnit XML for a CI server: a suite per timebase, a test case per scenario, or one per attempt."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from bench.errors import RecordError
from bench.report.anomalies import anomaly_lines
from bench.report.clauses import clauses_by_kind
from bench.report.endings import ending_words
from bench.report.estimates import rows, worst_estimates
from bench.report.finding_words import joined_words, reasons_words
from bench.report.format_words import format_2_words
from bench.report.goals import (
    NOT_SHOWN,
    goals_words,
    not_shown,
    shown_goals,
    why_in_part,
)
from bench.report.junit_style import JUnitStyle, for_jenkins_xunit
from bench.report.mismatch import WHAT, caught_words, misfit_words, of_the_build, word
from bench.report.words import class_at, class_words, shots_to_explain, timebases
from bench.report.xml_text import writable
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.units import NS_PER_S
from bench.verdict.result import Held, Judgement, RunResult, ScenarioResult, Verdict

# By name. Every other verdict is an error of the bench, and a failure besides: readers that know only `failure`
# and `skipped` (S-CORE's docs-as-code) would take an `error` alone for a test that passed. BLOCKED is no `skipped`:
# a suite of nothing but skipped cases is a success for GitLab, Jenkins and dorny/test-reporter, and here it is not.
_ELEMENTS = {"PASS": (), "FAIL": ("failure",), "GAP": ("skipped",)}
_COUNTED = (("errors", "error"), ("failures", "failure"), ("skipped", "skipped"))


def write_junit(
    run: RunResult, path: Path, attempts: bool = False, style: JUnitStyle = JUnitStyle.FULL
) -> None:
    """FAIL becomes failure, GAP skipped, PASS nothing, all others (and an aborted run) error and failure.

    `attempts`: beside the scenario's own case a case for each shot, in a suite of its own.
    """
    root = ET.Element("testsuites", name="hil")
    for timebase in timebases(run):
        root.append(_suite(run, timebase))
        root.extend(_mismatches(run, timebase))
        if attempts:
            root.append(_attempts(run, timebase))
    if style is JUnitStyle.JENKINS_XUNIT:
        for_jenkins_xunit(root)
    ET.indent(root)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise RecordError(f"{path}: cannot write the JUnit report: {error}") from error


def _suite(run: RunResult, timebase: Timebase) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        name=f"hil ({class_words(run, timebase)})",  # the same in every run: readers compare runs by it
        timestamp=writable(run.started_utc),
    )
    tried = list(shown_goals(run).values())
    _properties(
        suite,
        {
            "safety_goals": goals_words(tried),
            **{f"{NOT_SHOWN} {one.goal.safety_goal}": one.words for one in not_shown(tried)},
            "run_id": run.run_id,
            **({"mismatch": misfit_words(run)} if run.mismatch else {}),
            "firmware": run.firmware,
            "firmware_identity": run.firmware_identity,
            "seed": str(run.seed),
            "timebase": timebase.value,
            **_class_facts(run, timebase),
            "bench_version": run.bench_version,
            **({"format_1": old} if (old := format_2_words(run)) is not None else {}),
        },
    )
    cases = [
        _case(scenario, class_at(run, timebase))
        for scenario in of_the_build(run.scenarios)
        if scenario.timebase is timebase
    ]
    if run.aborted is not None and timebase is run.timebase:
        aborted = ET.Element(
            "testcase", classname=f"hil.{class_at(run, timebase).value}", name="run", time="0"
        )
        _properties(aborted, {"Description": "The run as a whole comes to its end"})
        _outcome(aborted, "ERROR", f"aborted: {run.aborted}")
        cases.append(aborted)
    suite.extend(cases)
    _count(suite)
    return suite


def _mismatches(run: RunResult, timebase: Timebase) -> Iterator[ET.Element]:
    """A suite of its own, where there are any: no results of the build that the other suite is of."""
    found = [one for one in run.scenarios if one.mismatch and one.timebase is timebase]
    if found:
        name = f"hil mismatches ({class_words(run, timebase)})"
        suite = ET.Element("testsuite", name=name, timestamp=writable(run.started_utc))
        told = {
            "mismatches": f"{caught_words(found)}: {WHAT}",
            "run_id": run.run_id,
            "timebase": timebase.value,
        }
        _properties(suite, told | _class_facts(run, timebase))
        suite.extend(_case(one, class_at(run, timebase)) for one in found)
        _count(suite)
        yield suite


def _attempts(run: RunResult, timebase: Timebase) -> ET.Element:
    """Every attempt as a case: nothing was retried until green, and this shows it."""
    name = f"hil attempts ({class_words(run, timebase)})"
    suite = ET.Element("testsuite", name=name, timestamp=writable(run.started_utc))
    shots = [(s, shot) for s in run.scenarios if s.timebase is timebase for shot in s.shots]
    for scenario, shot in shots:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=writable(f"hil.{class_at(run, timebase).value}.{scenario.scenario_id}"),
            name=f"shot-{shot.index:03d}",
            file=writable(scenario.file),
            line=str(max(scenario.line, 1)),
            time=f"{shot.simulated_ns / NS_PER_S:.3f}",
        )
        facts = {"Description": f"Shot {shot.index} of {scenario.title}"}
        facts |= {"phase_ns": str(shot.phase_ns), "seed": str(shot.seed), "digest": shot.digest}
        facts["codes"] = _codes(shot.judgement)
        verdict = shot.judgement.verdict
        caught = bool(scenario.mismatch) and verdict is Verdict.FAIL
        if caught:
            facts["mismatch_caught"] = joined_words(shot.judgement)
        _properties(case, facts)
        if not caught:
            why = f"{verdict.name.lower()}: {joined_words(shot.judgement) or 'no reason was given'}"
            _outcome(case, verdict.name, why)
    _count(suite)
    return suite


def _codes(judgement: Judgement) -> str:
    """The codes of the findings that made the verdict. Findings that were only seen or noted are in the words."""
    return " ".join(dict.fromkeys(one.finding.code for one in judgement.reasons if one.held is Held.AGAINST))


def _outcome(case: ET.Element, verdict: str, message: str, text: str = "") -> None:
    """The message stands in the text, too: GitLab drops the attributes of an element that has a text."""
    whole = f"{message}\n{text}" if text else message
    for tag in _ELEMENTS.get(verdict, ("error", "failure")):
        ET.SubElement(case, tag, type=verdict, message=writable(message)).text = writable(whole)


def _count(suite: ET.Element) -> None:
    """Each case once, under its first element, so that what is left of `tests` is what passed. And the time."""
    cases = suite.findall("testcase")
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    first = [next((tag for _, tag in _COUNTED if case.find(tag) is not None), "") for case in cases]
    suite.set("tests", str(len(cases)))
    for attribute, tag in _COUNTED:
        suite.set(attribute, str(first.count(tag)))


def _class_facts(run: RunResult, timebase: Timebase) -> dict[str, str]:
    """`timing_of_a_board` for whoever reads the properties only."""
    found = class_at(run, timebase)
    return {"evidence": found.value, "timing_of_a_board": "shown" if found.discharges else "not shown"}


def _case(scenario: ScenarioResult, evidence: EvidenceClass) -> ET.Element:
    seconds = sum(shot.simulated_ns for shot in scenario.shots) / NS_PER_S
    case = ET.Element(
        "testcase",
        classname=writable(
            f"hil.{evidence.value}.{'mismatch' if scenario.mismatch else scenario.budget.safety_goal}"
        ),
        name=writable(scenario.scenario_id),
        file=writable(scenario.file),
        line=str(max(scenario.line, 1)),
        time=f"{seconds:.3f}",
    )
    in_part = why_in_part(scenario)  # longer times than the goal's own, another state than its safe state
    wholly = scenario.fully_verifies and not in_part
    facts = {
        "Description": scenario.title,
        "safety_goal": scenario.budget.safety_goal,
        "asil": scenario.budget.asil,
        "requirements": ", ".join(scenario.requirements),
        # names that S-CORE and sphinx-test-reports map to links
        "FullyVerifies" if wholly else "PartiallyVerifies": ", ".join(scenario.requirements),
        "TestType": scenario.test_type,
        **({"DerivationTechnique": scenario.derivation} if scenario.derivation else {}),
        **{name: ", ".join(clauses) for name, clauses in clauses_by_kind(scenario).items() if clauses},
        "timebase": scenario.timebase.value,
        "evidence": evidence.value,
        "n": str(len(scenario.shots)),
        "codes": _codes(scenario.judgement),
        "attempts_passed": str(sum(s.judgement.verdict is Verdict.PASS for s in scenario.shots)),
    }
    if in_part:
        facts["safety_goal_shown"] = f"{NOT_SHOWN}: {'; '.join(in_part)}"
    if scenario.mismatch:
        del facts["FullyVerifies" if wholly else "PartiallyVerifies"]  # it is no test of the build
        facts["mismatch"] = "; ".join((word(scenario), scenario.mismatch, *reasons_words(scenario.judgement)))
    for name, statistics in (("fdti", scenario.fdti), ("fhti", scenario.fhti)):
        if statistics is not None:
            facts[f"{name}_max_low_ns"] = str(statistics.max_low_ns)
            facts[f"{name}_max_high_ns"] = str(statistics.max_high_ns)
    if ended := ending_words(scenario):
        facts["protection_test"] = ended
    for shot, found in worst_estimates(scenario):
        for figure, value, limit in rows(found):
            facts[f"estimate {found.question.name}: {figure}"] = f"{value}, limit {limit}, shot {shot}"
    if lines := anomaly_lines([scenario]):
        facts["anomalies"] = "; ".join(lines)
    _properties(case, facts)
    verdict = scenario.judgement.verdict.name
    reasons = joined_words(scenario.judgement) or "no reason was given"
    shots = [f"shot {s.index}: {joined_words(s.judgement)}" for s in shots_to_explain(scenario)]
    _outcome(case, verdict, f"{verdict.lower()}: {reasons}", "\n".join(shots))
    return case


def _properties(parent: ET.Element, facts: dict[str, str]) -> None:
    properties = ET.SubElement(parent, "properties")
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=name, value=writable(value))

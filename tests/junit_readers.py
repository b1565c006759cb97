"""What known readers of JUnit XML make of a file, by their own published rules, in our words.

eclipse-score/docs-as-code at 7c1b6b6bb36db3d04dafde4f5155b3f248611538, src/extensions/score_source_code_linker:
    xml_parser.py, testlink.py.
gitlabhq/gitlabhq, lib/gitlab/ci: parsers/test/junit.rb and reports/test_case.rb at
    028d8ac9fdde17782cc002563ecd7c5f77ea699f, reports/test_suite.rb at 0790cf032c70b3df250e1953a3a11b71d835c5a1.
dorny/test-reporter at 29672c52a8220c09bd9f79b5b6cf6315f1763996, src:
    parsers/java-junit, test-results.ts, main.ts.
jenkinsci/junit-plugin at c64aedde777764477e8a1885bcc8ae5d0b2eb29b, src/main/java/hudson/tasks/junit:
    CaseResult.java, SuiteResult.java, JUnitResultArchiver.java.
jenkinsci/xunit-plugin at 8c515de2804b3fd591a3b0f1ff8908a1b1a41887, src/main:
    types/model/xsd/junit-10.xsd, types/JUnitInputMetric.java.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A case as a reader shows it: `result` one of passed, skipped, failed; `text` beside it."""

    name: str
    result: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    cases: Callable[[ET.Element], list[Read]]
    # Whether the file as a whole counts as good there; None: it has no such word.
    good: Callable[[ET.Element], bool] | None = None


def _cases(root: ET.Element) -> Iterator[tuple[ET.Element, ET.Element]]:
    for suite in root.findall("testsuite"):
        for case in suite.findall("testcase"):
            yield suite, case


def score_result(case: ET.Element) -> tuple[str, str]:
    """Status "notrun" is disabled; a `failure` failed, else a `skipped` skipped, else it passed: no word of `error`."""
    if case.get("status") == "notrun":
        return "disabled", ""
    for tag, word in (("failure", "failed"), ("skipped", "skipped")):
        found = case.find(tag)
        if found is not None:
            return word, found.get("message", "")
    return "passed", ""


# Names that the reader sets itself before it takes over the properties of a case, which may then overwrite them.
SCORE_OWN = {"name", "file", "line", "result", "result_text", "repo_name", "hash", "url"}


def score_name(case: ET.Element) -> str:
    last = case.get("classname", "").split(".")[-1]
    return f"{last}__{case.get('name')}" if last else str(case.get("name"))


def score_links(case: ET.Element) -> list[tuple[str, str, int, str]]:
    """(requirement, file, line, how it verifies).

    Nothing is linked where one of name, file, line, TestType, DerivationTechnique is not there, or both kinds of
    verifying are not; requirements are split at commas; line must be a whole number.
    """
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


def _score(root: ET.Element) -> list[Read]:
    found = [(case, *score_result(case)) for _, case in _cases(root)]
    return [Read(name=str(case.get("name")), result=result, text=text) for case, result, text in found]


def _gitlab(root: ET.Element) -> list[Read]:
    """By failure, error, skipped, in this order. Cases with one suite, class, name and status are one.

    The file is read by ActiveSupport's Hash.from_xml: an element with a text becomes that text, without its attributes.
    """
    words = {"failure": "failed", "error": "failed", "skipped": "skipped"}
    by_key: dict[tuple[str, ...], Read] = {}
    for suite, case in _cases(root):
        float(case.get("time", ""))
        tag = next((tag for tag in words if case.find(tag) is not None), "")
        found = case.find(tag) if tag else None
        result = words.get(tag, "passed")
        text = "" if found is None else (found.text or str(found.attrib))
        key = (result, str(suite.get("name")), str(case.get("classname")), str(case.get("name")))
        by_key[key] = Read(name=str(case.get("name")), result=result, text=text)
    return list(by_key.values())


def _dorny(root: ET.Element) -> list[Read]:
    """A failure or an error failed, else a skipped is skipped, else success; no text of what is skipped."""
    found = []
    for suite, case in _cases(root):
        float(suite.attrib["time"]), float(case.attrib["time"])  # else it shows NaN
        trouble = next((e for tag in ("failure", "error") if (e := case.find(tag)) is not None), None)
        result = (
            "failed" if trouble is not None else "skipped" if case.find("skipped") is not None else "passed"
        )
        text = "" if trouble is None else f"{trouble.get('type')}: {trouble.get('message')}\n{trouble.text}"
        found.append(Read(name=str(case.get("name")).strip(), result=result, text=text))
    return found


def _jenkins(root: ET.Element) -> list[Read]:
    """A skipped is skipped, whatever else it has; else the text of an error, or of a failure, makes it failed."""
    found = []
    for _, case in _cases(root):
        trouble = next((e for tag in ("error", "failure") if (e := case.find(tag)) is not None), None)
        skipped = case.find("skipped")
        if skipped is not None:
            result, text = "skipped", skipped.get("message") or skipped.text or ""
        elif trouble is not None:
            result, text = "failed", f"{trouble.get('message')}\n{trouble.text or ''}"
        else:
            result, text = "passed", ""
        found.append(Read(name=str(case.get("name")), result=result, text=text))
    return found


def _without_failed(read: Callable[[ET.Element], list[Read]]) -> Callable[[ET.Element], bool]:
    """How all three of them come to a green pipeline, check or build: nothing failed."""
    return lambda root: all(one.result != "failed" for one in read(root))


READERS = {
    "S-CORE docs-as-code": Reader(cases=_score),
    "GitLab": Reader(cases=_gitlab, good=_without_failed(_gitlab)),
    "dorny/test-reporter": Reader(cases=_dorny, good=_without_failed(_dorny)),
    "Jenkins junit": Reader(cases=_jenkins, good=_without_failed(_jenkins)),
}

_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?")
_TROUBLE = ({"type", "message"}, set(), set())
# Of each element: the attributes there may be, those that there must be, the elements there may be.
_XUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package",
         "file", "log", "url", "version"},
        {"name", "tests", "failures", "errors"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "time", "classname", "group"},
        {"name"},
        {"skipped", "error", "failure", "rerunFailure", "rerunError", "flakyFailure", "flakyError", "system-out",
         "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, {"name", "value"}, set()),
    "failure": _TROUBLE,
    "error": _TROUBLE,
    "skipped": _TROUBLE,
    "system-out": (set(), set(), set()),
}  # fmt: skip


def refused_by_jenkins_xunit(element: ET.Element) -> list[str]:
    """What of it the schema refuses; the plugin takes no part of a file that has anything of this."""
    may, must, inside = _XUNIT[element.tag]
    told = [f"{element.tag}: attribute {name}" for name in element.attrib if name not in may]
    told += [f"{element.tag}: no {name}" for name in must if name not in element.attrib]
    told += [f"{element.tag}: element {child.tag}" for child in element if child.tag not in inside]
    if element.tag.startswith("testsuite") and not _TIME.fullmatch(element.get("time", "")):
        told.append(f"{element.tag}: time {element.get('time')}")
    if element.tag in ("testsuites", "testsuite", "testcase", "properties") and (element.text or "").strip():
        told.append(f"{element.tag}: text")
    for child in element:
        if child.tag in inside:
            told += refused_by_jenkins_xunit(child)
    return told

"""Findings are values: a closed set with stable codes, stored and read back, told in words that nothing decides on."""

import ast
import dataclasses
import json
from pathlib import Path

import pytest
from finding_strategies import findings
from hypothesis import given

from bench.errors import RecordError
from bench.measure.finding.answer import NotDetected, NuisanceDtc
from bench.measure.finding.base import Blame, Finding
from bench.measure.finding.closed_set import FINDINGS, MODULES
from bench.record.codable import decode, encode
from bench.report.finding_advice import ADVICE, codes_page, explain
from bench.report.finding_words import finding_words
from bench.verdict.result import Judgement, Reason, Verdict

BENCH = Path(__file__).resolve().parents[1] / "bench"


def test_codes_are_unique_and_every_type_is_in_the_set() -> None:
    named = [
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Finding)
        and value.__module__ == module.__name__
        and value.code
    ]
    assert len({one.code for one in named}) == len(named) == len(FINDINGS)
    for one in named:
        assert one.code and one.code == one.code.lower() and " " not in one.code
        assert isinstance(one.blame, Blame)
        assert set(one.aims) <= {field.name for field in dataclasses.fields(one)}, one


@given(findings)
def test_a_finding_survives_being_stored_and_has_words(finding: Finding) -> None:
    judgement = Judgement.of(Verdict.FAIL, finding)
    stored = json.loads(json.dumps(encode(judgement)))
    assert stored["reasons"][0]["finding"]["code"] == finding.code
    assert stored["reasons"][0]["finding"]["blame"] == finding.blame
    assert decode(Judgement, stored) == judgement
    words = finding_words(finding)
    assert words or type(finding).code == "words-of-version-1"
    assert "None" not in words


@pytest.mark.parametrize("change", ["code", "figure", "extra"])
def test_a_stored_finding_of_another_form_is_refused(change: str) -> None:
    stored = encode(Judgement.of(Verdict.FAIL, NotDetected(window_ns=5)))
    finding = stored["reasons"][0]["finding"]
    if change == "code":
        finding["code"] = "no-such-code"
    elif change == "figure":
        del finding["window_ns"]
    else:
        finding["more"] = 1
    with pytest.raises(RecordError):
        decode(Judgement, stored)


def test_words_stored_by_an_earlier_release_are_kept_as_words() -> None:
    old = {"verdict": "FAIL", "reasons": ["fault not detected within 6.000 s"]}
    (reason,) = decode(Judgement, old).reasons
    assert (reason.finding.code, finding_words(reason.finding)) == ("words-of-version-1", old["reasons"][0])


def test_alike_are_findings_about_the_same_thing_whatever_their_figures() -> None:
    assert NotDetected(window_ns=1).alike() == NotDetected(window_ns=2).alike()
    assert NuisanceDtc(dtc=1).alike() != NuisanceDtc(dtc=2).alike()
    assert (
        Reason(finding=NotDetected(window_ns=1)).alike() == Reason(finding=NotDetected(window_ns=2)).alike()
    )


def test_every_code_is_explained_and_the_page_is_the_one_in_the_docs() -> None:
    assert set(ADVICE) == set(FINDINGS)
    page = (BENCH.parent / "docs" / "findings.md").read_text(encoding="utf-8")
    assert page == codes_page(), "make it anew: hil explain --page > docs/findings.md"
    for code in FINDINGS:
        assert code in explain(code) and ADVICE[code] in explain(code)


def test_an_unknown_code_names_the_nearest() -> None:
    with pytest.raises(KeyError, match="too-late"):
        explain("to-late")


SAID = {
    "reason",
    "reasons",
    "note",
    "notes",
    "message_text",
    "text",
    "said",
    "why",
    "problem",
    "problems",
    "words",
}
"""Names under which something is told. Code that decides on them decides on wording."""

ALLOWED = {
    "record/version_1.py",  # reads what had no types then
    "codec/trouble.py",  # reads what another library says of a file
    "codec/dbc_text.py",
    "config/toml_syntax.py",
}
READS_TEXT = (
    "codec",
    "config",
    "errors",
    "faults",
    "instruments",
    "links",
    "replay",
    "scenario",
    "starting",
    "units",
)
"""Rooms whose business is text that comes from outside: files, protocols. What is told has other names there."""


def _is_text_of_an_error(node: ast.Call) -> bool:
    if not (isinstance(node.func, ast.Name) and node.func.id == "str" and len(node.args) == 1):
        return False
    (of,) = node.args
    return isinstance(of, ast.Name) and of.id in ("error", "exc", "wrong", "unfit", "worse", "exception")


def _names(node: ast.AST) -> set[str]:
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            found.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            found.add(inner.attr)
        elif isinstance(inner, ast.Subscript) and isinstance(inner.slice, ast.Constant):
            found.add(str(inner.slice.value))
        elif isinstance(inner, ast.Call) and _is_text_of_an_error(inner):
            found.add("words")
    return found | {
        "words" for name in found if name.endswith("_source")
    }  # where a figure comes from, in words


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and bool(node.value) and isinstance(node.value, str)
    )


_OF_TEXT = ("startswith", "endswith", "removeprefix", "removesuffix", "find", "index")
_OF_PATTERN = ("match", "search", "fullmatch", "sub", "findall", "split")


def _told_in(path: Path) -> set[str]:
    room = path.relative_to(BENCH).parts[0].removesuffix(".py")
    return SAID - {"text", "words"} if room in READS_TEXT else SAID


def decisions_on_wording(source: str, told: set[str] = SAID) -> list[int]:
    """Lines that compare, search or match what is told. `not text`, `text is None` and lengths are no wording."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
            compares = any(isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops)
            if compares and any(_names(part) & told for part in parts) and any(map(_is_text, parts)):
                lines.append(node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, owner = node.func.attr, node.func.value
            of_text = name in _OF_TEXT and _names(owner) & told
            of_pattern = name in _OF_PATTERN and any(_names(one) & told for one in node.args)
            if of_text or of_pattern:
                lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    "source",
    [
        'if reason.startswith("known gap"): pass',
        'late = any(" is above the " in reason for reason in reasons)',
        'if shot.judgement.reasons[0] == "x": pass',
        "import re\nre.sub(NUMBERS, '#', text)",
        'if mark.facts["why"].startswith(TTL): pass',
        '_NUMBERS.sub("#", text)',
        "if str(error).startswith(ALTERED): pass",
        'if "[twins]" not in str(wrong): raise',
        'assumed = budget.hazard_source.lower().startswith("assumed")',
    ],
)
def test_a_decision_on_wording_is_found(source: str) -> None:
    assert decisions_on_wording(source)


@pytest.mark.parametrize(
    "source", ["if reason: pass", "if text is None: pass", 'x = f"{reason}: {text}"', "len(reasons) == 3"]
)
def test_what_decides_nothing_is_let_pass(source: str) -> None:
    assert not decisions_on_wording(source)


def test_no_code_decides_on_wording() -> None:
    found = {
        f"{path.relative_to(BENCH)}:{line}"
        for path in sorted(BENCH.rglob("*.py"))
        if str(path.relative_to(BENCH)) not in ALLOWED
        for line in decisions_on_wording(path.read_text(encoding="utf-8"), _told_in(path))
    }
    assert not found

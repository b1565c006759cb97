"""What a file or a DUT has said stays text in Markdown. The reader is a parser of CommonMark, where it is installed."""

import dataclasses
import html
import re

import pytest
from sample_run import sample_run

from bench.report import markdown
from bench.report.comparison import run_markdown

HOSTILE = [
    "@everyone",
    "a @team/owners b",
    "closes #1 and GH-2, owner/name#3",
    "[click](https://example.invalid)",
    "![](https://example.invalid/a.png)",
    "https://example.invalid/?q=1",
    "www.example.invalid",
    "mail a@example.invalid",
    "<img src=x onerror=alert(1)>",
    "<!-- hidden",
    "a | b | c",
    "one\n\n# two",
    "`code` **bold** _it_ ~~no~~ $x$",
    "\x1b[2J\u202e",
    "&lt;b&gt;",
    "\\",
]


def as_read(line: str) -> str:
    """A line as a reader of CommonMark sees it, marks of its own undone: escapes, entities, spaces of no width."""
    plain = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", line)
    return html.unescape(plain).replace("\u200b", "")


@pytest.mark.parametrize("said", HOSTILE)
def test_text_stays_what_was_said_and_does_nothing(said: str) -> None:
    found = markdown.text(said)
    found = found.replace("&#8203;", "\u200b")
    unescaped = re.sub(r"\\.", "", found)
    assert "\n" not in found and found.replace("\u200b", "").isprintable()
    assert not re.search(r"[<>|`*\[\]~$]", unescaped)
    assert not re.search(r"(^|[^\w])[@#][\w-]|GH-\d|www\.|://|[\w]@[\w]", found)
    if said.isprintable() and "\\" not in said:
        assert as_read(found) == said


@pytest.mark.parametrize("said", [*HOSTILE, "a ``` b", "`", ""])
def test_code_ends_where_it_was_meant_to(said: str) -> None:
    found = markdown.code(said)
    fence = re.match("`+", found)
    assert fence is not None and "\n" not in found
    inner = found[len(fence[0]) : -len(fence[0])]
    assert found.endswith(fence[0]) and not re.search(rf"(?<!`){fence[0]}(?!`)", inner)
    assert not re.search(r"(?<!\\)\|", inner)


def test_a_hostile_row_is_one_row_of_as_many_cells() -> None:
    lines = markdown.table(("a", "b"), [(one, one) for one in HOSTILE])
    assert len(lines) == 2 + len(HOSTILE)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in lines)


@pytest.mark.parametrize("said", HOSTILE)
def test_a_summary_of_a_run_says_what_the_dut_said_as_text(said: str) -> None:
    run = dataclasses.replace(sample_run(), firmware_identity=said, chemistry=said, run_id=said)
    found = run_markdown(run, said, said)
    plain = run_markdown(sample_run(), "x", "x")
    assert found.count("\n") == plain.count("\n")
    assert len(re.findall(r"(?<!\\)\|", found)) == len(re.findall(r"(?<!\\)\|", plain))
    found = found.replace("&#8203;", "\u200b")
    outside = re.sub(r"(`+) ?.*? ?\1", "", found)
    assert not re.search(r"(^|[^\w])@[\w]|://|<(?!/?(sub|details|summary)>)", outside)

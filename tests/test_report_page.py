"""What the page of a report promises beside its content: its own script only, a phone, words, people and links."""

import base64
import dataclasses
import hashlib
import html
import re
from pathlib import Path

from sample_run import OVERVOLTAGE, sample_run, scenario

from bench.report.extras import ReportExtras
from bench.report.glossary import TERMS, VERDICTS
from bench.report.goal_sources import SOURCES, shipped, sources_named
from bench.report.html import render_html
from bench.report.narrow import narrow
from bench.report.run_facts import calibration_words
from bench.scenario.library import Entry, Library
from bench.verdict.result import Verdict

ROOT = Path(__file__).resolve().parents[1]


def test_a_browser_may_run_the_pages_own_scripts_and_nothing_else() -> None:
    page = render_html(sample_run(n=12))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    allowed = html.unescape(policy[1])
    assert allowed.startswith("default-src 'none'") and "'unsafe-inline'; script-src 'sha256-" in allowed
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed
        assert not re.search(r"\beval\b|innerHTML|fetch\(|XMLHttp|localStorage|cookie|import\(", script)


def test_every_scenario_has_a_place_that_a_link_leads_to_and_what_it_is_filtered_by() -> None:
    run = sample_run(n=12)
    first, *others = run.scenarios
    twin = dataclasses.replace(first, scenario_id=f"{first.scenario_id}--inside", aim="must_not_trip")
    entry = Entry(
        scenario_id=first.scenario_id, title="", file="cells/x.toml", safety_goal="SG-01",
        aim="must_trip", fault_class="cell_voltage",
    )  # fmt: skip
    run = dataclasses.replace(run, scenarios=(first, twin, *others))
    page = render_html(run, extras=ReportExtras(library=Library(entries=(entry,))))
    for one in run.scenarios:
        place = f"simulated-{one.scenario_id}"
        assert page.count(f'id="{place}"') == 1 and f'href="#{place}"' in page
    marks = re.findall(r'<section class="scenario[^>]*data-verdict="(\w+)" data-goal="([^"]*)"', page)
    assert sorted(marks) == sorted(
        (one.judgement.verdict.name, one.budget.safety_goal) for one in (first, *others)
    )
    assert 'data-class="cells"' in page and 'data-requirement="REQ-BMS-012|REQ-BMS-013"' in page
    form = page[page.index('<form class="sift"') :].partition("</form>")[0]
    assert " hidden>" in form.partition("\n")[0], "without its script it would do nothing"
    for value in ("FAIL", "SG-01", "cells", "REQ-BMS-012"):
        assert f"<option>{value}</option>" in form


def test_tables_say_what_a_cell_is_on_a_phone_and_to_a_reader() -> None:
    page, style = narrow(
        '<table class="x"><caption>c</caption><thead><tr><th>A</th><th class="num">b "}&lt;/style></th>'
        "<th></th></tr></thead>"
        "</table><table><thead><tr><th>A</th></tr></thead></table>"
    )
    assert page.startswith('<table class="t0 x"><caption>c</caption><thead><tr><th scope="col">A</th>')
    assert '<th scope="col" class="num">' in page and "<td></td>" in page and '<table class="t1">' in page
    assert '.t0 td:nth-child(1)::before{content:"A"}' in style and "nth-child(3)" not in style
    assert "<" not in style and style.count("}") == 4, "no heading ends its string"
    whole = render_html(sample_run(n=12))
    assert whole.count("<table") == whole.count("<caption>")
    assert not re.search(r"<th(?![^>]*scope)[^e>]*>", whole)
    for landmark in ('<main id="main">', "<nav ", 'class="skip" href="#result"', '<html lang="en">'):
        assert whole.count(landmark) == 1


def test_words_are_explained_and_no_document_is_named_that_does_not_come_along() -> None:
    words = "a default; goal after R17 R20; confidence U (docs/sources.md)"
    assert shipped(words) == "a default; goal after R17 R20; confidence U"
    assert [number for number, _ in sources_named([words, "R18 of somebody else"])] == ["R17", "R20"]
    own = dataclasses.replace(OVERVOLTAGE, provenance=words)
    run = dataclasses.replace(sample_run(n=12), scenarios=(scenario("x", "t", own, [], Verdict.PASS),))
    page = html.unescape(render_html(run))
    assert "docs/" not in page and SOURCES["R20"] in page
    run = dataclasses.replace(sample_run(n=12))
    whole = html.unescape(render_html(run))
    for term in ("FDTI", "FHTI", "p95", "margin"):
        assert f'<dfn title="{TERMS[term]}">{term}</dfn>' in whole, "at hover, in the heading of a table"
    for term in (*TERMS, *VERDICTS):
        assert f'id="word-{term.lower().replace(" ", "-")}"' in page
    assert {one.name for one in Verdict if one is not Verdict.NONE} <= set(VERDICTS)


def test_the_sources_of_the_shipped_goals_are_those_of_the_list() -> None:
    listed = {}
    for line in (ROOT / "docs/sources.md").read_text(encoding="utf-8").splitlines():
        cells = [one.strip() for one in line.strip("|").split("|")]
        if re.fullmatch(r"R\d+", cells[0]):
            listed[cells[0]] = f"{cells[1]}; {cells[3]}"
    budgets = (ROOT / "scenarios/budgets.toml").read_text(encoding="utf-8")
    named = {
        one
        for words in re.findall(r'^provenance = "(.*)"', budgets, re.M)
        for one in re.findall(r"\bR\d+\b", words)
    }
    named.discard("R100")  # of the UN
    assert set(SOURCES) == named and all(SOURCES[one] == listed[one] for one in named)


def test_the_head_says_rig_people_calibration_and_qualification_also_where_nobody_said_them() -> None:
    run = sample_run(n=12)
    said = {"rig": "bench 2", "operator": "E. Noether", "DUT serial": "S-17", "label": "night 4"}
    page = render_html(run, extras=ReportExtras(said=said))
    facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page))
    assert (facts["Rig"], facts["Operator"], facts["DUT serial"], facts["Label"]) == tuple(said.values())
    assert facts["Place"] == "not stated" and facts["Qualification"] == "none that covers this run"
    assert facts["Calibration"] == "no instruments"


def test_the_calibration_state_counts_certificates_and_what_ran_out() -> None:
    own = {"certificate": "C1", "calibration_due": "2026-01-01"}
    assert calibration_words({"can.a": {}, "instrument.a": {"simulated": "by this bench"}}, "2026-02-01") == (
        "nothing to calibrate: all instruments are simulated"
    )
    both = {"instrument.a": own, "instrument.b": {"kind": "supply"}, "instrument.c": {"simulated": "yes"}}
    assert (
        calibration_words(both, "2026-02-01")
        == "1 of 2 instruments with a certificate, 1 of them overdue; 1 simulated"
    )
    assert (
        calibration_words({"instrument.a": own}, "2025-12-31")
        == "1 of 1 instruments with a certificate, none overdue"
    )

"""The report in a browser: axe-core finds nothing, a phone shows all of it, and its script does what it says."""

import dataclasses
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sample_run import OVERVOLTAGE, WELD, sample_run
from test_report_junit_readers import one_of_each

from bench.report.extras import ReportExtras
from bench.report.html import write_html
from bench.report.traces import TracePicture, TraceSeries
from bench.report.trend_picture import BuildPoint, GoalTrend
from bench.scenario.library import Entry, Library
from bench.units import NS_PER_MS
from bench.verdict.compare import compare
from bench.verdict.result import RunResult, Verdict

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (1280, 390)


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's own script, from npm."""
    folder = tmp_path_factory.mktemp("npm")
    npm = shutil.which("npm")
    assert npm is not None, "npm is missing; expected it, since axe-core comes from there"
    words = [
        npm,
        "install",
        "--prefix",
        str(folder),
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "axe-core@4",
    ]
    subprocess.run(words, capture_output=True, timeout=100, stdin=subprocess.DEVNULL, check=True)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert found is not None, f"no browser is found; expected one of {', '.join(BROWSERS)}"
    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


def every_verdict() -> RunResult:
    """A scenario that ends as each verdict there is, others with latencies, twins, reasons, and a mismatch."""
    measured = sample_run(n=20).scenarios
    first = measured[0]
    twin = dataclasses.replace(
        first, scenario_id=f"{first.scenario_id}--inside", aim="must_not_trip", fdti=None, fhti=None
    )
    misfit = dataclasses.replace(
        first, scenario_id="wrong-pack", mismatch="a BMS made for nmc on a pack of lfp"
    )
    run = one_of_each()
    return dataclasses.replace(run, scenarios=(*run.scenarios, *measured, twin, misfit))


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of `every_verdict`, with every part that a report can have."""
    run = every_verdict()
    points = [(k * NS_PER_MS, 3.6 + 0.001 * k) for k in range(1_000)]
    states = [(t, float(t >= 500 * NS_PER_MS)) for t, _ in points]
    series = (
        TraceSeries(title="cell 17", unit="V", points=points),
        TraceSeries(title="flag", unit="", points=states, steps=True),
    )
    picture = TracePicture(title="t", series=series, onset_ns=200 * NS_PER_MS, detected_ns=500 * NS_PER_MS)
    entries = tuple(
        Entry(
            scenario_id=one.scenario_id, title=one.title, file=f"{'cells' if k % 2 else 'supply'}/x.toml",
            safety_goal=one.budget.safety_goal, aim=one.aim, fault_class="cells" if k % 2 else "supply",
        )
        for k, one in enumerate(run.scenarios)
        if "--" not in one.scenario_id
    )  # fmt: skip
    point = BuildPoint(run_id="r", firmware_identity="a@1", verdict=Verdict.FAIL, share=1.2, scenarios=1)
    extras = ReportExtras(
        traces={"is-fail": [picture, picture], "cell-overvoltage": [picture]},
        goals={"SG-01": OVERVOLTAGE, "SG-04": WELD, "SG-99": dataclasses.replace(WELD, safety_goal="SG-99")},
        library=Library(entries=entries),
        not_run={"a": "not chosen"},
        previous=compare(run, run),
        trend=(
            GoalTrend(safety_goal="SG-01", points=(point, dataclasses.replace(point, run_id="s", share=0.4))),
        ),
        equipment={"instrument.cells": {"kind": "x", "certificate": "C", "uncertainty": "1 mV"}},
        said={"operator": "E. Noether"},
        alerts=("another bench is beside it",),
    )
    file = tmp_path_factory.mktemp("report") / "report.html"
    write_html(run, file, extras=extras)
    return file


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    made = browser.new_page(viewport={"width": request.param, "height": 900})
    yield made
    made.close()


@pytest.fixture
def desk(browser: Any, report: Path) -> Iterator[Any]:
    made = browser.new_page(viewport={"width": 1280, "height": 900})
    made.goto(report.as_uri())
    yield made
    made.close()


def findings(page: Any, axe: str) -> list[str]:
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.add_style_tag(
        content="section.scenario { content-visibility: visible !important }"
    )  # nothing is left out
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert len(found["passes"]) > 20, "the page was looked at"
    return [f"{one['id']}: {node['html'][:120]}" for one in found["violations"] for node in one["nodes"]]


def test_axe_finds_nothing_in_a_report_with_every_verdict(page: Any, report: Path, axe: str) -> None:
    page.goto(report.as_uri())
    assert findings(page, axe) == []


def test_axe_finds_nothing_in_the_pages_of_a_run_of_the_command(page: Any, run: Path, axe: str) -> None:
    for file in (run / "report.html", *sorted((run / "signals").glob("*.html"))):
        page.goto(file.as_uri())
        assert findings(page, axe) == [], file.name


def test_axe_finds_nothing_on_the_status_sheet_alone(page: Any, run: Path, axe: str, tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "bench",
        "report",
        str(run),
        "--status",
        "--out",
        str(tmp_path / "status.html"),
    ]
    subprocess.run(words, capture_output=True, timeout=100, stdin=subprocess.DEVNULL, check=True)
    page.goto((tmp_path / "status.html").as_uri())
    assert findings(page, axe) == []


def test_nothing_is_wider_than_the_screen_and_no_text_of_a_picture_below_ten_pixels(
    page: Any, report: Path, run: Path
) -> None:
    for file in (report, run / "report.html", *sorted((run / "signals").glob("*.html"))):
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        wide = page.evaluate(
            """() => [...document.querySelectorAll("body *")]
                 .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
                 .map(one => one.outerHTML.slice(0, 100))"""
        )
        assert wide == [] and page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        sizes = page.evaluate(
            """() => [...document.querySelectorAll("svg text")].filter(one => one.getBoundingClientRect().width)
                 .map(one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"""
        )
        assert sizes and min(sizes) >= 10


def shown(page: Any) -> list[str]:
    """The verdicts of the scenarios that are seen."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("section.scenario")].filter(one => one.getBoundingClientRect().height)
             .map(one => one.dataset.verdict)"""
    )
    return found


def test_scenarios_are_filtered_sorted_folded_and_the_address_says_how(desk: Any, report: Path) -> None:
    every = shown(desk)
    assert len(every) == len(every_verdict().scenarios) - 2, "all but the quiet twin and the mismatch"
    desk.select_option("[name=verdict]", "FAIL")
    fails = shown(desk)
    assert (
        set(fails) == {"FAIL"}
        and desk.inner_text("form.sift output") == f"{len(fails)} of {len(every)} scenarios"
    )
    rows = "tr[data-of]:visible"
    assert desk.locator(rows).count() == len(fails)
    assert desk.evaluate("location.hash") == "#?verdict=FAIL"
    desk.fill("[name=text]", "ends as fail")
    assert shown(desk) == ["FAIL"]
    desk.click("button[type=reset]")
    desk.wait_for_timeout(50)
    assert shown(desk) == every
    desk.select_option("[name=class]", "cells")
    some = shown(desk)
    desk.select_option("[name=class]", "supply")
    assert 0 < len(some) < len(every) and len(some) + len(shown(desk)) == len(every)
    desk.goto(f"{report.as_uri()}#?verdict=BLOCKED")
    desk.reload()
    assert shown(desk) == ["BLOCKED"] * every.count("BLOCKED")
    desk.emulate_media(media="print")
    assert len(
        desk.evaluate(
            "[...document.querySelectorAll('section.scenario')].filter(one => getComputedStyle(one).display != 'none')"
        )
    ) == len(every)
    assert not desk.is_visible("form.sift"), "printed, it is off"
    desk.emulate_media(media="screen")
    desk.click("button[type=reset]")
    desk.select_option("[name=order]", "goal")
    goals = desk.evaluate("[...document.querySelectorAll('section.scenario')].map(one => one.dataset.goal)")
    assert goals == sorted(goals) and len(goals) == len(every)
    desk.select_option("[name=order]", "")
    assert shown(desk) == every
    desk.click("button[name=fold]")
    assert desk.locator("section.scenario > details[open]").count() == 0
    desk.click("button[name=unfold]")
    assert desk.locator("section.scenario > details[open]").count() == len(every)


def test_a_permanent_link_shows_its_scenario_whatever_is_filtered_or_folded(desk: Any) -> None:
    desk.select_option("[name=verdict]", "PASS")
    desk.click("button[name=fold]")
    desk.evaluate("location.hash = '#simulated-is-fail'")
    desk.wait_for_timeout(100)
    target = desk.locator("#simulated-is-fail")
    assert target.is_visible() and 0 <= target.bounding_box()["y"] < 900
    desk.evaluate("location.hash = '#simulated-cell-overvoltage--inside'")
    desk.wait_for_timeout(100)
    assert desk.locator("tr#simulated-cell-overvoltage--inside").is_visible()


def test_without_a_script_the_report_is_complete(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{report.as_uri()}#simulated-is-pass")
    assert (
        not page.is_visible("form.sift")
        and page.locator("section.scenario").count() == len(every_verdict().scenarios) - 2
    )
    assert page.locator("#simulated-is-pass").is_visible(), "a link to what is folded unfolds it"
    assert page.locator("svg.trace path.line").count() == 6
    context.close()


def test_values_are_read_at_a_cursor_and_a_stretch_is_zoomed_into(desk: Any) -> None:
    svg = desk.locator("svg.trace").first
    svg.scroll_into_view_if_needed()
    output = desk.locator(".reading output").first
    output.wait_for()
    box = svg.bounding_box()
    middle = box["y"] + box["height"] / 2
    # The picture goes from 200 ms less a third of the 799 ms behind it, cut at the first frame, to 999 ms.
    at = lambda t_ms: box["x"] + box["width"] * t_ms / 999  # noqa: E731
    desk.mouse.move(at(400), middle)
    told = output.inner_text()
    assert abs(float(told.split(" ")[0]) - 200) < 1.5, told
    assert "cell 17 4.0" in told or "cell 17 3.99" in told, told
    assert "flag 0" in told
    desk.mouse.move(at(700), middle)
    assert "flag 1" in output.inner_text()
    before = desk.evaluate(
        "document.querySelector('svg.trace .plane').getAttribute('viewBox').split(' ').map(Number)"
    )
    desk.mouse.move(at(600), middle)
    desk.mouse.down()
    desk.mouse.move(at(700), middle, steps=3)
    desk.mouse.up()
    after = desk.evaluate(
        "document.querySelector('svg.trace .plane').getAttribute('viewBox').split(' ').map(Number)"
    )
    assert 0.08 < after[2] / before[2] < 0.12 and before[1:4:2] == after[1:4:2]
    svg.focus()
    desk.keyboard.press("0")
    assert (
        desk.evaluate(
            "document.querySelector('svg.trace .plane').getAttribute('viewBox').split(' ').map(Number)"
        )
        == before
    )
    desk.keyboard.press("+")
    assert (
        desk.evaluate(
            "Number(document.querySelector('svg.trace .plane').getAttribute('viewBox').split(' ')[2])"
        )
        < before[2]
    )


def test_the_page_asks_for_nothing_and_runs_nothing_else(browser: Any, report: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    troubles: list[str] = []
    page.on("requestfinished", lambda one: asked.append(one.url))  # one that the policy stops has failed
    page.on("pageerror", lambda one: troubles.append(str(one)))
    page.goto(report.as_uri())
    assert asked == [report.as_uri()] and troubles == []
    page.evaluate(
        """() => {
             const one = document.createElement("script");
             one.textContent = "window.ran = 1";
             const img = document.createElement("img");
             img.setAttribute("onerror", "window.ran = 2");
             img.src = "x.png";
             document.body.append(one, img);
           }"""
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None and len(asked) == 1
    page.close()

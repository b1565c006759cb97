"""Signals of a run's shots: which stand in the report, which on a page beside it, and what links the two."""

import dataclasses
import html
import json
import re
import shutil
from pathlib import Path

import pytest
from sample_run import OVERVOLTAGE, WELD, latency, measurement, sample_run, scenario, shot, statistics
from small_bench import hil_here, run_folders, small_bench

from bench.report.html import render_html
from bench.report.order_words import order_words
from bench.report.traces import TracePicture, TraceSeries, trace_svg
from bench.stored.builds import load_checked
from bench.stored.goal_trend import goal_trend
from bench.stored.shot_pages import on_a_page, shown_inside, way_to_run
from bench.units import NS_PER_MS
from bench.verdict.result import Budget, ScenarioResult, Verdict

WORDS = ("run", "-k", "weld-plus", "--repeat", "1")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that passed, then one that failed."""
    folder = small_bench(tmp_path_factory.mktemp("bench"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert hil_here(*WORDS) == 0
        assert hil_here(*WORDS, "--firmware", "misses_weld") == 1
    return folder


@pytest.fixture
def failed(bench: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(bench)
    return run_folders(bench)[1]


def links(page: str) -> list[str]:
    return [html.unescape(one) for one in re.findall(r'href="([^"#][^"]*)"', page)]


def test_a_failing_shot_leads_to_its_signals_events_and_frames_which_are_sealed_with_the_run(
    failed: Path,
) -> None:
    page = (failed / "report.html").read_text()
    found = links(page)
    assert "signals/weld-plus-at-opening.html#shot-0" in found
    assert "scenarios/weld-plus-at-opening/shot-000.blf" in found
    assert all((failed / one.partition("#")[0]).is_file() for one in found)
    beside = (failed / "signals/weld-plus-at-opening.html").read_text()
    assert all((failed / "signals" / one.partition("#")[0]).resolve().is_file() for one in links(beside))
    assert "../report.html#simulated-weld-plus-at-opening" in beside
    assert 'id="shot-0"' in beside and "<td>stimulus commanded</td>" in beside and 'class="line"' in beside
    sealed = json.loads((failed / "footer.json").read_text())["sha256"]
    assert "signals/weld-plus-at-opening.html" in sealed
    assert not list((failed / "signals").glob("*--*")), "no page of a twin that stayed quiet"
    assert hil_here("verify", str(failed)) == 0


def test_the_same_report_comes_from_the_folder_again_and_elsewhere_its_links_lead_back(
    failed: Path, tmp_path: Path
) -> None:
    assert hil_here("report", str(failed), "--out", str(failed / "report.html")) == 0, "the same bytes"
    away = tmp_path / "a b" / "r.html"
    assert hil_here("report", str(failed), "--out", str(away)) == 0
    found = links(away.read_text())
    assert found and all((away.parent / one.partition("#")[0].replace("%20", " ")).is_file() for one in found)


def test_a_run_without_pages_beside_it_shows_its_worst_shots_itself(failed: Path, tmp_path: Path) -> None:
    old = tmp_path / failed.name
    shutil.copytree(failed, old)
    shutil.rmtree(old / "signals")
    (old / "footer.json").unlink()
    assert hil_here("report", str(old), "--out", str(tmp_path / "r.html")) in (0, 3)
    page = (tmp_path / "r.html").read_text()
    assert "signals/" not in page and page.count('class="plot trace"') >= 1


def test_way_to_a_run(tmp_path: Path) -> None:
    assert way_to_run(tmp_path / "run/report.html", tmp_path / "run") == ""
    assert way_to_run(tmp_path / "x/r.html", tmp_path / "run") == "../run/"


def _measured(
    name: str, verdict: Verdict, n: int, fhti_ms: int, goal: Budget = OVERVOLTAGE
) -> ScenarioResult:
    found = [latency(fhti_ms * NS_PER_MS + k, 10) for k in range(n)]
    shots = [
        dataclasses.replace(shot(k, verdict, measurement(one, one)), folder=f"scenarios/{name}/shot-{k:03d}")
        for k, one in enumerate(found)
    ]
    one = scenario(name, "t", goal, shots, verdict)
    return dataclasses.replace(one, fdti=statistics(found), fhti=statistics(found))


def test_inside_are_twenty_failing_shots_the_worst_of_each_goal_and_a_typical_one() -> None:
    many = (
        _measured("bad", Verdict.FAIL, 30, 3_900),
        _measured("worse", Verdict.FAIL, 3, 3_950),
        _measured("fine", Verdict.PASS, 5, 500),
        _measured("weld", Verdict.PASS, 5, 900, WELD),
        _measured("weld-quick", Verdict.PASS, 5, 100, WELD),
    )
    run = dataclasses.replace(sample_run(n=12), scenarios=many)
    places = shown_inside(run)
    failing = [place for place, why in places.items() if not why]
    assert failing[:4] == [("bad", 0), ("worse", 0), ("bad", 1), ("worse", 1)], "one of each scenario first"
    assert len(failing) == 20 and sum(name == "worse" for name, _ in failing) == 3
    told = {why: place for place, why in places.items() if why}
    assert told["the worst of SG-04"] == ("weld", 4)
    assert told["typical of this run"] == ("weld-quick", 2)
    assert len(on_a_page(many[0])) == 5 and [one.index for one in on_a_page(many[2])] == [4]
    again = dataclasses.replace(many[2], scenario_id="fine--inside")
    assert on_a_page(again) == []


def test_a_line_holds_its_values_in_its_own_units() -> None:
    points = [(k * NS_PER_MS, 3.6 + 0.001 * k) for k in range(40)]
    states = [(0, 0.0), (10 * NS_PER_MS, 1.0), (39 * NS_PER_MS, 1.0)]
    series = (
        TraceSeries(title="cell", unit="V", points=points),
        TraceSeries(title="flag", unit="", points=states, steps=True),
    )
    svg = trace_svg(TracePicture(title="t", series=series, onset_ns=5 * NS_PER_MS))
    unit = int(re.findall(r'data-unit="(\d+)"', svg)[0])
    (cell, step), (flag, _) = re.findall(r'd="([^"]*)"[^>]*data-step="([^"]*)"', svg)
    x, y = (int(one) for one in re.findall(r"M(-?\d+) (-?\d+)", cell)[0])
    read = [(x, y)]
    for right, down in re.findall(r"l(-?\d+) (-?\d+)", cell):
        read.append((read[-1][0] + int(right), read[-1][1] + int(down)))
    drawn = [(t * unit + 5 * NS_PER_MS, -v * float(step)) for t, v in read]
    assert len(drawn) == 40
    for (t, v), (t_ns, value) in zip(drawn, points, strict=True):
        assert abs(t - t_ns) <= unit and abs(v - value) <= float(step)
    assert re.search(r"h\d+v-\d+", flag), "a state holds, then changes"


def test_a_shorter_handling_than_detection_is_explained_where_it_happens() -> None:
    quick = measurement(latency(900, 10), latency(300, 10))
    usual = measurement(latency(300, 10), latency(900, 10))
    shots = [shot(0, Verdict.PASS, quick), shot(1, Verdict.PASS, usual)]
    one = scenario("x", "t", OVERVOLTAGE, shots, Verdict.PASS)
    assert order_words(one).startswith("In 1 of 2 shots FHTI is smaller than FDTI")
    assert order_words(one) in render_html(dataclasses.replace(sample_run(n=12), scenarios=(one,)))
    assert order_words(dataclasses.replace(one, shots=one.shots[1:])) == ""


def test_the_trend_tells_each_goals_share_of_its_budget_over_the_runs_before(failed: Path) -> None:
    run = load_checked(failed).result
    (one,) = [each for each in goal_trend(run, failed) if each.safety_goal == "SG-WELD"]
    first, last = one.points
    assert (first.verdict, last.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert first.share is not None and 0 < first.share < 1
    assert first.firmware_identity.startswith("reference@") and last.run_id == run.run_id
    page = (failed / "report.html").read_text()
    part = page[page.index("<h2>Over the last builds</h2>") :].partition("<h2>")[2].partition("<h2>")[0]
    assert f"<td>{first.share:.0%}, " in part and first.run_id in part and "v-FAIL" in part
    first_folder = failed.parent / first.run_id
    assert goal_trend(load_checked(first_folder).result, first_folder) == (), "nothing before the first"


def test_a_neighbour_that_was_altered_or_has_other_shots_is_in_no_trend(failed: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(failed.parent, runs)
    own = runs / failed.name
    run = load_checked(own).result
    assert goal_trend(run, own)
    doubled = tuple(dataclasses.replace(one, shots=one.shots * 2) for one in run.scenarios)
    assert goal_trend(dataclasses.replace(run, scenarios=doubled), own) == ()
    (first,) = [one for one in run_folders(tmp_path) if one != own]
    file = first / "result.json"
    file.write_text(file.read_text().replace("reference@", "reference#"))
    assert goal_trend(run, own) == ()

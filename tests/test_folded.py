"""A long run on a terminal: trouble first, what passed folded to its goals, every row on demand."""

import dataclasses
import io

import pytest
from rich.console import Console
from rich.table import Table
from sample_run import sample_run

from bench.report.finding_words import reasons_words
from bench.report.folded import MOST_ROWS, in_order
from bench.report.terminal import natural_width, summary
from bench.verdict.result import RunResult, ScenarioResult, Verdict


def _long_run() -> RunResult:
    """Every scenario of the sample, and twelve copies of one that passed; one of them has the smallest margin."""
    run = sample_run()
    good = next(one for one in run.scenarios if one.judgement.verdict is Verdict.PASS and one.fdti)
    assert good.fdti is not None
    late = dataclasses.replace(good.fdti, max_high_ns=good.budget.fdti_ns - 1_000_000)
    copies = [
        dataclasses.replace(good, scenario_id=f"z-{number:02}{twin}")
        for number in range(6)
        for twin in ("--inside", "")
    ]
    copies[4] = dataclasses.replace(copies[4], fdti=late)
    return dataclasses.replace(run, scenarios=(*copies, *run.scenarios))


def _shown(run: RunResult, width: int | None, *, every: bool) -> str:
    pieces = summary(run, width, every=every)
    out = io.StringIO()
    console = Console(
        file=out, width=width or max(natural_width(one) for one in pieces if isinstance(one, Table))
    )
    for piece in pieces:
        console.print(piece, highlight=False)
    return out.getvalue()


@pytest.mark.parametrize("width", [40, 80, 140, None])
def test_what_passed_is_folded_to_its_goal_and_trouble_comes_first(width: int | None) -> None:
    run = _long_run()
    text = _shown(run, width, every=False)
    passed = [one for one in run.scenarios if one.judgement.verdict is Verdict.PASS]
    trouble = [one for one in run.scenarios if one.judgement.verdict is not Verdict.PASS]
    assert len(passed) > MOST_ROWS
    head, mark, below = text.partition("passed")
    assert mark
    assert trouble
    for one in trouble:
        assert one.scenario_id in head
        assert one.judgement.verdict.name in head
    assert "z-00" not in text
    assert "+1.0 ms" in below, "the least margin of the goal"
    assert ("z-02--inside" in below) == (width is None or width >= 140), (
        "and whose it is, where there is room"
    )
    assert width is None or max(map(len, text.splitlines())) <= width


def test_every_row_is_shown_on_demand_and_where_there_are_few() -> None:
    run = _long_run()
    text = _shown(run, None, every=True)
    assert all(one.scenario_id in text for one in run.scenarios)
    few = dataclasses.replace(run, scenarios=run.scenarios[:MOST_ROWS])
    assert all(one.scenario_id in _shown(few, None, every=False) for one in few.scenarios)


def test_twins_stand_below_their_scenario_and_the_worst_verdict_above_all() -> None:
    run = _long_run()
    shown = in_order(run.scenarios)
    verdicts = [one.judgement.verdict for one in shown]
    assert verdicts == sorted(verdicts, reverse=True)
    ids = [one.scenario_id for one in shown if one.scenario_id.startswith("z-")]
    assert ids == [f"z-{number:02}{twin}" for number in range(6) for twin in ("", "--inside")]


def test_a_goal_counts_its_twins_apart() -> None:
    assert "6 + 6 twins" in _shown(_only_copies(), None, every=False)


def _only_copies() -> RunResult:
    run = _long_run()

    def is_copy(one: ScenarioResult) -> bool:
        return one.scenario_id.startswith("z-")

    return dataclasses.replace(run, scenarios=tuple(filter(is_copy, run.scenarios)))


def test_equal_reasons_are_told_once_with_their_number() -> None:
    run = sample_run()
    bad = next(one for one in run.scenarios if one.judgement.verdict is Verdict.FAIL)
    copies = tuple(dataclasses.replace(bad, scenario_id=f"bad-{number}") for number in range(5))
    (reason,) = reasons_words(bad.judgement)
    text = " ".join(_shown(dataclasses.replace(run, scenarios=copies), None, every=False).split())
    assert text.count(reason) == 1
    assert f"FAIL 5 scenarios, bad-0, bad-1, bad-2 and 2 more: {reason}" in text

"""What a terminal shows of builds, runs and faults, however narrow it is: nothing is cut, and no word is broken."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from small_bench import hil_here
from test_status_sheet import good_scenario, row_of, run_of, sheet_of
from test_trend_pinned import STEP, line
from test_verdict_compare_power import build

import bench.report.terminal  # noqa: F401 - it has the true Console, before any is put in its place
from bench.cli import builds_commands, trend_shown
from bench.faults.find import kinds
from bench.report.comparison import comparison_rows
from bench.report.fitted import FittedRows, fitted
from bench.report.status import COLUMNS
from bench.report.status_words import status_table
from bench.stored.trend import Point
from bench.units import format_ns
from bench.verdict.compare import compare

WIDTHS = [40, 60, 80, 100, 130, 200, None]
ROOT = Path(__file__).parents[1]


def terminal(monkeypatch: pytest.MonkeyPatch, width: int | None) -> io.StringIO:
    """What is printed to a terminal so wide (columns), or to a file."""
    out = io.StringIO()
    where = {} if width is None else {"width": width, "force_terminal": True, "color_system": None}
    monkeypatch.setattr("rich.console.Console", lambda **more: Console(**{"file": out, **more, **where}))
    return out


def whole(text: str, piece: str) -> bool:
    """Whether a figure stands there for itself, and not as a part of a longer one."""
    return re.search(rf"(?<![\w.]){re.escape(piece)}(?![\w.…])", text) is not None


@pytest.mark.parametrize("width", WIDTHS)
def test_a_comparison_cuts_no_figure(width: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(monkeypatch, width)
    rng = np.random.default_rng(5)
    found = compare(build(rng, 59), build(rng, 59, later_ms=80))
    builds_commands._show(found)
    text = out.getvalue()
    rows = comparison_rows(found)
    assert rows
    for row in rows:
        scenario, name, n, shift, relevant, p, relative, absolute, _, tail = row
        moved, _, interval = shift.partition(" (")
        tail_name, _, tail_figures = tail.partition(" ")
        for piece in (scenario, name, n, moved, relevant, p, relative, absolute, tail_name, tail_figures):
            assert whole(text, piece), piece
        assert f"({interval}" in text
    for name in ("shift (95 %)", "relevant", "p", "tail of budget"):
        assert whole(text, name), name


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> tuple[Point, ...]:
    return line(tmp_path_factory.mktemp("trend"), [STEP, STEP**2, STEP**3])["ov"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("names", [("ov-of-a-cell",), ("ov-of-a-cell", "uv-of-the-next-cell")])
def test_a_trend_cuts_no_figure(
    names: tuple[str, ...], width: int | None, points: tuple[Point, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = terminal(monkeypatch, width)
    trend_shown._show_trend(dict.fromkeys(names, points), "fhti", "simulated time, nmc")
    text = out.getvalue()
    for point in points if len(names) == 1 else points[-1:]:
        moved = point.moved_ns
        for piece in (
            point.past.firmware_identity,
            *(point.past.run_id,) * (len(names) == 1),
            *(format_ns(one) for one in (point.value_ns, point.baseline_ns) if one is not None),
            *(() if moved is None else (f"+{format_ns(moved)}",)),
            point.past.verdict.name,
        ):
            assert whole(text, piece), piece
    assert all(name in text for name in (*names, "build", "FHTI", "baseline", "moved"))
    assert width is None or max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [40, 80, 120, 160, 200])
def test_the_status_sheet_breaks_no_word(width: int) -> None:
    row = row_of(run_of(good_scenario()))
    out = io.StringIO()
    Console(file=out, width=width).print(status_table(sheet_of(row), width), highlight=False)
    text = out.getvalue()
    said = [*COLUMNS, *(cell.text for cell in row.cells), row.goal.safety_goal]
    for word in {word for one in said for word in one.split()}:
        assert word in text.split() or f"{word}," in text.split(), word
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [80, 160])
def test_the_list_of_faults_cuts_no_id(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(monkeypatch, width)
    assert hil_here("list", "faults", "--config", str(ROOT / "hil_config.toml")) == 0
    text = out.getvalue()
    assert "…" not in text and max(map(len, text.splitlines())) <= width
    for kind in kinds():
        assert whole(text, kind.name), kind.name
        assert all(whole(text, str(capability)) for capability in kind.variants)


@pytest.mark.parametrize("width", range(40, 100, 3))
def test_words_flow_between_columns_that_do_not(width: int) -> None:
    words = "a cell of a parallel group that was parted from it at 1.5 ms … 2.5 ms of 3,000 h"
    sheet = FittedRows(
        title="t", headings=("id", "what", "took"), rows=[("x-12", words, "15.2 ms")], flowing=frozenset({1})
    )
    out = io.StringIO()
    Console(file=out, width=width).print(fitted(sheet, width), highlight=False)
    text = out.getvalue()
    assert all(one in text for one in ("x-12", "15.2 ms", "1.5 ms … 2.5 ms", "3,000 h", "parallel"))
    assert max(map(len, text.splitlines())) <= width

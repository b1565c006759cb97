"""The space on the terminal: counts by scenario, and why a combination cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.cli.show_run import as_wide_as

if TYPE_CHECKING:
    from bench.verdict.result import SpaceResult

MOST_OF_A_SCENARIO = 5


def show_space(space: SpaceResult) -> None:
    """Everything of it, scenario by scenario."""
    from rich.table import Table

    from bench.report.space import folded_lines, not_run_lines, row_words, space_words

    table = Table(title="Variants of the scenarios that have to trip", title_justify="left")
    for column in ("scenario", "variants", "pairs", "triples", "not possible"):
        table.add_column(column, no_wrap=True)
    for one in space.scenarios:
        table.add_row(one.scenario_id, *row_words(one, fired=bool(space.variants)))
    console = as_wide_as()
    console.print(table)
    for line in (*folded_lines(space, MOST_OF_A_SCENARIO), *not_run_lines(space)):
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    for why, count in space.why_not():
        console.print(f"not possible, {count:,} times: {why}", highlight=False, soft_wrap=True, markup=False)
    for line in space_words(space):
        console.print(line, highlight=False, soft_wrap=True, markup=False)

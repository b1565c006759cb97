"""`hil trace`: safety goal × fault class × ASIL, with mapped, run, passed and absent."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import DEFAULT_CONFIG, ConfigOption, FiltersOption, load_rig, load_scenarios
from bench.cli.show_run import as_wide_as, show_sheet, tell_rules
from bench.cli.space_shown import show_space
from bench.cli.the_run import RUN_HELP, named_run

if TYPE_CHECKING:
    from bench.report.clauses import ClauseRow
    from bench.report.goals import GoalShown
    from bench.report.told.bench import TraceTold
    from bench.report.traceability import Row
    from bench.verdict.result import RunResult, SpaceResult
    from bench.wiring.common import Wired


def trace(
    named: Annotated[
        str | None, typer.Argument(help=f"{RUN_HELP} What was run, and passed.", metavar="RUN")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    space: Annotated[
        bool, typer.Option("--space", help="The variants of scenarios: pairs covered, and what cannot be.")
    ] = False,
    standards: Annotated[
        bool, typer.Option("--standards", help="Every clause, each with its denominator.")
    ] = False,
    asked: FiltersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which safety goals are served by which faults, and which are not. Exit 1: one is absent, 3: altered."""
    from bench.cli.altered import end, ended_with, tell_altered
    from bench.report.clauses import clause_rows
    from bench.report.goals import not_shown
    from bench.report.traceability import denominator, outside, rows
    from bench.report.words import EVIDENCE_WORTH
    from bench.running.filter_words import joined
    from bench.running.load import whole_library
    from bench.stored.builds import load_checked
    from bench.verdict.budgets import load_budgets

    run = None if named is None else named_run(named)
    wired = load_rig(config, None, None, None)
    _, budgets_file = load_scenarios(wired, None, None)  # says what is wrong with a file
    library = whole_library(wired)
    stored = None if run is None else load_checked(run)
    results, altered = ((), ()) if stored is None else (stored.result.scenarios, stored.altered)
    chemistry = "" if stored is None else stored.result.chemistry
    tell_altered(run, altered, err=as_json)
    found = rows(library, denominator(load_budgets(budgets_file), library.lent), results, chemistry)
    clauses = clause_rows(library, results)
    spanned = _space_of(wired, None if stored is None else stored.result, joined(asked)) if space else None
    code = 1 if any(row.absent for row in found) else 0
    goals = {row.safety_goal: row.shown for row in found}
    lacking = not_shown(shown for shown in goals.values() if shown)
    if as_json:
        raise say(
            _told(run, None if stored is None else stored.result, found, lacking, clauses, altered, spanned),
            ended_with(code, altered),
        )
    if spanned is not None:
        show_space(spanned)
        raise end(0 if spanned.verdict.expected or not spanned.variants else 1, altered)
    if standards:
        _show_every_clause(clauses, told=stored is not None)
        raise end(0, altered)
    _show(found, lacking, told=stored is not None)
    _show_clauses(clauses)
    if stored is not None:
        if others := outside(library, results):
            typer.echo(f"in the run, but not in the library, so in no row: {', '.join(others)}")
        tell_rules(stored.result)
        typer.echo(f"evidence: {EVIDENCE_WORTH[stored.result.evidence_class]}")
    raise end(code, altered)


def _told(
    run: Path | None,
    result: RunResult | None,
    found: list[Row],
    lacking: list[GoalShown],
    clauses: list[ClauseRow],
    altered: Sequence[str],
    space: SpaceResult | None,
) -> TraceTold:
    from bench.report.told.bench import ClauseTold, TraceRow, TraceTold
    from bench.report.traceability import denominator_words

    def row(one: Row) -> TraceRow:
        own = {
            field.name: getattr(one, field.name) for field in dataclasses.fields(one) if field.name != "shown"
        }
        return TraceRow(**own, shown=one.word or None)

    return TraceTold(
        run=None if run is None else str(run),
        evidence=None if result is None else result.evidence_class,
        rows=tuple(map(row, found)),
        summary=denominator_words(found),
        not_shown=tuple(one.words for one in lacking),
        clauses=tuple(
            ClauseTold(
                clause=one.clause,
                performed_by=one.performed_by,
                touched_by=one.touched_by,
                verdicts=one.verdicts,
                not_run=one.not_run,
            )
            for one in clauses
        ),
        altered=tuple(altered),
        space=space,
    )


def _space_of(wired: Wired, run: RunResult | None, only: str | None) -> SpaceResult:
    """The space that a run has fired; without a run, the space of the library."""
    from bench.errors import ConfigError
    from bench.running.load import select_scenarios
    from bench.running.variants import result_of, space_of

    if run is not None:
        if run.space is None:
            raise ConfigError(
                f"{run.run_id}: found a run, and runs fire no variants yet; expected --space without a run"
            )
        return run.space
    whole = select_scenarios(wired, None, None).prepared
    asked = whole if only is None else select_scenarios(wired, None, only).prepared
    return result_of(space_of(wired, asked, whole, 1), {})


def _show_every_clause(found: list[ClauseRow], *, told: bool) -> None:
    from rich.table import Table

    from bench.report.clauses import clause_words

    table = Table(title="Clauses of standards", title_justify="left")
    for column in ("clause", "performed by", "run", "passed", "touched by"):
        table.add_column(column, no_wrap=True)
    for one in found:
        run = len(one.performed_by) - len(one.not_run)
        counts = (str(run), str(one.verdicts.count("PASS"))) if told else ("–", "–")
        table.add_row(one.clause, str(len(one.performed_by)), *counts, str(len(one.touched_by)))
    console = as_wide_as()
    console.print(table)
    console.print(clause_words(found), highlight=False, soft_wrap=True)


def _show(found: list[Row], lacking: list[GoalShown], *, told: bool) -> None:
    """told: whether there is a run to be told of."""
    from bench.report.fitted import FittedRows
    from bench.report.goals import NOT_SHOWN
    from bench.report.traceability import denominator_words

    headings = (
        "goal",
        "ASIL",
        "fault class",
        "mapped",
        "run",
        "passed",
        "quiet twins",
        "by own times",
        "not passed",
    )
    rows, styles = [], []
    for row in found:
        counts = (row.mapped, row.run, row.passed)
        rows.append(
            (
                row.safety_goal,
                row.asil,
                row.fault_class or "absent",
                *map(str, counts),
                f"{row.quiet_passed} of {row.quiet}" if row.quiet else "–",
                _shown(row) if told else "–",
                ", ".join(f"{one} (GAP)" if one in row.gaps else one for one in row.not_passed),
            )
        )
        styles.append("red" if not row.fault_class or _is_over(row) else "")
    filled = [at for at, _ in enumerate(headings) if any(row[at] not in ("", "–") for row in rows)]
    show_sheet(
        FittedRows(
            title="Safety goals and what serves them",
            headings=[headings[at] for at in filled],
            rows=[[row[at] for at in filled] for row in rows],
            styles=styles,
            lead=(0, 2),
            flowing=frozenset({len(headings) - 1}),
        )
    )
    console = as_wide_as()
    console.print(
        denominator_words(found),
        highlight=False,
    )
    for one in lacking:
        console.print(
            f"{NOT_SHOWN} {one.words}", style="red" if one.over else "", highlight=False, soft_wrap=True
        )


def _show_clauses(found: list[ClauseRow]) -> None:
    """What is performed clause by clause; what is only touched in a line."""
    from bench.report.clauses import clause_words

    console = as_wide_as()
    if not found:
        return
    console.print(clause_words(found), highlight=False, soft_wrap=True)
    for one in found:
        if one.performed_by:
            console.print(f"  {one.clause}: {one.words}", highlight=False, soft_wrap=True)
    touched = ", ".join(f"{one.clause} ({len(one.touched_by)})" for one in found if not one.performed_by)
    if touched:
        console.print(f"  touched only (by how many): {touched}", highlight=False, soft_wrap=True)


def _is_over(row: Row) -> bool:
    return bool(row.run and row.shown is not None and row.shown.over)


def _shown(row: Row) -> str:
    return row.word if _is_over(row) else row.told or "not run"


COMMAND = Command(name="trace", call=trace, place=250)

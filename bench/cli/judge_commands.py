"""`hil rejudge`, `verify`, `sign` and `report`: what a stored run says, without driving anything."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import VerboseOption
from bench.cli.show_run import show_last_line, show_tables, tell_qualified, tell_rules
from bench.cli.status_sheet import status_sheet
from bench.cli.the_run import RUN_HELP, RunArgument, named_run

if TYPE_CHECKING:
    from bench.report.told.stored import RejudgeTold, ReportTold, VerifyTold
    from bench.stored.rejudge import Rejudged
    from bench.verdict.result import RunResult


def rejudge(
    run: RunArgument,
    budgets: Annotated[
        Path | None, typer.Option("--budgets", help="Other safety goals: show what would change.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute every verdict from the stored frames and events alone, and compare; of older rules, by today's.

    The run too: its plan from its copies of files, its scenarios from their shots, its numbers. On all processors.
    Exit 1 differs, 3 altered, an aborted run without footer, or one whose copies make no bench any more.
    """
    from bench.cli.altered import end, ended_with, reading_on, tell_altered
    from bench.door.stored import altered_in, rejudged

    altered = altered_in(run)
    tell_altered(run, altered, err=as_json)
    with reading_on(altered):
        made = rejudged(run, budgets, altered)
    outcome, code = made.found, made.exit_code
    if as_json:
        raise say(_rejudged(run, outcome, budgets, altered), ended_with(code, altered))
    _show_rejudged(run, outcome, budgets, altered)
    raise end(code, altered)


def _rejudged(run: Path, outcome: Rejudged, budgets: Path | None, altered: Sequence[str]) -> RejudgeTold:
    from bench.report.told.stored import RejudgeTold
    from bench.verdict.rules import RULES

    return RejudgeTold(
        run=str(run),
        shots=outcome.shots,
        agreed=outcome.agreed,
        differences=outcome.differences,
        of_run=outcome.of_run,
        scenarios=outcome.scenarios,
        scenarios_agreed=outcome.scenarios_agreed,
        rules=outcome.rules,
        rules_now=RULES,
        budgets=None if budgets is None else str(budgets),
        note=outcome.note,
        unchecked=outcome.unchecked,
        aborted=outcome.aborted,
        altered=tuple(altered),
    )


def _show_rejudged(run: Path, outcome: Rejudged, budgets: Path | None, altered: Sequence[str]) -> None:
    from rich.console import Console
    from rich.markup import escape

    from bench.verdict.rules import RULES

    console = Console()
    older = budgets is None and outcome.rules < RULES
    word = "would change" if budgets is not None else f"rules {RULES} change" if older else "differs"
    if older:
        told = f"{run}: was judged by rules {outcome.rules}, and is now by rules {RULES}"
        console.print(told, highlight=False, soft_wrap=True)
    for note in (outcome.note, outcome.unchecked):
        if note is not None:
            console.print(note, highlight=False, soft_wrap=True, markup=False)
    for line in (*outcome.differences, *outcome.of_run):
        console.print(f"[red]{word}[/] {escape(line)}", highlight=False, soft_wrap=True)
    if outcome.aborted:
        why = "it has no footer.json, so nothing shows that it is whole; judged is what it left"
        console.print(f"{run}: {why}", highlight=False, soft_wrap=True, markup=False)
    if outcome.scenarios:
        added = f"{outcome.scenarios_agreed} of {outcome.scenarios} scenarios add up as recorded"
        console.print(added, highlight=False)
    before = "ALTERED, no evidence: " if altered else "ABORTED, a prefix: " if outcome.aborted else ""
    judged = f"{before}{outcome.agreed} of {outcome.shots} shots judged as recorded"
    console.print(judged, highlight=False)


def verify(
    run: RunArgument,
    key: Annotated[
        str | None, typer.Option("--key", help="Public key (hex) that must have signed it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find any changed byte in the evidence. Exit 0 untouched, 1 altered, 3 an aborted run without footer.

    For evidence on the bench (runs/qualifications/…) it also tells whether each part reaches its minimum, by its
    rows, and who has reviewed it. For a review it tells whether the review still holds. Exit 1 where not.
    """
    import re

    from bench.confidence.reviewed import FILE as REVIEW
    from bench.confidence.reviewed import is_review, newest_review, read_review, why_not_reviewed
    from bench.confidence.sealed import is_qualification, why_not_good
    from bench.errors import ConfigError
    from bench.record.chain import SIGNATURE
    from bench.record.folder import verify_files
    from bench.record.signature import check_signature
    from bench.report.told.stored import VerifyTold

    if key is not None and not re.fullmatch("[0-9a-fA-F]{64}", key):
        raise ConfigError(f"--key: found '{key}'; expected the 64 hex digits that `hil sign` prints")
    footer, lines = verify_files(run)
    signed = (run / SIGNATURE).is_file()
    trouble = None
    if footer is not None:
        trouble = check_signature(run, key) if signed else ("not signed" if key is not None else None)
    of_the_tool, of_a_review = is_qualification(run), is_review(run)
    not_good = why_not_good(run) if of_the_tool else why_not_reviewed(run) if of_a_review else None
    review = newest_review(run) if of_the_tool else read_review(run / REVIEW) if of_a_review else None
    chain = (footer or {}).get("chain")
    found = VerifyTold(
        run=str(run),
        intact=footer is not None and not lines and trouble is None,
        aborted=footer is None,
        files=len(footer["sha256"]) if footer is not None else 0,
        chain=chain if isinstance(chain, str) else None,
        altered=tuple(lines),
        signed=signed,
        key=key,
        signature=trouble,
        not_shown=not_good,
        reviewed=None if review is None else review.words,
    )
    code = 3 if found.aborted else 0 if found.intact and not_good is None else 1
    if as_json:
        raise say(found, code)
    _show_verified(found)
    if of_the_tool or of_a_review:
        typer.echo(_worth(found, of_a_review))
    raise typer.Exit(code)


def _worth(found: VerifyTold, of_a_review: bool) -> str:
    """What a folder of evidence on the bench, or a review of it, is worth."""
    if found.not_shown is not None:
        return f"{'THE REVIEW DOES NOT HOLD' if of_a_review else 'NOT SHOWN'}: {found.not_shown}"
    if of_a_review:
        return str(found.reviewed)
    return f"evidence for a qualification, by its rows; {found.reviewed or 'reviewed by nobody'}"


def _show_verified(found: VerifyTold) -> None:
    if found.aborted:
        typer.echo("aborted: no footer.json, so there is nothing to verify against")
        return
    for line in found.altered:
        typer.echo(f"altered {line}")
    if found.signature is not None:
        typer.echo(f"signature: {found.signature}")
    if found.intact:
        by = "" if found.key else " (by the key it names itself)"
        told = f"signature good{by}" if found.signed else "not signed"
        typer.echo(f"{found.files} files as written, chain {(found.chain or 'absent')[:16]}, {told}")


def sign(
    key: Annotated[Path, typer.Option("--key", help="Ed25519 private key in PEM.")],
    run: Annotated[str | None, typer.Argument(help=RUN_HELP, show_default=False)] = None,
    new: Annotated[bool, typer.Option("--new-key", help="Make the key file first.")] = False,
) -> None:
    """Sign a run's footer, and with it every file of the run. Needs the extra 'sign'."""
    import importlib.util

    from bench.errors import ConfigError, RecordError
    from bench.record.folder import open_run
    from bench.record.signature import new_key
    from bench.record.signature import sign as sign_run
    from bench.record.targets import keep_out_of_runs

    if importlib.util.find_spec("cryptography") is None:
        raise ConfigError("hil sign: found no 'cryptography'; expected it: pip install 'bms-hil-bench[sign]'")
    if new:
        keep_out_of_runs("--key", key)
        typer.echo(f"public key {new_key(key)}")
    if run is None:
        if not new:
            raise ConfigError("hil sign: found no run folder; expected one")
        return
    folder = named_run(run)
    opened = open_run(folder)
    if opened.footer is None:
        raise RecordError(f"{run}: an aborted run has no footer to sign")
    if lines := opened.altered():
        raise RecordError(f"{run}: altered since it was written, so it is not signed: {lines[0]}")
    typer.echo(f"signed with {sign_run(folder, key)}")


def report(
    named: Annotated[str, typer.Argument(help=RUN_HELP, metavar="RUN")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the HTML report here.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The summary for a pull request.")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="The sheet of one page: each safety goal, and what is not shown.")
    ] = False,
    requirements: Annotated[
        Path | None,
        typer.Option(
            "--requirements",
            help="Their texts for --status: CSV (columns id, text) or ReqIF.",
            show_default=False,
        ),
    ] = None,
    verbose: VerboseOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show a stored run's table again, or write its HTML report again from the evidence alone. Exit 3 if altered."""
    from bench.cli.altered import end, ended_with, reading_on, tell_altered
    from bench.errors import ConfigError
    from bench.record.targets import is_report_of, try_file
    from bench.stored.builds import load_checked

    if markdown and as_json:
        raise ConfigError("hil report: found --markdown and --json; expected one of them")
    if requirements is not None and not status:
        raise ConfigError("hil report: found --requirements without --status; expected both, or none")
    run = named_run(named)
    if status:
        raise status_sheet(run, out, requirements, markdown=markdown, as_json=as_json)
    own = out is not None and is_report_of(run, out)
    if not own:
        try_file("--out", out)
    quiet = markdown or as_json
    stored = load_checked(run)
    result, altered = stored.result, stored.altered
    tell_altered(run, altered, err=quiet)
    if markdown:
        with reading_on(altered):
            typer.echo(_as_markdown(result, run, altered), nl=False)
    elif not as_json:
        show_tables(result, run, every=verbose)
        with reading_on(altered):
            tell_qualified(run)
        tell_rules(result)
    if own and out is not None:
        _write_own(result, run, out, altered)
    elif out is not None:
        _write_elsewhere(result, run, out, altered, quiet=quiet)
    if out is not None:
        typer.echo(f"report  {out}", err=quiet)
    if as_json:
        raise say(_reported(result, altered, out, run), ended_with(0, altered))
    if not markdown:
        show_last_line(result, altered=bool(altered))
    raise end(0, altered)


def _as_markdown(result: RunResult, run: Path, altered: tuple[str, ...]) -> str:
    from bench.record.folder import open_run
    from bench.report.comparison import run_markdown
    from bench.stored.gather import beside, covered_words

    covered, of = covered_words(result, run)
    extras = beside(result, open_run(run))
    return run_markdown(
        result,
        covered,
        of.trouble,
        altered,
        qualified_by=of.by,
        library=extras.library,
        extras=extras,
    )


def _write_elsewhere(
    result: RunResult, run: Path, out: Path, altered: tuple[str, ...], *, quiet: bool
) -> None:
    from bench.cli.altered import reading_on
    from bench.report.extras import ReportExtras
    from bench.report.html import write_html
    from bench.stored.gather import gather
    from bench.stored.shot_pages import way_to_run

    if altered:  # what was altered may not give a whole report; the page has to be a warning all the same
        write_html(result, out, extras=ReportExtras(altered=altered))
    try:
        with reading_on(altered):
            extras = gather(result, run, at_end=False, to_run=way_to_run(out, run))
            write_html(result, out, extras=dataclasses.replace(extras, altered=altered))
    except typer.Exit:
        if not quiet:
            show_last_line(result, altered=True)
        raise


def _write_own(result: RunResult, run: Path, out: Path, altered: Sequence[str]) -> None:
    """The page in the run's own folder, which its footer names: never with another content. Raises ConfigError."""
    from bench.errors import ConfigError
    from bench.record.chain import FOOTER
    from bench.report.html import write_html
    from bench.stored.gather import gather

    elsewhere = "expected a place outside of the run's folder"
    if altered:
        raise ConfigError(f"--out: {out} lies in a run that is not as it was written; {elsewhere}")
    extras = gather(result, run)
    if not (run / FOOTER).exists():
        write_html(result, out, extras=extras)
        return
    with tempfile.TemporaryDirectory() as aside:
        page = Path(aside) / out.name
        write_html(result, page, extras=extras)
        if not out.is_file() or out.read_bytes() != page.read_bytes():
            raise ConfigError(f"--out: {out} is sealed, and the report made now differs from it; {elsewhere}")


def _reported(result: RunResult, altered: Sequence[str], out: Path | None, run: Path) -> ReportTold:
    from bench.report.goals import shown_goals
    from bench.report.told.stored import GoalTold, ReportTold
    from bench.stored.own_inputs import library_of
    from bench.verdict.family import at_once
    from bench.verdict.uncertainty import uncertainty_of_run

    return ReportTold(
        run=result,
        verdict=result.verdict,
        goals=tuple(
            GoalTold(safety_goal=name, asil=one.goal.asil, word=one.word, over=one.over, lines=one.lines)
            for name, one in shown_goals(result, library=library_of(run)).items()
        ),
        altered=tuple(altered),
        written=None if out is None else str(out),
        at_once=at_once(result.scenarios),
        uncertainty=uncertainty_of_run(result),
    )


REJUDGE = Command(name="rejudge", call=rejudge, place=60)
VERIFY = Command(name="verify", call=verify, place=70)
SIGN = Command(name="sign", call=sign, place=80)
REPORT = Command(name="report", call=report, place=90)

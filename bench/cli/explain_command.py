"""`hil explain`: what a finding's code means, whom it blames, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.errors import ConfigError
from bench.measure.finding.closed_set import FINDINGS
from bench.report.finding_advice import codes_page, explain

if TYPE_CHECKING:
    from bench.report.told.bench import ExplainTold


def explain_finding(
    codes: Annotated[
        list[str] | None, typer.Argument(metavar="CODE…", help="Codes, as results carry them.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="All codes as a page in Markdown.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Explain findings by their codes; without any: list the codes."""
    if page and as_json:
        raise ConfigError("hil explain: found --page and --json; expected one of them")
    if page:
        typer.echo(codes_page(), nl=False)
        return
    try:
        texts = [explain(code) for code in codes or ()]
    except KeyError as error:
        raise ConfigError(error.args[0]) from error
    if as_json:
        raise say(_told(codes or sorted(FINDINGS)), 0)
    typer.echo("\n\n".join(texts) if texts else "\n".join(sorted(FINDINGS)))


def _told(codes: Sequence[str]) -> ExplainTold:
    from bench.report.told.bench import CodeTold, ExplainTold

    found = [CodeTold(code=one, blame=FINDINGS[one].blame, text=explain(one)) for one in codes]
    return ExplainTold(codes=tuple(found))


COMMAND = Command(name="explain", call=explain_finding, place=50)

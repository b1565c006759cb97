"""`hil explain`: what a finding's code means, whom it blames, and what to do."""

from typing import Annotated

import typer

from bench.errors import ConfigError
from bench.measure.finding.closed_set import FINDINGS
from bench.report.finding_advice import codes_page, explain


def explain_finding(
    codes: Annotated[
        list[str] | None, typer.Argument(metavar="CODE…", help="Codes, as results carry them.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="All codes as a page in Markdown.")] = False,
) -> None:
    """Explain findings by their codes; without any: list the codes."""
    if page:
        typer.echo(codes_page(), nl=False)
        return
    try:
        texts = [explain(code) for code in codes or ()]
    except KeyError as error:
        raise ConfigError(f"{error.args[0]}; `hil explain` lists them all") from error
    typer.echo("\n\n".join(texts) if texts else "\n".join(sorted(FINDINGS)))


def register(app: typer.Typer) -> None:
    app.command("explain")(explain_finding)

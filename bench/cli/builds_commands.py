"""`hil compare` and `hil bisect` (and `hil trend`, beside): what changed between firmware builds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import DEFAULT_CONFIG, ConfigOption, load_rig
from bench.cli.trend_shown import trend

if TYPE_CHECKING:
    from bench.report.told.builds import BisectTold, CompareTold
    from bench.search.bisect import Bisection
    from bench.verdict.compare import Comparison
    from bench.verdict.result import RunResult

RunsOption = Annotated[
    Path, typer.Option("--runs", help="Where run folders are, for runs given by id or firmware name.")
]


# By the word in the column "relative".
_ROW_STYLES = {"slower": "red", "wider": "red", "worse": "red", "looks slower": "yellow"}


def compare(
    base: Annotated[
        str, typer.Argument(help="The build to compare with: run folder, id, 'last', label or firmware.")
    ],
    new: Annotated[
        str, typer.Argument(help="The build in question: run folder, id, 'last', label or firmware.")
    ],
    runs: RunsOption = Path("runs"),
    shift: Annotated[
        str | None, typer.Option("--shift", help='Smallest shift worth an alarm, as "2 ms" (default: 2 %).')
    ] = None,
    base_too: Annotated[
        list[str] | None,
        typer.Option(
            "--base-too", help="A run to be taken together with BASE, under another seed; repeat it."
        ),
    ] = None,
    new_too: Annotated[
        list[str] | None,
        typer.Option("--new-too", help="A run to be taken together with NEW, under another seed; repeat it."),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="For a pull request.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Has NEW become slower than BASE? Exit 0 no and it passes, 1 worse or FAIL, 3 not decided (or altered)."""
    from bench.door.stored import compared
    from bench.errors import ConfigError
    from bench.report.comparison import comparison_markdown

    if markdown and as_json:
        raise ConfigError("hil compare: found --markdown and --json; expected one of them")
    found = compared([base, *(base_too or ())], [new, *(new_too or ())], runs, shift)
    if as_json:
        raise say(_compared(found), found.exit_code)
    if markdown:
        typer.echo(comparison_markdown(found), nl=False)
    else:
        _show(found)
    raise typer.Exit(found.exit_code)


def _compared(found: Comparison) -> CompareTold:
    from bench.report.comparison import headline
    from bench.report.told.builds import BuildTold, CompareTold

    def build(run: RunResult) -> BuildTold:
        return BuildTold(
            run_id=run.run_id,
            started_utc=run.started_utc,
            firmware=run.firmware,
            firmware_identity=run.firmware_identity,
            chemistry=run.chemistry,
            timebase=run.timebase,
            evidence=run.evidence_class,
            verdict=run.verdict,
        )

    return CompareTold(
        base=build(found.base),
        new=build(found.new),
        headline=headline(found),
        refused=found.refused,
        altered=found.altered,
        left_out=found.left_out,
        regressions=found.regressions,
        undecided=tuple(f"{one.scenario_id}: {one.name}" for one in found.undecided),
        absolute={one.scenario_id: one.judgement.verdict for one in found.new.scenarios},
        metrics=found.metrics,
        handled=found.handled,
    )


def _show(found: Comparison) -> None:
    from rich.console import Console

    from bench.cli.show_run import show_sheet
    from bench.report.comparison import HEADINGS, comparison_rows, headline, notes
    from bench.report.fitted import FittedRows
    from bench.timing.evidence_class import CLASS_WORDS

    console = Console()
    if found.metrics or found.handled:
        evidence = CLASS_WORDS[found.new.evidence_class]
        title = f"{found.new.firmware_identity} against {found.base.firmware_identity}, {evidence}"
        rows = comparison_rows(found)
        styles = [_ROW_STYLES.get(row[6], "") for row in rows]
        show_sheet(
            FittedRows(
                title=title,
                headings=HEADINGS,
                rows=rows,
                styles=styles,
                lead=(6, 0, 1),
                flowing=frozenset({8}),
            )
        )
    for line in found.left_out:
        console.print(f"not compared: {line}", highlight=False, soft_wrap=True)
    for line in notes(found):
        console.print(line, highlight=False, soft_wrap=True)
    console.print(headline(found), highlight=False, soft_wrap=True)


def bisect(
    good: Annotated[str, typer.Argument(help="A build known to be good.")],
    bad: Annotated[str, typer.Argument(help="A build known to be bad.")],
    scenario: Annotated[str, typer.Argument(help="The scenario's id.")],
    among: Annotated[
        str | None, typer.Option("--among", help="Builds between GOOD and BAD, oldest first: a,b,c.")
    ] = None,
    build: Annotated[
        str | None,
        typer.Option(
            "--build",
            help="Command that makes a build, as 'make REV={build}'. Without --among "
            "the builds are the git commits GOOD..BAD of this folder.",
        ),
    ] = None,
    firmware: Annotated[
        str, typer.Option("--firmware", help="What to run for a build, as 'out/{build}/bms'.")
    ] = "{build}",
    config: ConfigOption = DEFAULT_CONFIG,
    shots: Annotated[int, typer.Option("--shots", min=4, max=59, help="Shots to learn GOOD and BAD.")] = 8,
    error: Annotated[float, typer.Option("--error", help="Accepted chance of a wrong answer.")] = 0.05,
    as_json: JsonOption = False,
) -> None:
    """Find the first bad build between GOOD and BAD, with the fewest shots that --error allows. Exit 3: a range."""
    from bench.errors import ConfigError
    from bench.search.bisect import bisect as search

    if not 0 < error < 0.5:
        raise ConfigError(f"--error {error}: expected a chance between 0 and 0.5")
    if among is not None:
        between = [name.strip() for name in among.split(",") if name.strip()]
        builds = list(dict.fromkeys([good, *between, bad]))
    elif build is not None:
        builds = [good, *_commits(good, bad)]
    else:
        raise ConfigError("hil bisect: found neither --among nor --build; expected the builds in between")
    found = search(builds, _shooter(config, scenario, build, firmware), error, shots)
    code = 3 if found.first_bad is None else 0
    if as_json:
        raise say(_bisected(scenario, found), code)
    for line in found.log:
        typer.echo(line)
    if found.skipped:
        typer.echo(f"could not be told: {', '.join(found.skipped)}")
    after = f"(last good: {found.last_good}), {found.shots} shots in all"
    if found.first_bad is None:
        typer.echo(f"first bad build: one of {', '.join(found.candidates)} {after}")
    else:
        typer.echo(f"first bad build: {found.first_bad} {after}")
    raise typer.Exit(code)


def _bisected(scenario: str, found: Bisection) -> BisectTold:
    from bench.report.told.builds import BisectTold

    return BisectTold(
        scenario=scenario,
        first_bad=found.first_bad,
        candidates=tuple(found.candidates),
        last_good=found.last_good,
        skipped=tuple(found.skipped),
        shots=found.shots,
        log=tuple(found.log),
    )


def _commits(good: str, bad: str) -> list[str]:
    import subprocess

    from bench.errors import ConfigError

    line = ["git", "rev-list", "--reverse", "--first-parent", f"{good}..{bad}"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    commits = done.stdout.split()
    if done.returncode or not commits:
        raise ConfigError(
            f"git rev-list {good}..{bad}: found {done.stderr.strip() or 'no commit'}; expected some"
        )
    return commits


def _shooter(config: Path, scenario: str, build: str | None, firmware: str) -> Any:
    """Shots of one build: built once, loaded once."""
    from bench.errors import ConfigError, DutError, nearest
    from bench.running.load import load_scenarios
    from bench.running.shots import shoot
    from bench.search.bisect import run_build

    loaded: dict[str, Any] = {}

    def load(name: str) -> Any:
        if build is not None:
            run_build(build, name)
        try:
            wired = load_rig(config, None, firmware.replace("{build}", name), None)
        except ConfigError as error:
            if build is None:
                raise
            raise DutError(str(error)) from error
        prepared, _ = load_scenarios(wired, None, None)
        one = next((p for p in prepared if p.scenario.id == scenario), None)
        if one is None:
            near = nearest(scenario, (p.scenario.id for p in prepared))
            raise ConfigError(f"scenario '{scenario}': unknown; expected one of `hil list`{near}")
        return wired, one

    def fire(name: str, index: int) -> Any:
        if name not in loaded:
            loaded[name] = load(name)
        wired, one = loaded[name]
        return shoot(wired, one, index, 59, 1, None)

    return fire


COMPARE = Command(name="compare", call=compare, place=140)
TREND = Command(name="trend", call=trend, place=150)
BISECT = Command(name="bisect", call=bisect, place=160)

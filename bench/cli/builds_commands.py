"""`hil compare`, `hil trend` and `hil bisect`: what changed between firmware builds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.options import DEFAULT_CONFIG, ChemistryOption, ConfigOption, FilterOption, load_rig

if TYPE_CHECKING:
    from bench.verdict.compare import Comparison

RunsOption = Annotated[
    Path, typer.Option("--runs", help="Where run folders are, for runs given by id or firmware name.")
]


# By the word in the column "relative".
_ROW_STYLES = {"slower": "red", "wider": "red", "worse": "red", "looks slower": "yellow"}


def register(app: typer.Typer) -> None:
    app.command(name="compare")(compare)
    app.command(name="trend")(trend)
    app.command(name="bisect")(bisect)


def compare(
    base: Annotated[str, typer.Argument(help="The build to compare with: run folder, run id or firmware.")],
    new: Annotated[str, typer.Argument(help="The build in question: run folder, run id or firmware.")],
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
) -> None:
    """Has NEW become slower than BASE? Exit 0 no and it passes, 1 worse or FAIL, 3 not decided (or altered)."""
    from bench.campaign.builds import load_side
    from bench.errors import ConfigError
    from bench.report.comparison import comparison_markdown
    from bench.units import parse_duration_ns
    from bench.verdict.compare import compare as compare_runs

    relevant_ns = None
    if shift is not None:
        try:
            relevant_ns = parse_duration_ns(shift)
        except ValueError as error:
            raise ConfigError(f"--shift: {error}") from error
    before, told = load_side([base, *(base_too or ())], runs)
    after, told_too = load_side([new, *(new_too or ())], runs)
    found = compare_runs(before, after, relevant_ns, [*told, *told_too])
    if markdown:
        typer.echo(comparison_markdown(found), nl=False)
    else:
        _show(found)
    raise typer.Exit(found.exit_code)


def _show(found: Comparison) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from bench.cli.show_run import as_wide_as
    from bench.report.comparison import HEADINGS, comparison_rows, headline, notes
    from bench.report.terminal import natural_width

    console = Console()
    if found.metrics or found.handled:
        title = f"{found.new.firmware_identity} against {found.base.firmware_identity}"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        for name in HEADINGS:
            table.add_column(name, no_wrap=name == "scenario")
        for row in comparison_rows(found):
            table.add_row(*row, style=_ROW_STYLES.get(row[6], ""))
        console = as_wide_as(natural_width(table))
        console.print(table)
    for line in found.left_out:
        console.print(f"not compared: {line}", highlight=False, soft_wrap=True)
    for line in notes(found):
        console.print(line, highlight=False, soft_wrap=True)
    console.print(headline(found), highlight=False, soft_wrap=True)


def trend(
    config: ConfigOption = DEFAULT_CONFIG,
    only: FilterOption = None,
    time: Annotated[
        str, typer.Option("--time", help="simulated or real; they never share a line.")
    ] = "simulated",
    chemistry: ChemistryOption = None,
    metric: Annotated[
        str, typer.Option("--metric", help="fdti or fhti, the worst shot's upper end.")
    ] = "fhti",
    last: Annotated[int, typer.Option("--last", min=2, help="How many runs to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Each metric over builds, with the rolling baseline of the five like runs before (same rig and scenario file)."""
    import json

    from bench.campaign.trend import altered_among
    from bench.campaign.trend import trend as trend_of
    from bench.cli.altered import end, tell_altered
    from bench.errors import ConfigError
    from bench.record.database import ResultsDatabase
    from bench.timing.clock import Timebase

    if metric not in ("fdti", "fhti") or time not in ("simulated", "real"):
        raise ConfigError(f"--metric {metric} --time {time}: expected fdti or fhti, simulated or real")
    wired = load_rig(config, None, None, chemistry)
    if isinstance(wired.config.record.database, Path) and not wired.config.record.database.exists():
        raise ConfigError(f"{wired.config.record.database}: no results yet; `hil run` makes them")
    database = ResultsDatabase(wired.config.record.database)
    timebase = Timebase.SIMULATED if time == "simulated" else Timebase.HOST
    names = [name for name in database.scenario_ids(timebase) if only is None or only in name]
    chosen = wired.config.pack.chemistry
    found = {name: trend_of(database, name, timebase, chosen, metric) for name in names}
    found = {name: one for name, one in found.items() if any(map(_telling, one.points))}
    series = {name: one.points[-last:] for name, one in found.items()}
    apart = {name: dict(one.apart) for name, one in found.items() if one.apart}
    runs = [point.past.run_id for points in series.values() for point in points]
    altered = altered_among(runs, wired.config.record.folder)
    tell_altered("among these runs", altered, err=as_json)
    if as_json:
        lines = {name: [_point(p) for p in points] for name, points in series.items()}
        typer.echo(json.dumps({"series": lines, "left_apart": apart, "altered": altered}))
    else:
        _show_trend(series, metric, f"{time} time, {chosen}")
        _tell_apart(apart)
    raise end(0, altered)


def _telling(point: Any) -> bool:
    """A must-not-trip scenario that has always passed has no latency and tells nothing."""
    return point.value_ns is not None or point.past.verdict.name != "PASS"


def _tell_apart(apart: dict[str, dict[str, int]]) -> None:
    """What is not in the lines above, told once where scenarios share it."""
    alike: dict[str, list[str]] = {}
    for name, why in apart.items():
        alike.setdefault(", ".join(f"{count} {text}" for text, count in why.items()), []).append(name)
    for told, names in alike.items():
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        typer.echo(f"left apart from the newest runs' line: {told} ({shown})")


def _point(point: Any) -> dict[str, Any]:
    from bench.record.codable import encode

    return {
        "run_id": point.past.run_id,
        "firmware_identity": point.past.firmware_identity,
        "verdict": point.past.verdict.name,
        "findings": encode(point.past.reasons),
        "value_ns": point.value_ns,
        "baseline_ns": point.baseline_ns,
        "notable": point.notable,
    }


def _show_trend(series: dict[str, Any], metric: str, condition: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from bench.campaign.trend import sparkline
    from bench.units import format_ns

    console = Console()
    if not console.is_terminal:
        console = Console(width=130)
    one = len(series) == 1
    title = f"worst {metric.upper()} over builds, {condition}" + (f", {next(iter(series))}" if one else "")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    first = ("run",) if one else ("scenario", "runs")
    for name in (
        *first,
        "newest build" if not one else "build",
        metric.upper(),
        "baseline",
        "moved",
        "verdict",
    ):
        table.add_column(name, no_wrap=name in ("scenario", "run"))

    def cells(point: Any) -> list[str]:
        moved = point.moved_ns
        signed = "–" if moved is None else f"{'−' if moved < 0 else '+'}{format_ns(abs(moved))}"
        times = ["–" if v is None else format_ns(v) for v in (point.value_ns, point.baseline_ns)]
        return [point.past.firmware_identity, *times, signed, point.past.verdict.name]

    for name, points in series.items():
        for point in points if one else points[-1:]:
            start = [point.past.run_id] if one else [name, sparkline(points)]
            table.add_row(*start, *cells(point), style="yellow" if point.notable else "")
    console.print(table)
    if not series:
        console.print("no results yet", highlight=False)


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
) -> None:
    """Find the first bad build between GOOD and BAD, with the fewest shots that --error allows. Exit 3: a range."""
    from bench.campaign.bisect import bisect as search
    from bench.errors import ConfigError

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
    for line in found.log:
        typer.echo(line)
    if found.skipped:
        typer.echo(f"could not be told: {', '.join(found.skipped)}")
    after = f"(last good: {found.last_good}), {found.shots} shots in all"
    if found.first_bad is None:
        typer.echo(f"first bad build: one of {', '.join(found.candidates)} {after}")
        raise typer.Exit(3)
    typer.echo(f"first bad build: {found.first_bad} {after}")


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
    from bench.campaign.bisect import run_build
    from bench.campaign.load import load_scenarios
    from bench.campaign.shots import shoot
    from bench.errors import ConfigError, DutError, nearest

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

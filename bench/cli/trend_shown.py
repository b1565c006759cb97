"""`hil trend`: each metric over builds, against the runs before and against a pinned build."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.json_mode import JsonOption, say
from bench.cli.options import DEFAULT_CONFIG, ChemistryOption, ConfigOption, FiltersOption, load_rig

if TYPE_CHECKING:
    from bench.report.told.builds import DriftTold, PointTold
    from bench.stored.pinned import Drift
    from bench.stored.trend import Point


def trend(
    config: ConfigOption = DEFAULT_CONFIG,
    asked: FiltersOption = None,
    time: Annotated[
        str, typer.Option("--time", help="simulated, real (no board) or hardware; they never share a line.")
    ] = "simulated",
    chemistry: ChemistryOption = None,
    metric: Annotated[
        str, typer.Option("--metric", help="fdti or fhti, the worst shot's upper end.")
    ] = "fhti",
    last: Annotated[int, typer.Option("--last", min=2, help="How many runs to show.")] = 20,
    pin: Annotated[
        str | None,
        typer.Option(
            "--pin",
            help="Run id, build or firmware to tell a drift against (default: [record] pin of the bench file).",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Each metric over builds: against the five like runs before (same rig, same scenario file), and a pinned one."""
    from bench.cli.altered import end, ended_with, tell_altered
    from bench.errors import ConfigError
    from bench.record.database import ResultsDatabase
    from bench.report.told.builds import TrendTold
    from bench.running.filter_words import filter_of, joined
    from bench.stored.folder_says import FolderSays
    from bench.stored.pinned import drifts, find_pin
    from bench.stored.rules_today import Rejudging
    from bench.stored.trend import altered_among, trends
    from bench.timing.evidence_class import BY_OPTION, CLASS_WORDS

    if metric not in ("fdti", "fhti") or time not in BY_OPTION:
        raise ConfigError(f"--metric {metric} --time {time}: expected fdti or fhti, {' or '.join(BY_OPTION)}")
    wired = load_rig(config, None, None, chemistry)
    if isinstance(wired.config.record.database, Path) and not wired.config.record.database.exists():
        raise ConfigError(f"{wired.config.record.database}: no results yet; `hil run` makes them")
    database = ResultsDatabase(wired.config.record.database)
    evidence = BY_OPTION[time]
    fits = filter_of(joined(asked) or "")
    chosen = wired.config.pack.chemistry
    again, says = Rejudging(wired.config.record.folder).again, FolderSays(wired.config.record.folder)
    wanted = pin if pin is not None else wired.config.record.pin
    found = trends(
        database, evidence, chosen, metric,
        wanted=lambda name: fits(name, ""), last=None if wanted else last, again=again, checked=says.checked,
    )  # fmt: skip
    _tell_differing([*says.differing])
    found = {name: one for name, one in found.items() if one.unjudged or any(map(_telling, one.points))}
    series = {name: one.points[-last:] for name, one in found.items() if one.points}
    apart = {name: dict(one.apart) for name, one in found.items() if one.apart}
    lines = {name: one.points for name, one in found.items() if one.points}
    drifted = drifts(find_pin(wanted, lines), lines) if wanted and lines else ()
    runs = [point.past.run_id for points in series.values() for point in points]
    runs += [one.pinned.run_id for one in drifted]
    altered = altered_among(runs, wired.config.record.folder)
    tell_altered("among these runs", altered, err=as_json)
    code = 3 if any(one.unjudged for one in found.values()) else 0
    if as_json:
        told = TrendTold(
            metric=metric,
            timebase=evidence.timebase,
            evidence=evidence,
            chemistry=chosen,
            series={name: tuple(_point(p) for p in points) for name, points in series.items()},
            left_apart=apart,
            altered=tuple(altered),
            since_pin=tuple(_drift(one) for one in drifted),
        )
        raise say(told, ended_with(code, altered))
    if series or not apart:
        _show_trend(series, metric, f"{CLASS_WORDS[evidence]}, {chosen}")
    _tell_apart(apart)
    _tell_drifts(wanted, drifted, metric)
    raise end(code, altered)


def _tell_differing(runs: Sequence[str]) -> None:
    """Tell where database and folders differ. What is shown is what the folders say, so it is true."""
    if runs:
        named = ", ".join(runs[:3]) + (f" and {len(runs) - 3} more" if runs[3:] else "")
        words = (
            f"the results database says otherwise than the folder of {named}; shown is what the folder says"
        )
        typer.echo(f"{words}, and `hil doctor` mends the database", err=True)


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


def _tell_drifts(pin: str, found: Sequence[Drift], metric: str) -> None:
    """A drift that no single step shows, against the pinned build."""
    from bench.stored.pinned import drift_words

    if not pin:
        return
    notable = [one for one in found if one.notable]
    for one in notable:
        typer.echo(f"moved since the pinned {pin}: {drift_words(one, metric)}")
    typer.echo(
        f"since the pinned {pin}: {len(notable)} of {len(found)} scenarios have moved by a relevant size"
    )


def _drift(one: Drift) -> DriftTold:
    from bench.report.told.builds import DriftTold

    return DriftTold(
        scenario=one.scenario_id,
        pinned_run=one.pinned.run_id,
        newest_run=one.newest.run_id,
        pinned_ns=one.pinned_ns,
        value_ns=one.value_ns,
        largest_step_ns=one.step_ns,
        notable=one.notable,
    )


def _point(point: Point) -> PointTold:
    from bench.report.told.builds import PointTold

    return PointTold(
        run_id=point.past.run_id,
        firmware_identity=point.past.firmware_identity,
        verdict=point.past.verdict,
        findings=tuple(point.past.reasons),
        shots=point.past.shots,
        value_ns=point.value_ns,
        baseline_ns=point.baseline_ns,
        notable=point.notable,
    )


def _show_trend(series: dict[str, Any], metric: str, condition: str) -> None:
    from bench.cli.show_run import show_sheet
    from bench.report.fitted import FittedRows
    from bench.stored.trend import sparkline
    from bench.units import format_ns

    one = len(series) == 1
    title = f"worst {metric.upper()} over builds, {condition}" + (f", {next(iter(series))}" if one else "")
    first = ("run", "build", "n") if one else ("scenario", "runs", "newest build", "n")
    headings = (*first, metric.upper(), "baseline", "moved", "verdict")

    def cells(point: Any) -> list[str]:
        moved = point.moved_ns
        signed = "–" if moved is None else f"{'−' if moved < 0 else '+'}{format_ns(abs(moved))}"
        times = ["–" if v is None else format_ns(v) for v in (point.value_ns, point.baseline_ns)]
        return [point.past.firmware_identity, str(point.past.shots), *times, signed, point.past.verdict.name]

    rows: list[list[str]] = []
    styles: list[str] = []
    for name, points in series.items():
        for point in points if one else points[-1:]:
            start = [point.past.run_id] if one else [name, sparkline(points)]
            rows.append([*start, *cells(point)])
            styles.append("yellow" if point.notable else "")
    lead = (len(headings) - 1, 0)
    show_sheet(FittedRows(title=title, headings=headings, rows=rows, styles=styles, lead=lead))
    if not series:
        typer.echo("no results yet")

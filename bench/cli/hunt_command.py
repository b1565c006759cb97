"""`hil hunt`: search what a scenario leaves open for a failure or the worst latency, and write it as a scenario."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.cli.json_mode import JsonOption, say
from bench.cli.options import DEFAULT_CONFIG, ChemistryOption, ConfigOption, FirmwareOption, load_rig

if TYPE_CHECKING:
    from bench.report.told.builds import HuntTold, WrittenTold
    from bench.search.hunt import Crew, Hunt, HuntProgress, Tried

Tell = Callable[[str], object]
"""Where words go: not to stdout, where a JSON document is all there is."""
_PROOF_SHOTS = 12


def hunt(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or the id of one of the library.")],
    config: ConfigOption = DEFAULT_CONFIG,
    firmware: FirmwareOption = None,
    chemistry: ChemistryOption = None,
    budget: Annotated[int, typer.Option("--budget", min=1, help="Simulated runs at most.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed finds the same.")] = 1,
    goal: Annotated[
        str, typer.Option("--for", help="miss (a wrong reaction), latency (the worst one) or any.")
    ] = "any",
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            help="NAME=LOW:HIGH bounds what is varied, or frees what is held; NAME=hold leaves it.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The scenario file that is written. Without it a find is shown, and nothing written.",
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", "--jobs", min=1, help="Processes.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Hunt for a failure, or the worst latency, in simulated time. Exit code 1: found one."""
    from bench.errors import ConfigError, nearest
    from bench.running.workers import bounded
    from bench.search.ground import ground, scenario_file
    from bench.search.hunt import COVERING
    from bench.search.write import check_out

    if goal not in COVERING:
        raise ConfigError(f"--for: found '{goal}'; expected miss, latency or any{nearest(goal, COVERING)}")
    wired = load_rig(config, "simulated", firmware, chemistry)
    path = scenario_file(wired, scenario)
    count, line_of_workers = bounded(workers, budget)
    if line_of_workers is not None:
        typer.echo(line_of_workers, err=True)
    hunted = ground(
        wired,
        path,
        vary=_bounds(vary or []),
        goal=goal,
        budget=budget,
        seed=seed,
        workers=count,
    )
    if out is not None:
        check_out(out)
    tell: Tell = partial(typer.echo, err=as_json)
    _tell_space(hunted, tell)
    with tempfile.TemporaryDirectory(prefix="hil-hunt-") as shown_only:
        target = out or Path(shown_only) / f"{path.stem}_hunt_{seed}.toml"
        so_far, written, stopped = _hunted(hunted, target, out is not None, tell)
    _tell_end(hunted, so_far, tell, wrote=out is not None)
    code = 1 if so_far.found is not None else 3 if stopped else 0
    if as_json:
        raise say(_told(hunted, so_far, written, stopped=stopped), code)
    raise typer.Exit(code)


def _hunted(
    hunted: Hunt, target: Path, kept: bool, tell: Tell
) -> tuple[HuntProgress, WrittenTold | None, bool]:
    """Search, and write what is found. kept: the user has named the file; else it is shown, and goes.

    The last: whether it was stopped by the user.
    """
    from bench.search.hunt import HuntProgress, crew_for, search

    so_far, stopped = HuntProgress(), False
    written: WrittenTold | None = None
    line = _Line(hunted.budget)
    try:
        with crew_for(hunted) as crew:
            search(hunted, crew, line.show, so_far)
            line.end()
            if so_far.found is not None:
                written = _write(hunted, crew, so_far, so_far.found, target, tell, kept=kept)
            elif kept and so_far.worst is not None:
                written = _write(hunted, crew, so_far, so_far.worst, target, tell, kept=kept)
    except KeyboardInterrupt:
        line.end()
        stopped = True
        tell("stopped; the best so far is kept")
        best = so_far.found or so_far.worst
        if best is not None:
            written = _write_plainly(hunted, so_far, best, target, tell, kept=kept)
    return so_far, written, stopped


def _tell_file(target: Path, tell: Tell, *, kept: bool, how: str = "") -> None:
    if kept:
        tell(f"written: {target}{how}")
        return
    tell(f"as a scenario{how} (--out FILE keeps it; the same seed finds the same):")
    for line in target.read_text(encoding="utf-8").splitlines():
        tell(f"  {line}".rstrip())


def _told(hunted: Hunt, so_far: HuntProgress, written: WrittenTold | None, *, stopped: bool) -> HuntTold:
    from bench.report.told.builds import FindTold, HuntTold

    def find(one: Tried | None) -> FindTold | None:
        if one is None:
            return None
        changes = tuple(hunted.space.changes(one.point))
        return FindTold(verdict=one.verdict, reason=one.reason, latency_ns=one.latency_ns, changes=changes)

    return HuntTold(
        scenario=str(hunted.space.original["id"]),
        firmware=hunted.wired.config.dut.firmware,
        goal=hunted.goal,
        seed=hunted.seed,
        budget=hunted.budget,
        runs=so_far.runs,
        stopped=stopped,
        varied=tuple(knob.words for knob in hunted.space.knobs),
        held=tuple(one.words for one in hunted.space.held),
        found=find(so_far.found),
        worst=find(so_far.worst),
        written=written,
        unclear=dict(so_far.unclear),
        other_fails=so_far.other_fails,
        unfit=so_far.unfit,
    )


def _bounds(texts: list[str]) -> dict[str, str]:
    from bench.errors import ConfigError

    bounds = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value.strip():
            raise ConfigError(f"--vary: found '{text}'; expected NAME=LOW:HIGH, or NAME=hold")
        bounds[name.strip()] = value.strip()
    return bounds


class _Line:
    """One line that is written over and over; on a pipe, a line now and then."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._live = sys.stderr.isatty()

    def show(self, so_far: HuntProgress) -> None:
        if not self._live and so_far.runs % 250:
            return
        text = f"run {so_far.runs} of {self._budget}{_worst_words(so_far)}"
        sys.stderr.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")


def _worst_words(so_far: HuntProgress) -> str:
    from bench.units import format_ns

    return f"; worst latency {format_ns(so_far.worst.latency_ns)}" if so_far.worst is not None else ""


def _tell_space(hunted: Hunt, tell: Tell) -> None:
    dut = hunted.wired.config.dut.firmware
    tell(f"hunting {hunted.space.original['id']} on {dut}, seed {hunted.seed}, in simulated time. Varied:")
    for knob in hunted.space.knobs:
        tell(f"  {knob.words}")
    for held in hunted.space.held:
        free = f" (--vary {held.name}=LOW:HIGH frees it)" if held.freeable else ""
        tell(f"  held: {held.words}{free}")


def _origin(hunted: Hunt, so_far: HuntProgress) -> str:
    wired = hunted.wired
    return (
        f"seed {hunted.seed}, run {so_far.runs} of {hunted.budget}, firmware {wired.config.dut.firmware}, "
        f"{wired.chemistry.id}"
    )


def _what(hunted: Hunt, tried: Tried) -> str:
    from bench.units import format_ns

    return (
        tried.reason if hunted.is_find(tried) else f"latency {format_ns(tried.latency_ns)}, the worst found"
    )


def _write(
    hunted: Hunt, crew: Crew, so_far: HuntProgress, tried: Tried, target: Path, tell: Tell, *, kept: bool
) -> WrittenTold:
    from bench.report.told.builds import WrittenTold
    from bench.search.shrink import Shrinker
    from bench.search.write import prove, write_find
    from bench.units import format_ns

    finds = hunted.is_find(tried)
    tell(f"{'FOUND' if finds else 'worst'} in run {so_far.runs}: {_what(hunted, tried)}")
    shrunk = Shrinker(hunted, crew, tried).shrink(lambda _: None)
    changes = [one for one in hunted.space.changes(shrunk.point) if not one.startswith("phase ")]
    tell(f"shrunk in {shrunk.runs} runs to: {', '.join(changes) or 'the scenario as it is'}")
    write_find(hunted, shrunk.point, _what(hunted, shrunk.shown), _origin(hunted, so_far), target)
    proven = prove(hunted, target, _PROOF_SHOTS)
    _tell_file(target, tell, kept=kept)
    if finds:
        tell(
            f"proven by running it: fails in {proven.shown} of {proven.shots} shots. {proven.reason}".strip()
        )
        if proven.shown == 0:
            tell("it needs its injection phase: run it with more shots (--repeat 590)")
    else:
        tell(f"run anew: worst latency {format_ns(proven.latency_ns)} in {proven.shots} shots")
    return WrittenTold(
        file=str(target) if kept else "",
        changes=tuple(changes),
        shrunk_in_runs=shrunk.runs,
        shots=proven.shots,
        shown=proven.shown,
        latency_ns=proven.latency_ns,
    )


def _write_plainly(
    hunted: Hunt, so_far: HuntProgress, tried: Tried, target: Path, tell: Tell, *, kept: bool
) -> WrittenTold:
    """Stopped by the user: nothing more is run, so it is neither shrunk nor proven."""
    from bench.report.told.builds import WrittenTold
    from bench.search.write import write_find

    write_find(hunted, tried.point, _what(hunted, tried), _origin(hunted, so_far), target)
    _tell_file(target, tell, kept=kept, how=", neither shrunk nor proven")
    return WrittenTold(
        file=str(target) if kept else "",
        changes=tuple(hunted.space.changes(tried.point)),
        shrunk_in_runs=0,
        shots=0,
        shown=0,
        latency_ns=tried.latency_ns,
    )


def _tell_end(hunted: Hunt, so_far: HuntProgress, tell: Tell, *, wrote: bool) -> None:
    from bench.units import format_ns

    if so_far.found is None:
        times = hunted.budgets[hunted.space.original.get("budget") or hunted.space.original["safety_goal"]]
        tell(
            f"nothing found in {so_far.runs} runs{_worst_words(so_far)} (budget FHTI {format_ns(times.fhti_ns)})"
        )
        if so_far.worst is not None and not wrote:
            told = ", ".join(hunted.space.changes(so_far.worst.point)) or "the scenario as it is"
            tell(f"the worst: {told} (--out FILE writes it)")
    for name, count in so_far.unclear.items():
        tell(f"{count} runs ended {name}, which blames nobody: {so_far.unclear_reason}")
    if so_far.other_fails:
        tell(f"{so_far.other_fails} runs failed otherwise than by being late: hunt --for miss")
    if so_far.unfit:
        tell(f"{so_far.unfit} points were no scenario and were not run")


COMMAND = Command(name="hunt", call=hunt, place=190)

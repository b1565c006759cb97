"""What a run leaves to whoever asked for it, and how it is made from what was selected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.confidence.stamp_worth import with_measured_stamps
from bench.door.ending_early import TO_THE_END, EndRule
from bench.door.fire import Asked, Fired, fire, recording_into
from bench.door.progress import OnProgress, Teller, unheard
from bench.links.can_options import refuse_wrong_options
from bench.proof.qualification import find_covering
from bench.record.asked_database import refuse_unusable_url
from bench.record.latch import refuse_if_latched
from bench.record.poison import refuse_if_poisoned
from bench.record.said import About, refuse_unfit
from bench.record.targets import try_files
from bench.report.junit_style import JUnitStyle
from bench.running.held_rig import rig_of_ones_own
from bench.running.load import Selected, exit_code, whole_library
from bench.timing.stopping import listening_if_nobody_does, stopped_by
from bench.verdict.result import Verdict

if TYPE_CHECKING:
    from bench.verdict.result import RunResult, ScenarioResult
    from bench.wiring.common import Wired


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run and its evidence, the same as `hil run` leaves.

    folder: the run folder, sealed by its footer.json unless the run was ended early. files: where its parts are, by
    name. troubles: what could not be written, one line each. left_out: ids that only `long=True` would have run.
    """

    folder: Path
    result: RunResult
    files: dict[str, Path]
    troubles: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of its scenarios; never PASS where the run was ended early, or not all evidence is written."""
        found = self.result.verdict
        return Verdict.INCONCLUSIVE if self.troubles and found.expected else found

    @property
    def scenarios(self) -> tuple[ScenarioResult, ...]:
        return self.result.scenarios

    @property
    def exit_code(self) -> int:
        """As `hil run` ends with: 0 passed, 1 the DUT is wrong, 3 the bench could not tell."""
        return 3 if self.troubles else exit_code(self.result)

    @property
    def passed(self) -> bool:
        """Every scenario passed, or failed as it is known to, and all evidence is written."""
        return self.exit_code == 0

    def __str__(self) -> str:
        return f"{self.verdict.name}, {len(self.scenarios)} scenarios, evidence in {self.folder}"


class Stopped(KeyboardInterrupt):
    """Ctrl-C or a signal ended a run early. The rig is in its safe state; `run` holds what had finished."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"stopped; what had finished is in {run.folder}")
        self.run = run


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a run is wanted. None: by default. selection: what the record says was asked for; "" for everything."""

    selection: str = ""
    seed: int = 1
    repeat: int | None = None
    operator: str = ""
    label: str = ""
    note: str = ""
    dut_serial: str = ""
    workers: int | None = None
    out: Path | None = None
    junit: Path | None = None
    rule: EndRule = TO_THE_END
    junit_style: JUnitStyle = JUnitStyle.FULL
    report: Path | None = None


def refuse_unready(wired: Wired) -> None:
    """Raises BenchError for what can be known to be wrong before anything is driven."""
    refuse_wrong_options(wired.config)
    refuse_unusable_url(wired.config)


def make_run(wired: Wired, selected: Selected, order: Order, progress: OnProgress = unheard) -> Run:
    """Fire all shots and keep the evidence. Raises Stopped when a signal ended it, and what `progress` has raised."""
    with rig_of_ones_own(wired) as own:
        return _made(own, selected, order, Teller(progress))


def _made(wired: Wired, selected: Selected, order: Order, tell: Teller) -> Run:
    refuse_unready(wired)
    said = About(operator=order.operator, label=order.label, note=order.note, dut_serial=order.dut_serial)
    refuse_unfit(said)
    covered = find_covering(wired, wired.config.record.folder)
    wired = with_measured_stamps(wired, covered)
    if order.out is not None:
        wired = recording_into(order.out, wired)
    refuse_if_poisoned(wired.config.record.rig)
    refuse_if_latched(wired.config.record.rig)
    if wired.config.mqtt is not None:
        from bench.live.feed import check_live, in_the_clear

        check_live(wired.config.mqtt)
        if told := in_the_clear(wired.config.mqtt):
            tell.note(told, warning=False)
    try_files({"--junit": order.junit, "--report": order.report})
    asked = Asked(
        covered=covered,
        library=whole_library(wired, [one.scenario.file for one in selected.prepared]),
        selection=order.selection,
        seed=order.seed,
        repeat=_repeat(wired, order),
        said=said,
        workers=order.workers,
        rule=order.rule,
        junit=order.junit,
        junit_style=order.junit_style,
        report=order.report,
    )
    if left := left_out_line(wired):
        tell.note(left)
    with listening_if_nobody_does() as ours:
        fired = fire(wired, selected.prepared, selected.budgets_file, asked, tell)
        struck = ours and stopped_by() is not None
    if tell.raised is not None:
        raise tell.raised
    run = _run_of(fired, selected.left_out)
    if fired.by_user or struck:
        raise Stopped(run)
    return run


def _repeat(wired: Wired, order: Order) -> int | None:
    """Real time is dear: one shot a scenario, unless more are asked for."""
    return 1 if order.repeat is None and not wired.config.simulated else order.repeat


def _run_of(fired: Fired, left_out: tuple[str, ...]) -> Run:
    return Run(
        folder=fired.folder,
        result=fired.result,
        files=fired.files,
        troubles=fired.troubles,
        left_out=left_out,
    )


def left_out_line(wired: Wired) -> str | None:
    """Messages that no scenario needs and that a file describes wrongly; None where there is no such message."""
    left = [
        one.message
        for db in wired.databases.values()
        for one in db.troubles
        if one.message and not one.usable
    ]
    if not left:
        return None
    named = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
    return f"left out, as their files describe them wrongly: {named}; hil check says why"

"""What the marks of the plant say of its cells: when one ran away, and whether its neighbours did before the alarm."""

from collections.abc import Iterator, Sequence
from typing import cast

from bench.measure.finding.answer import SpreadBeforeAlarm
from bench.measure.finding.base import Finding
from bench.measure.finding.stimulus import NoRunaway, RunawayUnproven
from bench.measure.interval import Interval, LeftOut, Term
from bench.measure.irregular import IrregularCodec, first_irregular, frames_asked
from bench.measure.questions import message_of
from bench.measure.shot import Seen, Shot, Told
from bench.trace.events import PlantStage
from bench.trace.facts import StageReached
from bench.trace.mark import Mark
from bench.trace.timeline import Trace


def stage_marks(
    trace: Trace, stage: PlantStage, cells: Sequence[int] | None = None
) -> Iterator[Mark[StageReached]]:
    """The stage marks of these cells (from 1); None: of all cells."""
    return (
        mark
        for mark in trace.of(StageReached)
        if mark.fact.stage is stage and (cells is None or mark.fact.cell in cells)
    )


def between(mark: Mark[StageReached]) -> Interval:
    """The instants between which the stage was reached."""
    return Interval(low_ns=mark.fact.low_ns, high_ns=mark.fact.high_ns)


def runaway_of(trace: Trace, cells: Sequence[int]) -> Interval | None:
    """When the first of these cells ran away. None: the plant brought none of them so far.

    From where its signature (GB 38031-2025 C.5.3.7) began, where that was before its own reactions carried it: from
    then on it can be known.
    """
    runaway = next(stage_marks(trace, PlantStage.RUNAWAY, cells), None)
    if runaway is None:
        return None
    found = between(runaway)
    signature = next(stage_marks(trace, PlantStage.SIGNATURE, (runaway.fact.cell,)), None)
    if signature is not None and between(signature).high_ns < found.high_ns:
        found = between(signature)
    return found


def runaway_onset(shot: Shot, told: Told) -> Seen | None:
    """From the plant's runaway to the first frame that shows it; what is missing is told of the bench."""
    cells = shot.plan.onset_runaway
    runaway = runaway_of(shot.trace, cells)
    if runaway is None:
        told.faults.append(NoRunaway(cells=tuple(cells)))
        return None
    onset: Seen | None = None
    frames = frames_asked(shot.trace, shot.plan.onset_irregular, shot.decoders, shot.window.end_ns)
    for asked in shot.plan.onset_irregular:
        codec = cast(IrregularCodec, message_of(shot.decoders, asked.channel, asked.message))
        found = first_irregular(asked, codec, frames, runaway.high_ns, shot.window.end_ns)
        if found is None:
            continue
        high_ns = max(runaway.high_ns, found.high_ns + sum(shot.half_widths(asked.channel)))
        interval = Interval(low_ns=runaway.low_ns, high_ns=high_ns)
        if onset is None or interval.high_ns < onset.interval.high_ns:
            note = f"from the plant's runaway to the first {asked.message} that shows it"
            term = Term(name="onset", width_ns=interval.width_ns, note=note)
            onset = Seen(interval=interval, t_ns=found.high_ns, terms=(term,), left_out=LeftOut.NOTHING)
    if onset is None:
        told.faults.append(RunawayUnproven())
    return onset


def spread_before(trace: Trace, cells: Sequence[int], alarm: Interval | None) -> list[Finding]:
    """The first other cell that ran away before the alarm: too late, whatever the budget."""
    for mark in stage_marks(trace, PlantStage.RUNAWAY):
        if mark.fact.cell not in cells and (alarm is None or between(mark).high_ns < alarm.low_ns):
            return [SpreadBeforeAlarm(cell=mark.fact.cell)]
    return []

"""The trace of each scenario's worst shot, read back from the evidence, as the report draws it."""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from bench.codec.database import Database
from bench.codec.heard import heard
from bench.codec.message import Message
from bench.config.profile import Role
from bench.errors import RecordError
from bench.measure.frames import Frames
from bench.measure.plan import Plan
from bench.measure.signal_test import SignalTest
from bench.report.traces import TracePicture, TraceSeries
from bench.trace.timeline import Trace
from bench.units import NS_PER_S
from bench.verdict.result import ScenarioResult, ShotResult, Verdict

# Role, title and unit of what an engineer looks at first; the fault's own signal and the flag are added by the plan.
_ALWAYS = (
    ("pack_current", "pack current", "A", False),
    ("plus_command", "plus command", "", True),
    ("plus_feedback", "plus feedback", "", True),
)

_AT_ONCE = 4096  # points
_AFTERWARDS_NS = 2 * NS_PER_S  # shown at least, of the hour that a protection test is watched for


class Points(Sequence[tuple[int, float]]):
    """(t_ns, value) of each frame with a signal: of an hour as tuples they would take the most memory of a run."""

    def __init__(self, t_ns: NDArray[np.int64], values: list[float]) -> None:
        self._t_ns, self._values = t_ns, values

    def until(self, t_ns: int) -> "Points":
        """Those at this instant or before."""
        kept = np.flatnonzero(self._t_ns <= t_ns)
        return Points(self._t_ns[kept], [self._values[at] for at in kept.tolist()])

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[tuple[int, float]]:
        for at in range(0, len(self), _AT_ONCE):
            yield from zip(self._t_ns[at : at + _AT_ONCE].tolist(), self._values[at : at + _AT_ONCE])

    @overload
    def __getitem__(self, place: int, /) -> tuple[int, float]: ...
    @overload
    def __getitem__(self, places: slice, /) -> list[tuple[int, float]]: ...
    def __getitem__(self, place: int | slice, /) -> tuple[int, float] | list[tuple[int, float]]:
        if isinstance(place, slice):
            return list(zip(self._t_ns[place].tolist(), self._values[place]))
        return int(self._t_ns[place]), self._values[place]


def worst_shot(scenario: ScenarioResult) -> ShotResult | None:
    """The first that failed, else the slowest to the safe state; None where no onset was measured."""
    measured = [
        shot for shot in scenario.shots if shot.measurement is not None and shot.measurement.onset is not None
    ]
    failed = [shot for shot in measured if shot.judgement.verdict is not Verdict.PASS]
    if failed:
        return failed[0]
    return max(measured, key=handled_ns, default=None)


def handled_ns(shot: ShotResult) -> int:
    """The upper end of a shot's FHTI in ns; 0 without one."""
    measurement = shot.measurement
    return (
        measurement.fhti.interval.high_ns if measurement is not None and measurement.fhti is not None else 0
    )


def picture_of(
    scenario: ScenarioResult,
    shot: ShotResult,
    trace: Trace,
    plan: Plan,
    databases: dict[str, Database],
    roles: dict[str, Role],
) -> TracePicture:
    """The picture of a shot: its signals around the onset. Times in ns."""
    measurement = shot.measurement
    onset = measurement.onset if measurement is not None else None
    detected = measurement.detected if measurement is not None else None
    safe = measurement.safe if measurement is not None else None
    onset_ns = onset.high_ns if onset is not None else None
    frames = Frames.of(trace.frames)
    until_ns = _until_ns(shot) if plan.end is not None else None

    def series(role: Role, title: str, unit: str, steps: bool) -> TraceSeries:
        points = _points(frames, role, databases)
        return TraceSeries(
            title=title,
            unit=unit,
            points=points if until_ns is None else points.until(until_ns),
            steps=steps,
        )

    chosen = []
    if (test := _fault(frames, plan, databases, onset_ns)) is not None:
        chosen.append(series(Role(test.channel, test.message, test.signal), test.signal, "", False))
    for name, title, unit, steps in _ALWAYS:
        role = roles.get(name)
        if role is not None:
            chosen.append(series(role, title, unit, steps))
    if plan.detection:
        test = plan.detection[0]
        chosen.insert(1, series(Role(test.channel, test.message, test.signal), test.signal, "", True))
    last_ns = max((one.points[-1][0] for one in chosen if one.points), default=0)

    def deadline(budget_ns: int | None) -> int | None:
        """None also for one that lies so far behind the trace that drawing it would squeeze what matters."""
        if onset_ns is None or budget_ns is None or budget_ns > 2 * (last_ns - onset_ns):
            return None
        return onset_ns + budget_ns

    return TracePicture(
        title=f"{scenario.scenario_id}, shot {shot.index}: {shot.judgement.verdict.name}",
        series=tuple(one for one in chosen if one.points),
        onset_ns=onset_ns,
        detected_ns=detected.high_ns if detected is not None else None,
        safe_ns=safe.high_ns if safe is not None else None,
        fdti_deadline_ns=deadline(plan.fdti_budget_ns),
        fhti_deadline_ns=deadline(plan.fhti_budget_ns),
        ftti_deadline_ns=None,  # far outside most windows: it would squeeze what matters
    )


def _until_ns(shot: ShotResult) -> int | None:
    """Where the picture of a protection test ends: the quiet hour after it would squeeze what matters.

    None where it shows all: the test has not ended, or the pack was never safe.
    """
    found = shot.measurement
    if found is None or found.onset is None or found.safe is None or found.end is None:
        return None
    if found.end.at_ns is None or found.end.problems:
        return None
    last_ns = max(found.safe.high_ns, found.end.at_ns)
    return last_ns + max(_AFTERWARDS_NS, last_ns - found.onset.high_ns)


def _fault(
    frames: Frames, plan: Plan, databases: dict[str, Database], onset_ns: int | None
) -> SignalTest | None:
    """The question whose signal's crossing was the onset: of 96 cells the one that crossed first."""
    for test in plan.onset if onset_ns is not None else ():
        message = _message_of(Role(test.channel, test.message, test.signal), databases)
        stretch = frames.stretch((test.channel, message.can_id, message.extended))
        at_onset = stretch.places[np.flatnonzero(stretch.t_ns == onset_ns)[:1]]
        read = heard(message.reader(test.signal))
        value = next((read(seen.frame.data) for seen in frames.at(at_onset)), None)
        if value is not None and _crossed(value, test):
            return test
    return None


def _crossed(value: float, test: SignalTest) -> bool:
    return {
        ">=": value >= test.value,
        ">": value > test.value,
        "<=": value <= test.value,
        "<": value < test.value,
    }.get(test.op, value == test.value)


def _points(frames: Frames, role: Role, databases: dict[str, Database]) -> Points:
    message = _message_of(role, databases)
    stretch = frames.stretch((role.channel, message.can_id, message.extended))
    read = heard(message.reader(role.signal))
    values: list[float] = []
    kept = np.zeros(len(stretch.places), bool)
    for first in range(0, len(kept), _AT_ONCE):
        for at, data in enumerate(frames.payloads(stretch, first, first + _AT_ONCE), first):
            if (value := read(data)) is not None:
                values.append(value)
                kept[at] = True
    return Points(stretch.t_ns[kept], values)


def _message_of(role: Role, databases: dict[str, Database]) -> Message:
    """RecordError where the bus that a shot was judged by is not among those whose DBC files are stored."""
    if role.channel not in databases:
        known = ", ".join(databases)
        raise RecordError(
            f"a shot was judged by {role.message} on bus '{role.channel}'; expected one of {known}"
        )
    return databases[role.channel][role.message]

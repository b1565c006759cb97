"""The trace of each scenario's worst shot, read back from the evidence, as the report draws it."""

from dataclasses import replace

from bench.codec.database import Database
from bench.codec.heard import heard
from bench.codec.message import Message
from bench.config.profile import Role
from bench.errors import RecordError
from bench.measure.plan import Plan
from bench.measure.signal_test import SignalTest
from bench.report.figures import TracePicture, TraceSeries
from bench.trace.timeline import Trace
from bench.units import NS_PER_S
from bench.verdict.result import ScenarioResult, ShotResult, Verdict

# Role, title and unit of what an engineer looks at first; the fault's own signal and the flag are added by the plan.
_ALWAYS = (
    ("pack_current", "pack current", "A", False),
    ("plus_command", "plus command", "", True),
    ("plus_feedback", "plus feedback", "", True),
)

_AFTERWARDS_NS = 2 * NS_PER_S  # shown at least, of the hour that a protection test is watched for


def worst_shot(scenario: ScenarioResult) -> ShotResult | None:
    """The first that failed, else the slowest to the safe state; None where no onset was measured."""
    measured = [
        shot for shot in scenario.shots if shot.measurement is not None and shot.measurement.onset is not None
    ]
    failed = [shot for shot in measured if shot.judgement.verdict is not Verdict.PASS]
    if failed:
        return failed[0]
    return max(measured, key=_handled_ns, default=None)


def _handled_ns(shot: ShotResult) -> int:
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
    series = [_fault_series(trace, test, databases, onset_ns) for test in plan.onset]
    fault = next((one for one in series if one.points), None)
    chosen = [fault] if fault is not None else []
    for name, title, unit, steps in _ALWAYS:
        role = roles.get(name)
        if role is not None:
            chosen.append(_series(trace, role, databases, title, unit, steps))
    if plan.detection:
        test = plan.detection[0]
        role = Role(test.channel, test.message, test.signal)
        chosen.insert(1, _series(trace, role, databases, test.signal, "", True))

    until_ns = _until_ns(shot) if plan.end is not None else None
    if until_ns is not None:
        chosen = [replace(one, points=[p for p in one.points if p[0] <= until_ns]) for one in chosen]
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


def _fault_series(
    trace: Trace, test: SignalTest, databases: dict[str, Database], onset_ns: int | None
) -> TraceSeries:
    """The signal whose crossing was the onset: of 96 cells the one that crossed first."""
    role = Role(test.channel, test.message, test.signal)
    message = _message_of(role, databases)
    read = heard(message.reader(test.signal))
    at_onset = next(
        (
            read(seen.frame.data)
            for seen in trace.frames.since(0, {message.can_id})
            if seen.t_ns == onset_ns and seen.channel == test.channel
        ),
        None,
    )
    crossed = at_onset is not None and _crossed(at_onset, test)
    return (
        _series(trace, role, databases, test.signal, "", False)
        if crossed
        else TraceSeries(title="", unit="", points=())
    )


def _crossed(value: float, test: SignalTest) -> bool:
    return {
        ">=": value >= test.value,
        ">": value > test.value,
        "<=": value <= test.value,
        "<": value < test.value,
    }.get(test.op, value == test.value)


def _series(
    trace: Trace, role: Role, databases: dict[str, Database], title: str, unit: str, steps: bool
) -> TraceSeries:
    message = _message_of(role, databases)
    read = heard(message.reader(role.signal))
    points = []
    for t_ns, channel, frame, _ in trace.frames.since(0, {message.can_id}):
        if channel == role.channel:
            value = read(frame.data)
            if value is not None:
                points.append((t_ns, value))
    return TraceSeries(title=title, unit=unit, points=points, steps=steps)


def _message_of(role: Role, databases: dict[str, Database]) -> Message:
    """RecordError where the bus that a shot was judged by is not among those whose DBC files are stored."""
    if role.channel not in databases:
        known = ", ".join(databases)
        raise RecordError(
            f"a shot was judged by {role.message} on bus '{role.channel}'; expected one of {known}"
        )
    return databases[role.channel][role.message]

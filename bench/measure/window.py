"""The armed window of a Trace: its frames and marks, and what the bench itself did wrong in it."""

from dataclasses import dataclass
from operator import itemgetter

from bench.trace.events import FrameSeen, Kind, Mark
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

LATE_LIMIT_NS = 50 * NS_PER_MS

DUT_WAIT_LIMIT_NS = 30 * NS_PER_MS  # within DUT_WAIT_SPAN_NS; waiting a little at every turn stays below it
DUT_WAIT_SPAN_NS = 100 * NS_PER_MS

# Stamps taken here do not suffer when the bench's own loop is late.
_SOUND_STAMPS = ("kernel", "hardware", "simulated", "device")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Frames in order of their stamps from OBSERVERS_ARMED to WINDOW_CLOSED; ns on the run's timebase.

    dut_waited_ns: longest time for which the DUT's process, where it is one of this machine, waited for a processor
    within DUT_WAIT_SPAN_NS.
    """

    start_ns: int
    end_ns: int
    frames: tuple[FrameSeen, ...]
    late_ns: int
    faults: tuple[str, ...]
    dut_waited_ns: int = 0


def _facts(mark: Mark) -> str:
    for key in ("text", "message", "reason", "what"):
        if isinstance(mark.facts.get(key), str):
            return f"{mark.source}: {mark.facts[key]}"
    details = ", ".join(f"{key} = {value}" for key, value in mark.facts.items())
    return f"{mark.source}: {details}" if details else mark.source


def armed_window(trace: Trace) -> Window:
    """Cut the window; missing edges are bench faults and the whole trace stands in."""
    faults: list[str] = []
    armed = next(trace.of_kind(Kind.OBSERVERS_ARMED), None)
    closed = None
    for mark in trace.of_kind(Kind.WINDOW_CLOSED):
        closed = mark
    stamps = [0]
    if armed is None or closed is None:
        stamps = [frame.t_ns for frame in trace.frames] + [mark.t_ns for mark in trace.marks] or [0]
    if armed is None:
        faults.append("the observers were never armed")
    if closed is None:
        faults.append("the observation window was never closed")
    start_ns = armed.t_ns if armed else min(stamps)
    end_ns = closed.t_ns if closed else max(stamps)
    frames = sorted([f for f in trace.frames if start_ns <= f[0] <= end_ns], key=itemgetter(0))
    late_ns = 0
    for mark in trace.of_kind(Kind.BENCH_LATE):
        found = mark.facts.get("late_ns", 0)
        if start_ns <= mark.t_ns <= end_ns and isinstance(found, int | float):
            late_ns = max(late_ns, int(found))
    # Told once the span is over, so the last of it comes after the window.
    waits = [
        int(mark.facts.get("waited_ns") or 0)
        for mark in trace.of_kind(Kind.DUT_WAITED)
        if start_ns <= mark.t_ns <= end_ns + DUT_WAIT_SPAN_NS
    ]
    return Window(
        start_ns=start_ns,
        end_ns=end_ns,
        frames=tuple(frames),
        late_ns=late_ns,
        faults=tuple(faults),
        dut_waited_ns=max(waits, default=0),
    )


def stamp_half_width(trace: Trace, window: Window, channel: str) -> tuple[int, int]:
    """(stamp's own, added by the bench's lateness) half-widths in ns of a channel's stamps."""
    stamping = trace.stamping.get(channel)
    if stamping is None:
        return 0, window.late_ns
    sound = any(word in stamping.source.lower() for word in _SOUND_STAMPS)
    return stamping.u_ns, 0 if sound else window.late_ns


REFUSED = "the DUT was refused"


def told_by_marks(trace: Trace) -> tuple[list[str], list[str]]:
    """(bench faults, anomalies) that the marks of the whole shot tell, in words."""
    faults: list[str] = []
    anomalies: list[str] = []
    titles = {
        Kind.PRECONDITION_MISSED: "precondition missed",
        Kind.ERROR: "error of the bench",
        Kind.DUT_REFUSED: REFUSED,
        Kind.ABORTED: "the shot was aborted",
    }
    for mark in trace.marks:
        if mark.kind in titles:
            faults.append(f"{titles[mark.kind]}: {_facts(mark)}")
        elif mark.kind is Kind.ANOMALY:
            anomalies.append(_facts(mark))
            dropped = mark.facts.get("dropped")
            if isinstance(dropped, int | float) and dropped > 0:
                faults.append(f"{dropped:g} frames were lost by the bench ({mark.source})")
    return faults, anomalies

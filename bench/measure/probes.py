"""When each link of the reaction chain was seen: flag, state frame, contactor command, feedback, current gone."""

from collections.abc import Mapping, Sequence

from bench.measure.interval import Interval
from bench.measure.plan import SignalTest
from bench.measure.questions import Codec, Question, by_address
from bench.measure.window import armed_window, stamp_half_width
from bench.trace.timeline import Trace


def probe_latencies(
    trace: Trace,
    onset: Interval,
    probes: Mapping[str, Sequence[SignalTest]],
    decoders: Mapping[str, Codec],
) -> dict[str, Interval | None]:
    """Onset to the instant from which all tests of a probe hold; None where it did not come or held already."""
    window = armed_window(trace)
    found: dict[str, Interval | None] = dict.fromkeys(probes)
    for name, tests in probes.items():
        questions = [Question(test, decoders) for test in tests]
        index = by_address(questions)
        held_before = None
        for t_ns, channel, frame, _ in window.frames:
            if held_before is None and t_ns > onset.high_ns:
                held_before = all(q.holds for q in questions)
            heard = index.get((channel, frame.can_id, frame.extended), ())
            for question in heard:
                question.hear(t_ns, frame.data)
            if held_before is False and heard and all(q.holds for q in questions):
                u_ns = sum(stamp_half_width(trace, window, channel))
                last_no_ns = max((q.no_ns for q in questions if q.no_ns is not None), default=onset.low_ns)
                seen = Interval(low_ns=min(last_no_ns, t_ns) - u_ns, high_ns=t_ns + u_ns)
                found[name] = seen.since(onset)
                break
    return found

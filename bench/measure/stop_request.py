"""When the DUT had asked for the current to stop: all of the told limits stand at 0 A, after the stimulus began."""

from collections.abc import Mapping

from bench.measure.ending import EndQuestion
from bench.measure.interval import Interval
from bench.measure.plan import Probe
from bench.measure.probes import probes_seen
from bench.measure.questions import Codec
from bench.measure.window import Window
from bench.trace.facts import StimulusCommanded
from bench.trace.timeline import Trace


def asked_to_stop_ns(
    trace: Trace, asked: EndQuestion, window: Window, decoders: Mapping[str, Codec]
) -> int | None:
    """The instant (ns) at which the DUT had certainly asked for the stop. None: it never asked, or its limit was 0 A
    before, so that this test did not cause it.
    """
    began_ns = next((m.t_ns for m in trace.of(StimulusCommanded) if m.t_ns >= window.start_ns), None)
    if began_ns is None:
        return None
    since = Interval(low_ns=began_ns, high_ns=began_ns)
    seen = probes_seen(trace, window, since, (Probe(name="stop", tests=asked.stop_request),), decoders)
    return seen[0].at.high_ns if seen[0].at is not None else None

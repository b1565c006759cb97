"""Whether the trace shows that the rig was left in its safe state: silence is no confirmation, nor is an old one."""

from bench.measure.finding.bench import SafeStateUnconfirmed
from bench.trace import facts
from bench.trace.timeline import Trace

_DRIVEN = (
    facts.RunStarted,
    facts.InstrumentIdentified,
    facts.DutStarted,
    facts.ObserversArmed,
    facts.StimulusCommanded,
    facts.StimulusConfirmed,
)
"""From any of these on outputs may be on, until they are read back as off."""


def not_confirmed_safe(trace: Trace) -> tuple[SafeStateUnconfirmed, ...]:
    """Why nobody knows that outputs are off and faults gone; () where it was read back, or nothing was driven."""
    missed = [mark.fact.problem for mark in trace.of(facts.SafeStateMissed)]
    if not missed:
        stuck = (mark.fact for mark in trace.of(facts.FaultStuck))
        missed = [f"{one.fault} of {one.owner} is still on: {one.reason} (fault stuck)" for one in stuck][:1]
    if not missed and _driven_since_read_back(trace):
        missed = ["nothing in the trace shows it"]
    return tuple(SafeStateUnconfirmed(said=text) for text in missed)


def _driven_since_read_back(trace: Trace) -> bool:
    driven = False
    for mark in trace.marks:
        if isinstance(mark.fact, _DRIVEN):
            driven = True
        elif isinstance(mark.fact, facts.SafeStateReached):
            driven = driven and not mark.fact.readback
    return driven

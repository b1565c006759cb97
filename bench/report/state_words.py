"""The words of the findings about further safe states. Nothing decides on them."""

from bench.measure.finding import states
from bench.measure.finding.base import Finding
from bench.units import format_ns


def state_words(finding: Finding) -> str:
    """A sentence for a finding on the further safe states."""
    match finding:
        case states.StateNotReached(name=name, window_ns=window_ns):
            return f"safe state '{name}' not reached within {format_ns(window_ns)}"
        case states.StateTooLate() as late:
            return f"safe state '{late.name}' {_span(late.low_ns, late.high_ns)} after onset, later than {_of(late)}"
        case states.StateTooEarly() as early:
            span = _span(early.low_ns, early.high_ns)
            return f"safe state '{early.name}' {span} after onset, earlier than {_of(early)}"
        case states.StateStraddles() as open_:
            span = _span(open_.low_ns, open_.high_ns)
            return f"safe state '{open_.name}' {span} after onset straddles its bound {_of(open_)}"
    raise AssertionError(finding)


def _of(found: states.StateTooLate | states.StateTooEarly | states.StateStraddles) -> str:
    return format_ns(found.bound_ns)


def _span(low_ns: int, high_ns: int) -> str:
    return f"[{format_ns(low_ns)}, {format_ns(high_ns)}]"

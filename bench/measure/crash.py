"""A DUT that crashed: whose doing it was, and what is left to be measured of its shot.

A process that is killed from outside has a signal that no program sends itself by mistake, or, where a shell or another
wrapper started it, the exit code 128 + such a signal.
"""

import signal

from bench.measure.finding.base import Finding
from bench.measure.finding.bench import DutKilled, DutNotUp
from bench.measure.finding.life import DutCrashed
from bench.measure.shot import Shot
from bench.trace import facts
from bench.trace.mark import Mark
from bench.trace.timeline import Trace

_FROM_OUTSIDE = frozenset(
    int(getattr(signal, name))
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGTERM", "SIGXCPU", "SIGXFSZ", "SIGPWR")
    if hasattr(signal, name)
)
_BY_A_WRAPPER = 128  # the exit code of a shell is this and the signal of its command


def crash_mark(trace: Trace) -> Mark[facts.DutCrashed] | None:
    return next(trace.of(facts.DutCrashed), None)


def killed_or_not_up(trace: Trace) -> Finding | None:
    """What the crash is where it is no failure of the DUT's; None where there is none, or it is its own."""
    mark = crash_mark(trace)
    if mark is None:
        return None
    fact = mark.fact
    if fact.stopped or _from_outside(fact.status):
        return DutKilled(source=mark.source, said=fact.reason, status=fact.status)
    heard = any(one.t_ns <= mark.t_ns for one in trace.of(facts.DutHeard))
    if not heard and fact.status is not None and fact.status >= 0:
        return DutNotUp(source=mark.source, said=fact.reason, status=fact.status)
    return None


def own_crash(shot: Shot) -> DutCrashed | None:
    """The crash that is held against the DUT."""
    mark = crash_mark(shot.trace)
    if mark is None or killed_or_not_up(shot.trace) is not None:
        return None
    status = mark.fact.status
    armed = any(one.t_ns <= mark.t_ns for one in shot.trace.of(facts.ObserversArmed))
    return DutCrashed(
        said=mark.fact.reason,
        since=shot.when(mark.t_ns, None) if armed else None,
        exit_code=status if status is not None and status >= 0 else None,
        signal=-status if status is not None and status < 0 else None,
        raised=mark.fact.raised,
    )


def _from_outside(status: int | None) -> bool:
    if status is None:
        return False
    return (-status if status < 0 else status - _BY_A_WRAPPER) in _FROM_OUTSIDE

"""A DUT that crashed: who caused it, and what can still be measured of its shot.

A process that is killed from outside ends by a signal that no program sends to itself by mistake. If a shell or
another wrapper started it, it ends with the exit code 128 + that signal.
"""

import signal

from bench.measure.finding.base import Finding
from bench.measure.finding.bench import DutKilled, DutNotUp
from bench.measure.finding.life import DutCrashed
from bench.measure.shot import Shot
from bench.trace import facts
from bench.trace.mark import Mark
from bench.trace.timeline import Trace
from bench.units import NS_PER_S

_FROM_OUTSIDE = frozenset(
    int(getattr(signal, name))
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGTERM", "SIGXCPU", "SIGXFSZ", "SIGPWR")
    if hasattr(signal, name)
)
_BY_A_WRAPPER = 128  # the exit code of a shell is this and the signal of its command
STOP_FOLLOWS_NS = NS_PER_S


def crash_mark(trace: Trace) -> Mark[facts.DutCrashed] | None:
    """The mark of the DUT's crash; None where it did not crash."""
    return next(trace.of(facts.DutCrashed), None)


def killed_or_not_up(trace: Trace) -> Finding | None:
    """The finding for a crash that is not the DUT's failure. None where the DUT did not crash, or caused the crash
    itself.
    """
    mark = crash_mark(trace)
    if mark is None:
        return None
    fact = mark.fact
    stopped = fact.stopped or any(went_with_a_stop(trace, one.t_ns) for one in trace.of(facts.Aborted))
    if stopped or _from_outside(fact.status):
        return DutKilled(source=mark.source, said=fact.reason, status=fact.status)
    heard = any(one.t_ns <= mark.t_ns for one in trace.of(facts.DutHeard))
    if not heard and fact.status is not None and fact.status >= 0:
        return DutNotUp(source=mark.source, said=fact.reason, status=fact.status)
    return None


def went_with_a_stop(trace: Trace, stopped_ns: int) -> bool:
    """Whether the DUT's process had ended, by no fault of its own that is known, right before somebody ended the run.

    Who ends all processes of a bench reaches one after the other, and a program may end in order when it is told to.
    """
    mark = crash_mark(trace)
    if mark is None or not 0 <= stopped_ns - mark.t_ns <= STOP_FOLLOWS_NS:
        return False
    status = mark.fact.status
    return status is not None and 0 <= status < _BY_A_WRAPPER


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

"""How a shot ends: why it was cut short, what failed where nobody awaited it, and the way to the safe state."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

from bench.dut.ports import Explained, ended
from bench.errors import BenchError
from bench.measure.crash import went_with_a_stop
from bench.rig.rig import Rig
from bench.rig.safety_inputs import SafetyOpen
from bench.timing.stopping import was_stopped
from bench.trace.facts import Aborted, Fact, SafeStateMissed
from bench.trace.trouble import line_of, mark_error
from bench.units import NS_PER_S, format_ns

STOPPED = "stopped by the user or by a signal"


def tell_why_cancelled(rig: Rig, ended: asyncio.CancelledError) -> bool:
    """Who ended the shot: the user, a callback that failed, or nobody. Whether it is to be told further up."""
    trace, now_ns, task = rig.trace, rig.clock.now_ns(), asyncio.current_task()
    if was_stopped():
        trace.mark(now_ns, Aborted(reason=STOPPED), "engine")
        return True
    if rig.clock.failures:
        return False
    if task is not None and task.cancelling():
        why = "cancelled from outside the shot, not by the user"
        trace.mark(now_ns, Aborted(reason=why), "engine")
        return True
    mark_error(
        trace, now_ns, "engine", ended, traced=True
    )  # a wait was cancelled that somebody here waited for
    return False


MarkedAs = Mapping[type[BaseException], Callable[[BaseException], Fact]]


def tell_what_failed(rig: Rig, failed: BaseException, marked_as: MarkedAs) -> None:
    """Each of the errors of a group by itself; `marked_as`: those that are no breakdown of the bench."""
    trace, now_ns = rig.trace, rig.clock.now_ns()
    for error in _leaves(failed):
        if isinstance(error, SafetyOpen):
            continue  # told when it was seen, with the instant
        known = marked_as.get(type(error))
        if known is None:
            mark_error(trace, now_ns, "engine", error)
        else:
            trace.mark(now_ns, known(error), "engine")


def tell_failures(rig: Rig) -> None:
    """Put the errors of callbacks into the trace."""
    for error in rig.clock.failures.take():
        mark_error(rig.trace, rig.clock.now_ns(), "callback", error, traced=True)


def tell_crash(rig: Rig) -> None:
    """Tell the end of a DUT that is gone before the bench has stopped it, where its end has not been told yet."""
    if isinstance(rig.dut, Explained) and rig.dut.status() is not None:
        mark_error(rig.trace, rig.clock.now_ns(), "engine", ended(rig.dut))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


async def walk_to_safety(rig: Rig) -> None:
    """The way to the safe state is walked to its end, also when a second cancellation arrives meanwhile."""
    safe = asyncio.ensure_future(rig.safe())
    while not safe.done():
        try:
            await asyncio.wait({safe})
        except asyncio.CancelledError:
            _tell_stop(rig)
    error = asyncio.CancelledError() if safe.cancelled() else safe.exception()
    if error is not None:  # it promises not to: whatever it left undone is not confirmed
        rig.trace.mark(rig.clock.now_ns(), SafeStateMissed(problem=line_of(error)), "engine")
        mark_error(rig.trace, rig.clock.now_ns(), "engine", error, traced=True)


def _tell_stop(rig: Rig) -> None:
    """Tell a stop that came right after the DUT had gone. In any other case the shot was over, and keeps its
    verdict.
    """
    now_ns = rig.clock.now_ns()
    if was_stopped() and went_with_a_stop(rig.trace, now_ns) and not any(rig.trace.of(Aborted)):
        rig.trace.mark(now_ns, Aborted(reason=STOPPED), "engine")


async def take_faults_off(rig: Rig) -> None:
    """At the end of what is observed. BenchError where it takes too long; the way to the safe state tries again."""
    try:
        async with asyncio.timeout(rig.hardware.patience_ns / NS_PER_S):
            await rig.faults.take_all_off()
    except TimeoutError:
        words = f"the faults were not cleared within {format_ns(rig.hardware.patience_ns)}"
        raise BenchError(words) from None

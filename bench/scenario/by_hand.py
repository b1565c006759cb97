"""A rig driven by hand: the start and the end of a shot, and between them whatever somebody asks for."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext

from bench.config.profile import DutProfile
from bench.errors import BenchError
from bench.measure.plan import NOTHING
from bench.rig.rig import Rig
from bench.scenario.engine import MARKED_AS, Attempt, followed, settle
from bench.scenario.model import Start
from bench.scenario.way_out import (
    tell_crash,
    tell_failures,
    tell_what_failed,
    tell_why_cancelled,
    walk_to_safety,
)
from bench.timing.stopping import is_a_stop
from bench.trace import facts
from bench.trace.trouble import line_of


async def drive_by_hand(
    rig: Rig, profile: DutProfile, start: Start, serve: Callable[[], Awaitable[None]]
) -> str | None:
    """Bring the rig up, let `serve` drive it, and walk to the safe state, whatever happens. What went wrong, if any.

    Raises nothing but CancelledError, and that only where somebody outside wanted it to end.
    """
    trace, clock = rig.trace, rig.clock
    shot = Attempt(profile=profile, start=start, steps=(), plan=NOTHING, phase_ns=0)
    trouble: str | None = None
    trace.mark(clock.now_ns(), facts.RunStarted(phase_ns=0), "by hand")
    try:
        try:
            async with rig.hardware.safety.watched() if rig.hardware.safety is not None else nullcontext():
                await _energised(rig, shot, serve)
        except asyncio.CancelledError:
            raise
        except BaseException as failed:
            if is_a_stop(failed):
                raise
            trouble = _line(failed)
            tell_what_failed(rig, failed, MARKED_AS)
    except asyncio.CancelledError as ended:
        if tell_why_cancelled(rig, ended):
            raise
        trouble = trouble or "what it waited for was cancelled"
    finally:
        try:
            tell_failures(rig)
            tell_crash(rig)
        finally:
            await walk_to_safety(rig)
        tell_failures(rig)
        trace.mark(clock.now_ns(), facts.RunEnded(), "by hand")
    if trouble is None and rig.hardware.safety is not None and rig.hardware.safety.opened is not None:
        return str(rig.hardware.safety.opened)  # it opened at the very end
    return trouble


async def _energised(rig: Rig, shot: Attempt, serve: Callable[[], Awaitable[None]]) -> None:
    await rig.energise()
    async with asyncio.TaskGroup() as tasks:
        follower = tasks.create_task(followed(rig))
        try:
            await rig.boot()
            await settle(rig, shot)
            await serve()
        finally:
            follower.cancel()


def _line(failed: BaseException) -> str:
    while isinstance(failed, BaseExceptionGroup):
        failed = failed.exceptions[0]
    return str(failed) if isinstance(failed, BenchError) else line_of(failed)

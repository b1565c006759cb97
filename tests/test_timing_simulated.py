"""Simulated time: order, asyncio's own tools on it, cancellation, stall, Ctrl-C."""

import asyncio
import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import StalledError
from bench.testing import TimebaseSuite
from bench.testing.timebase import Main
from bench.timing.clock import Phase, grid_point_ns
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.timing.stopping import interrupt, stop_run
from bench.units import NS_PER_MS, NS_PER_S

ENTRIES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(list(Phase)), st.booleans()), max_size=40)


@given(ENTRIES)
def test_runs_by_instant_then_phase_then_order_of_creation(entries: list[tuple[int, Phase, bool]]) -> None:
    ran: list[int] = []

    async def main(clock: SimulatedClock) -> None:
        timers = [
            clock.call_at(when, phase, lambda number=number: ran.append(number))  # type: ignore[misc]
            for number, (when, phase, _) in enumerate(entries)
        ]
        for timer, (_, _, cancelled) in zip(timers, entries):
            if cancelled:
                timer.cancel()
        await clock.sleep_until(10)

    run_simulated(main)
    kept = [number for number, (_, _, cancelled) in enumerate(entries) if not cancelled]
    assert ran == sorted(kept, key=lambda number: entries[number][:2])  # sorted() is stable


@given(st.lists(st.integers(0, 4), min_size=1, max_size=20))
def test_tasks_with_equal_deadlines_wake_in_order_of_creation(
    deadlines_ms: list[int],
) -> None:
    woke: list[tuple[int, int]] = []

    async def main(clock: SimulatedClock) -> None:
        async def sleeper(number: int, when_ms: int) -> None:
            if number % 2:
                await clock.sleep_until(when_ms * NS_PER_MS)
            else:
                await asyncio.sleep(when_ms / 1e3)
            woke.append((clock.now_ns() // NS_PER_MS, number))

        async with asyncio.TaskGroup() as tasks:
            for number, when_ms in enumerate(deadlines_ms, start=1):
                tasks.create_task(sleeper(number, when_ms + 1))

    run_simulated(main)
    assert woke == sorted((when_ms + 1, number) for number, when_ms in enumerate(deadlines_ms, start=1))


def test_a_callback_may_schedule_for_the_same_instant_but_never_runs_inside_the_call() -> None:
    ran: list[str] = []

    async def main(clock: SimulatedClock) -> None:
        def outer() -> None:
            clock.call_at(0, Phase.PLANT, lambda: ran.append(f"inner at {clock.now_ns()}"))
            ran.append("outer")

        clock.call_at(7, Phase.OBSERVE, outer)
        await clock.sleep_until(8)

    run_simulated(main)
    assert ran == ["outer", "inner at 7"]


def test_timeout_taskgroup_and_queue_work_and_cost_no_real_time() -> None:
    async def main(clock: SimulatedClock) -> tuple[list[int], int]:
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)
        got: list[int] = []

        async def produce() -> None:
            for number in range(3):
                await asyncio.sleep(3600)
                await queue.put(number)

        async def consume() -> None:
            while len(got) < 3:
                got.append(await queue.get())

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(produce())
            tasks.create_task(consume())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.25):
                await queue.get()
        async with asyncio.timeout(0.25):  # one that is left in time stays silent
            await asyncio.sleep(0.2)
        await asyncio.sleep(1)
        return got, clock.now_ns()

    assert run_simulated(main) == ([0, 1, 2], 3 * 3600 * NS_PER_S + 1_450 * NS_PER_MS)


def test_a_failing_task_cancels_its_siblings() -> None:
    ended: list[str] = []

    async def main(clock: SimulatedClock) -> None:
        async def waits() -> None:
            try:
                await clock.sleep_until(NS_PER_S)
            except asyncio.CancelledError:
                ended.append(f"cancelled at {clock.now_ns()}")
                raise

        async def fails() -> None:
            await clock.sleep_until(5)
            raise ValueError("on purpose")

        with pytest.raises(ExceptionGroup, match="unhandled errors in a TaskGroup"):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(waits())
                tasks.create_task(fails())
        await clock.sleep_until(2 * NS_PER_S)  # the abandoned timer must not disturb

    run_simulated(main)
    assert ended == ["cancelled at 5"]


@given(st.integers(0, 200), st.integers(1, 50), st.integers(0, 200))
def test_a_grid_keeps_its_points_and_leaves_out_passed_ones(first: int, period: int, now: int) -> None:
    ran: list[int] = []

    async def main(clock: SimulatedClock) -> None:
        await clock.sleep_until(now)
        timer = clock.every(period, Phase.PLANT, lambda: ran.append(clock.now_ns()), first_ns=first)
        await clock.sleep_until(now + 300)
        timer.cancel()
        timer.cancel()
        await clock.sleep_until(now + 1000)

    run_simulated(main)
    points = range(first, now + 301, period)
    assert ran == [point for point in points if point >= now]


def test_a_grid_does_not_drift_over_200_000_periods() -> None:
    count = last = 0

    async def main(clock: SimulatedClock) -> None:
        def tick() -> None:
            nonlocal count, last
            count, last = count + 1, clock.now_ns()

        clock.every(3_333_333, Phase.PLANT, tick, first_ns=17)
        await clock.sleep_until(17 + 200_000 * 3_333_333)

    run_simulated(main)
    assert (count, last) == (200_001, 17 + 200_000 * 3_333_333)


class TestSimulatedClock(TimebaseSuite):
    late_ns = 0

    def run(self, main: Main) -> Any:
        return run_simulated(main)


@pytest.mark.parametrize("period_ns", [0, -5])
def test_a_grid_needs_a_positive_period(period_ns: int) -> None:
    with pytest.raises(ValueError, match=f"period_ns = {period_ns}: a grid needs a positive period"):
        grid_point_ns(0, period_ns, 0)
    with pytest.raises(ValueError, match="positive period"):
        SimulatedClock().every(period_ns, Phase.PLANT, lambda: None, first_ns=0)


def test_a_stall_is_told_at_once_with_its_instant() -> None:
    async def main(clock: SimulatedClock) -> None:
        await clock.sleep_until(1_500 * NS_PER_MS)
        await asyncio.Event().wait()

    with pytest.raises(StalledError, match=r"stalled at 1\.500000 s: every task waits and nothing"):
        run_simulated(main)


def test_a_stall_still_lets_the_tasks_clean_up() -> None:
    cleaned: list[int] = []

    async def main(clock: SimulatedClock) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await clock.sleep_until(clock.now_ns() + 5)
            cleaned.append(clock.now_ns())

    with pytest.raises(StalledError):
        run_simulated(main)
    assert cleaned == [5]


def test_threads_are_refused() -> None:
    async def main(clock: SimulatedClock) -> None:
        with pytest.raises(RuntimeError, match="no threads under simulated time"):
            await asyncio.get_running_loop().run_in_executor(None, print)
        with pytest.raises(RuntimeError, match="no threads under simulated time"):
            await asyncio.to_thread(print)

    run_simulated(main)


def test_an_exception_in_a_grid_callback_ends_the_run_and_lets_tasks_clean_up() -> None:
    cleaned: list[int] = []

    async def main(clock: SimulatedClock) -> None:
        def tick() -> None:
            if clock.now_ns() == 30:
                raise ZeroDivisionError("the plant")

        clock.every(10, Phase.PLANT, tick, first_ns=0)
        try:
            await clock.sleep_until(1000)
        finally:
            await clock.sleep_until(clock.now_ns() + 50)
            cleaned.append(clock.now_ns())

    with pytest.raises(ZeroDivisionError, match="the plant"):
        run_simulated(main)
    assert cleaned == [80]


@pytest.mark.parametrize("waits_for", ["a sleep", "an event that nobody sets"])
def test_ctrl_c_cancels_the_run_at_once_and_lets_it_clean_up(waits_for: str) -> None:
    seen: list[Any] = []

    async def main(clock: SimulatedClock) -> None:
        # The grid goes on for ever and wakes nobody: the interruption alone must end the wait.
        clock.every(NS_PER_MS, Phase.PLANT, lambda: None, first_ns=0)
        clock.call_at(20 * NS_PER_MS, Phase.PLANT, lambda: signal.raise_signal(signal.SIGINT))
        try:
            if waits_for == "a sleep":
                await clock.sleep_until(NS_PER_S)
            else:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append(clock.now_ns())
            await clock.sleep_until(clock.now_ns() + 5)
            seen.append(clock.now_ns())
            raise

    with pytest.raises(KeyboardInterrupt):
        run_simulated(main)
    assert seen == [20 * NS_PER_MS, 20 * NS_PER_MS + 5]


def test_a_signal_between_a_result_and_the_wake_up_of_its_task_ends_the_run_all_the_same() -> None:
    """Where the handler raises, the wake-up is lost: nothing can cancel the task, and the run goes on for ever."""
    seen: list[int] = []

    async def main(clock: SimulatedClock) -> None:
        loop = asyncio.get_running_loop()
        plain = loop.call_soon

        def struck(*args: Any, **kwargs: Any) -> asyncio.Handle:
            loop.call_soon = plain  # type: ignore[method-assign]
            signal.raise_signal(signal.SIGTERM)
            return plain(*args, **kwargs)

        clock.every(NS_PER_MS, Phase.PLANT, lambda: None, first_ns=0)
        clock.call_at(5, Phase.PLANT, lambda: setattr(loop, "call_soon", struck))
        try:
            await clock.sleep_until(10)
            await clock.sleep_until(NS_PER_S)
        finally:
            seen.append(clock.now_ns())

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_simulated(main)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [10]
    assert not stop_run(), "nothing is in progress any more"


def test_two_runs_do_not_share_a_timeline() -> None:
    async def main(clock: SimulatedClock) -> int:
        clock.every(7, Phase.PLANT, lambda: None, first_ns=0)
        await clock.sleep_until(100)
        return clock.now_ns()

    assert [run_simulated(main), run_simulated(main)] == [100, 100]


@given(st.integers(0, 10**12), st.integers(1, 10**11))
def test_whoever_waits_for_a_rest_of_time_gets_to_its_end(began_ns: int, within_ns: int) -> None:
    """Floats leave rests below a nanosecond: x + 20 s − 20 s is not x."""

    async def main(clock: SimulatedClock) -> int:
        await clock.sleep_until(began_ns)
        loop = asyncio.get_running_loop()
        until_s, turns = loop.time() + within_ns / NS_PER_S, 0
        while (left_s := until_s - loop.time()) > 0:
            await asyncio.wait({loop.create_future()}, timeout=left_s)
            turns += 1
            assert turns < 5
        return clock.now_ns()

    assert abs(run_simulated(main) - began_ns - within_ns) <= 1


@pytest.mark.parametrize("when_s", [22.487954, 22.487954000000002, 22.4879540000001])
def test_no_timer_of_asyncio_is_due_before_its_instant(when_s: float) -> None:
    async def main(clock: SimulatedClock) -> float:
        loop = asyncio.get_running_loop()
        await clock.sleep_until(22_487_954_000)
        woken = loop.create_future()
        loop.call_at(when_s, woken.set_result, None)
        await woken
        return loop.time()

    assert run_simulated(main) >= when_s

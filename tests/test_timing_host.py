"""Real time: what must hold however slow the machine is. No test here asks for a speed."""

import asyncio
import socket
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from bench.testing import TimebaseSuite
from bench.testing.timebase import Main
from bench.timing.clock import Phase
from bench.timing.correlation import correlate
from bench.timing.host import HostClock, host_now_ns, run_among_ourselves, run_on_host, wall_now_ns
from bench.units import NS_PER_MS, NS_PER_S

PERIOD_NS = 5 * NS_PER_MS
pytestmark = pytest.mark.real_time


def _block_until(when_ns: int) -> None:
    while host_now_ns() < when_ns:
        pass


def test_a_late_callback_shifts_no_later_one_and_is_told() -> None:
    told: list[int] = []

    async def main(clock: HostClock) -> tuple[int, list[int]]:
        ran_ns: list[int] = []
        clock.on_late = told.append
        first_ns = clock.now_ns() + PERIOD_NS

        def tick() -> None:
            ran_ns.append(clock.now_ns())
            if len(ran_ns) == 2:
                _block_until(clock.now_ns() + 3 * PERIOD_NS + PERIOD_NS // 2)

        timer = clock.every(PERIOD_NS, Phase.PLANT, tick, first_ns=first_ns)
        while len(ran_ns) < 6:
            await clock.sleep_until(clock.now_ns() + PERIOD_NS)
        timer.cancel()
        assert clock.worst_late_ns == max(told)
        return first_ns, ran_ns

    first_ns, ran_ns = run_on_host(main)
    # `told` is read just before the callback reads the clock: the two agree to well under a period.
    points = [round((ran - late - first_ns) / PERIOD_NS) for ran, late in zip(ran_ns, told)]
    assert points == sorted(set(points)), "every call belongs to a grid point of its own"
    assert told[2] >= 2 * PERIOD_NS, "the call that had to wait for the blocked one says so"
    assert points[3] - points[2] >= 3, "points that passed meanwhile are left out, not run in a burst"
    assert all(late >= -NS_PER_MS for late in told)


def test_a_grid_that_begins_in_the_past_counts_no_lateness_for_it() -> None:
    async def main(clock: HostClock) -> list[int]:
        told: list[int] = []
        clock.on_late = told.append
        begun_ns = clock.now_ns()
        timer = clock.every(PERIOD_NS, Phase.PLANT, lambda: None, first_ns=begun_ns - 10 * NS_PER_S)
        while not told:
            await clock.sleep_until(clock.now_ns() + PERIOD_NS)
        timer.cancel()
        timer.cancel()
        return told

    assert run_on_host(main)[0] < 10 * NS_PER_S


class TestHostClock(TimebaseSuite):
    late_ns = 2 * NS_PER_MS  # the best of twelve, on a machine that does other things, too
    early_ns = NS_PER_MS  # a loop's timer has the resolution of its clock

    def run(self, main: Main) -> Any:
        return run_on_host(main)


def test_the_correlation_places_a_wall_clock_stamp_on_the_monotonic_clock() -> None:
    for _ in range(20):
        correlation = correlate()
        before_ns = host_now_ns()
        wall_ns = wall_now_ns()
        after_ns = host_now_ns()
        placed_ns = correlation.monotonic_ns(wall_ns)
        assert correlation.u_ns > 0
        # 1 ms is room for a clock that is being slewed meanwhile, and far below any wrong sign or unit.
        assert (
            before_ns - correlation.u_ns - NS_PER_MS <= placed_ns <= after_ns + correlation.u_ns + NS_PER_MS
        )


def talk(clock: HostClock, *, pause_s: float, answers: bool) -> Coroutine[Any, Any, bytes]:
    """What comes over a pair of sockets within 0.1 s, from an end that is asked after 10 ms and held up then."""

    async def main() -> bytes:
        loop, (near, far) = asyncio.get_running_loop(), socket.socketpair()
        near.setblocking(False)

        def answer() -> None:
            time.sleep(pause_s)
            if answers:
                far.send(b"here")

        with near, far:
            clock.call_at(clock.now_ns() + 10 * NS_PER_MS, Phase.INSTRUMENT, answer)
            async with asyncio.timeout(0.1):
                return await loop.sock_recv(near, 16)

    return main()


def test_a_pause_of_the_whole_process_is_no_silence_of_one_end_of_it() -> None:
    late = {"pause_s": 0.3, "answers": True}
    assert run_among_ourselves(lambda clock: talk(clock, **late)) == b"here"  # type: ignore[arg-type]
    with pytest.raises(TimeoutError):
        run_on_host(lambda clock: talk(clock, **late))  # type: ignore[arg-type]


def test_an_end_that_says_nothing_is_silent_all_the_same_and_time_never_goes_back() -> None:
    with pytest.raises(TimeoutError):
        run_among_ourselves(lambda clock: talk(clock, pause_s=0.3, answers=False))

    async def main(clock: HostClock) -> list[int]:
        seen = []
        for _ in range(5):
            seen.append(clock.now_ns())
            time.sleep(0.05)
            seen.append(clock.now_ns())
            await clock.sleep_until(clock.now_ns() + 5 * NS_PER_MS)
        return seen

    seen = run_among_ourselves(main)
    assert seen == sorted(seen)
    assert 5 * 20 * NS_PER_MS <= seen[-1] - seen[0] < 5 * 50 * NS_PER_MS

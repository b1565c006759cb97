"""Looking again and again until something is there: at the same instants as a task that sleeps in between."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.timing.clock import Clock, Phase
from bench.timing.host import run_on_host
from bench.timing.looking import look_until
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.units import NS_PER_MS


async def slept_until(clock: Clock, end_ns: int, period_ns: int, looks: list[int], there_ns: int) -> bool:
    while clock.now_ns() < end_ns:
        await clock.sleep_until(min(end_ns, clock.now_ns() + period_ns))
        looks.append(clock.now_ns())
        if clock.now_ns() >= there_ns:
            return True
    return False


@given(st.integers(0, 60), st.integers(1, 25), st.integers(0, 80), st.integers(0, 30))
def test_it_looks_when_a_task_that_sleeps_in_between_would(
    end_ns: int, period_ns: int, there_ns: int, begin_ns: int
) -> None:
    looks: dict[str, list[int]] = {"slept": [], "looked": []}

    async def main(clock: SimulatedClock) -> tuple[bool, bool]:
        await clock.sleep_until(begin_ns)
        mine = looks["looked"]

        def is_there() -> bool:
            mine.append(clock.now_ns())
            return clock.now_ns() >= there_ns

        async with asyncio.TaskGroup() as tasks:
            slept = tasks.create_task(slept_until(clock, end_ns, period_ns, looks["slept"], there_ns))
            looked = tasks.create_task(look_until(clock, end_ns, period_ns, is_there))
        return slept.result(), looked.result()

    slept, looked = run_simulated(main)
    assert looked is slept
    assert looks["looked"] == looks["slept"]


def test_what_a_look_raises_is_raised_where_somebody_waits_and_nobody_looks_again() -> None:
    looks = []

    async def main(clock: SimulatedClock) -> int:
        def look() -> bool:
            looks.append(clock.now)
            raise LookupError("nothing there")

        with pytest.raises(LookupError, match="nothing there"):
            await look_until(clock, 100, 10, look)
        await clock.sleep_until(200)
        return clock.now

    assert run_simulated(main) == 200
    assert looks == [10]


def test_nobody_looks_any_more_for_who_waits_no_more() -> None:
    looks = []

    async def main(clock: SimulatedClock) -> None:
        def look() -> bool:
            looks.append(clock.now)
            return False

        waiting = asyncio.ensure_future(look_until(clock, 100, 10, look))
        await clock.sleep_until(35)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await clock.sleep_until(200)

    run_simulated(main)
    assert looks == [10, 20, 30]


def test_a_look_comes_behind_what_happens_at_its_instant() -> None:
    async def main(clock: SimulatedClock) -> bool:
        there: list[int] = []
        clock.call_at(20, Phase.OBSERVE, lambda: there.append(20))
        return await look_until(clock, 20, 10, lambda: bool(there))

    assert run_simulated(main) is True


def test_it_looks_in_real_time_too() -> None:
    async def main(clock: Clock) -> tuple[bool, int]:
        begin_ns, looks = clock.now_ns(), 0

        def look() -> bool:
            nonlocal looks
            looks += 1
            return looks == 3

        seen = await look_until(clock, begin_ns + 10_000 * NS_PER_MS, NS_PER_MS, look)
        return seen, clock.now_ns() - begin_ns

    seen, took_ns = run_on_host(main)
    assert seen is True
    assert took_ns >= 3 * NS_PER_MS

"""What every clock of a run promises, whatever time it tells. No case asks for a speed of each call."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest

from bench.timing.clock import Clock, Phase, Timebase
from bench.timing.failures import Failures
from bench.units import NS_PER_MS, NS_PER_S

PERIOD_NS = 5 * NS_PER_MS
MANY = 24
Main = Callable[[Clock], Awaitable[Any]]


class TimebaseSuite:
    """A clock, and what runs a coroutine on it."""

    early_ns: ClassVar[int] = (
        0  # how far before its instant a call may be seen, for the clock's own resolution
    )

    late_ns: ClassVar[int | None] = (
        None  # how far behind its instant the best of many calls is; None: not proven, and a skip says so
    )

    def run(self, main: Main) -> Any:
        """Run `main(clock)` to its end, on a new clock; what it returns."""
        raise NotImplementedError(f"{type(self).__name__}.run: expected a method that runs main(clock)")

    def test_time_is_whole_and_never_goes_back(self) -> None:
        async def main(clock: Clock) -> list[int]:
            assert isinstance(clock.timebase, Timebase), "whose time it tells"
            assert isinstance(clock.failures, Failures)
            seen = [clock.now_ns()]
            for wait_ns in (0, 1, NS_PER_MS, -NS_PER_S, PERIOD_NS):
                due_ns = clock.now_ns() + wait_ns
                await clock.sleep_until(due_ns)
                seen.append(clock.now_ns())
                assert seen[-1] >= due_ns - self.early_ns, "woken before its instant"
            return seen

        seen = self.run(main)
        assert all(type(t_ns) is int for t_ns in seen)
        assert seen == sorted(seen)
        assert seen[-1] - seen[0] >= PERIOD_NS + NS_PER_MS - 2 * self.early_ns

    def test_timers_run_once_not_before_their_instant_and_not_when_cancelled(self) -> None:
        async def main(clock: Clock) -> tuple[int, list[int]]:
            ran_ns: list[int] = []
            due_ns = clock.now_ns() + 10 * NS_PER_MS
            timer = clock.call_at(due_ns, Phase.BUS, lambda: ran_ns.append(clock.now_ns()))
            cancelled = clock.call_at(due_ns, Phase.BUS, lambda: ran_ns.append(-1))
            cancelled.cancel()
            cancelled.cancel()
            clock.call_at(clock.now_ns() - NS_PER_MS, Phase.BUS, lambda: ran_ns.append(0))
            assert ran_ns == [], "never inside the call, however late it is"
            await clock.sleep_until(due_ns + 20 * NS_PER_MS)
            timer.cancel()  # after it ran: nothing
            return due_ns, ran_ns

        due_ns, ran_ns = self.run(main)
        assert ran_ns[0] == 0 and len(ran_ns) == 2
        assert ran_ns[1] >= due_ns - self.early_ns

    def test_a_grid_keeps_its_points_and_leaves_out_those_that_passed(self) -> None:
        async def main(clock: Clock) -> tuple[int, int, list[int]]:
            ran_ns: list[int] = []
            began_ns = clock.now_ns()
            first_ns = began_ns - 10 * PERIOD_NS - PERIOD_NS // 2
            timer = clock.every(
                PERIOD_NS, Phase.PLANT, lambda: ran_ns.append(clock.now_ns()), first_ns=first_ns
            )
            await clock.sleep_until(began_ns + 5 * PERIOD_NS)
            timer.cancel()
            timer.cancel()
            ended_ns, count = clock.now_ns(), len(ran_ns)
            await clock.sleep_until(ended_ns + 3 * PERIOD_NS)
            assert len(ran_ns) == count, "called after it was cancelled"
            return began_ns + PERIOD_NS // 2, ended_ns, ran_ns

        point_ns, ended_ns, ran_ns = self.run(main)
        assert ran_ns, "the grid has to run"
        for ran in ran_ns:
            assert ran >= point_ns - self.early_ns, "before its point, or one that passed is made up for"
            point_ns += PERIOD_NS * max(1, (ran + self.early_ns - point_ns) // PERIOD_NS)
        assert len(ran_ns) <= (ended_ns - ran_ns[0]) // PERIOD_NS + 2

    def test_a_grid_can_end_itself(self) -> None:
        async def main(clock: Clock) -> int:
            count = 0

            def tick() -> None:
                nonlocal count
                count += 1
                if count == 3:
                    timer.cancel()

            timer = clock.every(NS_PER_MS, Phase.DUT, tick, first_ns=clock.now_ns())
            while count < 3:
                await clock.sleep_until(clock.now_ns() + PERIOD_NS)
            await clock.sleep_until(clock.now_ns() + 2 * PERIOD_NS)
            return count

        assert self.run(main) == 3

    def test_a_grid_goes_on(self) -> None:
        async def main(clock: Clock) -> int:
            ran_ns: list[int] = []
            timer = clock.every(
                NS_PER_MS, Phase.DUT, lambda: ran_ns.append(clock.now_ns()), first_ns=clock.now_ns()
            )
            latest_ns = clock.now_ns() + 10 * NS_PER_S
            while len(ran_ns) < MANY and clock.now_ns() < latest_ns:
                await clock.sleep_until(clock.now_ns() + PERIOD_NS)
            timer.cancel()
            return len(ran_ns)

        assert self.run(main) >= MANY, "the grid has ended by itself"

    def test_the_best_of_many_calls_is_not_late(self) -> None:
        """The first and the second half are tested separately, because a grid that drifts is late at its end."""
        late_ns = self.late_ns
        if late_ns is None:
            name = type(self).__name__
            pytest.skip(f"{name} has no late_ns: that calls come at their instants is not proven")

        async def main(clock: Clock) -> dict[str, list[int]]:
            first_ns = clock.now_ns() + PERIOD_NS // 3
            late: dict[str, list[int]] = {"call_at": [], "every": [], "sleep_until": []}

            def tick() -> None:
                since_ns = clock.now_ns() - first_ns + self.early_ns
                late["every"].append(since_ns % PERIOD_NS - self.early_ns)

            timer = clock.every(PERIOD_NS, Phase.PLANT, tick, first_ns=first_ns)
            for _ in range(MANY):
                due_ns = clock.now_ns() + PERIOD_NS
                clock.call_at(due_ns, Phase.BUS, lambda: late["call_at"].append(clock.now_ns() - due_ns))  # noqa: B023
                await clock.sleep_until(due_ns)
                late["sleep_until"].append(clock.now_ns() - due_ns)
                await clock.sleep_until(due_ns + PERIOD_NS)
            timer.cancel()
            return late

        for verb, found in self.run(main).items():
            half = len(found) // 2
            assert min(found[:half]) <= late_ns, f"{verb}: none comes at its instant"
            assert min(found[half:]) <= late_ns, f"{verb}: none comes at its instant after a while"

    @pytest.mark.parametrize("period_ns", [0, -5])
    def test_a_grid_needs_a_positive_period(self, period_ns: int) -> None:
        async def main(clock: Clock) -> None:
            with pytest.raises(ValueError, match="positive period"):
                clock.every(period_ns, Phase.PLANT, lambda: None, first_ns=clock.now_ns())

        self.run(main)

    @pytest.mark.parametrize("by", ["every", "call_at"])
    def test_an_exception_in_a_callback_ends_the_run_after_the_tasks_have_cleaned_up(self, by: str) -> None:
        cleaned: list[str] = []

        async def main(clock: Clock) -> None:
            def tick() -> None:
                raise ZeroDivisionError("the plant")

            due_ns = clock.now_ns() + PERIOD_NS
            if by == "every":
                clock.every(PERIOD_NS, Phase.PLANT, tick, first_ns=due_ns)
            else:
                clock.call_at(due_ns, Phase.PLANT, tick)
            try:
                await clock.sleep_until(clock.now_ns() + 2 * NS_PER_S)
            finally:
                await clock.sleep_until(clock.now_ns() + NS_PER_MS)
                cleaned.append("yes")

        with pytest.raises(ZeroDivisionError, match="the plant"):
            self.run(main)
        assert cleaned == ["yes"]

    def test_the_tools_of_asyncio_run_on_this_clock(self) -> None:
        async def main(clock: Clock) -> int:
            began_ns = clock.now_ns()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await clock.sleep_until(began_ns + 100 * NS_PER_S)
            return clock.now_ns() - began_ns

        assert 20 * NS_PER_MS - self.early_ns <= self.run(main) < 50 * NS_PER_S

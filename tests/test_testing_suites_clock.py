"""The published suites of DUTs and clocks can fail: each is given some that lie, and says so."""

from typing import Any

import pytest
from broken_drivers import broken
from test_dut_suite import TestInProcess as InProcess

from bench.dut.in_process import InProcessDut
from bench.errors import DutError
from bench.testing import TimebaseSuite
from bench.timing.clock import Phase
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.units import NS_PER_MS


class Clock:
    """A true clock, but for what a subclass says otherwise."""

    def __init__(self, true: SimulatedClock) -> None:
        self.true = true

    def __getattr__(self, name: str) -> Any:
        return getattr(self.true, name)


class RunsInsideTheCall(Clock):
    def call_at(self, when_ns: int, phase: Phase, callback: Any) -> Any:
        if when_ns < self.true.now_ns():
            callback()
            callback = list
        return self.true.call_at(when_ns, phase, callback)


class WakesTooEarly(Clock):
    async def sleep_until(self, when_ns: int) -> None:
        await self.true.sleep_until(when_ns - NS_PER_MS)


class MakesUpForWhatPassed(Clock):
    def every(self, period_ns: int, phase: Phase, callback: Any, *, first_ns: int) -> Any:
        for _ in range((self.true.now_ns() - first_ns) // period_ns if period_ns > 0 else 0):
            self.true.call_at(0, phase, callback)
        return self.true.every(period_ns, phase, callback, first_ns=first_ns)


class TakesAnyPeriod(Clock):
    def every(self, period_ns: int, phase: Phase, callback: Any, *, first_ns: int) -> Any:
        return self.true.every(max(1, period_ns), phase, callback, first_ns=first_ns)


class SwallowsExceptions(Clock):
    def every(self, period_ns: int, phase: Phase, callback: Any, *, first_ns: int) -> Any:
        def quiet() -> None:
            try:
                callback()
            except ZeroDivisionError:
                return

        return self.true.every(period_ns, phase, quiet, first_ns=first_ns)


class Kept:
    def cancel(self) -> None: ...


class CancelsNothing(Clock):
    def call_at(self, when_ns: int, phase: Phase, callback: Any) -> Any:
        self.true.call_at(when_ns, phase, callback)
        return Kept()


class FloatingPoint(Clock):
    def now_ns(self) -> Any:
        return float(self.true.now_ns())


TIMERS, GRID = (
    "timers_run_once_not_before_their_instant_and_not_when_cancelled",
    "a_grid_keeps_its_points_and_leaves_out_those_that_passed",
)
TIME = "time_is_whole_and_never_goes_back"


def on(lie: type[Clock]) -> type:
    return type(
        "Mine",
        (TimebaseSuite,),
        {"late_ns": 0, "run": lambda _, main: run_simulated(lambda clock: main(lie(clock)))},
    )


def test_a_true_clock_and_a_true_dut_break_no_promise() -> None:
    assert broken(on(Clock)) == set()
    assert broken(InProcess) == set()


@pytest.mark.parametrize(
    ("lie", "caught"),
    [
        (RunsInsideTheCall, {TIMERS}),
        (WakesTooEarly, {TIME}),
        (MakesUpForWhatPassed, {GRID}),
        (TakesAnyPeriod, {"a_grid_needs_a_positive_period"}),
        (SwallowsExceptions, {"an_exception_in_a_callback_ends_the_run_after_the_tasks_have_cleaned_up"}),
        (CancelsNothing, {TIMERS}),
    ],
)
def test_a_clock_that_lies_is_caught(lie: type[Clock], caught: set[str]) -> None:
    assert broken(on(lie)) == caught


def test_a_clock_in_floating_point_is_caught() -> None:
    assert TIME in broken(on(FloatingPoint))


class AliveForEver(InProcessDut):
    def alive(self) -> bool:
        return True


class TalksOn(InProcessDut):
    async def hang(self) -> None: ...


class StopsOnceOnly(InProcessDut):
    async def stop(self) -> None:
        if not self.alive():
            raise DutError("it is off already")
        await super().stop()


class StaysHung(InProcessDut):
    async def go_on(self) -> None: ...


LIFE, HANGS, SPEAKS = (
    "it_is_alive_from_start_to_stop_and_can_start_again",
    "one_that_hangs_says_nothing_until_it_goes_on",
    "it_speaks_from_start_to_stop_and_no_longer",
)


@pytest.mark.parametrize(
    ("lie", "caught"),
    [
        (AliveForEver, {LIFE}),
        (TalksOn, {HANGS}),
        (StopsOnceOnly, {LIFE, SPEAKS}),
        (StaysHung, {HANGS}),
    ],
)
def test_a_dut_that_lies_is_caught(lie: type[InProcessDut], caught: set[str]) -> None:
    class Mine(InProcess):
        def dut(self, clock: Any) -> Any:
            made = super().dut(clock)
            made.__class__ = lie
            return made

    assert broken(Mine) == caught

"""The published suites of DUTs and clocks can fail: words for deeds, late calls, grids that drift or end."""

from typing import Any

import pytest
from broken_drivers import broken
from test_dut_suite import TestInProcess as InProcess
from test_testing_suites_clock import Clock, on

from bench.dut.in_process import InProcessDut
from bench.testing import DutSuite, TimebaseSuite
from bench.timing.clock import Phase
from bench.timing.simulated import run_simulated
from bench.units import NS_PER_MS


class SleepsOn(Clock):
    async def sleep_until(self, when_ns: int) -> None:
        await self.true.sleep_until(when_ns + NS_PER_MS)


class CallsLate(Clock):
    def call_at(self, when_ns: int, phase: Phase, callback: Any) -> Any:
        return self.true.call_at(when_ns + NS_PER_MS, phase, callback)


class GridFromNow(Clock):
    """A period from now, wherever the grid has its points."""

    def every(self, period_ns: int, phase: Phase, callback: Any, *, first_ns: int) -> Any:
        first_ns = max(first_ns, self.true.now_ns() + period_ns)
        return self.true.every(period_ns, phase, callback, first_ns=first_ns)


class GridDrifts(Clock):
    """Each call a little later than a period behind the last."""

    def every(self, period_ns: int, phase: Phase, callback: Any, *, first_ns: int) -> Any:
        more_ns = period_ns // 200 if period_ns > 0 else 0
        return self.true.every(period_ns + more_ns, phase, callback, first_ns=first_ns)


class GridEnds(Clock):
    def every(self, period_ns: int, phase: Phase, callback: Any, *, first_ns: int) -> Any:
        left = [8]

        def tick() -> None:
            left[0] -= 1
            if left[0] < 0:
                timer.cancel()
            else:
                callback()

        timer = self.true.every(period_ns, phase, tick, first_ns=first_ns)
        return timer


class SwallowsOfCallAt(Clock):
    def call_at(self, when_ns: int, phase: Phase, callback: Any) -> Any:
        def quiet() -> None:
            try:
                callback()
            except ZeroDivisionError:
                return

        return self.true.call_at(when_ns, phase, quiet)


class OfNoTimebase(Clock):
    timebase = "mine"


LATE = "the_best_of_many_calls_is_not_late"

CLOCKS: dict[type[Clock], set[str]] = {
    SleepsOn: {LATE},
    CallsLate: {LATE},
    GridFromNow: {LATE},
    GridDrifts: {LATE},
    GridEnds: {"a_grid_goes_on"},
    SwallowsOfCallAt: {"an_exception_in_a_callback_ends_the_run_after_the_tasks_have_cleaned_up"},
    OfNoTimebase: {"time_is_whole_and_never_goes_back"},
}


@pytest.mark.parametrize("lie", CLOCKS)
def test_a_clock_that_is_late_or_ends_is_caught(lie: type[Clock]) -> None:
    assert broken(on(lie)) == CLOCKS[lie]


def test_a_clock_of_others_that_says_nothing_of_lateness_skips_it_by_name() -> None:
    acme = type("TestAcme", (TimebaseSuite,), {"run": lambda _, main: run_simulated(main)})
    with pytest.raises(
        pytest.skip.Exception, match="TestAcme has no late_ns: that calls come at their instants"
    ):
        getattr(acme(), f"test_{LATE}")()


class StoppedByWord(InProcessDut):
    word = False

    async def start(self) -> None:
        self.word = True
        if self._timer is None:
            await super().start()

    async def stop(self) -> None:
        self.word = False

    def alive(self) -> bool:
        return self.word


class StartedByWord(StoppedByWord):
    async def start(self) -> None:
        self.word = True

    async def hang(self) -> None:
        """It says nothing anyway."""


class StartsOnce(StoppedByWord):
    """The second start is a word."""

    starts = 0

    async def start(self) -> None:
        self.word = True
        self.starts += 1
        if self.starts == 1:
            await InProcessDut.start(self)

    async def stop(self) -> None:
        self.word = False
        await InProcessDut.stop(self)


class ResetsNothing(InProcessDut):
    async def reset(self) -> None: ...


SPEAKS, HANGS = (
    "it_speaks_from_start_to_stop_and_no_longer",
    "one_that_hangs_says_nothing_until_it_goes_on",
)

DUTS: dict[type[InProcessDut], set[str]] = {
    StoppedByWord: {SPEAKS},
    StartedByWord: {SPEAKS, HANGS},
    StartsOnce: {SPEAKS},
    ResetsNothing: {"a_reset_reaches_it"},
}


@pytest.mark.parametrize("lie", DUTS)
def test_a_dut_of_words_is_caught(lie: type[InProcessDut]) -> None:
    class Mine(InProcess):
        def dut(self, clock: Any) -> Any:
            made = super().dut(clock)
            made.__class__ = lie
            return made

    assert broken(Mine) == DUTS[lie]


@pytest.mark.parametrize(
    ("case", "hook"), [(SPEAKS, "said"), (HANGS, "said"), ("a_reset_reaches_it", "resets")]
)
def test_a_dut_of_others_skips_by_name_what_it_brings_no_method_for(case: str, hook: str) -> None:
    class TestAcme(InProcess):
        def needs(self, hook: str) -> None:
            DutSuite.needs(self, hook)

    setattr(TestAcme, hook, getattr(DutSuite, hook))
    with pytest.raises(pytest.skip.Exception, match=f"TestAcme has no method {hook}"):
        getattr(TestAcme(), f"test_{case}")()

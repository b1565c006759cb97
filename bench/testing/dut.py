"""What every DUT promises that an adapter brings: whether it is there, how it ends, and what a stopped one says."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest

from bench.dut.ports import Dut, Explained, Interruptible
from bench.errors import DutError
from bench.timing.clock import Clock
from bench.timing.host import run_on_host
from bench.units import NS_PER_MS, NS_PER_S

Check = Callable[[Clock, Dut], Awaitable[None]]


class DutSuite:
    """A DUT in real time, as an adapter's `dut` makes it. One in simulated time overrides `run`, too."""

    while_ns: ClassVar[int] = 100 * NS_PER_MS  # within it, one that runs says something
    settle_ns: ClassVar[int] = 10 * NS_PER_MS  # what was under way when it was stopped
    dies_within_ns: ClassVar[int] = 5 * NS_PER_S

    def dut(self, clock: Clock) -> Dut:
        """A new DUT, not started."""
        raise NotImplementedError(f"{type(self).__name__}.dut: expected a method that returns a DUT")

    def dead(self, clock: Clock) -> Dut:
        """One that cannot come up: no supply, another port, no program."""
        raise NotImplementedError

    async def kill(self, dut: Dut) -> None:
        """End it behind the bench's back."""
        raise NotImplementedError

    def said(self, dut: Dut) -> int:
        """How much it has said until now, in whatever unit. Needed where it is Interruptible."""
        raise NotImplementedError

    def resets(self, dut: Dut) -> int:
        """How often its reset line was pulled until now. Needed where it is Interruptible."""
        raise NotImplementedError

    def run(self, main: Callable[[Clock], Awaitable[Any]]) -> Any:
        return run_on_host(main)

    def hold(self, check: Check) -> None:
        async def main(clock: Clock) -> None:
            dut = self.dut(clock)
            try:
                await check(clock, dut)
            finally:
                await dut.stop()

        self.run(main)

    def needs(self, hook: str) -> None:
        if getattr(type(self), hook) is getattr(DutSuite, hook):
            pytest.skip(f"{type(self).__name__} has no method {hook}: this promise is not proven")

    def test_it_is_alive_from_start_to_stop_and_can_start_again(self) -> None:
        async def check(_: Clock, dut: Dut) -> None:
            await dut.stop()  # before it was started: nothing
            for _turn in range(2):
                assert not dut.alive(), "alive, and not started"
                await dut.start()
                assert dut.alive()
                await dut.stop()
                assert not dut.alive(), "alive, and stopped"
                await dut.stop()  # never raises for one that is gone

        self.hold(check)

    def test_one_that_does_not_come_up_is_an_error(self) -> None:
        self.needs("dead")

        async def main(clock: Clock) -> None:
            dut = self.dead(clock)
            with pytest.raises(DutError):
                await dut.start()
            assert not dut.alive()
            await dut.stop()

        self.run(main)

    def test_one_that_dies_by_itself_is_not_alive(self) -> None:
        self.needs("kill")

        async def check(clock: Clock, dut: Dut) -> None:
            await dut.start()
            if isinstance(dut, Explained):
                assert dut.how() == "" and dut.status() is None, "it runs, so nothing is known of its end"
            await self.kill(dut)
            latest_ns = clock.now_ns() + self.dies_within_ns
            while dut.alive() and clock.now_ns() < latest_ns:
                await clock.sleep_until(clock.now_ns() + NS_PER_MS)
            assert not dut.alive(), "dead, and called alive"
            if isinstance(dut, Explained):
                assert dut.how(), "one that explains itself says how it ended"
                assert "\n" not in dut.how()

        self.hold(check)

    def test_one_that_hangs_says_nothing_until_it_goes_on(self) -> None:
        async def check(clock: Clock, dut: Dut) -> None:
            if not isinstance(dut, Interruptible):
                return  # it does not say that it can
            self.needs("said")
            await dut.start()
            await self._speaks(clock, dut)
            await dut.hang()
            await clock.sleep_until(clock.now_ns() + self.settle_ns)
            said = self.said(dut)
            await clock.sleep_until(clock.now_ns() + self.while_ns)
            assert self.said(dut) == said, "it hangs, and goes on talking"
            assert dut.alive(), "one that hangs is not gone"
            await dut.go_on()
            await self._speaks(clock, dut)
            await dut.go_on()  # does nothing to one that runs
            await dut.reset()
            await self._speaks(clock, dut)
            assert dut.alive()

        self.hold(check)

    def test_it_speaks_from_start_to_stop_and_no_longer(self) -> None:
        self.needs("said")

        async def check(clock: Clock, dut: Dut) -> None:
            await self._silent(clock, dut, "not started")
            for _turn in range(2):
                await dut.start()
                await self._speaks(clock, dut)
                await dut.stop()
                await self._silent(clock, dut, "stopped")

        self.hold(check)

    def test_a_reset_reaches_it(self) -> None:
        async def check(_: Clock, dut: Dut) -> None:
            if not isinstance(dut, Interruptible):
                return  # it does not say that it can
            self.needs("resets")
            await dut.start()
            for count in range(1, 3):
                before = self.resets(dut)
                await dut.reset()
                assert self.resets(dut) == before + 1, (
                    f"reset {count} times by word, and its line was not pulled"
                )

        self.hold(check)

    async def _silent(self, clock: Clock, dut: Dut, why: str) -> None:
        await clock.sleep_until(clock.now_ns() + self.settle_ns)
        said = self.said(dut)
        await clock.sleep_until(clock.now_ns() + self.while_ns)
        assert self.said(dut) == said, f"it is {why}, and talks"

    async def _speaks(self, clock: Clock, dut: Dut) -> None:
        said, latest_ns = self.said(dut), clock.now_ns() + max(self.while_ns, NS_PER_S)
        while self.said(dut) == said and clock.now_ns() < latest_ns:
            await clock.sleep_until(clock.now_ns() + NS_PER_MS)
        assert self.said(dut) != said, "it runs, and says nothing"

"""What every relay card promises."""

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

import pytest

from bench.errors import InstrumentError
from bench.instruments.ports import PlayedCard, RelayCard, WireFault
from bench.instruments.relay_wires import RelayWires
from bench.testing.desk import Desk
from bench.testing.suite import SwitchedOff
from bench.testing.truth import assert_contains, watching
from bench.units import NS_PER_MS, NS_PER_S

Cards = Desk[RelayCard, PlayedCard]


class RelaySuite(SwitchedOff[RelayCard, PlayedCard]):
    """A card of at least two relays. Its simulator tells the truth by `contacts(now_ns)`, relay 1 first.

    Needed of the simulator, or skipped: `stick(relay, now_ns)`, which `RelayBank` has.
    """

    moves_ns: ClassVar[int] = 0  # how slow the contacts are: a switch is told to be no narrower

    def identify(self, driver: RelayCard) -> Awaitable[str]:
        return driver.identify()

    def verbs(self) -> Mapping[str, Callable[[RelayCard], Awaitable[object]]]:
        return {
            **super().verbs(),
            "switch(1, True)": lambda card: card.switch(1, True),
            "switch(1, False)": lambda card: card.switch(1, False),
            "states": lambda card: card.states(),
        }

    async def ask(self, driver: RelayCard) -> object:
        return await driver.states()

    async def safe(self, driver: RelayCard) -> None:
        await driver.safe()

    def test_relays_are_switched_told_and_released(self, lane: str) -> None:
        async def check(desk: Cards) -> None:
            card, sim, clock = desk.driver, desk.sim, desk.clock
            assert await card.identify()
            one = min(3, card.relays)
            done = await card.switch(one, True)
            assert done.low_ns < done.high_ns
            assert sim.contacts(clock.now_ns())[one - 1], "a switch is told only when the contacts have moved"
            await card.switch(card.relays, True)
            wanted = [relay in (one, card.relays) for relay in range(1, card.relays + 1)]
            assert await card.states() == wanted
            assert list(sim.contacts(clock.now_ns())) == wanted
            await card.switch(one, False)
            assert not sim.contacts(clock.now_ns())[one - 1]
            await card.safe()
            assert await card.states() == [False] * card.relays
            assert not any(sim.contacts(clock.now_ns()))

        self.hold(check, lane)

    def test_a_relay_in_a_sense_wire_is_a_fault_unit(self) -> None:
        async def check(desk: Cards) -> None:
            wires = RelayWires(desk.driver, {7: 1, 8: 2})
            began_ns = desk.clock.now_ns()
            done = await wires.insert([8], WireFault.OPEN)
            assert began_ns <= done.low_ns < done.high_ns <= desk.clock.now_ns()
            assert done.high_ns - done.low_ns >= self.moves_ns
            assert list(desk.sim.contacts(desk.clock.now_ns()))[:2] == [False, True]
            assert await wires.wires([7, 8]) == [WireFault.NONE, WireFault.OPEN]
            await wires.mend([8])
            assert await wires.wires([7, 8]) == [WireFault.NONE, WireFault.NONE]
            with pytest.raises(InstrumentError, match="cell 9; expected 7, 8"):
                await wires.insert([9], WireFault.OPEN)
            with pytest.raises(InstrumentError, match="asked for short, but they can only open wires"):
                await wires.insert([7], WireFault.SHORT)

        self.hold(check)

    def test_safe_releases_what_was_left_on(self) -> None:
        async def check(desk: Cards) -> None:
            await desk.driver.identify()
            await desk.driver.switch(1, True)
            began_ns = desk.clock.now_ns()
            await desk.driver.safe()
            await desk.driver.safe()  # a second way to the safe state is as good as the first
            assert not any(desk.sim.contacts(desk.clock.now_ns()))
            assert desk.clock.now_ns() - began_ns < 10_000 * NS_PER_MS

        self.hold(check)

    def test_a_switch_is_told_from_both_sides(self) -> None:
        async def check(desk: Cards) -> None:
            card, sim, clock = desk.driver, desk.sim, desk.clock
            await card.identify()
            await clock.sleep_until(clock.now_ns() + NS_PER_S)
            for relay, on in ((1, True), (card.relays, True), (card.relays, False), (1, False)):
                began_ns = clock.now_ns()
                with watching(clock, lambda: sim.contacts(clock.now_ns())[relay - 1] is on) as moved:  # noqa: B023
                    done = await card.switch(relay, on)
                assert_contains(done, moved, began_ns=began_ns, ended_ns=clock.now_ns())

        self.hold(check)

    def test_a_relay_that_does_not_move_is_told_on_switching(self) -> None:
        for relay in range(1, self._count() + 1):
            for on in (True, False):
                self._sticks_on_switching(relay, on)

    def test_a_relay_that_stays_on_is_never_called_safe(self) -> None:
        for relay in range(1, self._count() + 1):
            self._sticks_at_safe(relay)

    def _count(self) -> int:
        """How many relays it has; some cards know once they have been identified."""
        counted = []

        async def check(desk: Cards) -> None:
            await desk.driver.identify()
            counted.append(desk.driver.relays)

        self.hold(check)
        return counted[0]

    def _sticks_on_switching(self, relay: int, on: bool) -> None:
        async def check(desk: Cards) -> None:
            card, clock = desk.driver, desk.clock
            await card.identify()
            if not on:
                await card.switch(relay, True)
            self.stick(desk.sim, relay, clock.now_ns())
            told = await self._refused(card.switch(relay, on))
            assert desk.sim.contacts(clock.now_ns())[relay - 1] is not on, "stick: the relay has moved"
            assert told, f"relay {relay} is stuck {'off' if on else 'on'}, and switched all the same"

        self.hold(check)

    def _sticks_at_safe(self, relay: int) -> None:
        async def check(desk: Cards) -> None:
            card, clock = desk.driver, desk.clock
            await card.identify()
            other = relay % card.relays + 1
            await card.switch(other, True)
            await card.switch(relay, True)
            self.stick(desk.sim, relay, clock.now_ns())
            told = await self._refused(card.safe())
            contacts = list(desk.sim.contacts(clock.now_ns()))
            assert contacts[relay - 1], "stick: the relay has moved"
            assert told, f"relay {relay} is stuck on, and the card is called safe"
            assert sum(contacts) == 1, f"relay {relay} is stuck on, and others were left on"

        self.hold(check)

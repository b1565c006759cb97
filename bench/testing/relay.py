"""What every relay card promises."""

from typing import ClassVar

import pytest

from bench.errors import InstrumentError
from bench.instruments.ports import PlayedCard, RelayCard, WireFault
from bench.instruments.relay_wires import RelayWires
from bench.testing.desk import Desk
from bench.testing.suite import SwitchedOff
from bench.units import NS_PER_MS

Cards = Desk[RelayCard, PlayedCard]


class RelaySuite(SwitchedOff[RelayCard, PlayedCard]):
    """A card of at least two relays. Its simulator tells the truth by `contacts(now_ns)`, relay 1 first."""

    moves_ns: ClassVar[int] = 0  # how slow the contacts are: a switch is told to be no narrower

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

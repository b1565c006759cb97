"""What every relay card promises, driver against simulator, over each kind of line."""

import pytest
from instrument_lanes import RELAY_CARDS, Desk, on_desk

from bench.codec import modbus_rtu as rtu
from bench.errors import InstrumentError
from bench.instruments.numato_relay.driver import index_of
from bench.instruments.ports import WireFault
from bench.instruments.relay_wires import RelayWires
from bench.instruments.waveshare_relay.sim import WaveshareRelaySim
from bench.units import NS_PER_MS

every_kind = pytest.mark.parametrize("kind", list(RELAY_CARDS))


@pytest.mark.parametrize("lane", ["simulated", "pty", "tcp"])
@every_kind
def test_relays_are_switched_told_and_released(kind: str, lane: str) -> None:
    async def check(desk: Desk) -> None:
        card, sim, clock = desk.driver, desk.sim, desk.clock
        assert await card.identify()
        done = await card.switch(3, True)
        assert done.low_ns < done.high_ns
        assert sim.contacts(clock.now_ns())[2], "a switch is told only when the contacts have moved"
        await card.switch(card.relays, True)
        wanted = [relay in (3, card.relays) for relay in range(1, card.relays + 1)]
        assert await card.states() == wanted
        await card.switch(3, False)
        assert not sim.contacts(clock.now_ns())[2]
        await card.safe()
        assert await card.states() == [False] * card.relays
        assert not any(sim.contacts(clock.now_ns()))

    on_desk(RELAY_CARDS[kind], lane, check, baud=9600)


@every_kind
def test_a_relay_in_a_sense_wire_is_a_fault_unit(kind: str) -> None:
    async def check(desk: Desk) -> None:
        wires = RelayWires(desk.driver, {7: 1, 8: 2})
        done = await wires.insert([8], WireFault.OPEN)
        assert done.high_ns - done.low_ns >= 10 * NS_PER_MS
        assert await wires.wires([7, 8]) == [WireFault.NONE, WireFault.OPEN]
        await wires.mend([8])
        assert await wires.wires([7, 8]) == [WireFault.NONE, WireFault.NONE]
        with pytest.raises(InstrumentError, match="cell 9; expected 7, 8"):
            await wires.insert([9], WireFault.OPEN)
        with pytest.raises(InstrumentError, match="asked for short, but they can only open wires"):
            await wires.insert([7], WireFault.SHORT)

    on_desk(RELAY_CARDS[kind], "simulated", check, baud=9600)


def test_numato_names_its_relays_by_the_size_of_the_board() -> None:
    assert [index_of(relay, 16) for relay in (1, 10, 11, 16)] == ["0", "9", "A", "F"]
    assert index_of(32, 32) == "V"
    assert [index_of(relay, 64) for relay in (1, 64)] == ["00", "63"]


def test_the_first_waveshare_boards_answer_eight_coils_whatever_is_asked() -> None:
    sim = WaveshareRelaySim(first_version=True)
    reply = sim.handle(rtu.read(1, rtu.READ_COILS, 0, 1), 0)
    assert len(reply) == 6
    assert sim.handle(rtu.read(2, rtu.READ_COILS, 0, 8), 0) == b""
    flashed = rtu.write_one(1, rtu.WRITE_COIL, 0x0200, 7)
    assert sim.handle(flashed, 0) == flashed
    assert sim.contacts(20 * NS_PER_MS)[0]
    assert not sim.contacts(720 * NS_PER_MS)[0]

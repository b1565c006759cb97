"""The house's relay cards, driver against simulator over each kind of line, held to the suite for drivers of others."""

from typing import Any

from instrument_lanes import RELAY_CARDS, NothingSkipped, device_of

from bench.codec import modbus_rtu as rtu
from bench.instruments.numato_relay.driver import index_of
from bench.instruments.waveshare_relay.sim import WaveshareRelaySim
from bench.testing import SERIAL_LANES, Device, RelaySuite
from bench.units import NS_PER_MS


class House(NothingSkipped, RelaySuite):
    lanes = SERIAL_LANES
    moves_ns = 10 * NS_PER_MS
    told = {"torn": "the line is torn"}  # noqa: RUF012
    kind = ""

    def device(self) -> Device[Any, Any]:
        return device_of(RELAY_CARDS[self.kind], baud=9600)


class TestWaveshare(House):
    kind = "waveshare_relay"


class TestNumato(House):
    kind = "numato_relay"


class TestNumatoOfFourRelays(House):
    kind = "numato_relay, 4 relays"


class TestDevantech(House):
    kind = "devantech_relay"


def test_each_card_of_the_house_is_held_to_the_suite() -> None:
    assert {suite.kind for suite in House.__subclasses__()} == set(RELAY_CARDS)


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

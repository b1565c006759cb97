"""What every pack supply promises, in both protocols of the EA PSB's one port, over each kind of line."""

from typing import Any

import pytest
from instrument_lanes import PACK_SUPPLIES, Desk, NothingSkipped, device_of, on_desk

from bench.codec import modbus_rtu as rtu
from bench.errors import InstrumentError
from bench.instruments.ea_psb.driver import EaPsb
from bench.instruments.ea_psb.sim import EaPsbSim, attach_ea_psb
from bench.instruments.ea_psb_modbus.driver import EaPsbModbus
from bench.links.simulated_serial import SimulatedSerial
from bench.testing import SERIAL_LANES, Device, SupplySuite
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.units import NS_PER_MS

every_kind = pytest.mark.parametrize("kind", list(PACK_SUPPLIES))


class House(NothingSkipped, SupplySuite):
    lanes = SERIAL_LANES
    named = "PSB"
    off_a = 0.0
    told = {"torn": "the line is torn", "beyond": r"-222|exception 3"}  # noqa: RUF012
    kind = ""

    def device(self) -> Device[Any, Any]:
        return device_of(PACK_SUPPLIES[self.kind])


class TestScpi(House):
    kind = "ea_psb"


class TestModbus(House):
    kind = "ea_psb_modbus"


def test_the_played_battery_gives_way_by_its_resistance() -> None:
    async def check(desk: Desk) -> None:
        await desk.driver.limit(voltage_v=362.0, source_a=10.0, sink_a=5.0)
        await desk.driver.output(True)
        await desk.clock.sleep_until(desk.clock.now_ns() + 30 * NS_PER_MS)
        assert (await desk.driver.measure()).voltage_v == pytest.approx(361.0, abs=0.2)

    on_desk(PACK_SUPPLIES["ea_psb"], "simulated", check)


def test_each_supply_of_the_house_is_held_to_the_suite() -> None:
    assert {suite.kind for suite in House.__subclasses__()} == set(PACK_SUPPLIES)


@every_kind
def test_a_hand_at_the_knobs_is_told_and_nothing_is_set(kind: str) -> None:
    async def check(desk: Desk) -> None:
        await desk.driver.identify()  # reading is always allowed
        desk.sim.local = True
        with pytest.raises(InstrumentError, match=r"LOCAL"):
            await desk.driver.limit(voltage_v=362.0, source_a=10.0, sink_a=5.0)
        with pytest.raises(InstrumentError, match=r"LOCAL"):
            await desk.driver.output(True)
        assert not desk.sim.on

    on_desk(PACK_SUPPLIES[kind], "simulated", check)


@every_kind
def test_an_output_that_an_alarm_keeps_off_is_not_called_on(kind: str) -> None:
    async def check(desk: Desk) -> None:
        await desk.driver.limit(voltage_v=362.0, source_a=10.0, sink_a=5.0)
        desk.sim.raise_alarm()
        if kind == "ea_psb":  # reading the queue in `limit` would acknowledge it: raise it behind the command
            desk.clock.call_at(desk.clock.now_ns() + 60 * NS_PER_MS, 1, desk.sim.raise_alarm)
        with pytest.raises(InstrumentError, match="alarm"):
            await desk.driver.output(True)

    on_desk(PACK_SUPPLIES[kind], "simulated", check)


def test_another_voltage_class_is_a_wrong_model() -> None:
    async def main(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "sim0", 115_200)
        attach_ea_psb(EaPsbSim(nominal_v=80.0, nominal_a=340.0), line.device, clock)
        supply = EaPsbModbus(line.host, clock, nominal_v=500.0, nominal_a=90.0, nominal_w=15000.0)
        with pytest.raises(
            InstrumentError, match=r"sent '00 03 00 79 00 02 .*got 80 V: wrong model, expected.*500 V"
        ):
            await supply.identify()

    run_simulated(main)


def test_both_protocols_take_turns_on_one_port() -> None:
    async def main(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "sim0", 115_200)
        attach_ea_psb(EaPsbSim(), line.device, clock)
        text = EaPsb(line.host, clock)
        frames = EaPsbModbus(line.host, clock, nominal_v=500.0, nominal_a=90.0, nominal_w=15000.0)
        await text.identify()
        await frames.limit(voltage_v=361.0, source_a=20.0, sink_a=0.0)
        await clock.sleep_until(clock.now_ns() + 20 * NS_PER_MS)
        await text.output(True)
        await clock.sleep_until(clock.now_ns() + 20 * NS_PER_MS)
        seen = await frames.measure()
        await clock.sleep_until(clock.now_ns() + 20 * NS_PER_MS)  # each driver keeps its own distance only
        assert seen.current_a == pytest.approx((await text.measure()).current_a, abs=0.1)

    run_simulated(main)


def test_the_simulator_answers_the_vectors_of_the_guide() -> None:
    sim = EaPsbSim(nominal_v=80.0)

    def asked(text: str) -> str:
        return sim.frame(bytes.fromhex(text), 0).hex(" ").upper()

    assert asked("01 03 00 79 00 02 15 D2") == "01 03 04 42 A0 00 00 EE 69"
    assert asked("01 06 01 F5 66 66 33 8E")[3:5] == "86"  # set before remote
    assert asked("01 05 01 92 FF 00 2C 2B") == "01 05 01 92 FF 00 2C 2B"
    assert asked("01 06 01 F5 66 66 33 8E") == "01 06 01 F5 66 66 33 8E"
    sim.local = True
    assert asked("01 05 01 92 FF 00 2C 2B") == "01 85 17 02 9E"
    assert rtu.intact(sim.frame(bytes.fromhex("01 03 00 79 00 02 15 D3"), 0))


def test_reading_the_error_queue_acknowledges_an_alarm() -> None:
    sim = EaPsbSim()
    sim.raise_alarm()
    assert sim.alarm
    assert sim.text("SYST:ERR?", 0) == b'0,"No error"\n'
    assert not sim.alarm
    for _ in range(7):
        sim.text("NONSENSE", 0)
    assert sim.text("SYST:ERR:ALL?", 0).count(b"-100") == 5

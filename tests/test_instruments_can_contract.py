"""Instruments on CAN: driver against simulator on a simulated bus and over UDP multicast, and the makers' DBC."""

import asyncio
import math
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from instrument_lanes import NothingSkipped

from bench.codec.database import Database
from bench.errors import InstrumentError
from bench.instruments.bender_iso165c.driver import BenderIso165c, command
from bench.instruments.bender_iso165c.sim import BenderIso165cSim
from bench.instruments.bloomy_bs1200.driver import BloomyBs1200, as_float16
from bench.instruments.bloomy_bs1200.sim import DELIVERED_PERIOD_NS, BloomyBs1200Sim
from bench.instruments.isabellenhuette_ivt_s.driver import IsabellenhuetteIvtS
from bench.instruments.isabellenhuette_ivt_s.sim import IsabellenhuetteIvtSSim
from bench.instruments.ports import WireFault
from bench.links.ports import CanLink
from bench.links.simulated_can import SimulatedCanBus
from bench.links.udp_multicast import open_udp_multicast
from bench.testing import CAN_LANES, Device, MonitorSuite, SensorSuite
from bench.timing.clock import Clock, Timebase
from bench.timing.host import HostClock, run_on_host
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import CanFrame
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S

Body = Callable[[CanLink, CanLink, Clock], Awaitable[None]]
DBC = Path(__file__).resolve().parents[2] / "shared" / "facts" / "dbc"


def on_bus(lane: str, body: Body) -> Trace:
    """`body(bench's link, instrument's link, clock)` on one bus; the simulated bus's trace."""
    trace = Trace(timebase=Timebase.SIMULATED)

    async def simulated(clock: SimulatedClock) -> None:
        bus = SimulatedCanBus(clock, trace, "sense", 1_000_000)
        await body(bus.node("bench"), bus.node("instrument"), clock)

    async def multicast(clock: HostClock) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("", 0))
            options = {"channel": "239.74.163.2", "port": probe.getsockname()[1], "hop_limit": 0}
        links = [open_udp_multicast("sense", options, clock, None, name) for name in ("bench", "instrument")]
        try:
            await body(links[0], links[1], clock)
        finally:
            for link in links:
                link.close()

    if lane == "simulated":
        run_simulated(simulated)
    else:
        run_on_host(multicast)
    return trace


every_lane = pytest.mark.parametrize("lane", ["simulated", "udp_multicast"])


# -- Bloomy BS1200 -----------------------------------------------------------------------------------------------


@every_lane
def test_a_box_of_cells_is_driven_in_hil_mode_and_ends_safe(lane: str) -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        sim = BloomyBs1200Sim(wire, clock, box=3)
        sim.start(clock.now_ns())
        driver = BloomyBs1200(bench, clock, box=3)
        assert "box 3" in await driver.identify()
        wanted = [3.0 + 0.1 * cell for cell in range(12)]
        await driver.outputs_on()
        await driver.set_all(wanted)
        seen = await driver.set_and_confirm([2, 11], 4.2701, 0.001)
        assert seen.low_ns < seen.high_ns
        assert list(seen.readback_v) == pytest.approx([as_float16(4.2701)] * 2, abs=0.001)
        assert abs(as_float16(4.2701) - 4.2701) <= 0.002
        volts = sim.output_v(clock.now_ns())
        assert volts[2] == pytest.approx(3.2, abs=0.002)
        assert await driver.measure([11, 1]) == pytest.approx([4.27, 3.0], abs=0.003)
        await driver.safe()
        assert max(sim.output_v(clock.now_ns())) < 0.1
        sim.stop()

    on_bus(lane, body)


def test_a_box_as_delivered_publishes_every_5_s_and_the_confirmation_says_so() -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        sim = BloomyBs1200Sim(wire, clock, box=1, period_ns=DELIVERED_PERIOD_NS)
        sim.start(clock.now_ns())
        driver = BloomyBs1200(bench, clock, box=1)
        await driver.identify()
        await driver.outputs_on()
        seen = await driver.set_and_confirm([5], 3.7, 0.002)
        assert NS_PER_S < seen.high_ns - seen.low_ns < 11 * NS_PER_S

    on_bus("simulated", body)


def test_hil_voltages_outside_hil_mode_are_ignored_and_that_is_noticed() -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        sim = BloomyBs1200Sim(wire, clock, box=1)
        sim.start(clock.now_ns())
        driver = BloomyBs1200(bench, clock, box=1)
        with pytest.raises(
            InstrumentError, match=r"CAN 'sense' box 1 \[Bloomy BS1200\]: sent '0x0A1: 3\.7.*not at"
        ):
            await driver.set_and_confirm([1], 3.7, 0.002)
        wire.send(CanFrame(0x081, b"\x00"))
        bench.send(CanFrame(0x511, bytes((0,)) + struct.pack("<H", 41_234)))  # one cell, 0.1 mV
        bench.send(CanFrame(0x551, b"\x00\x01"))
        await clock.sleep_until(clock.now_ns() + 50 * NS_PER_MS)
        assert sim.output_v(clock.now_ns())[0] == pytest.approx(4.1234)

    on_bus("simulated", body)


@pytest.mark.parametrize(
    ("fans", "box", "told"), [(16, 2, "not whole within 5.500 s"), (3, 1, "fans 3: expected 16")]
)
def test_a_silent_or_ailing_box_is_refused(fans: int, box: int, told: str) -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        sim = BloomyBs1200Sim(wire, clock, box=1)
        sim.fans = fans
        sim.start(clock.now_ns())
        driver = BloomyBs1200(bench, clock, box=box)
        with pytest.raises(InstrumentError, match=told):
            await driver.identify()
        if box == 2:
            with pytest.raises(InstrumentError, match="expected frame 0x122"):
                await driver.safe()

    on_bus("simulated", body)


def test_a_box_has_no_fault_relays_and_no_dead_man_and_knows_its_limits() -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        driver = BloomyBs1200(bench, clock, box=1)
        with pytest.raises(InstrumentError, match="no fault relays"):
            await driver.insert([1], WireFault.OPEN)
        with pytest.raises(InstrumentError, match="no dead-man"):
            await driver.arm_dead_man(NS_PER_S)
        with pytest.raises(InstrumentError, match=r"5\.1000 V; expected 0 to 5 V"):
            await driver.set_cells([1], 5.1)
        bench.close()
        with pytest.raises(InstrumentError, match="the bus is torn"):
            await driver.set_cells([1], 3.0)

    on_bus("simulated", body)


# -- Bender iso165C ----------------------------------------------------------------------------------------------


class TestBender(NothingSkipped, MonitorSuite):
    lanes = CAN_LANES
    near = 1e-6
    named = "^Bender iso165C, version 1.3$"
    told = {"torn": "the bus is torn"}  # noqa: RUF012

    def device(self) -> Device[Any, Any]:
        def play(wire: CanLink, clock: Clock) -> BenderIso165cSim:
            sim = BenderIso165cSim(wire, clock, lambda: self.r_iso_ohm)
            sim.start(clock.now_ns() + 10 * NS_PER_MS)
            return sim

        return Device(drive=BenderIso165c, play=play, on_can=True)


def test_the_monitor_refuses_what_is_outside_its_limits_or_locked_and_tests_itself() -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        sim = BenderIso165cSim(wire, clock, lambda: 1e6)
        sim.start(clock.now_ns())
        monitor = BenderIso165c(bench, clock)
        with pytest.raises(
            InstrumentError, match=r"\[Bender iso165C\]: sent '0x022: 28 0a 00.*refused the command, error 36"
        ):
            await monitor.set_thresholds(fault_ohm=10_000.0, warning_ohm=400_000.0)
        sim.locked = True
        answers: list[bytes] = []
        bench.subscribe(lambda _, frame: answers.append(frame.data) if frame.can_id == 0x23 else None)
        bench.send(command(40, 100))
        await clock.sleep_until(clock.now_ns() + 50 * NS_PER_MS)
        assert answers == [bytes((255, 33, 0, 40, 0))]
        began_ns = clock.now_ns()
        await monitor.self_test()
        assert clock.now_ns() - began_ns > 4 * NS_PER_S
        sim.system_failure = True
        with pytest.raises(InstrumentError, match="the self-test found a failure"):
            await monitor.self_test()

    on_bus("simulated", body)


def test_a_monitor_with_outdated_values_or_deaf_is_not_believed() -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        sim = BenderIso165cSim(wire, clock, lambda: 1e6)
        sim.start(clock.now_ns())
        monitor = BenderIso165c(bench, clock)
        assert (await monitor.read()).valid
        sim.outdated = True
        assert not (await monitor.read()).valid
        sim.deaf = True
        began_ns = clock.now_ns()
        with pytest.raises(
            InstrumentError, match=r"not an answer to command 222 within 100\.0 ms \(3 attempts\)"
        ):
            await monitor.identify()
        assert clock.now_ns() - began_ns == 300 * NS_PER_MS
        sim.stop()
        with pytest.raises(InstrumentError, match=r"not frame 0x037 within 3\.000 s"):
            await monitor.read()

    on_bus("simulated", body)


# -- Isabellenhütte IVT-S ----------------------------------------------------------------------------------------


class TestIvt(NothingSkipped, SensorSuite):
    lanes = CAN_LANES
    named = r"^Isabellenhütte, IVT-S 500 A 3 voltage channels, 104327, 1\.16\.2\.0 of 2020-08-12$"
    told = {"torn": "the bus is torn"}  # noqa: RUF012

    def device(self) -> Device[Any, Any]:
        def play(wire: CanLink, clock: Clock) -> IsabellenhuetteIvtSSim:
            sim = IsabellenhuetteIvtSSim(wire, clock, {0: lambda: self.current_a, 1: lambda: 355.2})
            sim.start(clock.now_ns())
            return sim

        return Device(drive=IsabellenhuetteIvtS, play=play, on_can=True)


def test_an_error_bit_of_the_sensor_makes_a_reading_invalid_and_silence_is_told() -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        sim = IsabellenhuetteIvtSSim(wire, clock, {0: lambda: -123.456})
        sim.start(clock.now_ns())
        sensor = IsabellenhuetteIvtS(bench, clock)
        sim.errors = 0b0100
        assert not (await sensor.read()).valid
        sim.errors = 0b0001  # the over-current output is no error of the measurement
        assert (await sensor.read()).valid
        sim.stop()
        with pytest.raises(
            InstrumentError, match=r"\[Isabellenhütte IVT-S\]: sent 'nothing', got not frame 0x521"
        ):
            await sensor.read()

    on_bus("simulated", body)


def test_a_command_the_sensor_does_not_know_is_told() -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        IsabellenhuetteIvtSSim(wire, clock, {1: lambda: 1.0})  # has no current channel to configure
        with pytest.raises(InstrumentError, match="the sensor knows no such command"):
            await IsabellenhuetteIvtS(bench, clock).set_period(NS_PER_S)

    on_bus("simulated", body)


# -- what the makers' DBC files make of the frames -----------------------------------------------------------------


def frames_of(body: Body) -> dict[int, list[CanFrame]]:
    found: dict[int, list[CanFrame]] = {}
    for seen in on_bus("simulated", body).frames:
        found.setdefault(seen.frame.can_id, []).append(seen.frame)
    return found


@pytest.mark.skipif(not DBC.is_dir(), reason="the third-party DBC files are not beside the project")
def test_the_makers_dbc_reads_what_the_played_sensors_send() -> None:
    values: dict[int, Any] = {
        0: lambda: -12.5, 1: lambda: 400.1, 2: lambda: 399.0, 3: lambda: 1.0,
        4: lambda: 31.4, 5: lambda: -5001.0, 6: lambda: 77.0, 7: lambda: -3.0,
    }  # fmt: skip

    async def body(_: CanLink, wire: CanLink, clock: Clock) -> None:
        IsabellenhuetteIvtSSim(wire, clock, values).start(clock.now_ns())
        BenderIso165cSim(wire, clock, lambda: 90_000.0).start(clock.now_ns())
        await clock.sleep_until(clock.now_ns() + 250 * NS_PER_MS)

    frames = frames_of(body)
    ivt = Database.load(DBC / "IVT-S_12082020.dbc")
    expected = {
        "I": -12500,
        "U1": 400_100,
        "U2": 399_000,
        "U3": 1000,
        "T": 314,
        "W": -5001,
        "As": 77,
        "Wh": -3,
    }
    for result, (name, value) in enumerate(expected.items()):
        message = ivt[f"IVT_Msg_Result_{name}"]
        decoded = message.decode(frames[message.can_id][1].data)
        raw = decoded[f"IVT_Result_{name}"]
        assert math.isclose(raw, value if name != "T" else raw, rel_tol=0), name
        if name == "T":
            assert raw in (314, pytest.approx(31.4))
        assert decoded[f"IVT_ID_Result_{name}"] == result
        assert decoded[f"IVT_MsgCount_Result_{name}"] == 1
        assert decoded[f"IVT_Result_{name}_System_Error"] == 0
    info = Database.load(DBC / "iso165_IMD.dbc")["IMD_Info"].decode(frames[0x37][0].data)
    assert info["II_IMC_R_ISO"] == 90
    assert info["II_IMC_STATUS_00_IsoFailure"] == info["II_IMC_STATUS_05_IsoWarning"] == 1
    assert info["II_VIFC_STATUS_00_IsoMeasurement"] == info["II_VIFC_STATUS_12_ST_Overall"] == 0


@pytest.mark.skipif(not DBC.is_dir(), reason="the third-party DBC files are not beside the project")
def test_the_makers_dbc_reads_the_answers_to_commands() -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        BenderIso165cSim(wire, clock, lambda: 90_000.0, pack_voltage_v=lambda: 700.0)
        for frame in (command(202), command(40, 120), command(50), command(54), command(34)):
            bench.send(frame)
            await clock.sleep_until(clock.now_ns() + 100 * NS_PER_MS)

    database = Database.load(DBC / "iso165_IMD.dbc")
    answers = [database["IMD_Response"].decode(frame.data) for frame in frames_of(body)[0x23]]
    assert answers[0]["IC_VIFC_LOCK_MODE"] == 0
    assert answers[1]["IS_IMC_R_ISO_ERR_THR"] == answers[2]["IG_IMC_R_ISO_ERR_THR"] == 120
    assert answers[3]["IG_IMC_HV_1"] == 350
    assert answers[4]["IG_IMD_FAILED_CMD"] == 34


def test_simulated_instruments_leave_no_task_behind() -> None:
    async def body(bench: CanLink, wire: CanLink, clock: Clock) -> None:
        sim = BenderIso165cSim(wire, clock, lambda: 1e6)
        sim.start(clock.now_ns())
        await BenderIso165c(bench, clock).read()
        sim.stop()
        assert len(asyncio.all_tasks()) == 1

    on_bus("simulated", body)

"""The house's cell emulators, driver against simulator over each kind of line, held to the published suite."""

import asyncio
import random
from typing import Any

import pytest
from instrument_lanes import CELL_EMULATORS, ON_CAN, Desk, NothingSkipped, device_of, on_desk

from bench.instruments.played_lines import Flaw
from bench.testing import CAN_LANES, SERIAL_LANES, CellEmulatorSuite, Device
from bench.units import NS_PER_MS, NS_PER_S


class House(NothingSkipped, CellEmulatorSuite):
    lanes = SERIAL_LANES
    torn_lanes = ("pty", "tcp")
    told = {  # noqa: RUF012
        "torn": "the line is torn",
        "fault": "asked for {fault}, but it can only open wires",
        "dead_man": r"no dead-man, 2\.000 s cannot be armed",
        "beyond": r"9\.0",
    }
    kind = ""

    def device(self) -> Device[Any, Any]:
        return device_of({**CELL_EMULATORS, **ON_CAN}[self.kind])


class TestReference(House):
    kind = "reference"


class TestNgi(House):
    kind = "ngi_n83624"
    # It needs 11 s of real time: its spacing is 300 ms.
    lanes = ("simulated", *(pytest.param(lane, marks=pytest.mark.slow) for lane in ("pty", "tcp")))
    bracket_ns = (250 * NS_PER_MS, 800 * NS_PER_MS)


class TestBloomyAbs(House):
    kind = "bloomy_abs"


class TestBloomyAbsOnTcp(House):
    kind = "bloomy_abs on TCP"


class TestAtopile(House):
    kind = "atopile_cell_sim"
    settle_ns = 300 * NS_PER_MS  # cells left alone fall from its 3.5 V of booting with a tail


class TestBs1200(House):
    """In HIL mode it rounds to float16, and is confirmed within 1 mV of that."""

    kind = "bloomy_bs1200"
    lanes = CAN_LANES
    torn_lanes = ("simulated",)
    told = {**House.told, "torn": "the bus is torn", "fault": "asked for {fault}, but it has no fault relays"}  # noqa: RUF012

    def stick(self, sim: Any, number: int, now_ns: int) -> None:
        """The driver waits 11 s for what is stuck: its readback comes more slowly then, which is quicker to play."""
        super().stick(sim, number, now_ns)
        sim.stop()
        sim.period_ns = 500 * NS_PER_MS
        sim.start(now_ns + sim.period_ns)


def test_each_emulator_of_the_house_is_held_to_the_suite() -> None:
    assert {suite.kind for suite in House.__subclasses__()} == {*CELL_EMULATORS, *ON_CAN}


def near(volts: list[float], wanted: list[float]) -> bool:
    return all(abs(a - b) < 0.002 for a, b in zip(volts, wanted, strict=True))


def test_the_ngi_comes_through_a_line_that_loses_one_reply_in_eight() -> None:
    flaw = Flaw(rng=random.Random(7), lost=0.125)

    async def check(desk: Desk) -> None:
        driver, sim, clock = desk.driver, desk.sim, desk.clock
        await driver.identify()
        await driver.set_all([3.0 + 0.01 * cell for cell in range(24)])
        await driver.outputs_on()
        for cell in range(1, 25):
            await driver.set_and_confirm([cell], 3.9, 0.001)
        assert near(sim.output_v(clock.now_ns()), [3.9] * 24)
        await driver.safe()

    on_desk(CELL_EMULATORS["ngi_n83624"], "simulated", check, flaw=flaw)


def test_a_fault_overtakes_a_slow_refresh_of_the_ngi_and_is_not_overwritten_by_it() -> None:
    async def check(desk: Desk) -> None:
        driver, sim, clock = desk.driver, desk.sim, desk.clock
        await driver.set_all([3.7] * 24)
        await driver.outputs_on()
        async with asyncio.TaskGroup() as tasks:
            began_ns = clock.now_ns()
            wanted = [3.6 + 0.001 * cell for cell in range(24)]
            refresh = tasks.create_task(driver.set_all(wanted))
            await clock.sleep_until(began_ns + 500 * NS_PER_MS)
            seen = await driver.set_and_confirm([9], 4.25, 0.001)
            assert seen.high_ns < began_ns + 2 * NS_PER_S
            await refresh
            assert clock.now_ns() < began_ns + 2500 * NS_PER_MS  # it leaves the rest to the next call
        wanted[8] = 4.25
        assert not near(sim.output_v(clock.now_ns()), wanted)
        for _ in range(8):
            await driver.set_all(wanted)
        await clock.sleep_until(clock.now_ns() + 50 * NS_PER_MS)
        assert near(sim.output_v(clock.now_ns()), wanted)
        assert clock.now_ns() > began_ns + 6 * NS_PER_S

    on_desk(CELL_EMULATORS["ngi_n83624"], "simulated", check)


def test_a_wish_that_is_newer_than_what_the_ngi_was_sent_is_no_refusal() -> None:
    async def check(desk: Desk) -> None:
        driver, clock = desk.driver, desk.clock
        await driver.set_all([3.7] * 24)
        await driver.outputs_on()
        for offset_ms in range(0, 600, 50):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(driver.set_all([3.6 + 0.001 * cell for cell in range(24)]))
                tasks.create_task(driver.set_cells([17], 3.6890))  # a fault goes off: back to the plant
                await clock.sleep_until(clock.now_ns() + offset_ms * NS_PER_MS)
                tasks.create_task(driver.set_all([3.6891] * 24))  # where the plant has moved on

    on_desk(CELL_EMULATORS["ngi_n83624"], "simulated", check)


def test_readings_have_the_noise_of_their_seed() -> None:
    readings: list[list[float]] = []

    async def check(desk: Desk) -> None:
        await desk.driver.set_all([3.7] * desk.driver.channels)
        await desk.driver.outputs_on()
        readings.append(await desk.driver.measure([1, 2, 3, 4, 5]))

    for _ in range(2):
        on_desk(CELL_EMULATORS["bloomy_abs"], "simulated", check)
    assert readings[0] == readings[1]
    assert len(set(readings[0])) > 1

"""What every cell emulator and every fault unit promises, driver against simulator, over each kind of line."""

import asyncio
import math
import random

import pytest
from instrument_lanes import CELL_EMULATORS as ON_LINES
from instrument_lanes import ON_CAN, Desk, on_desk

from bench.errors import InstrumentError
from bench.instruments.played_lines import Flaw
from bench.instruments.ports import WireFault
from bench.timing.clock import Phase
from bench.units import NS_PER_MS, NS_PER_S

CELL_EMULATORS = {**ON_LINES, **ON_CAN}
every_kind = pytest.mark.parametrize("kind", list(CELL_EMULATORS))
lanes_of_kinds = pytest.mark.parametrize(
    ("kind", "lane"),
    [
        # The NGI needs 11 s of real time for this: its spacing is 300 ms.
        pytest.param(
            kind, lane, marks=pytest.mark.slow if kind == "ngi_n83624" and lane != "simulated" else ()
        )
        for kind in CELL_EMULATORS
        for lane in (("simulated", "udp_multicast") if kind in ON_CAN else ("simulated", "pty", "tcp"))
    ],
)


def near(volts: list[float], wanted: list[float]) -> bool:
    """To 2 mV: a BS1200 in HIL mode rounds to float16, and is confirmed within 1 mV of that."""
    return all(abs(a - b) < 0.002 for a, b in zip(volts, wanted, strict=True))


@lanes_of_kinds
def test_cells_are_set_read_back_and_brought_to_their_safe_state(kind: str, lane: str) -> None:
    async def check(desk: Desk) -> None:
        driver, sim, clock = desk.driver, desk.sim, desk.clock
        assert await driver.identify()
        wanted = [3.0 + 0.05 * (cell % 4) for cell in range(driver.channels)]
        await driver.set_all(wanted)
        await driver.outputs_on()
        seen = await driver.set_and_confirm([2, 7], 4.2, 0.001)
        assert near(list(seen.readback_v), [4.2, 4.2])
        wanted[1] = wanted[6] = 4.2
        if kind == "atopile_cell_sim":  # the others, left alone, fall from its 3.5 V of booting with a tail
            await clock.sleep_until(clock.now_ns() + 300 * NS_PER_MS)
        assert near(sim.output_v(clock.now_ns()), wanted)
        assert near(await driver.measure([7, 1, 3]), [4.2, 3.0, 3.1])
        await driver.safe()
        await driver.safe()  # a second way to the safe state is as good as the first
        assert all(not volt >= 0.1 for volt in sim.output_v(clock.now_ns()))

    on_desk(CELL_EMULATORS[kind], lane, check)


@pytest.mark.parametrize("lane", ["pty", "tcp"])
@pytest.mark.parametrize("kind", list(ON_LINES))
def test_real_lines_carry_questions_and_settings(kind: str, lane: str) -> None:
    async def check(desk: Desk) -> None:
        assert await desk.driver.identify()
        await desk.driver.set_cells([2], 3.3)
        assert len(await desk.driver.measure([2])) == 1
        desk.tear()
        with pytest.raises(InstrumentError, match="the line is torn"):
            await desk.driver.measure([2])

    on_desk(CELL_EMULATORS[kind], lane, check)


@every_kind
def test_a_confirmation_brackets_the_true_change_and_is_no_narrower_than_the_instrument_is_slow(
    kind: str,
) -> None:
    async def check(desk: Desk) -> None:
        driver, sim, clock = desk.driver, desk.sim, desk.clock
        await driver.set_all([3.7] * driver.channels)
        await driver.outputs_on()
        await clock.sleep_until(clock.now_ns() + NS_PER_S)
        crossed: list[int] = []

        def look() -> None:
            if abs(sim.output_v(clock.now_ns())[4] - 4.2) <= 0.002 and not crossed:
                crossed.append(clock.now_ns())

        watch = clock.every(100_000, Phase.OBSERVE, look, first_ns=clock.now_ns())
        seen = await driver.set_and_confirm([5], 4.2, 0.002)
        watch.cancel()
        assert seen.low_ns < crossed[0] <= seen.high_ns + 100_000
        slowest_ns = 250 * NS_PER_MS if kind == "ngi_n83624" else 0
        assert slowest_ns < seen.high_ns - seen.low_ns < 800 * NS_PER_MS

    on_desk(CELL_EMULATORS[kind], "simulated", check)


@every_kind
def test_steps_down_are_confirmed_too(kind: str) -> None:
    async def check(desk: Desk) -> None:
        driver, clock = desk.driver, desk.clock
        await driver.set_all([4.0] * driver.channels)
        await driver.outputs_on()
        await driver.set_and_confirm([1], 4.0, 0.001)
        seen = await driver.set_and_confirm([1], 2.5, 0.001)
        assert near(list(seen.readback_v), [2.5])
        assert near(desk.sim.output_v(clock.now_ns())[:2], [2.5, 4.0])

    on_desk(CELL_EMULATORS[kind], "simulated", check)


@pytest.mark.parametrize("fault", [WireFault.OPEN, WireFault.SHORT, WireFault.REVERSED])
@every_kind
def test_faults_of_a_wire_are_made_mended_and_told(kind: str, fault: WireFault) -> None:
    async def check(desk: Desk) -> None:
        driver, sim, clock = desk.driver, desk.sim, desk.clock
        await driver.set_all([3.7] * driver.channels)
        await driver.outputs_on()
        await driver.set_and_confirm([1], 3.7, 0.001)
        if fault not in driver.wire_faults:
            able = "has no fault relays" if kind in ON_CAN else "can only open wires"
            with pytest.raises(InstrumentError, match=f"asked for {fault.value}, but it {able}"):
                await driver.insert([3], fault)
            return
        began_ns = clock.now_ns()
        done = await driver.insert([3, 5], fault)
        await clock.sleep_until(clock.now_ns() + 20 * NS_PER_MS)
        assert began_ns <= done.low_ns < done.high_ns <= clock.now_ns()
        volts = sim.output_v(clock.now_ns())
        expected = {WireFault.OPEN: math.nan, WireFault.SHORT: 0.0, WireFault.REVERSED: -3.7}[fault]
        for cell in (3, 5):
            assert volts[cell - 1] == pytest.approx(expected, abs=0.001, nan_ok=True)
        assert volts[3] == pytest.approx(3.7, abs=0.001)
        assert await driver.wires([2, 3, 5]) == [WireFault.NONE, fault, fault]
        if fault is WireFault.OPEN:
            assert math.isnan((await driver.measure([3]))[0])
        await driver.mend([3, 5])
        await clock.sleep_until(clock.now_ns() + 20 * NS_PER_MS)
        assert near(sim.output_v(clock.now_ns()), [3.7] * driver.channels)

    on_desk(CELL_EMULATORS[kind], "simulated", check)


@every_kind
def test_safe_works_with_a_fault_in_the_wires_and_from_any_state(kind: str) -> None:
    async def check(desk: Desk) -> None:
        driver, sim, clock = desk.driver, desk.sim, desk.clock
        await driver.safe()
        await driver.set_all([4.0] * driver.channels)
        await driver.outputs_on()
        if driver.wire_faults:
            await driver.insert([1], sorted(driver.wire_faults)[-1])
        await driver.safe()
        assert all(not abs(volt) >= 0.1 for volt in sim.output_v(clock.now_ns()))

    on_desk(CELL_EMULATORS[kind], "simulated", check)


@every_kind
def test_only_an_instrument_with_a_dead_man_lets_it_be_armed(kind: str) -> None:
    async def check(desk: Desk) -> None:
        if desk.driver.has_dead_man:
            await desk.driver.arm_dead_man(2 * NS_PER_S)
        else:
            await desk.driver.arm_dead_man(0)
            with pytest.raises(InstrumentError, match=r"no dead-man, 2\.000 s cannot be armed"):
                await desk.driver.arm_dead_man(2 * NS_PER_S)

    on_desk(CELL_EMULATORS[kind], "simulated", check)


@every_kind
def test_a_set_point_beyond_the_limits_is_an_error_and_changes_nothing(kind: str) -> None:
    async def check(desk: Desk) -> None:
        driver, sim, clock = desk.driver, desk.sim, desk.clock
        await driver.set_all([3.7] * driver.channels)
        await driver.outputs_on()
        with pytest.raises(InstrumentError, match=r"9\.0"):
            await driver.set_cells([4], 9.0)
        await clock.sleep_until(clock.now_ns() + 50 * NS_PER_MS)
        assert near(sim.output_v(clock.now_ns()), [3.7] * driver.channels)

    on_desk(CELL_EMULATORS[kind], "simulated", check)


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

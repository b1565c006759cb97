"""The driver against the emulator: one contract, in simulated time and over a real pseudo-terminal."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from bench.errors import InstrumentError, LinkError
from bench.instruments.ports import CellEmulator
from bench.instruments.pty_device import PtyDevice
from bench.instruments.scpi_cell_emulator.driver import ScpiCellEmulator, channel_list
from bench.instruments.scpi_cell_emulator.sim import CellEmulatorSim, attach_simulated
from bench.links.pyserial_link import open_serial
from bench.links.simulated_serial import SimulatedSerial
from bench.timing.clock import Clock, Phase
from bench.timing.host import HostClock, run_on_host
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.units import NS_PER_MS

Check = Callable[[ScpiCellEmulator, CellEmulatorSim, Clock], Awaitable[None]]
BAUD = 921_600


def in_simulated_time(check: Check) -> None:
    async def main(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "sim0", BAUD)
        sim = CellEmulatorSim()
        attach_simulated(sim, line.device, clock)
        await check(ScpiCellEmulator(line.host, clock), sim, clock)

    run_simulated(main)


def on_a_pty(check: Check) -> None:
    async def main(clock: HostClock) -> None:
        device = PtyDevice(clock)
        sim = CellEmulatorSim()
        attach_simulated(sim, device, clock)
        link = open_serial(device.port, BAUD)
        watch = clock.every(NS_PER_MS, Phase.OBSERVE, device.watch, first_ns=clock.now_ns())
        try:
            await check(ScpiCellEmulator(link, clock), sim, clock)
        finally:
            watch.cancel()
            link.close()
            device.close()

    run_on_host(main)


@pytest.fixture(params=[in_simulated_time, on_a_pty])
def run(request: pytest.FixtureRequest) -> Callable[[Check], None]:
    runner: Callable[[Check], None] = request.param
    return runner


def test_every_verb_of_the_port_does_what_it_says(run: Callable[[Check], None]) -> None:
    async def check(driver: ScpiCellEmulator, sim: CellEmulatorSim, clock: Clock) -> None:
        emulator: CellEmulator = driver
        assert (await emulator.identify()).startswith("BMS-HIL,CELL-EMULATOR-96,")
        await emulator.set_all([3.0 + 0.01 * cell for cell in range(96)])
        assert sim.output_v(clock.now_ns()) == [0.0] * 96
        await emulator.outputs_on()
        await clock.sleep_until(clock.now_ns() + 30 * NS_PER_MS)
        assert await emulator.measure([96, 1, 5, 6]) == [3.95, 3.0, 3.04, 3.05]
        await emulator.set_cells([1, 2, 3, 96], 4.21234)
        await clock.sleep_until(clock.now_ns() + 30 * NS_PER_MS)
        assert await emulator.measure([1, 2, 3, 4, 96]) == [4.2123, 4.2123, 4.2123, 3.03, 4.2123]
        await emulator.outputs_off()
        await clock.sleep_until(clock.now_ns() + 30 * NS_PER_MS)
        assert sim.output_v(clock.now_ns()) == [0.0] * 96

    run(check)


def test_a_confirmed_setting_brackets_the_true_crossing(run: Callable[[Check], None]) -> None:
    async def check(driver: ScpiCellEmulator, sim: CellEmulatorSim, clock: Clock) -> None:
        await driver.set_all([3.7] * 96)
        await driver.outputs_on()
        await driver.set_and_confirm(range(1, 97), 3.7, 0.0005)
        began_ns = clock.now_ns()
        confirmation = await driver.set_and_confirm([17], 4.3, 0.002)
        assert confirmation.low_ns == pytest.approx(began_ns, abs=NS_PER_MS)
        # 0.6 V closes to 2 mV after ln(300) time constants of 2 ms, which no confirmation can precede.
        assert confirmation.high_ns - confirmation.low_ns >= 2 * math.log(300) * NS_PER_MS
        assert confirmation.readback_v == pytest.approx((4.3,), abs=0.002)
        assert sim.output_v(clock.now_ns())[15] == pytest.approx(3.7, abs=0.0005)

    run(check)


def test_a_refused_setting_is_named_and_does_not_stain_the_next(run: Callable[[Check], None]) -> None:
    async def check(driver: ScpiCellEmulator, sim: CellEmulatorSim, clock: Clock) -> None:
        with pytest.raises(
            InstrumentError, match=r"cell emulator.*SOUR:VOLT 3\.0000,\(@97\).*-222.*channel 97"
        ):
            await driver.set_cells([97], 3.0)
        with pytest.raises(InstrumentError, match=r"-222.*6\.5"):
            await driver.set_cells([1], 6.5)
        with pytest.raises(InstrumentError, match=r"-109.*95 of 96 values"):
            await driver.set_all([3.0] * 95)
        with pytest.raises(InstrumentError, match="-120"):
            await driver.set_all([math.nan] * 96)
        await driver.set_cells([96], 3.0)

    run(check)


def test_an_open_wire_reads_nan_and_never_confirms(run: Callable[[Check], None]) -> None:
    async def check(driver: ScpiCellEmulator, sim: CellEmulatorSim, clock: Clock) -> None:
        await driver.outputs_on()
        await driver.open_cells([2, 3])
        first, second, third = await driver.measure([1, 2, 3])
        assert first == 0.0
        assert math.isnan(second) and math.isnan(third)
        with pytest.raises(InstrumentError, match=r"nan V at cell 2: 1 cell\(s\) not at 3\.7000 V ± 2 mV"):
            await driver.set_and_confirm([1, 2], 3.7, 0.002)
        await driver.clear_faults()
        assert (await driver.measure([2, 3]))[1] == 0.0

    run(check)


def test_safe_is_proven_by_readback(run: Callable[[Check], None]) -> None:
    async def check(driver: ScpiCellEmulator, sim: CellEmulatorSim, clock: Clock) -> None:
        await driver.set_all([4.2] * 96)
        await driver.outputs_on()
        await driver.set_and_confirm([1], 4.2, 0.001)
        await driver.safe()
        assert not sim.is_on
        assert max(sim.output_v(clock.now_ns())) < 0.1

    run(check)


def test_silence_trips_the_dead_man_and_arming_it_again_acknowledges(run: Callable[[Check], None]) -> None:
    async def check(driver: ScpiCellEmulator, sim: CellEmulatorSim, clock: Clock) -> None:
        await driver.set_all([3.7] * 96)
        await driver.arm_dead_man(60 * NS_PER_MS)
        await driver.outputs_on()
        for _ in range(4):
            await clock.sleep_until(clock.now_ns() + 20 * NS_PER_MS)
            await driver.measure([1])
        assert not await driver.dead_man_tripped()
        await clock.sleep_until(clock.now_ns() + 100 * NS_PER_MS)
        assert max(sim.output_v(clock.now_ns())) < 0.1
        assert await driver.dead_man_tripped()
        with pytest.raises(InstrumentError, match=r"-221.*dead-man has tripped"):
            await driver.outputs_on()
        await driver.arm_dead_man(0)
        await driver.outputs_on()
        assert sim.is_on

    run(check)


def test_concurrent_commands_do_not_mix(run: Callable[[Check], None]) -> None:
    async def check(driver: ScpiCellEmulator, sim: CellEmulatorSim, clock: Clock) -> None:
        await driver.set_all([3.0 + 0.01 * cell for cell in range(96)])
        await driver.outputs_on()
        await clock.sleep_until(clock.now_ns() + 30 * NS_PER_MS)
        readings = await asyncio.gather(*(driver.measure([cell]) for cell in range(1, 9)))
        assert readings == [[round(3.0 + 0.01 * cell, 4)] for cell in range(8)]

    run(check)


# -- an instrument that misbehaves: every error says where, who, what was sent and what came back -----------


def against(
    answer: Callable[[bytes], bytes | None], ask: Callable[[ScpiCellEmulator], Awaitable[Any]]
) -> str:
    """The InstrumentError text of `ask` when the instrument answers each line with `answer(line)`."""

    async def main(clock: SimulatedClock) -> str:
        line = SimulatedSerial(clock, "sim7", BAUD)

        def arrived(_now_ns: int, data: bytes) -> None:
            for piece in data.splitlines(keepends=True):
                if piece.strip() and (reply := answer(piece)):
                    line.device.write(reply)

        line.device.subscribe(arrived)
        with pytest.raises(InstrumentError) as caught:
            await ask(ScpiCellEmulator(line.host, clock))
        text = str(caught.value)
        assert text.startswith("sim7 [cell emulator]: sent '")
        assert "\n" not in text
        return text

    text: str = run_simulated(main)
    return text


def test_no_answer() -> None:
    assert "*IDN?" in (text := against(lambda _: None, lambda driver: driver.identify()))
    assert "nothing complete within 500.0 ms: no answer" in text


def test_wrong_model() -> None:
    text = against(lambda _: b"KEYSIGHT,34465A,MY1,1.0\n", lambda driver: driver.identify())
    assert "'KEYSIGHT,34465A,MY1,1.0': wrong model, expected 'BMS-HIL,CELL-EMULATOR-96," in text


def test_wrong_channel_count() -> None:
    small = CellEmulatorSim(12)
    assert "CELL-EMULATOR-12" in against(lambda line: small.handle(line, 0), lambda driver: driver.identify())


def test_echo() -> None:
    assert "the line echoes" in against(lambda line: line, lambda driver: driver.outputs_on())


@pytest.mark.parametrize("noise", [b"\xff\xfe\x80\n", b"hello\n", b"3.7,x\n"])
def test_garbage(noise: bytes) -> None:
    assert "garbage, expected" in against(lambda _: noise, lambda driver: driver.measure([1, 2]))
    assert "garbage, expected" in against(lambda _: noise, lambda driver: driver.outputs_on())


def test_half_a_reply_with_and_without_its_end() -> None:
    cells = list(range(1, 97))
    assert "half a reply: 2 of 96" in against(
        lambda _: b"3.7000,3.70\n", lambda driver: driver.measure(cells)
    )
    assert "nothing complete" in against(lambda _: b"3.7000,3.70", lambda driver: driver.measure(cells))


def test_outputs_that_stay_on_are_not_called_safe() -> None:
    asked: list[bytes] = []

    def stuck(line: bytes) -> bytes:
        asked.append(line)
        return b"96\n" if line == b"OUTP?\n" else b'0,"No error"\n'

    assert "outputs still on after OUTP OFF" in against(stuck, lambda driver: driver.safe())
    assert asked.count(b"OUTP?\n") == 2


def test_outputs_that_do_not_discharge_are_not_called_safe() -> None:
    answers = {b"OUTP?\n": b"0\n", b"MEAS:VOLT:ALL?\n": b",".join([b"0.0000"] * 95 + [b"3.6000"]) + b"\n"}
    text = against(lambda line: answers.get(line, b'0,"No error"\n'), lambda driver: driver.safe())
    assert "3.6000 V at cell 96: expected every cell below 0.1 V" in text


def test_a_torn_line_ends_the_question_at_once() -> None:
    async def main(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "sim7", BAUD)
        attach_simulated(CellEmulatorSim(), line.device, clock, processing_ns=5 * NS_PER_MS)
        driver = ScpiCellEmulator(line.host, clock)
        clock.call_at(3 * NS_PER_MS, Phase.INSTRUMENT, line.tear)
        with pytest.raises(InstrumentError, match=r"sim7 \[cell emulator\].*the line is torn") as caught:
            await driver.identify()
        assert clock.now_ns() == 3 * NS_PER_MS
        assert isinstance(caught.value.__cause__, LinkError)

    run_simulated(main)


def test_an_instrument_that_vanishes_from_a_real_port_is_a_torn_line() -> None:
    async def main(clock: HostClock) -> None:
        device = PtyDevice(clock)
        driver = ScpiCellEmulator(open_serial(device.port, BAUD), clock)
        clock.call_at(clock.now_ns() + 20 * NS_PER_MS, Phase.INSTRUMENT, device.close)
        began_ns = clock.now_ns()
        with pytest.raises(InstrumentError, match=r"/dev/pts/\d+ \[cell emulator\]: sent '\*IDN\?'.*torn"):
            await driver.identify()
        assert clock.now_ns() - began_ns < 400 * NS_PER_MS

    run_on_host(main)


@pytest.mark.parametrize("late_ms", [500, 501, 640, 999, 1000, 1500])
def test_a_late_reply_is_never_taken_for_the_next_answer(late_ms: int) -> None:
    async def main(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "sim7", BAUD)
        sim = CellEmulatorSim()
        sim.handle(b"SOUR:VOLT 1.1,(@1);SOUR:VOLT 2.2,(@2);OUTP ON", 0)
        busy_until_ns = 0

        def arrived(now_ns: int, data: bytes) -> None:
            nonlocal busy_until_ns
            first = busy_until_ns == 0
            for piece in filter(None, data.splitlines()):
                busy_until_ns = max(busy_until_ns, now_ns) + (late_ms if first else 1) * NS_PER_MS
                reply = sim.handle(piece, now_ns)
                clock.call_at(busy_until_ns, Phase.INSTRUMENT, partial(line.device.write, reply))

        line.device.subscribe(arrived)
        driver = ScpiCellEmulator(line.host, clock)
        await clock.sleep_until(50 * NS_PER_MS)
        with pytest.raises(InstrumentError, match="no answer"):
            await driver.measure([1])
        answered = 0
        while clock.now_ns() < 2500 * NS_PER_MS:
            try:
                assert await driver.measure([2]) == [2.2]
            except InstrumentError:
                assert clock.now_ns() <= (50 + late_ms + 10) * NS_PER_MS
            else:
                answered += 1
        assert answered > 300

    run_simulated(main)


def test_a_cancelled_question_leaves_the_driver_usable() -> None:
    async def check(driver: ScpiCellEmulator, sim: CellEmulatorSim, clock: Clock) -> None:
        await driver.set_cells([1], 1.5)
        await driver.outputs_on()
        await clock.sleep_until(clock.now_ns() + 50 * NS_PER_MS)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.0005):
                await driver.identify()
        assert await driver.measure([1]) == [1.5]

    in_simulated_time(check)


def test_simulated_exchanges_take_the_same_instants_every_time() -> None:
    stamps: list[int] = []

    async def check(driver: ScpiCellEmulator, sim: CellEmulatorSim, clock: Clock) -> None:
        await driver.outputs_on()
        await driver.set_and_confirm([1, 2, 3], 3.9, 0.001)
        stamps.append(clock.now_ns())

    in_simulated_time(check)
    in_simulated_time(check)
    assert stamps[0] == stamps[1]


def test_channel_lists_are_short_and_keep_the_order() -> None:
    assert channel_list([1, 5, 6, 7, 3]) == "(@1,5:7,3)"
    assert channel_list(range(1, 97)) == "(@1:96)"

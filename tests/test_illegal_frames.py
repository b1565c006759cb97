"""What no CAN bus carries ends the shot of the DUT that sends it, or is not taken: it never ends a run."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import can
import pytest
from test_firmware_raises_anything import rig_that
from test_stimulus_is_proven import bench_in, scenarios_in

from bench.dut.in_process import InProcessDut
from bench.errors import LinkError
from bench.links.legal import no_can_frame
from bench.links.python_can import PythonCan
from bench.links.simulated_can import SimulatedCanBus
from bench.links.slcan_text import read_line
from bench.record.codable import plan_from_dict
from bench.record.folder import RunFolder, read_shot
from bench.report.finding_words import reasons_words
from bench.running.load import load_rig
from bench.running.shots import judge_trace, shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.timing.host import HostClock, run_on_host
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import CanFrame
from bench.trace.facts import Anomaly
from bench.trace.timeline import Trace
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

GOOD = CanFrame(0x100, bytes(8))
ILLEGAL = [
    GOOD._replace(data=bytes(9)),
    GOOD._replace(data=bytes(13), fd=True),
    GOOD._replace(data=bytes(65), fd=True),
    GOOD._replace(can_id=-1),
    GOOD._replace(can_id=0x800),
    GOOD._replace(can_id=1 << 29, extended=True),
    GOOD._replace(bitrate_switch=True),
    GOOD._replace(can_id=2.5),  # type: ignore[arg-type]
    GOOD._replace(can_id=True),
    GOOD._replace(data="12345678"),  # type: ignore[arg-type]
    GOOD._replace(data=bytearray(8)),  # type: ignore[arg-type]
    GOOD._replace(extended=None),  # type: ignore[arg-type]
    (0x100, bytes(8)),
    None,
]


@pytest.mark.parametrize("frame", ILLEGAL, ids=repr)
def test_it_is_told_from_a_frame(frame: object) -> None:
    assert no_can_frame(frame) is not None
    assert no_can_frame(GOOD) is None and no_can_frame(GOOD._replace(data=bytes(64), fd=True)) is None


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Wired:
    return load_rig(bench_in(tmp_path_factory.mktemp("bench")), "simulated", "reference", None)


@pytest.fixture(scope="module")
def prepared(wired: Wired) -> Prepared:
    return scenarios_in(wired, "ov_step_cell17")["ov-step-cell17"]


def instead(frame: object) -> Callable[[str, CanFrame], object]:
    return lambda channel, _: (channel, frame)


SENT: list[Callable[[str, CanFrame], object]] = [
    *map(instead, (ILLEGAL[0], ILLEGAL[6], *ILLEGAL[9:11], GOOD._replace(fd=True))),
    lambda _, frame: ("nowhere", frame),
    lambda _, frame: ([], frame),
    lambda channel, frame: None,
    lambda channel, frame: (channel, frame, 1),
]


@pytest.mark.parametrize("number", range(len(SENT)))
def test_a_dut_that_sends_it_fails_its_shot_and_the_evidence_is_kept(
    wired: Wired, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def meddle(dut: InProcessDut) -> None:
        step = dut._firmware.step

        def stranger(now_ns: int) -> list[object]:
            frames: list[object] = list(step(now_ns))
            if now_ns > 2_000_000_000 and frames:
                frames[0] = SENT[number](*frames[0])  # type: ignore[misc]
            return frames

        dut._firmware.step = stranger  # type: ignore[assignment, method-assign]

    rig_that(monkeypatch, meddle)
    folder = RunFolder.create(tmp_path, "run", {})
    result = shoot(wired, prepared, 0, 59, 1, folder)
    assert result.judgement.verdict is Verdict.FAIL
    assert any("sent what no CAN bus carries" in text for text in reasons_words(result.judgement))
    trace, plan, _ = read_shot(folder.path / result.folder)
    assert judge_trace(trace, plan_from_dict(plan), wired.databases)[1].verdict is Verdict.FAIL


def test_the_simulated_bus_refuses_it() -> None:
    async def main(clock: SimulatedClock) -> None:
        bus = SimulatedCanBus(clock, Trace(timebase=Timebase.SIMULATED), "vehicle", 500_000)
        with pytest.raises(LinkError, match="9 bytes in a classic frame: no CAN bus carries it"):
            bus.node("a").send(GOOD._replace(data=bytes(9)))

    run_simulated(main)


@pytest.mark.parametrize(
    "text", [b"t-018" + b"00" * 8, b"t+018" + b"00" * 8, b"t 1_8" + b"00" * 8, b"t0x18" + b"00" * 8]
)
def test_a_line_whose_id_is_no_hex_number_is_no_frame(text: bytes) -> None:
    line = read_line(text)
    assert line.frame is None and "is no frame" in (line.wrong or "")


def test_what_a_driver_gives_is_not_taken_and_told() -> None:
    trace = Trace(timebase=Timebase.HOST)

    async def main(clock: HostClock) -> None:
        ours, theirs = (can.Bus(interface="virtual", channel="illegal-frames") for _ in range(2))
        link = PythonCan(ours, "vehicle", "virtual", clock, trace, "bench")
        for data in (bytes(9), bytes(8)):
            theirs.send(can.Message(arbitration_id=0x100, data=data, is_extended_id=False, check=False))
        async with asyncio.timeout(5):
            while not trace.frames:
                await clock.sleep_until(clock.now_ns() + 10_000_000)
        link.close()
        theirs.shutdown()

    run_on_host(main)
    (odd,) = (mark.fact.text for mark in trace.of(Anomaly))
    assert odd == "a driver gave 9 bytes in a classic frame; it was not taken"
    assert [seen.frame.data for seen in trace.frames] == [bytes(8)]

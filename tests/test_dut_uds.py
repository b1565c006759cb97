"""The tester against the reference BMS's own UDS server, frame by frame on the simulated bus; and against a bad one."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bench.codec import isotp, uds
from bench.dut.in_process import InProcessDut
from bench.dut.uds import Address, UdsTester
from bench.errors import DutError
from bench.links.simulated_can import SimulatedCanBus
from bench.timing.clock import Phase, Timebase
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import CanFrame, Kind
from bench.trace.facts import Anomaly
from bench.trace.timeline import Trace
from firmware_stubs.reference_bms.bms import ReferenceBms
from firmware_stubs.reference_bms.faults import Fault

ADDRESS = Address(
    request_id=0x7E0, response_id=0x7E8, extended=False, p2_ns=50_000_000, p2_star_ns=5_000_000_000
)
Talk = Callable[[UdsTester, ReferenceBms, Trace, SimulatedClock], Awaitable[Any]]


def talk(what: Talk) -> Any:
    trace = Trace(timebase=Timebase.SIMULATED)

    async def main(clock: SimulatedClock) -> Any:
        bus = SimulatedCanBus(clock, trace, "vehicle", 500_000)
        bms = ReferenceBms(build_hash=bytes.fromhex("1a2b3c4d5e"))
        dut = InProcessDut(clock, bms, {"vehicle": bus.node("dut")})
        tester = UdsTester(clock, trace, bus.node("bench"), ADDRESS)
        await dut.start()
        try:
            return await what(tester, bms, trace, clock)
        finally:
            await dut.stop()

    return run_simulated(main)


def test_the_build_is_read_from_the_dut() -> None:
    async def read(tester: UdsTester, *_: object) -> tuple[str, str, int | None]:
        return await tester.read_text(0xF189), await tester.read_text(0xF195), tester.first_frame_ns

    build, version, took_ns = talk(read)
    assert build == "1a2b3c4d"
    assert version.count(".") == 2
    assert took_ns is not None and 0 < took_ns < 12_000_000  # the next base task


def test_dtcs_are_read_with_their_status_over_several_frames_and_cleared() -> None:
    faults = [Fault.CELL_OVERVOLTAGE, Fault.INSULATION_FAULT, Fault.WELD_PLUS]

    async def read(tester: UdsTester, bms: ReferenceBms, trace: Trace, _: object) -> Any:
        for fault in faults:
            bms.dtcs.failed(fault)
        bms.dtcs.passed(Fault.WELD_PLUS)
        stored = await tester.read_dtcs()
        failing = await tester.read_dtcs(uds.status_mask(["test_failed"]))
        await tester.clear_dtcs()  # announced with 0x78 first
        frames = [seen.frame.data for seen in trace.frames if seen.frame.can_id == 0x7E8]
        return stored, failing, await tester.read_dtcs(), frames

    stored, failing, cleared, frames = talk(read)
    assert [one.code for one in stored] == [0x1A0117, 0x0AA61A, 0x0AA177]
    assert {"test_failed", "confirmed"} <= set(stored[0].bits)
    assert "test_failed" not in stored[2].bits and "confirmed" in stored[2].bits
    assert [one.code for one in failing] == [0x1A0117, 0x0AA61A]
    assert cleared == ()
    assert bytes.fromhex("037f1478") in [data[:4] for data in frames]


def test_session_tester_present_and_reset() -> None:
    async def walk(tester: UdsTester, bms: ReferenceBms, trace: Trace, clock: SimulatedClock) -> Any:
        bms.dtcs.failed(Fault.CELL_OVERVOLTAGE)
        await tester.session("extended")
        for _ in range(3):
            await clock.sleep_until(clock.now_ns() + 3_000_000_000)
            await tester.tester_present()
        await clock.sleep_until(clock.now_ns() + 50_000_000)
        kept = bms._uds.session
        await clock.sleep_until(clock.now_ns() + 6_000_000_000)
        lapsed = bms._uds.session
        before = bms._transmitter._task
        await tester.reset("hard")
        await clock.sleep_until(clock.now_ns() + 100_000_000)
        return kept, lapsed, before, bms._transmitter._task, await tester.read_dtcs()

    kept, lapsed, before, after, stored = talk(walk)
    assert (kept, lapsed) == (3, 1)
    assert after < 20 < before, "a reset starts the base task anew"
    assert 0x1A0117 in [one.code for one in stored], "and keeps the memory"


def test_a_refusal_says_why() -> None:
    async def ask(tester: UdsTester, *_: object) -> None:
        await tester.read_text(0x1234)

    with pytest.raises(uds.UdsRefused, match="0x22 was refused: 0x31, request out of range"):
        talk(ask)


def against(
    answers: Callable[[bytes], list[tuple[int, bytes]]], what: Callable[[UdsTester], Awaitable[Any]]
) -> Any:
    """The tester against a DUT that sends (delay in ms, frame) for each frame it hears."""
    trace = Trace(timebase=Timebase.SIMULATED)

    async def main(clock: SimulatedClock) -> Any:
        bus = SimulatedCanBus(clock, trace, "vehicle", 500_000)
        node = bus.node("dut")

        def heard(t_ns: int, frame: CanFrame) -> None:
            for delay_ms, data in answers(frame.data):
                clock.call_at(
                    t_ns + delay_ms * 1_000_000, Phase.DUT, lambda data=data: node.send(CanFrame(0x7E8, data))
                )

        node.subscribe(heard)
        return await what(UdsTester(clock, trace, bus.node("bench"), ADDRESS)), trace

    return run_simulated(main)


def single(payload: bytes) -> bytes:
    return isotp.segment(payload)[0]


def test_no_answer_ends_in_time_and_says_what_was_asked() -> None:
    with pytest.raises(DutError, match="UDS 19 02 ff: no answer within 550"):
        against(lambda _: [], lambda tester: tester.read_dtcs())


def test_p2_is_judged_on_the_first_frame_however_long_the_rest_takes() -> None:
    first, *rest = isotp.segment(b"\x62\xf1\x89" + b"x" * 20)

    def slowly(data: bytes) -> list[tuple[int, bytes]]:
        if data[0] >> 4 == 3:  # our flow control
            return [(200 * (n + 1), frame) for n, frame in enumerate(rest)]
        return [(40, first)]

    (text, trace) = against(slowly, lambda tester: tester.read_text(0xF189))
    assert text == "x" * 20
    assert not list(trace.of_kind(Kind.ANOMALY))


def test_an_answer_after_p2_is_taken_and_told() -> None:
    (text, trace) = against(
        lambda _: [(60, single(b"\x62\xf1\x89a"))], lambda tester: tester.read_text(0xF189)
    )
    assert text == "a"
    (mark,) = trace.of(Anomaly)
    assert "first frame of the response after 60." in mark.fact.text
    assert "P2 of 50.0 ms" in mark.fact.text


def test_pending_opens_p2_star() -> None:
    def pending(_: bytes) -> list[tuple[int, bytes]]:
        return [(20, single(b"\x7f\x14\x78")), (3000, single(b"\x7f\x14\x78")), (7000, single(b"\x54"))]

    _, trace = against(pending, lambda tester: tester.clear_dtcs())
    assert not list(trace.of_kind(Kind.ANOMALY))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (single(b"\x62\xf1\x90ab"), "was answered with 62 f1 90"),
        (bytes.fromhex("1004cccccccccccc"), "first frame announces 4 bytes"),
        (isotp.segment(bytes(20))[0], "broke off"),
    ],
)
def test_a_wrong_answer_is_one_clear_error(answer: bytes, says: str) -> None:
    with pytest.raises((uds.UdsBroken, isotp.IsoTpError, DutError), match=says):
        against(
            lambda data: [] if data[0] >> 4 == 3 else [(10, answer)], lambda tester: tester.read_text(0xF189)
        )


def test_a_long_request_waits_for_flow_control_and_keeps_its_pace() -> None:
    heard: list[bytes] = []

    def block_of_two(data: bytes) -> list[tuple[int, bytes]]:
        heard.append(data)
        if data[0] >> 4 == 1 or len(heard) == 3:
            return [(5, isotp.flow_control(block=2, gap_ms=10))]
        return [(5, single(b"\x6e\xf1\x90"))] if len(heard) == 5 else []

    async def write(tester: UdsTester) -> bytes:
        return await tester.request(b"\x2e\xf1\x90" + bytes(28))

    _, trace = against(block_of_two, write)
    sent = [seen.t_ns for seen in trace.frames if seen.frame.can_id == 0x7E0]
    assert len(sent) == 5
    assert sent[2] - sent[1] >= 10_000_000 and sent[4] - sent[3] >= 10_000_000


def test_status_names() -> None:
    assert uds.status_mask(["test_failed", "confirmed"]) == 0x09
    assert uds.status_bits(0x2F) == (
        "test_failed",
        "test_failed_this_operation_cycle",
        "pending",
        "confirmed",
        "test_failed_since_last_clear",
    )
    with pytest.raises(ValueError, match="did you mean 'confirmed'"):
        uds.status_mask(["confirmd"])

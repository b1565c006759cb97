"""SLCAN: the text, the link on a pseudo-terminal, and an adapter that refuses, stalls or is pulled out."""

import contextlib
import itertools
import os
import select
import subprocess
import sys
import time
import tty
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import can
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import DutError, LinkError
from bench.links.slcan import SlcanCan, open_slcan
from bench.links.slcan_text import line_of, opening, read_line
from bench.timing.clock import Timebase
from bench.timing.host import HostClock, run_on_host
from bench.timing.simulated import run_simulated
from bench.trace.events import CanFrame, Kind
from bench.trace.facts import Anomaly, BenchLate, LinkBroke
from bench.trace.timeline import Trace
from firmware_stubs.reference_bms_c import compile as c

ROOT = Path(__file__).parent.parent
NMC = ROOT / "bench/plant/chemistries/nmc.toml"
MS = 1_000_000
FRAME = CanFrame(0x123, b"\x01\xab")
pytestmark = pytest.mark.real_time


# --- the text -----------------------------------------------------------------------------------------------


@st.composite
def frames(draw: st.DrawFn) -> CanFrame:
    extended, fd = draw(st.booleans()), draw(st.booleans())
    size = draw(st.sampled_from((0, 1, 8, 12, 64) if fd else range(9)))
    can_id = draw(st.integers(0, 0x1FFFFFFF if extended else 0x7FF))
    data = draw(st.binary(min_size=size, max_size=size))
    return CanFrame(can_id, data, extended, fd, fd and draw(st.booleans()))


@given(frames())
def test_a_frame_survives_its_text(frame: CanFrame) -> None:
    line = line_of(frame)
    assert line.endswith(b"\r") and line.count(b"\r") == 1
    assert read_line(line[:-1]).frame == frame
    assert read_line(line[:-1] + b"1A2B").frame == frame, "with the adapter's time stamp"


@given(st.binary(max_size=60).filter(lambda text: b"\r" not in text))
def test_no_text_whatever_is_taken_for_a_frame_it_is_not(text: bytes) -> None:
    found = read_line(text).frame
    assert found is None or line_of(found)[:-1].lower() in text.lower() or text[:1] in b"tTdDbB"


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        (b"t1232DEAD", CanFrame(0x123, b"\xde\xad")),
        (b"T000001230", CanFrame(0x123, b"", extended=True)),
        (b"t7FF811223344556677880ABC", CanFrame(0x7FF, bytes.fromhex("1122334455667788"))),
        (b"b1239" + b"00" * 12, CanFrame(0x123, bytes(12), fd=True, bitrate_switch=True)),
    ],
)
def test_frames_as_adapters_write_them(text: bytes, frame: CanFrame) -> None:
    assert read_line(text).frame == frame


@pytest.mark.parametrize(
    "text", [b"t123", b"t1232DE", b"t12G0", b"t8000", b"t1239" + b"0" * 24, b"t1232DEADB", b"5"]
)
def test_torn_lines_are_said_to_be_wrong(text: bytes) -> None:
    assert read_line(text).wrong


@pytest.mark.parametrize("text", [b"", b"z", b"Z", b"V1013", b"NA123", b"F00"])
def test_answers_are_neither_frames_nor_wrong(text: bytes) -> None:
    line = read_line(text)
    assert line.frame is None and not line.wrong and not line.refused


def test_a_bit_rate_without_a_command_is_refused() -> None:
    with pytest.raises(LinkError, match="no command for 400000 bit/s; expected one of 10, 20"):
        opening(400_000)
    assert opening(500_000).endswith(b"C\rS6\rO\r")


# --- the link -----------------------------------------------------------------------------------------------


class Adapter:
    """The far end of a virtual line, byte by byte."""

    def __init__(self, port: str) -> None:
        self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)

    def read(self) -> bytes:
        try:
            return os.read(self.fd, 65536)
        except BlockingIOError:
            return b""

    def write(self, text: bytes) -> None:
        os.write(self.fd, text)

    def close(self) -> None:
        os.close(self.fd)


async def until(clock: HostClock, reached: Callable[[], bool], what: str) -> None:
    deadline_ns = clock.now_ns() + 3000 * MS
    while not reached():
        assert clock.now_ns() < deadline_ns, f"waited 3 s for {what}"
        await clock.sleep_until(clock.now_ns() + 2 * MS)


Play = Callable[[HostClock, SlcanCan, Trace, Adapter], Awaitable[None]]


def on_a_line(play: Play) -> Trace:
    """Plays with a link on a pseudo-terminal and an adapter that has been opened by it."""
    trace = Trace(timebase=Timebase.HOST)

    async def main(clock: HostClock) -> None:
        link = open_slcan("vehicle", {"channel": "virtual"}, clock, trace, "bench")
        adapter = Adapter(link.far_end)
        said = bytearray()

        def opened() -> bool:
            said.extend(adapter.read())
            return said.endswith(b"O\r")

        try:
            await until(clock, opened, "the channel to be opened")
            await play(clock, link, trace, adapter)
        finally:
            link.close()
            adapter.close()

    run_on_host(main)
    return trace


def told(trace: Trace) -> list[str]:
    return [mark.fact.text for mark in trace.marks if isinstance(mark.fact, Anomaly | LinkBroke)]


def test_frames_go_both_ways_and_stand_in_the_trace_with_an_honest_half_width() -> None:
    heard: list[CanFrame] = []

    async def play(clock: HostClock, link: SlcanCan, trace: Trace, adapter: Adapter) -> None:
        link.subscribe(lambda t_ns, frame: heard.append(frame))
        link.send(FRAME)
        before_ns = clock.now_ns()
        adapter.write(b"z\rt7FF0\rt00")
        await until(clock, lambda: len(heard) == 1, "a frame")
        adapter.write(b"1155\r")
        await until(clock, lambda: len(heard) == 2, "a frame in two pieces")
        assert adapter.read() == b"t123201AB\r"
        assert before_ns < trace.frames[1].t_ns <= clock.now_ns()

    trace = on_a_line(play)
    assert heard == [CanFrame(0x7FF, b""), CanFrame(0x001, b"\x55")]
    assert [(seen.sender, seen.frame) for seen in trace.frames] == [
        ("bench", FRAME),
        *(("dut", one) for one in heard),
    ]
    assert trace.stamping["vehicle"].u_ns == 5 * MS and "kernel" not in trace.stamping["vehicle"].source
    assert told(trace) == []


def test_what_an_adapter_refuses_is_counted_as_lost_and_garbage_is_named() -> None:
    async def play(clock: HostClock, link: SlcanCan, trace: Trace, adapter: Adapter) -> None:
        link._quiet_until_ns = clock.now_ns() + 1000 * MS  # however long this machine took to come here
        adapter.write(b"\a\a")  # commands it did not need: no harm
        await clock.sleep_until(link._quiet_until_ns + MS)
        assert link.dropped == 0 and told(trace) == []
        adapter.write(b"\at12G0\r\x80\x81\rr1230\r")
        await until(clock, lambda: len(told(trace)) == 4, "four anomalies")
        assert link.dropped == 1
        adapter.write(b"x" * 400)
        await until(clock, lambda: len(told(trace)) == 5, "one more")

    texts = told(on_a_line(play))
    assert texts[0] == "the adapter refused a frame (BEL)"
    assert "t12G0" in texts[1] and "no line of SLCAN" in texts[2] and "remote" in texts[3]
    assert "400 bytes without an end of line" in texts[4]


def test_a_stalled_adapter_loses_frames_and_says_so_without_a_hang() -> None:
    async def play(clock: HostClock, link: SlcanCan, trace: Trace, adapter: Adapter) -> None:
        for _ in range(6000):
            link.send(FRAME)
        assert link.dropped > 1000

    trace = on_a_line(play)
    lost = sum(mark.fact.dropped or 0 for mark in trace.of(Anomaly))
    assert 0 < len(trace.frames) < 6000 - lost, "what did not leave is not in the trace"
    assert set(told(trace)) == {"the adapter takes nothing any more: a frame was dropped in front of it"}


def test_a_board_that_is_switched_off_and_on_is_opened_anew() -> None:
    async def play(clock: HostClock, link: SlcanCan, trace: Trace, adapter: Adapter) -> None:
        adapter.close()
        await clock.sleep_until(clock.now_ns() + 30 * MS)
        link.send(FRAME)
        again = Adapter(link.far_end)
        said = bytearray()

        def opened() -> bool:
            said.extend(again.read())
            return said.endswith(b"O\r")

        await until(clock, opened, "the channel to be opened again")
        link.send(CanFrame(2, b""))
        adapter.fd = again.fd

    trace = on_a_line(play)
    assert [seen.frame.can_id for seen in trace.frames] == [2], "a frame to a board that is off is on no bus"
    assert told(trace) == []


def test_an_adapter_that_is_pulled_out_is_an_error_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    trace = Trace(timebase=Timebase.HOST)
    plug = tmp_path / "adapter"  # as a name below /dev/serial/by-id

    def plugged_in() -> int:
        near, far = os.openpty()
        plug.unlink(missing_ok=True)
        plug.symlink_to(os.ttyname(far))
        tty.setraw(far)
        stack.callback(os.close, far)
        os.set_blocking(near, False)
        return near

    async def main(clock: HostClock) -> None:
        near = plugged_in()
        link = open_slcan("sense", {"channel": str(plug)}, clock, trace, "bench")
        plug.unlink()
        os.close(near)
        await until(clock, lambda: bool(told(trace)), "the error")
        link.send(FRAME)
        link.send(FRAME)
        assert (link.unsent, link.trouble()) == (2, None)
        near = plugged_in()
        said = bytearray()

        def has_said(end: bytes) -> bool:
            with contextlib.suppress(BlockingIOError):
                said.extend(os.read(near, 4096))
            return said.endswith(end)

        await until(clock, lambda: has_said(b"O\r"), "the channel to be opened anew")
        heard: list[CanFrame] = []
        link.subscribe(lambda _, frame: heard.append(frame))
        link.send(FRAME)
        await until(clock, lambda: has_said(line_of(FRAME)), "the next frame")
        os.write(near, line_of(FRAME))
        await until(clock, lambda: bool(heard), "a frame of the board")
        link.close()
        os.close(near)

    with contextlib.ExitStack() as stack:
        run_on_host(main)
    gone, back = told(trace)
    assert "the device is gone" in gone and "check plug and supply" in gone
    assert "the device is back after " in back and back.endswith("; 2 frames were not sent")
    assert [mark.kind for mark in trace.of_kind(Kind.ANOMALY, Kind.ERROR)] == [Kind.ERROR, Kind.ANOMALY]


def test_an_adapter_that_stays_away_is_trouble_after_two_seconds(tmp_path: Path) -> None:
    trace = Trace(timebase=Timebase.HOST)
    plug = (
        tmp_path / "adapter"
    )  # a name of its own: the next pseudo-terminal anybody opens gets the number of this one

    async def main(clock: HostClock) -> None:
        near, far = os.openpty()
        plug.symlink_to(os.ttyname(far))
        link = open_slcan("sense", {"channel": str(plug)}, clock, trace, "bench")
        plug.unlink()
        os.close(far)
        os.close(near)
        await until(clock, lambda: bool(told(trace)), "the error")
        await until(clock, lambda: link.trouble() is not None, "trouble")
        assert "has been away for more than 2 s" in str(link.trouble())
        link.close()
        with pytest.raises(LinkError, match="closed; open it again"):
            link.send(FRAME)

    run_on_host(main)


def test_a_blocked_loop_is_written_down_because_it_makes_stamps_late() -> None:
    async def play(clock: HostClock, link: SlcanCan, trace: Trace, adapter: Adapter) -> None:
        end_ns = clock.now_ns() + 30 * MS
        while clock.now_ns() < end_ns:
            pass
        await clock.sleep_until(clock.now_ns() + 5 * MS)

    late = [mark.fact.late_ns for mark in on_a_line(play).of(BenchLate)]
    assert max(late) > 25 * MS


def test_an_adapter_that_accepts_late_makes_the_stamps_of_what_was_sent_less_certain() -> None:
    async def play(clock: HostClock, link: SlcanCan, trace: Trace, adapter: Adapter) -> None:
        link.send(FRAME)
        await clock.sleep_until(clock.now_ns() + 40 * MS)
        adapter.write(b"z\r")
        await until(clock, lambda: bool(late_of(trace, "adapter")), "the mark")

    late = late_of(on_a_line(play), "adapter")
    assert len(late) == 1 and late[0] > 34 * MS


def late_of(trace: Trace, source: str) -> list[int]:
    marks = trace.of(BenchLate)
    return [mark.fact.late_ns for mark in marks if mark.source.endswith(source)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, 'found no channel; expected a device such as "/dev/ttyACM0", or "virtual"'),
        ({"channel": "/dev/nothing-here"}, "'/dev/nothing-here' cannot be opened"),
        ({"channel": "/etc/hostname"}, "'/etc/hostname' is no serial device"),
        (
            {"chanel": "virtual"},
            "unknown option 'chanel'; expected channel, bitrate, tty_baudrate; did you mean",
        ),
        ({"channel": "virtual", "bitrate": 400_000}, "no command for 400000 bit/s"),
    ],
)
def test_wrong_options_are_said_in_one_line(options: dict[str, object], words: str) -> None:
    async def main(clock: HostClock) -> None:
        with pytest.raises(LinkError) as caught:
            open_slcan("vehicle", options, clock, None, "bench")
        assert words in str(caught.value) and "\n" not in str(caught.value)

    run_on_host(main)


def test_there_is_no_serial_line_in_simulated_time() -> None:
    async def main(clock: object) -> None:
        with pytest.raises(LinkError, match="real time only"):
            open_slcan("vehicle", {"channel": "virtual"}, clock, None, "bench")  # type: ignore[arg-type]

    run_simulated(main)


def test_python_can_s_own_slcan_at_the_other_end_hears_the_same() -> None:
    """An independent witness for both directions of the text."""
    trace = Trace(timebase=Timebase.HOST)

    async def main(clock: HostClock) -> None:
        link = open_slcan("vehicle", {"channel": "virtual"}, clock, trace, "bench")
        extended = CanFrame(0x1ABCDEF0, b"\x00\xff", extended=True)
        with can.Bus(interface="slcan", channel=link.far_end, sleep_after_open=0, timeout=0.001) as bus:
            await clock.sleep_until(clock.now_ns() + 30 * MS)
            link.send(FRAME)
            link.send(extended)
            bus.send(can.Message(arbitration_id=0x321, data=b"\x09", is_extended_id=False))
            heard = [bus.recv(1.0), bus.recv(1.0)]
            await until(clock, lambda: len(trace.frames) == 3, "the witness's frame")
        ids = [(m.arbitration_id, bytes(m.data), m.is_extended_id) for m in heard if m is not None]
        assert ids == [(one.can_id, one.data, one.extended) for one in (FRAME, extended)]
        assert trace.frames[-1].frame == CanFrame(0x321, b"\x09")
        link.close()

    run_on_host(main)


# --- the firmware in C as the adapter and the board -----------------------------------------------------------

needs_compiler = pytest.mark.skipif(
    c.compiler() is None, reason="the firmware in C needs a C compiler: none of cc, gcc, clang found"
)


def process_host() -> Path:
    return c.build("reference", "process")


class Board:
    """The firmware's process on two lines of this test."""

    def __init__(self) -> None:
        self.near: dict[str, int] = {}
        words: list[str] = []
        for bus in ("vehicle", "sense"):
            near, far = os.openpty()
            tty.setraw(far)
            os.set_blocking(near, False)
            words += [f"--{bus}", f"slcan:channel={os.ttyname(far)}"]
            self.near[bus] = near
        self.process = subprocess.Popen(
            [process_host(), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, text: bytes, bus: str = "vehicle") -> bytes:
        """What is said from then on: as many ends as were asked for, however late, and what comes right after."""
        os.write(self.near[bus], text)
        heard = b""
        end = time.monotonic() + 10
        while heard.count(b"\r") + heard.count(b"\a") < text.count(b"\r") and time.monotonic() < end:
            heard += self.hear(bus)
        return heard + self.hear(bus)

    def hear(self, bus: str = "vehicle", seconds: float = 0.1) -> bytes:
        """All that comes in this time, read as it comes: a pseudo-terminal holds 4 KB."""
        heard = bytearray()
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            if select.select([self.near[bus]], [], [], left_s)[0]:
                heard += os.read(self.near[bus], 65536)
        return bytes(heard)


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.process.kill()
    board.process.communicate()
    for descriptor in board.near.values():
        os.close(descriptor)


@needs_compiler
def test_the_board_obeys_as_an_adapter_does(board: Board) -> None:
    assert board.hear() == b"", "a closed channel is silent"
    assert board.ask(b"V\r") == b"V1013\r"
    assert board.ask(b"\r\rC\rS6\r") == b"\r\r\r\r"
    assert board.ask(b"t0010\r") == b"\a", "closed"
    assert board.ask(b"hello\r" + b"t" * 300 + b"\r") == b"\a\a"
    opened = board.ask(b"O\r")
    assert opened.startswith(b"\r") and b"t1008" in opened
    assert b"\a" in board.ask(b"S6\r"), "set up before opening only"
    said = board.ask(b"t12Z0\rt1239\rt0002AA\rT000000010\rr1230\r", "sense")
    assert said == b"\a" * 5
    assert board.ask(b"O\rt0010\rT000000010\rr1230\r", "sense") == b"\rz\rZ\rz\r"


@needs_compiler
def test_every_line_of_the_board_is_a_frame_and_its_grid_is_10_ms(board: Board) -> None:
    board.ask(b"O\r")
    lines = board.hear(seconds=1.0).split(b"\r")
    found = [read_line(line).frame for line in lines[1:-1]]
    assert None not in found
    states = [frame for frame in found if frame is not None and frame.can_id == 0x100]
    assert 80 <= len(states) <= 115
    counters = [frame.data[1] & 0x0F for frame in states]
    assert all(after == (before + 1) % 15 for before, after in itertools.pairwise(counters))


@needs_compiler
@pytest.mark.parametrize("how", ["stdin", "terminate", "line"])
def test_the_board_never_outlives_who_started_it(board: Board, how: str) -> None:
    if how == "stdin":
        assert board.process.stdin is not None
        board.process.stdin.close()
        board.process.stdin = None
    elif how == "terminate":
        board.process.terminate()
    else:
        os.close(board.near.pop("sense"))
    assert board.process.wait(3) == 0


@needs_compiler
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "usage: "),
        (
            ("--vehicle", "slcan:channel=/dev/null", "--sense", "slcan:channel=/dev/null"),
            "Inappropriate ioctl",
        ),
        (("--vehicle", "slcan:", "--sense", "x"), "found no channel; expected socketcan:channel=NAME"),
        (("--vehicle", "pcan:channel=1", "--sense", "x"), "this interface is not spoken here"),
        (
            ("--vehicle", "socketcan:channel=no-such-bus", "--sense", "x"),
            "bus 'socketcan:channel=no-such-bus': ",
        ),
    ],
)
def test_the_process_refuses_what_it_cannot_open_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    done = subprocess.run([process_host(), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1


def test_asking_for_a_firmware_that_is_not_there_is_refused() -> None:
    from firmware_stubs.builds import process_command

    with pytest.raises(DutError, match="no firmware 'referenc' in C"):
        process_command("referenc_c", NMC)


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize(
    ("firmware", "scenario", "code"),
    [("reference_c", "healthy-drive", 0), ("never_detects_overvoltage_c", "ov-step-cell60", 1)],
)
def test_a_run_in_real_time_over_two_serial_lines(
    firmware: str, scenario: str, code: int, tmp_path: Path
) -> None:
    """The rack's frames reach the DUT through the bench, and the verdict is that of simulated time."""
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-m", "bench", "run", "--config", "docs/benches/slcan.toml", "--firmware", firmware,
             "-k", scenario, "--out", str(tmp_path)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 3:  # 3: the machine was too busy, and the bench says so
            break
    assert done.returncode == code, done.stdout + done.stderr

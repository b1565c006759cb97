"""SocketCAN for real: stamps, echoes, counted loss, error frames, an interface that goes away; can-utils as witness."""

import asyncio
import os
import pty
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from fcntl import ioctl
from itertools import pairwise
from pathlib import Path

import pytest
from vcan_bench import needs_vcan, on_host, tool, until

from bench.codec.e2e import Profile1
from bench.errors import LinkError
from bench.links.kernel_stamps import ANCILLARY_BYTES, read_beside
from bench.links.python_can import open_can
from bench.links.socketcan import SocketCan, open_raw
from bench.links.socketcan_frames import pack_classic
from bench.timing.clock import Timebase
from bench.timing.host import HostClock
from bench.trace.events import CanFrame, Kind
from bench.trace.facts import Anomaly, LinkBroke
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S

pytestmark = needs_vcan
FRAMES = [
    CanFrame(0x123, bytes(range(8))),
    CanFrame(0x1ABCDEF0, b"\x01", True),
    CanFrame(0x7FF, b""),
    CanFrame(0x200, bytes(range(64)), False, True, True),
    CanFrame(0x201, bytes(12), False, True, False),
]


def link_on(interface: str, clock: HostClock, trace: Trace | None, name: str = "bench") -> SocketCan:
    link = open_can("vehicle", "socketcan", {"channel": interface}, clock, trace, name)
    assert isinstance(link, SocketCan)
    return link


@asynccontextmanager
async def opened(clock: HostClock, interface: str = "vcan0") -> AsyncIterator[tuple[SocketCan, Trace]]:
    trace = Trace(timebase=Timebase.HOST)
    link = link_on(interface, clock, trace)
    try:
        yield link, trace
    finally:
        link.close()


def texts(trace: Trace, kind: Kind) -> list[str]:
    return [mark.fact.text for mark in trace.of_kind(kind) if isinstance(mark.fact, Anomaly | LinkBroke)]


def test_echo_and_reception_carry_one_and_the_same_kernel_stamp() -> None:
    with open_raw("vcan0", fd=True) as a, open_raw("vcan0", fd=True) as b:
        for _ in range(20):
            before_ns = time.time_ns()
            a.send(pack_classic(FRAMES[0]))
            after_ns = time.time_ns()
            echo = read_beside(a.recvmsg(72, ANCILLARY_BYTES)[1])
            heard = read_beside(b.recvmsg(72, ANCILLARY_BYTES)[1])
            assert echo.kernel_ns == heard.kernel_ns
            assert before_ns <= echo.kernel_ns <= after_ns


def test_frames_of_every_kind_arrive_whole_and_own_ones_enter_the_trace_at_their_echo() -> None:
    async def body(clock: HostClock) -> None:
        async with opened(clock) as (link, trace):
            other = link_on("vcan0", clock, None, "other")
            heard: list[tuple[int, CanFrame]] = []
            other.subscribe(lambda t_ns, frame: heard.append((t_ns, frame)))
            before_ns = clock.now_ns()
            try:
                for frame in FRAMES:
                    link.send(frame)
                sent_ns = clock.now_ns()
                end = time.monotonic() + 0.3  # the loop is blocked; the kernel's stamps do not mind
                while time.monotonic() < end:
                    pass
                await until(lambda: len(heard) == len(trace.frames) == len(FRAMES), "all frames")
                other.send(FRAMES[0])
                await until(lambda: len(trace.frames) == len(FRAMES) + 1, "the other's frame")
            finally:
                other.close()
            assert [frame for _, frame in heard] == FRAMES == [seen.frame for seen in trace.frames[:-1]]
            assert [seen.sender for seen in trace.frames] == ["bench"] * len(FRAMES) + ["dut"]
            u_ns = link.stamping.u_ns
            assert all(before_ns - u_ns <= seen.t_ns <= sent_ns + u_ns for seen in trace.frames[:-1])
            assert all(abs(t_ns - seen.t_ns) <= u_ns for (t_ns, _), seen in zip(heard, trace.frames))
            assert "kernel" in trace.stamping["vehicle"].source and link.trouble() is None

    on_host(body)


def test_what_the_kernel_had_to_drop_is_counted_exactly() -> None:
    async def body(clock: HostClock) -> None:
        async with opened(clock) as (link, trace):
            link._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with open_raw("vcan0", fd=False) as burst:
                for number in range(300):  # without a turn of the loop in between
                    burst.send(pack_classic(CanFrame(0x100, number.to_bytes(4, "big"))))
                await until(lambda: bool(trace.frames), "the first of the burst")
                await asyncio.sleep(0.2)
                burst.send(pack_classic(CanFrame(0x7FF, b"end")))  # the count travels with the next frame
                await until(lambda: trace.frames[-1].frame.can_id == 0x7FF, "the last frame")
            assert link.dropped == 301 - len(trace.frames) > 0

    on_host(body)


def test_a_burst_into_the_sized_buffer_is_received_whole() -> None:
    async def body(clock: HostClock) -> None:
        async with opened(clock) as (link, trace):
            with open_raw("vcan0", fd=False) as burst:
                for number in range(2_000):
                    burst.send(pack_classic(CanFrame(0x100, number.to_bytes(4, "big"))))
                await until(lambda: len(trace.frames) == 2_000, "the burst")
            numbers = [int.from_bytes(seen.frame.data, "big") for seen in trace.frames]
            assert numbers == list(range(2_000)) and link.dropped == 0

    on_host(body)


def test_bus_off_is_an_error_of_the_bench_and_other_error_frames_are_told_once() -> None:
    async def body(clock: HostClock) -> None:
        async with opened(clock) as (link, trace):
            for _ in range(3):
                await tool("cansend", "vcan0", "20000020#0000000000000000")  # no acknowledge
            await tool("cansend", "vcan0", "20000040#0000000000000000")  # bus-off
            await tool("cansend", "vcan0", "20000100#0000000000000000")  # restarted
            await tool("cansend", "vcan0", "20000004#0001000000000000")  # controller lost a received frame
            await until(lambda: len(trace.marks) == 4, "four marks")
            link.close()
            (off,) = trace.of(LinkBroke)
            assert off.fact.bus_off is True and "bus-off" in off.fact.text
            said = texts(trace, Kind.ANOMALY)
            assert [text.split(":")[0] for text in said] == [
                "no acknowledge",
                "the controller has been restarted after bus-off",
                "the controller's receive buffer overflowed",
                "3 times in all",
            ]
            assert not trace.frames, "an error frame is no data frame"

    on_host(body)


def test_a_cycle_paced_by_the_kernel_goes_on_while_the_bench_is_blocked_and_counts_without_a_jump() -> None:
    def sequence(value: int) -> list[CanFrame]:
        frames = []
        for counter in range(15):
            payload = bytearray([0, 0, value, 0, 0, 0, 0, 0])
            Profile1(0x123).protect(payload, counter)
            frames.append(CanFrame(0x120, bytes(payload)))
        return frames

    async def body(clock: HostClock) -> None:
        async with opened(clock) as (link, trace):
            cycle = link.cycle(sequence(1), 20 * NS_PER_MS)
            await until(lambda: len(trace.frames) >= 20, "the first frames")
            blocked_ns = clock.now_ns()
            while clock.now_ns() < blocked_ns + NS_PER_S // 2:
                pass
            resumed_ns = clock.now_ns()
            cycle.update(sequence(2))
            await until(lambda: any(s.frame.data[2] == 2 for s in trace.frames), "the new value")
            await until(lambda: len(trace.frames) >= 80, "a few more")
            waiting_ns = clock.now_ns()
            while clock.now_ns() < waiting_ns + 50 * NS_PER_MS:
                pass  # the last frames wait in the queue when the cycle is stopped, and are the bench's own still
            cycle.stop()
            await asyncio.sleep(0.1)
            count = len(trace.frames)
            await asyncio.sleep(0.2)
            assert len(trace.frames) == count, "a stopped cycle is silent"
            payloads = [seen.frame.data for seen in trace.frames]
            assert all(Profile1(0x123).crc_fits(data) for data in payloads)
            counters = [data[1] & 0xF for data in payloads]
            assert all(b == (a + 1) % 15 for a, b in pairwise(counters)), counters
            assert [data[2] for data in payloads] == sorted(data[2] for data in payloads)
            meanwhile = [seen for seen in trace.frames if blocked_ns < seen.t_ns < resumed_ns]
            assert len(meanwhile) >= 20, "25 are due in the half second in which nobody else could send"
            assert {seen.sender for seen in trace.frames} == {"bench"}

    on_host(body)


def test_can_utils_see_and_are_seen(tmp_path: Path) -> None:
    log = tmp_path / "play.log"
    log.write_text("".join(f"({n / 100:.6f}) vcan0 {0x300 + n:03X}#{n:02X}\n" for n in range(10)))

    async def body(clock: HostClock) -> None:
        witness = await asyncio.create_subprocess_exec(
            "candump", "-L", "-n", "2", "-T", "15000", "vcan0", stdout=subprocess.PIPE
        )
        await asyncio.sleep(1.0)
        async with opened(clock) as (link, trace):
            link.send(FRAMES[0])
            await tool("cansend", "vcan0", "18DAF110#0203")
            said, _ = await asyncio.wait_for(witness.communicate(), 20)
            lines = said.decode().split("\n")
            assert lines[0].endswith("vcan0 123#0001020304050607") and lines[1].endswith(
                "vcan0 18DAF110#0203"
            )
            # candump's stamp is the kernel's as well: the same instant, read by another program.
            wall_ns = round(float(lines[0].split(")")[0][1:]) * NS_PER_S)
            from bench.timing.correlation import correlate

            assert abs(correlate().monotonic_ns(wall_ns) - trace.frames[0].t_ns) < 2 * link.stamping.u_ns
            await tool("canplayer", "-I", str(log))
            await until(lambda: len(trace.frames) == 12, "the played frames")
            assert trace.frames[1].frame == CanFrame(0x18DAF110, b"\x02\x03", True)
            played = [(seen.frame.can_id, seen.frame.data, seen.sender) for seen in trace.frames[2:]]
            assert played == [(0x300 + n, bytes([n]), "dut") for n in range(10)]

    on_host(body)


@contextmanager
def interface(name: str) -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("needs root to plug and unplug an interface")
    subprocess.run(["ip", "link", "add", "dev", name, "type", "vcan"], check=True)
    subprocess.run(["ip", "link", "set", "up", name], check=True)
    try:
        yield
    finally:
        subprocess.run(["ip", "link", "del", name], check=False, capture_output=True)


@pytest.mark.parametrize("unplugged", [False, True])
def test_an_interface_that_goes_away_is_said_at_once_and_used_again_when_it_is_back(unplugged: bool) -> None:
    async def body(clock: HostClock) -> None:
        async with opened(clock, "vcan7") as (link, trace):
            cycle = link.cycle([CanFrame(0x50, b"\x01")], 50 * NS_PER_MS)
            await until(lambda: len(trace.frames) >= 2, "the cycle")
            await tool("ip", "link", *(["del", "vcan7"] if unplugged else ["set", "vcan7", "down"]))
            await until(lambda: link.down_since_ns is not None, "the loss to be seen")
            link.send(FRAMES[0])  # nothing hangs and nothing is raised into the restbus
            (mark,) = trace.of(LinkBroke)
            assert "the interface went away" in mark.fact.text
            if unplugged:
                await tool("ip", "link", "add", "dev", "vcan7", "type", "vcan")
            await tool("ip", "link", "set", "up", "vcan7")
            await until(lambda: link.down_since_ns is None, "its return")
            assert "the interface is back after" in texts(trace, Kind.ANOMALY)[-1]
            trace.frames = []
            link.send(FRAMES[0])
            await until(lambda: len(trace.frames) >= 3, "own frames and the cycle")
            assert FRAMES[0] in [seen.frame for seen in trace.frames]
            cycle.stop()

    with interface("vcan7"):
        on_host(body)


def test_a_full_transmit_queue_is_said_once_and_does_not_hang() -> None:
    """A serial-line CAN interface whose far end never reads: nothing leaves, so its queue of ten frames fills."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("needs root to make an slcan interface")
    far, near = pty.openpty()
    try:
        ioctl(near, 0x5423, struct.pack("i", 17))  # TIOCSETD, N_SLCAN
    except OSError as error:
        pytest.skip(f"this kernel has no slcan line discipline: {error}")
    name = struct.unpack("16s", ioctl(near, 0x8910, bytes(16)))[0].rstrip(b"\0").decode() or "slcan0"
    subprocess.run(["ip", "link", "set", "up", name], check=True)

    async def body(clock: HostClock) -> None:
        async with opened(clock, name) as (link, trace):
            for number in range(20_000):
                link.send(CanFrame(0x100, number.to_bytes(4, "big")))
                if link.unsent:
                    break
            assert link.unsent, "the queue never filled"
            (mark,) = trace.of(LinkBroke)
            assert "transmit queue full" in mark.fact.text
            link.send(CanFrame(0x100, b""))
            assert len(list(trace.of_kind(Kind.ERROR))) == 1, "told once, not for every frame"

    try:
        on_host(body)
    finally:
        os.close(near)
        os.close(far)


def test_mistakes_name_their_mend() -> None:
    async def body(clock: HostClock) -> None:
        for options, text in (
            (
                {"channel": "vcan00"},
                r"no interface 'vcan00'; this machine has: .*vcan0.*ip link add dev vcan00",
            ),
            ({"channel": "vcan0", "bitrate": 500_000}, "unknown option 'bitrate'; expected channel, fd"),
        ):
            with pytest.raises(LinkError, match=text):
                open_can("vehicle", "socketcan", options, clock, None, "bench")
        async with opened(clock) as (link, _):
            with pytest.raises(LinkError, match="0x1 not sent: 9 bytes"):
                link.send(CanFrame(0x1, bytes(9)))
            with pytest.raises(LinkError, match="0x1 not sent: 13 bytes"):
                link.send(CanFrame(0x1, bytes(13), False, True))

    on_host(body)

"""What every CanLink promises, on the simulated bus and on real UDP multicast; then what each adds."""

import asyncio
import itertools
import os
import socket
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import can
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LinkError
from bench.links.bit_timing import arbitration_key, frame_time_ns, intermission_ns
from bench.links.ports import CanLink
from bench.links.python_can import open_can
from bench.links.simulated_can import SimulatedCanBus
from bench.links.udp_multicast import UdpMulticastCan
from bench.timing.clock import Phase, Timebase
from bench.timing.host import HostClock, run_on_host
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import CanFrame, Kind
from bench.trace.timeline import Trace

RATE = 500_000
GROUP = f"239.255.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF}"
# Far from those of a worker beside this one: python-can hears its port on every group that the host has joined.
_ports = itertools.count(20_000 + os.getpid() % 200 * 100)


def udp_options(**more: Any) -> dict[str, Any]:
    return {"channel": GROUP, "port": next(_ports), "hop_limit": 0, **more}


def multicast_works() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((GROUP, 9))
        except OSError:
            return False
    return True


class Two:
    """Two nodes on one bus, and a way to let frames arrive."""

    def __init__(
        self, a: CanLink, b: CanLink, trace: Trace, until: Callable[[Callable[[], bool]], Awaitable[None]]
    ) -> None:
        self.a, self.b, self.trace, self.until = a, b, trace, until


@asynccontextmanager
async def two_simulated(clock: SimulatedClock) -> AsyncIterator[Two]:
    trace = Trace(timebase=Timebase.SIMULATED)
    bus = SimulatedCanBus(clock, trace, "vehicle", RATE, 2_000_000)

    async def until(done: Callable[[], bool]) -> None:
        await clock.sleep_until(clock.now_ns() + 50_000_000)
        assert done()

    yield Two(bus.node("a"), bus.node("b"), trace, until)


async def until_on_host(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not done():
            await asyncio.sleep(0.002)


@asynccontextmanager
async def two_on(interface: str, options: dict[str, Any], clock: HostClock) -> AsyncIterator[Two]:
    trace = Trace(timebase=Timebase.HOST)
    a = open_can("vehicle", interface, options, clock, trace, "a")
    b = open_can("vehicle", interface, options, clock, None, "b")
    try:
        yield Two(a, b, trace, until_on_host)
    finally:
        a.close()
        b.close()


def on_two(kind: str, body: Callable[[Two, Any], Awaitable[None]]) -> None:
    async def simulated(clock: SimulatedClock) -> None:
        async with two_simulated(clock) as two:
            await body(two, clock)

    async def real(clock: HostClock) -> None:
        options = udp_options() if kind == "udp_multicast" else {"channel": f"test-{next(_ports)}"}
        async with two_on(kind, options, clock) as two:
            await body(two, clock)

    if kind == "simulated":
        run_simulated(simulated)
    else:
        if kind == "udp_multicast" and not multicast_works():
            pytest.skip("this host has no route for multicast")
        run_on_host(real)


every_link = pytest.mark.parametrize("kind", ["simulated", "udp_multicast", "virtual"])
FRAMES = [
    CanFrame(0x123, bytes(range(8))),
    CanFrame(0x1ABCDEF0, b"\x01", True),
    CanFrame(0x7FF, b""),
    CanFrame(0x200, bytes(range(64)), False, True, True),
    CanFrame(0x201, bytes(12), False, True, False),
]


@every_link
def test_frames_arrive_whole_once_and_only_at_others(kind: str) -> None:
    async def body(two: Two, clock: Any) -> None:
        heard_a: list[CanFrame] = []
        heard_b: list[CanFrame] = []
        stamps: list[int] = []
        two.a.subscribe(lambda t_ns, frame: heard_a.append(frame))
        two.b.subscribe(lambda t_ns, frame: stamps.append(t_ns))
        two.b.subscribe(lambda t_ns, frame: heard_b.append(frame))
        before_ns = clock.now_ns()
        for frame in FRAMES:
            two.a.send(frame)
            await two.until(lambda frame=frame: frame in heard_b)  # type: ignore[misc]
        two.b.send(FRAMES[0])
        await two.until(lambda: len(two.trace.frames) == len(FRAMES) + 1 and bool(heard_a))
        assert heard_b == FRAMES
        assert heard_a == [FRAMES[0]]
        u_ns = two.b.stamping.u_ns
        assert all(before_ns - u_ns <= t_ns <= clock.now_ns() + u_ns for t_ns in stamps)
        assert stamps == sorted(stamps)

    on_two(kind, body)


@every_link
def test_own_frames_enter_the_trace_under_their_name_and_the_channel_says_its_uncertainty(kind: str) -> None:
    async def body(two: Two, clock: Any) -> None:
        two.a.send(FRAMES[0])
        await two.until(lambda: bool(two.trace.frames))
        seen = two.trace.frames[0]
        assert (seen.channel, seen.frame, seen.sender) == ("vehicle", FRAMES[0], "a")
        assert two.trace.stamping["vehicle"] == two.a.stamping
        assert (two.a.stamping.u_ns == 0) == (kind == "simulated")

    on_two(kind, body)


@every_link
def test_a_closed_link_refuses_to_send(kind: str) -> None:
    async def body(two: Two, clock: Any) -> None:
        two.b.close()
        with pytest.raises(LinkError, match=r"vehicle.*closed"):
            two.b.send(FRAMES[0])
        two.b.close()

    on_two(kind, body)


# -- the simulated bus


def simulated(body: Callable[[SimulatedClock, Trace, SimulatedCanBus], Awaitable[None]]) -> None:
    async def main(clock: SimulatedClock) -> None:
        trace = Trace(timebase=Timebase.SIMULATED)
        await body(clock, trace, SimulatedCanBus(clock, trace, "vehicle", RATE))

    run_simulated(main)


@pytest.mark.parametrize(
    "phases", [(Phase.DUT, Phase.DUT), (Phase.RESTBUS, Phase.OBSERVE), (Phase.TASK, Phase.PLANT)]
)
def test_who_sends_at_the_same_instant_competes(phases: tuple[Phase, Phase]) -> None:
    async def body(clock: SimulatedClock, trace: Trace, bus: SimulatedCanBus) -> None:
        a, b = bus.node("a"), bus.node("b")
        high, low = CanFrame(0x300, b"\x01\x02"), CanFrame(0x100, b"\x03")
        clock.call_at(1_000, phases[0], lambda: a.send(high))
        clock.call_at(1_000, phases[1], lambda: b.send(low))
        await clock.sleep_until(1_000_000)
        gap_ns = intermission_ns(RATE)
        first_ns = 1_000 + frame_time_ns(low, RATE) - gap_ns
        assert [(t_ns, seen.can_id, sender) for t_ns, _, seen, sender in trace.frames] == [
            (first_ns, 0x100, "b"),
            (first_ns + gap_ns + frame_time_ns(high, RATE) - gap_ns, 0x300, "a"),
        ]

    simulated(body)


@given(
    st.lists(
        st.tuples(st.integers(0, 400_000), st.integers(0, 2), st.integers(0, 5), st.binary(max_size=8)),
        min_size=1,
        max_size=30,
    )
)
def test_the_bus_carries_everything_one_by_one_in_order_of_arbitration(
    offers: list[tuple[int, int, int, bytes]],
) -> None:
    async def body(clock: SimulatedClock, trace: Trace, bus: SimulatedCanBus) -> None:
        nodes = [bus.node(name) for name in "abc"]
        for t_ns, node, can_id, data in offers:
            clock.call_at(t_ns, Phase.DUT, partial(nodes[node].send, CanFrame(can_id, data)))
        end_ns = 20_000_000
        await clock.sleep_until(end_ns)
        # Reference: at each start the lowest (identifier, order of offer) among those offered by then.
        waiting = sorted(enumerate(offers), key=lambda each: (each[1][0], each[0]))
        waiting = [(order, offer) for order, (_, offer) in enumerate(waiting)]
        now_ns = busy_ns = 0
        expected = []
        while waiting:
            now_ns = max(now_ns, min(offer[0] for _, offer in waiting))
            ready = [each for each in waiting if each[1][0] <= now_ns]
            winner = min(ready, key=lambda each: (arbitration_key(CanFrame(each[1][2], b"")), each[0]))
            waiting.remove(winner)
            _, node, can_id, data = winner[1]
            frame = CanFrame(can_id, data)
            now_ns += frame_time_ns(frame, RATE)
            busy_ns += frame_time_ns(frame, RATE)
            expected.append((now_ns - intermission_ns(RATE), frame, "abc"[node]))
        assert [(t_ns, frame, sender) for t_ns, _, frame, sender in trace.frames] == expected
        assert bus.load() == pytest.approx(busy_ns / end_ns)

    simulated(body)


def test_load_counts_a_frame_under_way_as_far_as_it_has_got() -> None:
    async def body(clock: SimulatedClock, trace: Trace, bus: SimulatedCanBus) -> None:
        frame = CanFrame(0x123, bytes(8))
        bus.node("a").send(frame)
        wire_ns = frame_time_ns(frame, RATE)
        await clock.sleep_until(wire_ns // 2)
        assert bus.load() == 1.0
        await clock.sleep_until(2 * wire_ns)
        assert bus.load() == pytest.approx(0.5)
        assert bus.load(since_ns=wire_ns) == 0.0
        assert bus.load(since_ns=wire_ns // 2) == pytest.approx(1 / 3)

    simulated(body)


def test_a_muted_node_is_not_heard_but_hears() -> None:
    async def body(clock: SimulatedClock, trace: Trace, bus: SimulatedCanBus) -> None:
        a, b = bus.node("a"), bus.node("b")
        heard: list[int] = []
        a.subscribe(lambda t_ns, frame: heard.append(frame.can_id))
        a.send(CanFrame(0x10, b""))
        bus.mute(a)
        a.send(CanFrame(0x11, b""))
        b.send(CanFrame(0x12, b""))
        await clock.sleep_until(1_000_000)
        bus.mute("a", False)
        a.send(CanFrame(0x13, b""))
        await clock.sleep_until(2_000_000)
        assert [seen.frame.can_id for seen in trace.frames] == [0x12, 0x13]
        assert heard == [0x12]

    simulated(body)


def test_listeners_are_called_in_order_of_registration_and_may_answer() -> None:
    async def body(clock: SimulatedClock, trace: Trace, bus: SimulatedCanBus) -> None:
        a, b, c = bus.node("a"), bus.node("b"), bus.node("c")
        calls: list[str] = []
        for name, node in (("c", c), ("b", b), ("c again", c)):
            node.subscribe(lambda t_ns, frame, name=name: calls.append(name))  # type: ignore[misc]
        b.subscribe(lambda t_ns, frame: b.send(CanFrame(0x20, b"")) if frame.can_id == 0x10 else None)
        a.send(CanFrame(0x10, b""))
        await clock.sleep_until(1_000_000)
        assert calls[:3] == ["c", "b", "c again"]
        first, second = trace.frames
        assert second.t_ns - first.t_ns == frame_time_ns(CanFrame(0x20, b""), RATE)

    simulated(body)


def test_mistakes_on_the_simulated_bus_are_named() -> None:
    async def body(clock: SimulatedClock, trace: Trace, bus: SimulatedCanBus) -> None:
        node = bus.node("a")
        with pytest.raises(LinkError, match="FD frame 0x10 on a classic bus"):
            node.send(CanFrame(0x10, b"", False, True))
        with pytest.raises(LinkError, match="node 'a' already"):
            bus.node("a")
        with pytest.raises(LinkError, match="no node 'x'"):
            bus.mute("x")

    simulated(body)


# -- UDP multicast


def on_host(body: Callable[[HostClock], Awaitable[None]]) -> None:
    if not multicast_works():
        pytest.skip("this host has no route for multicast")
    run_on_host(body)


def test_python_can_itself_is_understood_and_understands() -> None:
    async def body(clock: HostClock) -> None:
        options = udp_options()
        trace = Trace(timebase=Timebase.HOST)
        link = open_can("vehicle", "udp_multicast", options, clock, trace, "bench")
        heard: list[tuple[int, CanFrame]] = []
        link.subscribe(lambda t_ns, frame: heard.append((t_ns, frame)))
        with can.Bus(interface="udp_multicast", **options) as foreign:
            try:
                before_ns = clock.now_ns()
                foreign.send(can.Message(arbitration_id=0x42, data=b"\x05\x06", is_extended_id=False))
                after_ns = clock.now_ns()
                await asyncio.sleep(0.05)  # the stamp is the kernel's: reading late costs nothing
                await until_on_host(lambda: bool(heard))
                link.send(FRAMES[3])
                await until_on_host(lambda: len(trace.frames) == 2)
                message = foreign.recv(1)
                while message is not None and message.arbitration_id == 0x42:  # python-can hears itself here
                    message = foreign.recv(1)
                # A garbled datagram is an anomaly of the run, not the end of the bench.
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                    stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
                    stranger.sendto(b"\x01garbage", (options["channel"], options["port"]))
                await until_on_host(lambda: bool(trace.marks))
            finally:
                link.close()
        t_ns, frame = heard[0]
        assert frame == CanFrame(0x42, b"\x05\x06")
        assert before_ns - 20_000 <= t_ns <= after_ns + link.stamping.u_ns
        assert [seen.sender for seen in trace.frames] == ["dut", "bench"]
        assert message is not None
        assert (message.arbitration_id, bytes(message.data), message.is_fd) == (0x200, FRAMES[3].data, True)
        assert trace.marks[0].kind is Kind.ANOMALY

    on_host(body)


def test_a_burst_is_received_whole_and_nothing_counts_as_dropped() -> None:
    async def body(clock: HostClock) -> None:
        async with two_on("udp_multicast", udp_options(), clock) as two:
            for number in range(2_000):
                two.a.send(CanFrame(0x100, number.to_bytes(4, "big")))
            await two.until(lambda: len(two.trace.frames) == 2_000)
            numbers = [int.from_bytes(seen.frame.data, "big") for seen in two.trace.frames]
            assert numbers == list(range(2_000))
            assert isinstance(two.a, UdpMulticastCan)
            assert two.a.dropped == 0

    on_host(body)


def test_what_the_kernel_had_to_drop_is_counted() -> None:
    async def body(clock: HostClock) -> None:
        async with two_on("udp_multicast", udp_options(), clock) as two:
            sent = 0
            assert isinstance(two.a, UdpMulticastCan)
            while two.a.dropped == 0 and sent < 200_000:
                for number in range(15_000):  # without a turn of the loop in between
                    two.a.send(CanFrame(number & 0x7FF, b""))
                sent += 15_000
                while not any(seen.frame.data == b"end" for seen in two.trace.frames[-3:]):
                    two.a.send(
                        CanFrame(0x7FF, b"end")
                    )  # the count travels with the next datagram that gets in
                    sent += 1
                    await asyncio.sleep(0.1)
            await two.until(lambda: two.a.dropped == sent - len(two.trace.frames))
            assert two.a.dropped > 0

    on_host(body)


def test_the_sender_of_another_bench_node_is_known_by_name() -> None:
    async def body(clock: HostClock) -> None:
        async with two_on("udp_multicast", udp_options(), clock) as two:
            two.b.send(FRAMES[0])
            await two.until(lambda: bool(two.trace.frames))
            assert two.trace.frames[0].sender == "b"

    on_host(body)


def test_what_cannot_be_opened_is_named() -> None:
    async def body(clock: HostClock) -> None:
        trace = Trace(timebase=Timebase.HOST)
        with pytest.raises(LinkError, match="unknown option 'prot'"):
            open_can("vehicle", "udp_multicast", {"prot": 1}, clock, trace, "bench")
        with pytest.raises(LinkError, match=r"vehicle.*127\.0\.0\.1"):
            open_can("vehicle", "udp_multicast", {"channel": "127.0.0.1"}, clock, trace, "bench")
        with pytest.raises(LinkError, match=r"vehicle.*nonesuch"):
            open_can("vehicle", "nonesuch", {"channel": "x"}, clock, trace, "bench")

    run_on_host(body)


# -- SLCAN


def test_slcan_on_a_pty_hears_and_sends() -> None:
    async def body(clock: HostClock) -> None:
        adapter, port = os.openpty()
        tty.setraw(port)
        trace = Trace(timebase=Timebase.HOST)
        options = {"channel": os.ttyname(port), "bitrate": RATE}
        link = open_can("vehicle", "slcan", options, clock, trace, "bench")
        heard: list[CanFrame] = []
        link.subscribe(lambda t_ns, frame: heard.append(frame))
        try:
            os.read(adapter, 4096)  # the adapter's set-up commands
            os.write(adapter, b"z\rt1232AABB\rT1ABCDEF00\r")
            await until_on_host(lambda: len(heard) == 2)
            link.send(CanFrame(0x321, b"\x01"))
            assert os.read(adapter, 4096) == b"t321101\r"
        finally:
            link.close()
            os.close(port)
            os.close(adapter)
        assert heard == [CanFrame(0x123, b"\xaa\xbb"), CanFrame(0x1ABCDEF0, b"", True)]
        assert [seen.sender for seen in trace.frames] == ["dut", "dut", "bench"]
        assert "slcan" in link.stamping.source

    run_on_host(body)

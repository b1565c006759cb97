"""What every SerialLink promises, on the simulated line and on a real pty; then what each adds."""

import asyncio
import os
import socket
import tty
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LinkError
from bench.links.ports import SerialLink
from bench.links.pyserial_link import open_serial
from bench.links.simulated_serial import SimulatedSerial
from bench.links.tcp_stream import open_tcp
from bench.timing.clock import Phase
from bench.timing.correlation import correlate
from bench.timing.host import HostClock, host_now_ns, run_on_host, wall_now_ns
from bench.timing.simulated import SimulatedClock, run_simulated

BAUD = 115_200


class Line:
    """The bench's end under test and the device's end, to be written, read and torn."""

    def __init__(
        self,
        host: SerialLink,
        device_write: Callable[[bytes], None],
        device_got: Callable[[int], Awaitable[bytes]],
        tear: Callable[[], None],
    ) -> None:
        self.host, self.device_write, self.device_got, self.tear = host, device_write, device_got, tear


def on_line(kind: str, body: Callable[[Line], Awaitable[None]]) -> None:
    async def simulated(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "sim0", BAUD)
        arrived = bytearray()
        line.device.subscribe(lambda now_ns, data: arrived.extend(data))

        async def got(count: int) -> bytes:
            while len(arrived) < count:
                await clock.sleep_until(clock.now_ns() + 1_000_000)
            return bytes(arrived)

        await body(Line(line.host, line.device.write, got, line.tear))

    async def real(clock: HostClock) -> None:
        master, slave = os.openpty()
        tty.setraw(slave)
        host = open_serial(os.ttyname(slave), BAUD)
        os.close(slave)
        os.set_blocking(master, False)
        torn = False

        async def got(count: int) -> bytes:
            arrived = b""
            while len(arrived) < count:
                try:
                    arrived += os.read(master, 65_536)
                except BlockingIOError:
                    await asyncio.sleep(0.001)
            return arrived

        def tear() -> None:
            nonlocal torn
            torn = True
            os.close(master)

        try:
            await body(Line(host, lambda data: void(os.write(master, data)), got, tear))
        finally:
            host.close()
            if not torn:
                os.close(master)

    async def network(clock: HostClock) -> None:
        joined: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
        server = await asyncio.start_server(lambda r, w: joined.set_result((r, w)), "127.0.0.1", 0)
        number = server.sockets[0].getsockname()[1]
        host = await open_tcp(f"tcp://127.0.0.1:{number}")
        reader, writer = await joined
        try:
            await body(Line(host, writer.write, reader.readexactly, writer.close))
        finally:
            host.close()
            writer.close()
            server.close()
            await server.wait_closed()

    if kind == "simulated":
        run_simulated(simulated)
    else:
        run_on_host(real if kind == "pty" else network)


def void(_: object) -> None:
    pass


every_line = pytest.mark.parametrize("kind", ["simulated", "pty", "tcp"])


@every_line
def test_question_and_answer_cut_at_the_terminator(kind: str) -> None:
    async def body(line: Line) -> None:
        line.host.write(b"*IDN?\r\n")
        assert await line.device_got(7) == b"*IDN?\r\n"
        line.device_write(b"Make,Mod")
        line.device_write(b"el\r\nnext\r\n")
        async with asyncio.timeout(2):
            assert await line.host.read_until(b"\r\n") == b"Make,Model\r\n"
            assert await line.host.read_until(b"\r\n") == b"next\r\n"

    on_line(kind, body)


@every_line
def test_binary_answers_are_cut_by_length(kind: str) -> None:
    async def body(line: Line) -> None:
        line.device_write(b"\x01\x02\x03\n\x05")
        async with asyncio.timeout(2):
            assert await line.host.read_exactly(2) == b"\x01\x02"
            assert await line.host.read_exactly(3) == b"\x03\n\x05"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await line.host.read_exactly(1)

    on_line(kind, body)


@every_line
def test_a_read_given_up_loses_nothing_and_discarding_forgets(kind: str) -> None:
    async def body(line: Line) -> None:
        line.device_write(b"half")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await line.host.read_until(b"\n")
        line.device_write(b" done\n")
        async with asyncio.timeout(2):
            assert await line.host.read_until(b"\n") == b"half done\n"
        line.device_write(b"late reply\nlate")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await line.host.read_until(b"@")
        line.host.discard_input()
        line.device_write(b"fresh\n")
        async with asyncio.timeout(2):
            assert await line.host.read_until(b"\n") == b"fresh\n"

    on_line(kind, body)


@every_line
def test_a_torn_line_wakes_the_reader_and_refuses_to_write(kind: str) -> None:
    async def body(line: Line) -> None:
        port = line.host.port

        async def read() -> None:
            with pytest.raises(LinkError, match=rf"{port}.*gone"):
                await line.host.read_until(b"\n")

        async with asyncio.timeout(2), asyncio.TaskGroup() as tasks:
            tasks.create_task(read())
            await asyncio.sleep(0.01)
            line.tear()
        with pytest.raises(LinkError, match=rf"{port}.*gone"):
            line.host.write(b"x")
        with pytest.raises(LinkError, match=rf"{port}.*gone"):
            await line.host.read_until(b"\n")

    on_line(kind, body)


@every_line
def test_a_second_reader_and_a_closed_line_are_refused(kind: str) -> None:
    async def body(line: Line) -> None:
        async with asyncio.timeout(2), asyncio.TaskGroup() as tasks:
            first = tasks.create_task(line.host.read_until(b"\n"))
            await asyncio.sleep(0.01)
            with pytest.raises(LinkError, match="two readers"):
                await line.host.read_until(b"\n")
            line.device_write(b"one\n")
            assert await first == b"one\n"
        line.host.close()
        with pytest.raises(LinkError, match="closed"):
            line.host.write(b"x")

    on_line(kind, body)


def test_writing_more_than_the_line_takes_does_not_block() -> None:
    async def body(line: Line) -> None:
        data = bytes(range(256)) * 1_024
        before_ns = host_now_ns()
        line.host.write(data[:200_000])
        line.host.write(data[200_000:])
        assert host_now_ns() - before_ns < 500_000_000
        async with asyncio.timeout(5):
            assert await line.device_got(len(data)) == data

    on_line("pty", body)


def test_a_port_that_is_not_there_is_named() -> None:
    async def body(clock: HostClock) -> None:
        with pytest.raises(LinkError, match="/dev/nonesuch.*cannot be opened".replace(".*", r"[^:]*: ")):
            open_serial("/dev/nonesuch", BAUD)

    run_on_host(body)


@given(
    st.lists(
        st.tuples(st.integers(0, 3_000_000), st.binary(min_size=1, max_size=20)), min_size=1, max_size=10
    ),
    st.sampled_from([9_600, 115_200, 1_000_000]),
)
def test_each_chunk_arrives_at_the_end_of_its_last_byte(chunks: list[tuple[int, bytes]], baud: int) -> None:
    async def main(clock: SimulatedClock) -> Any:
        line = SimulatedSerial(clock, "sim0", baud)
        arrived: list[tuple[int, bytes]] = []
        line.device.subscribe(lambda now_ns, data: arrived.append((now_ns, data)))
        for t_ns, data in sorted(chunks, key=lambda chunk: chunk[0]):
            clock.call_at(t_ns, Phase.TASK, lambda data=data: line.host.write(data))  # type: ignore[misc]
        await clock.sleep_until(10_000_000_000)
        return arrived

    expected, free_ns = [], 0
    for t_ns, data in sorted(chunks, key=lambda chunk: chunk[0]):
        free_ns = max(t_ns, free_ns) + round(len(data) * 10_000_000_000 / baud)
        expected.append((free_ns, data))
    assert run_simulated(main) == expected


def test_what_is_under_way_when_the_line_tears_is_lost() -> None:
    async def main(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "sim0", 9_600)
        arrived: list[bytes] = []
        line.device.subscribe(lambda now_ns, data: arrived.append(data))
        line.host.write(b"0123456789")
        await clock.sleep_until(5_000_000)
        line.tear()
        await clock.sleep_until(50_000_000)
        assert arrived == []
        with pytest.raises(LinkError, match="torn"):
            line.device.write(b"x")

    run_simulated(main)


def test_a_realtime_stamp_lands_between_the_monotonic_reads_around_it() -> None:
    for _ in range(100):
        before_ns = host_now_ns()
        stamp_ns = wall_now_ns()
        after_ns = host_now_ns()
        correlation = correlate()
        assert before_ns - correlation.u_ns - 5_000 <= correlation.monotonic_ns(stamp_ns)
        assert correlation.monotonic_ns(stamp_ns) <= after_ns + correlation.u_ns + 5_000


@pytest.mark.parametrize("port", ["tcp://", "tcp://host", "tcp://:7000", "tcp://host:x", "192.168.0.1:7000"])
def test_a_wrong_address_is_told_with_an_example(port: str) -> None:
    async def main(clock: HostClock) -> None:
        with pytest.raises(LinkError, match=r"no address; expected tcp://host:port"):
            await open_tcp(port)

    run_on_host(main)


def test_a_closed_tcp_port_is_named_with_its_cause() -> None:
    async def main(clock: HostClock) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            number = probe.getsockname()[1]
        with pytest.raises(LinkError, match=rf"tcp://127\.0\.0\.1:{number}.*cannot be opened"):
            await open_tcp(f"tcp://127.0.0.1:{number}")

    run_on_host(main)

"""The virtual bus between processes: this host's alone, understood by python-can, and proof against any datagram."""

import asyncio
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import can
import msgpack
import pytest
from can.interfaces.udp_multicast.utils import unpack_message
from hypothesis import given
from hypothesis import strategies as st

from bench.config.bench_file import CanConfig
from bench.doctor.buses import examine_bus
from bench.dut.ports import ended
from bench.dut.process import ProcessDut
from bench.errors import LinkError
from bench.links.multicast_sockets import is_own
from bench.links.multicast_wire import NotAFrame, Reader, pack
from bench.links.python_can import open_can
from bench.timing.clock import Timebase
from bench.timing.host import HostClock, run_on_host
from bench.trace.events import CanFrame
from bench.trace.facts import Anomaly
from bench.trace.timeline import Trace
from bench.wiring.can import bus_argument, claimed

V4, V6 = "239.74.163.2", "ff15:7079:7468:6f6e:6465:6d6f:6d63:6173"
_ports = itertools.count(40_000 + os.getpid() % 200 * 100)  # far from those of a worker beside this one


def goes_anywhere(group: str) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in group else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((group, 9))
        except OSError:
            return False
    return True


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("hop_limit", [0, 1])
@pytest.mark.parametrize("group", [V4, V6], ids=["IPv4", "IPv6"])
def test_python_can_on_this_host_hears_and_is_heard_with_the_default_options(
    group: str, hop_limit: int
) -> None:
    if not goes_anywhere(group):
        pytest.skip("this host has no route for multicast, which python-can needs")

    async def body(clock: HostClock) -> None:
        port = next(_ports)
        trace = Trace(timebase=Timebase.HOST)
        link = open_can("vehicle", "udp_multicast", {"channel": group, "port": port}, clock, trace, "bench")
        try:
            with can.Bus(interface="udp_multicast", channel=group, port=port, hop_limit=hop_limit) as peer:
                peer.send(can.Message(arbitration_id=0x42, data=b"\x05\x06", is_extended_id=False))
                await until(lambda: bool(trace.frames))
                assert peer.recv(5) is not None  # python-can hears itself
                link.send(CanFrame(0x1ABCDEF0, bytes(range(8)), True))
                message = await asyncio.to_thread(peer.recv, 5)
        finally:
            link.close()
        assert trace.frames[0].frame == CanFrame(0x42, b"\x05\x06")
        assert trace.frames[0].sender == "dut"
        assert message is not None
        assert (message.arbitration_id, bytes(message.data)) == (0x1ABCDEF0, bytes(range(8)))
        assert not trace.marks

    run_on_host(body)


def frame_map(**changed: Any) -> bytes:
    fields = msgpack.unpackb(pack(CanFrame(0x123, b"\x01\x02"), "x"))
    return bytes(msgpack.packb(fields | changed))


HOSTILE = {
    "id below 0": frame_map(arbitration_id=-1),
    "id of a float": frame_map(arbitration_id=float("inf")),
    "id not a number": frame_map(arbitration_id=float("nan")),
    "id of 41 bits": frame_map(arbitration_id=2**40),
    "standard id of 12 bits": frame_map(arbitration_id=0x800),
    "id of text": frame_map(arbitration_id="1"),
    "no id": frame_map(arbitration_id=None),
    "300 bytes": frame_map(data=bytes(300), dlc=300),
    "9 bytes": frame_map(data=bytes(9), dlc=9),
    "9 bytes of FD": frame_map(data=bytes(9), dlc=9, is_fd=True),
    "65 bytes of FD": frame_map(data=bytes(65), dlc=65, is_fd=True),
    "dlc beside the data": frame_map(dlc=5),
    "data of numbers": frame_map(data=[1, 2]),
    "data of text": frame_map(data="ab"),
    "a number for bytes": frame_map(data=10**9),
    "flags of text": frame_map(is_extended_id="yes"),
    "switch without FD": frame_map(bitrate_switch=True),
    "truncated": frame_map()[:-3],
    "more than a map": frame_map() + b"\x00",
    "a list": msgpack.packb([1, 2, 3]),
    "a number": b"\x07",
    "empty": b"",
    "garbage": b"\x01garbage",
    "a list as key": b"\x81\x91\x01\x02",
    "deep": b"\x91" * 3000 + b"\x01",
    "more than is read": bytes(8000),
}


def test_no_datagram_ends_the_reception_and_each_is_an_anomaly() -> None:
    async def body(clock: HostClock) -> None:
        options = {"channel": V4, "port": next(_ports)}
        trace = Trace(timebase=Timebase.HOST)
        link = open_can("vehicle", "udp_multicast", options, clock, trace, "bench")
        heard: list[CanFrame] = []
        link.subscribe(lambda t_ns, frame: heard.append(frame))
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
                for datagram in (*HOSTILE.values(), frame_map()):
                    stranger.sendto(datagram, (V4, options["port"]))
            await until(lambda: bool(heard))
            link.send(CanFrame(0x7, b""))
            await until(lambda: len(trace.frames) == 2)
        finally:
            link.close()
        assert heard == [CanFrame(0x123, b"\x01\x02")]
        texts = [mark.fact.text for mark in trace.of(Anomaly)]
        assert len(texts) == len(trace.marks) == len(HOSTILE)
        assert all("\n" not in text and len(text) < 200 for text in texts)
        assert "300 bytes of data, expected 8 at most" in texts[list(HOSTILE).index("300 bytes")]

    run_on_host(body)


@given(
    st.dictionaries(
        st.sampled_from(["arbitration_id", "data", "is_fd", "is_extended_id", "bitrate_switch", "channel"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**63), 2**64 - 1),
            st.floats(),
            st.text(max_size=4),
            st.binary(max_size=70),
            st.lists(st.integers(0, 300), max_size=3),
        ),
    ),
    st.booleans(),
)
def test_a_datagram_is_a_frame_that_a_bus_could_carry_or_is_refused(
    changed: dict[str, Any], twice: bool
) -> None:
    reader = Reader()
    data = changed.get("data")
    datagram = frame_map(**({"dlc": len(data)} if isinstance(data, bytes) else {}) | changed)
    try:
        frame, _ = reader.read(datagram)
    except NotAFrame:
        return
    assert frame is not None
    theirs = unpack_message(datagram, check=True)  # what python-can itself takes for a legal message
    assert (frame.can_id, frame.data, frame.fd) == (theirs.arbitration_id, bytes(theirs.data), theirs.is_fd)
    if twice:
        assert reader.read(datagram)[0] == frame


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_with_one_kind_of_error(datagram: bytes) -> None:
    for one in (datagram, frame_map()[: len(datagram)] + datagram):
        try:
            Reader().read(one)
        except NotAFrame as error:
            assert "\n" not in str(error)


# -- this host and others


def test_addresses_of_this_host_are_its_own_and_others_are_not() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.1", 9))
        assert is_own(probe.getsockname())
    assert is_own(("::1", 9, 0, 0))
    if goes_anywhere(V4):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((V4, 9))
            assert is_own(probe.getsockname())
    # Of the blocks kept for documentation, the last address of each: no host's own.
    assert not is_own(("198.51.100.254", 43113))
    assert not is_own(("203.0.113.254", 43113))
    assert not is_own(("2001:db8:ffff::fffe", 43113, 0, 0))
    assert not is_own(("fe80::ffff:ffff:ffff:fffe%lo", 43113, 0, 1))


def two_hosts(options: dict[str, Any]) -> dict[str, Any]:
    """What a bench and a python-can on another host heard of each other. Skips where no network can be made."""
    into = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    if not all(shutil.which(tool) for tool in ("unshare", "nsenter", "ip")):
        pytest.skip("no unshare, nsenter or ip on this host")
    cable = "ip link set lo up && ip link add v0 type veth peer name v1"
    if subprocess.run([*into, "sh", "-c", cable], capture_output=True, check=False).returncode:
        pytest.skip("network namespaces with a cable between them are not permitted here")
    script = Path(__file__).with_name("two_hosts.py")
    root = str(Path(__file__).resolve().parents[1])
    found = subprocess.run(
        [*into, sys.executable, str(script), json.dumps(options)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert found.returncode == 0, found.stderr
    heard: dict[str, Any] = json.loads(found.stdout)
    return heard


def test_another_host_hears_nothing_and_is_not_heard() -> None:
    heard = two_hosts({})
    assert heard["bench"] == [0x222, 0x333]
    assert heard["peer"] == [0x111, 0x222, 0x333]
    assert heard["neighbour"] == [0x111]
    assert heard["anomalies"]
    assert all("10.219.7.2" in text and "foreign_hosts" in text for text in heard["anomalies"])


def test_another_host_takes_part_where_the_bench_file_says_so() -> None:
    heard = two_hosts({"hop_limit": 1, "foreign_hosts": True})
    assert heard["bench"] == [0x111, 0x222, 0x333]
    assert 0x333 in heard["neighbour"]
    assert not heard["anomalies"]


def test_the_duts_process_is_told_to_keep_its_frames_on_this_host_too() -> None:
    def argument(**options: str | int | bool) -> str:
        return bus_argument(
            CanConfig(
                channel="vehicle",
                dbc=(),
                bitrate=500_000,
                data_bitrate=None,
                interface="udp_multicast",
                options=options,
            )
        )

    assert argument(channel=V4, foreign="bms") == f"udp_multicast:hop_limit=0,channel={V4}"
    assert argument(hop_limit=1, foreign_hosts=True) == "udp_multicast:hop_limit=1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hop_limit": 256}, "found hop_limit = 256; expected a number from 0 to 255"),
        ({"hop_limit": True}, "found hop_limit = True; expected a number"),
        ({"port": "abc"}, "found port = 'abc'; expected a number from 1 to 65535"),
        ({"foreign_hosts": 1}, "found foreign_hosts = 1; expected true or false"),
        ({"channel": "10.0.0.1"}, "found channel = '10.0.0.1'; expected a multicast group"),
        ({"channel": "everybody"}, "everybody"),
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_one_line(options: dict[str, Any], words: str) -> None:
    async def body(clock: HostClock) -> None:
        wanted = CanConfig(
            channel="vehicle",
            dbc=(),
            bitrate=500_000,
            data_bitrate=None,
            interface="udp_multicast",
            options=options,
        )
        mine, claim = claimed(wanted)
        if claim is not None:
            claim.close()
        with pytest.raises(LinkError, match=words) as caught:
            open_can("vehicle", "udp_multicast", mine.options, clock, None, "bench")
        assert "\n" not in str(caught.value)

    run_on_host(body)


def test_the_doctor_says_what_a_bus_has_to_do_with_other_hosts() -> None:
    def notes(**options: str | int | bool) -> list[str]:
        bus = CanConfig(
            channel="vehicle",
            dbc=(),
            bitrate=500_000,
            data_bitrate=None,
            interface="udp_multicast",
            options={"channel": "10.0.0.1", **options},  # no group: nothing is sent for this question
        )
        return [one.text for one in examine_bus(bus, True)]

    assert not any("host (" in text or "other hosts" in text for text in notes(hop_limit=0))
    assert any("frames leave this host (hop_limit = 2)" in text for text in notes(hop_limit=2))
    assert any("frames of other hosts are taken" in text for text in notes(foreign_hosts=True))


# -- a DUT of this project at the other end


def test_the_reference_dut_outlives_every_datagram() -> None:
    def one(**changed: Any) -> bytes:
        data = changed.get("data", b"")
        return frame_map(is_extended_id=False, **({"dlc": len(data)} | changed))

    short = [one(arbitration_id=can_id, data=b"\xff" * n) for can_id in range(0x800) for n in (0, 3)]
    told = {"text for data": frame_map(data="abc", dlc=3), "a fraction": frame_map(arbitration_id=1.5)}
    port = next(_ports)
    vehicle = f"udp_multicast:channel={V4},port={port},hop_limit=0"
    command = [sys.executable, "-m", "firmware_stubs.reference_bms", "--vehicle", vehicle]
    command += ["--sense", f"udp_multicast:channel={V4},port={next(_ports)},hop_limit=0"]
    with (
        can.Bus(interface="udp_multicast", channel=V4, port=port, hop_limit=0) as peer,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as dut,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        assert dut.stdin and dut.stdout and dut.stderr
        assert dut.stdout.readline() == b"ready\n"
        stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        for datagram in (*HOSTILE.values(), *told.values(), *short):
            stranger.sendto(datagram, (V4, port))
        while peer.fileno() >= 0 and dut.poll() is None:  # it still sends, and everything has been read
            try:
                if (message := peer.recv(0)) is None:
                    break
            except can.CanOperationError:
                continue
        alive = 0
        while alive < 20 and (message := peer.recv(5)) is not None:
            alive += message.arbitration_id == 0x100
        dut.stdin.close()
        assert (alive, dut.wait(10), dut.stderr.read()) == (20, 0, b"")


def test_a_process_that_ends_by_itself_is_told_with_its_last_words(capfd: pytest.CaptureFixture[str]) -> None:
    async def main(clock: HostClock) -> None:
        script = "import sys\nprint('ready', flush=True)\nsys.stdin.read(1)\nraise ValueError('no frame\\a')"
        dut = ProcessDut([sys.executable, "-c", script], "DUT")
        await dut.start()
        try:
            running = ended(dut)
            assert dut._process is not None and dut._process.stdin is not None
            dut._process.stdin.write(b"x")
            while not dut.died():
                await clock.sleep_until(clock.now_ns() + 1_000_000)
            gone = ended(dut)
        finally:
            await dut.stop()
        assert (str(running), running.status) == ("the DUT's process ended by itself", None)
        expected = "the DUT's process ended by itself (exit code 1; its last words: ValueError: no frame)"
        assert (str(gone), gone.status) == (expected, 1)

    run_on_host(main)
    assert "Traceback" in capfd.readouterr().err

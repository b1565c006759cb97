"""The firmware in a process of its own: says ready, sends on its grid, and never outlives who started it."""

import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import can
import pytest

from bench.errors import ConfigError, LinkError
from firmware_stubs.can_process import open_bus

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.real_time


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def multicast() -> str:
    return f"udp_multicast:channel=239.74.163.2,port={free_port()}"


class Running:
    """One firmware process and the bench's end of its bus."""

    def __init__(self, module: str, spec: str, *arguments: str) -> None:
        self.bus = open_bus(spec)
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()

    def close(self) -> None:
        self.bus.shutdown()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def bms() -> Iterator[Running]:
    vehicle = multicast()
    running = Running(
        "firmware_stubs.reference_bms",
        vehicle,
        "--mutant",
        "misses_weld",
        "--vehicle",
        vehicle,
        "--sense",
        multicast(),
    )
    yield running
    running.close()


def test_sends_on_its_grid_and_ends_with_its_parent(bms: Running) -> None:
    assert bms.first_line == "ready\n"
    stamps = []
    seen: Counter[int] = Counter()
    while seen[0x100] < 60:
        message = bms.bus.recv(1.0)
        assert message is not None
        seen[message.arbitration_id] += 1
        if message.arbitration_id == 0x100:
            stamps.append(message.timestamp)
    # A process that was starved leaves points of its grid out: the middle gap is the grid's, the mean may be longer.
    assert median(after - before for before, after in pairwise(stamps)) == pytest.approx(0.010, abs=0.002)
    assert (stamps[-1] - stamps[0]) / 59 > 0.008
    assert {0x101, 0x102, 0x103, 0x110, 0x111} <= set(seen)
    assert bms.process.stdin is not None
    bms.process.stdin.close()
    assert bms.process.wait(5) == 0
    bms.process.stdin = None


def test_ends_when_told(bms: Running) -> None:
    bms.process.send_signal(signal.SIGTERM)
    assert bms.process.wait(5) == 128 + signal.SIGTERM  # a signal ended it, as a shell says


def test_the_ruler_tells_a_truth_that_is_not_below_the_delay() -> None:
    spec = multicast()
    running = Running("firmware_stubs.ruler", spec, "--bus", spec, "--seed", "3")
    try:
        assert running.first_line == "ready\n"
        data = (9).to_bytes(2, "little") + (20_000).to_bytes(4, "little")
        running.bus.send(can.Message(arbitration_id=0x500, data=data, is_extended_id=False))
        answers = {}
        while 0x502 not in answers:
            message = running.bus.recv(2.0)
            assert message is not None
            answers[message.arbitration_id] = bytes(message.data)
        assert answers[0x501] == answers[0x502][:2] == data[:2]
        truth_ns = int.from_bytes(answers[0x502][2:], "little")
        assert 20_000_000 <= truth_ns < 200_000_000
    finally:
        running.close()


def test_an_unknown_firmware_is_a_usage_error_of_one_line() -> None:
    command = [sys.executable, "-m", "firmware_stubs.reference_bms", "--mutant", "refernce", "--vehicle", "v"]
    done = subprocess.run([*command, "--sense", "s"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "did you mean 'reference'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_bus_specs_that_do_not_parse_or_open_are_named() -> None:
    with pytest.raises(ConfigError, match="found 'channel'"):
        open_bus("virtual:channel")
    with pytest.raises(LinkError, match="nosuch"):
        open_bus("nosuch:channel=x")

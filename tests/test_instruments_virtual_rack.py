"""The virtual rack as a real process: it serves, feeds the sense bus, outlives a killed bench and ends."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import can
import pytest

from bench.codec.database import Database
from bench.config.options import Options
from bench.config.profile_file import load_profile
from bench.instruments.afe import layout_text
from bench.instruments.bloomy_bs1200.driver import BloomyBs1200
from bench.instruments.numato_relay.driver import NumatoRelay
from bench.instruments.stack import StackedEmulator
from bench.instruments.virtual_cards import Card, cards_text
from bench.links.pyserial_link import open_serial
from bench.links.udp_multicast import open_udp_multicast
from bench.timing.host import HostClock, run_on_host
from bench.units import NS_PER_MS
from bench.wiring.emulator_shown import emulator_shows
from bench.wiring.virtual_signals import bind_plays

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.real_time

CLIENT = """
import os, sys, time
line = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
os.write(line, b"SYST:WDOG 1.2;:SOUR:VOLT 3.7,(@1:96);:OUTP ON;:SYST:ERR?\\n")
sys.stdout.buffer.write(os.read(line, 100))
sys.stdout.buffer.flush()
while True:
    time.sleep(0.05)
    os.write(line, b"*CLS\\n")
"""


DATABASES = {
    "vehicle": Database.load(ROOT / "dbc/bms.dbc", ROOT / "dbc/vehicle.dbc"),
    "sense": Database.load(ROOT / "dbc/bench_io.dbc"),
}
SHOWN = emulator_shows(bind_plays(load_profile(ROOT / "dbc/reference_bms.toml"), DATABASES, 96, 24))
LAYOUT = layout_text(SHOWN.messages, SHOWN.cycle_ns, SHOWN.gap_ns)


class Rack:
    def __init__(self, folder: Path, linger_s: float) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("", 0))
            udp_port = probe.getsockname()[1]
        self.log = folder / "rack.jsonl"
        self.bus = can.Bus("239.74.163.2", interface="udp_multicast", port=udp_port)
        sense = f"udp_multicast:channel=239.74.163.2,port={udp_port}"
        command = [sys.executable, "-m", "bench.instruments.virtual_rack", "--kind", "scpi_cell_emulator"]
        command += ["--sense", sense]
        command += ["--layout", LAYOUT, "--log", str(self.log), "--linger", str(linger_s)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        assert self.process.stdout is not None
        self.port: str = json.loads(self.process.stdout.readline())["port"]

    def told(self, event: str) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [entry for entry in map(json.loads, lines) if entry["event"] == event]

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.bus.shutdown()


Start = Callable[[float], Rack]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    racks: list[Rack] = []

    def begin(linger_s: float) -> Rack:
        racks.append(Rack(tmp_path, linger_s))
        return racks[-1]

    yield begin
    for rack in racks:
        rack.stop()


def asked(line: int, question: bytes) -> bytes:
    os.write(line, question)
    reply = b""
    while not reply.endswith(b"\n"):
        assert select.select([line], [], [], 2.0)[0], f"no answer to {question!r}"
        reply += os.read(line, 4096)
    return reply


def test_it_answers_on_the_port_and_sweeps_the_cells_on_the_sense_bus(start: Start) -> None:
    rack = start(0.2)
    line = os.open(rack.port, os.O_RDWR | os.O_NOCTTY)
    assert asked(line, b"*IDN?\n").startswith(b"BMS-HIL,CELL-EMULATOR-96,")
    asked(line, b"SOUR:VOLT 3.7,(@1:96);:OUTP ON;:OUTP:FAUL OPEN,(@6);:SYST:ERR?\n")
    assert asked(line, b"MEAS:VOLT? (@6)\n") == b"9.91E+37\n"
    latest: dict[int, bytes] = {}
    groups: list[int] = []
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        message = rack.bus.recv(0.2)
        if message is not None:
            assert message.arbitration_id == 0x300
            groups.append(message.data[0])
            latest[message.data[0]] = bytes(message.data)
    assert 6 * 24 <= len(groups) <= 14 * 24
    assert groups == [(groups[0] + index) % 24 for index in range(len(groups))], "a frame was lost"
    raw = round((3.7 + 2) / 0.0005)
    assert latest[0] == (raw << 8 | raw << 22 | raw << 36 | raw << 50).to_bytes(8, "little")
    assert latest[1] == (1 | raw << 8 | 0x3FFF << 22 | raw << 36 | raw << 50).to_bytes(8, "little")
    # A client that comes back within the linger time finds the rack as it left it.
    os.close(line)
    line = os.open(rack.port, os.O_RDWR | os.O_NOCTTY)
    assert asked(line, b"OUTP?\n") == b"96\n"
    os.close(line)
    assert rack.process.wait(3.0) == 0


def test_a_killed_bench_leaves_the_rack_to_its_dead_man(start: Start) -> None:
    rack = start(0.3)
    client = subprocess.Popen([sys.executable, "-c", CLIENT, rack.port], stdout=subprocess.PIPE)
    assert client.stdout is not None
    assert client.stdout.readline() == b'0,"No error"\n'
    until = time.monotonic() + 1.6
    while time.monotonic() < until:
        rack.bus.recv(0.02)
    assert not rack.told("dead_man"), "a fed dead-man must not trip"
    killed_ns = time.monotonic_ns()
    client.send_signal(signal.SIGKILL)
    client.communicate()
    latest = b""
    while rack.process.poll() is None and time.monotonic_ns() < killed_ns + 8e9:
        # Read as we go: the receive buffer holds less than these two seconds of frames.
        while (message := rack.bus.recv(0.02)) is not None:
            latest = bytes(message.data) if message.data[0] == 0 else latest
    assert rack.process.returncode == 0
    (entry,) = rack.told("dead_man")
    assert entry["highest_v"] < 0.1
    assert 0.6e9 < entry["tripped_ns"] - killed_ns < 1.5e9
    assert 0 < entry["safe_ns"] - entry["tripped_ns"] < 0.5e9
    assert latest == (4000 << 8 | 4000 << 22 | 4000 << 36 | 4000 << 50).to_bytes(8, "little")


def test_sigterm_ends_it_and_ctrl_c_does_not(start: Start) -> None:
    rack = start(3.0)
    line = os.open(rack.port, os.O_RDWR | os.O_NOCTTY)
    asked(line, b"*IDN?\n")
    rack.process.send_signal(signal.SIGINT)
    assert asked(line, b"OUTP?\n") == b"0\n"
    rack.process.send_signal(signal.SIGTERM)
    assert rack.process.wait(2.0) == 0
    os.close(line)


@pytest.mark.parametrize(
    ("sense", "complaint"),
    [("udp_multicast:239.0.0.1", "has no '='"), ("nonesuch:channel=x", "cannot be opened")],
)
def test_a_wrong_sense_bus_is_one_clear_line(sense: str, complaint: str) -> None:
    command = [sys.executable, "-m", "bench.instruments.virtual_rack", "--kind", "scpi_cell_emulator"]
    command += ["--sense", sense, "--layout", "{}"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=10)
    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_boxes_on_a_bus_and_relay_cards_are_played_and_a_relay_breaks_the_wire(tmp_path: Path) -> None:
    """The bench's own drivers on a real bus and a real pseudo-terminal; what the DUT is shown comes from the rack."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        one.bind(("", 0))
        two.bind(("", 0))
        sense, bus = (
            {"channel": "239.74.163.2", "port": probe.getsockname()[1], "hop_limit": 0}
            for probe in (one, two)
        )
    words = [
        f"udp_multicast:{','.join(f'{key}={value}' for key, value in each.items())}" for each in (sense, bus)
    ]
    cards = cards_text(
        [Card(name="wires", kind="numato_relay", options=Options({"relays": 4}), opens=(6, 13))]
    )
    log = tmp_path / "rack.jsonl"
    command = [
        sys.executable,
        "-m",
        "bench.instruments.virtual_rack",
        "--sense",
        words[0],
        "--cells-bus",
        words[1],
    ]
    command += ["--kind", "bloomy_bs1200", "--layout", LAYOUT, "--cards", cards, "--log", str(log)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)

    async def drive(clock: HostClock) -> None:
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        assert facts["port"] == "bus"
        link = open_udp_multicast("cells", bus, clock, None, "bench")
        shown = open_udp_multicast("sense", sense, clock, None, "bench")
        pages: dict[int, bytes] = {}
        shown.subscribe(lambda _, frame: pages.update({frame.data[0]: frame.data}))
        line = open_serial(facts["cards"]["wires"], 115_200)
        try:
            cells = StackedEmulator([BloomyBs1200(link, clock, box=box) for box in range(1, 9)], 96)
            card = NumatoRelay(line, clock, relays=4)
            assert "box 8" in await cells.identify()
            await card.identify()
            await cells.outputs_on()
            await cells.set_all([3.5] * 96)
            await cells.set_and_confirm([13], 4.0, 0.001)
            await card.switch(1, True)
            await clock.sleep_until(clock.now_ns() + 400 * NS_PER_MS)
            raw = {volt: round((volt + 2) / 0.0005) for volt in (3.5, 4.0)}
            assert pages[1] == (1 | raw[3.5] << 8 | 0x3FFF << 22 | raw[3.5] << 36 | raw[3.5] << 50).to_bytes(
                8, "little"
            )
            assert int.from_bytes(pages[3], "little") >> 8 & 0x3FFF == raw[4.0]
            await cells.safe()
            await card.safe()
        finally:
            for opened in (line, link, shown):
                opened.close()

    try:
        run_on_host(drive)
        assert [json.loads(entry)["on"] for entry in log.read_text().splitlines()] == [True, False]
    finally:
        process.terminate()
        assert process.wait(3.0) == 0
        process.communicate()


def test_units_with_a_network_port_are_each_on_a_tcp_port_of_their_own(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        sense = f"udp_multicast:channel=239.74.163.2,port={probe.getsockname()[1]}"
    command = [sys.executable, "-m", "bench.instruments.virtual_rack", "--kind", "scpi_cell_emulator"]
    command += ["--sense", sense, "--layout", LAYOUT]
    command += ["--kind", "bloomy_abs", "--tcp", "--linger", "0.2", "--log", str(tmp_path / "rack.jsonl")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        ports = json.loads(process.stdout.readline())["ports"]
        assert len(set(ports)) == 12
        for port in ports[::11]:
            host, number = port.removeprefix("tcp://").split(":")
            with socket.create_connection((host, int(number)), 2.0) as line:
                line.sendall(b"*IDN?\r\n")
                assert line.recv(200).startswith(b"Bloomy Controls,ABS-8,")
        assert process.wait(3.0) == 0, "nobody holds a port any more"
    finally:
        process.kill()
        process.communicate()

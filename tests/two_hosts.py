"""Run as a script in a network namespace of its own: a bench on one host, python-can on a second one beside it.

Prints, as JSON, what the bench and the neighbour heard of each other, with the options the bench was given.
"""

import asyncio
import json
import subprocess
import sys
from typing import Any

import can

from bench.links.python_can import open_can
from bench.timing.clock import Timebase
from bench.timing.host import HostClock, run_on_host
from bench.trace.events import CanFrame
from bench.trace.facts import Anomaly
from bench.trace.timeline import Trace

GROUP, PORT = "239.74.163.2", 43_119
NEIGHBOUR_ID, PEER_ID, BENCH_ID = 0x111, 0x222, 0x333
NEIGHBOUR = "10.219.7.2"


def neighbour() -> None:
    """The second host: sends until stdin ends, then prints the identifiers it has heard."""
    say("born")
    sys.stdin.readline()
    heard: set[int] = set()
    with can.Bus(interface="udp_multicast", channel=GROUP, port=PORT, hop_limit=1) as bus:
        say("on the bus")
        while line := sys.stdin.readline():
            if line.strip() == "send":
                bus.send(can.Message(arbitration_id=NEIGHBOUR_ID, data=b"\x07", is_extended_id=False))
            while (message := bus.recv(0)) is not None:
                heard.add(message.arbitration_id)
            say(json.dumps(sorted(heard)))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL)


def connected() -> subprocess.Popen[str]:
    """Two hosts with a cable between them. The second one's process."""
    ip("link", "set", "lo", "up")
    ip("link", "add", "v0", "type", "veth", "peer", "name", "v1")
    other = subprocess.Popen(
        ["unshare", "-n", sys.executable, __file__, "neighbour"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == "born\n"
    there = ("nsenter", "-t", str(other.pid), "-n", "ip")
    ip("link", "set", "v1", "netns", str(other.pid))
    for words in (
        ("link", "set", "lo", "up"),
        ("addr", "add", f"{NEIGHBOUR}/24", "dev", "v1"),
        ("link", "set", "v1", "up"),
        ("route", "add", "default", "dev", "v1"),
    ):
        subprocess.run([*there, *words], check=True, stdout=subprocess.DEVNULL)
    ip("addr", "add", "10.219.7.1/24", "dev", "v0")
    ip("link", "set", "v0", "up")
    ip("route", "add", "default", "dev", "v0")
    other.stdin.write("\n")
    other.stdin.flush()
    assert other.stdout.readline() == "on the bus\n"
    return other


async def listen(clock: HostClock, options: dict[str, Any], other: "subprocess.Popen[str]") -> dict[str, Any]:
    trace = Trace(timebase=Timebase.HOST)
    link = open_can("vehicle", "udp_multicast", options, clock, trace, "bench")
    heard_by_peer: set[int] = set()
    by_neighbour: list[int] = []
    try:
        with can.Bus(interface="udp_multicast", channel=GROUP, port=PORT, hop_limit=0) as peer:

            def both_ways() -> bool:
                told = json.dumps([mark.fact.text for mark in trace.of(Anomaly)])
                from_neighbour = any(seen.frame.can_id == NEIGHBOUR_ID for seen in trace.frames)
                from_peer = any(seen.frame.can_id == PEER_ID for seen in trace.frames)
                return (NEIGHBOUR in told or from_neighbour) and from_peer and BENCH_ID in heard_by_peer

            for _ in range(500):
                peer.send(can.Message(arbitration_id=PEER_ID, data=b"\x08", is_extended_id=False))
                link.send(CanFrame(BENCH_ID, b"\x09"))
                by_neighbour = asked(other)
                await asyncio.sleep(0.01)
                while (message := peer.recv(0)) is not None:
                    heard_by_peer.add(message.arbitration_id)
                if both_ways():
                    break
            await asyncio.sleep(0.1)  # what is under way to the neighbour may arrive
            by_neighbour = asked(other)
    finally:
        link.close()
    return {
        "bench": sorted({seen.frame.can_id for seen in trace.frames}),
        "peer": sorted(heard_by_peer),
        "neighbour": by_neighbour,
        "anomalies": [mark.fact.text for mark in trace.of(Anomaly)],
    }


def asked(other: "subprocess.Popen[str]") -> list[int]:
    assert other.stdin is not None
    assert other.stdout is not None
    other.stdin.write("send\n")
    other.stdin.flush()
    found: list[int] = json.loads(other.stdout.readline())
    return found


def main() -> None:
    if sys.argv[1] == "neighbour":
        neighbour()
        return
    with connected() as other:
        assert other.stdin is not None
        options = {"channel": GROUP, "port": PORT, **json.loads(sys.argv[1])}
        say(json.dumps(run_on_host(lambda clock: listen(clock, options, other))))
        other.stdin.close()


if __name__ == "__main__":
    main()

"""The CAN buses of a real-time rig: a bus of one's own where it is virtual, opened, watched, given back."""

import dataclasses
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from bench.config.bench_file import CanConfig
from bench.errors import LinkError
from bench.links.ports import CanLink
from bench.links.python_can import open_can
from bench.timing.host import HostClock
from bench.trace.events import Kind
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

DEFAULT_UDP_PORT = 43113  # python-can's
MOST_BENCHES = 20
LATE_NS = 20 * NS_PER_MS  # a grid call later than this is worth a mark: it could make a DUT miss a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Buses:
    """The bench's open ends of all buses. `arguments`: the same buses as a process takes them on its command line."""

    links: dict[str, CanLink]
    arguments: dict[str, str]
    claims: tuple[socket.socket, ...]

    def trouble(self) -> str | None:
        """What makes it pointless to go on, in words; None while the buses can be believed."""
        dropped = sum(getattr(link, "dropped", 0) for link in self.links.values())
        if dropped:
            return f"{dropped} CAN frames were lost by the receive buffer: what they said cannot be known"
        return None

    def give_back(self) -> None:
        """Let another run on this machine have the virtual buses. The links are closed by the rig."""
        for claim in self.claims:
            claim.close()


def open_buses(configured: Mapping[str, CanConfig], clock: HostClock, trace: Trace) -> Buses:
    """Open every bus of the bench file. Raises LinkError where one cannot be had; none stays open then."""
    links: dict[str, CanLink] = {}
    arguments: dict[str, str] = {}
    claims: list[socket.socket] = []
    try:
        for channel, wanted in configured.items():
            can, claim = claimed(wanted)
            if claim is not None:
                claims.append(claim)
            links[channel] = open_can(channel, can.interface, can.options, clock, trace, "bench")
            arguments[channel] = bus_argument(can)
            trace.stamping[channel] = links[channel].stamping
    except LinkError:
        for link in links.values():
            link.close()
        for claim in claims:
            claim.close()
        raise
    return Buses(links=links, arguments=arguments, claims=tuple(claims))


def bus_argument(can: CanConfig) -> str:
    """One bus as a firmware's command line takes it: `udp_multicast:channel=239.0.0.1,port=43113`."""
    return can.interface + ":" + ",".join(f"{key}={value}" for key, value in can.options.items())


def claimed(can: CanConfig) -> tuple[CanConfig, socket.socket | None]:
    """A virtual bus of our own: another run on this machine must not be heard on it.

    The claim is a bound TCP socket of the same number, which the system gives back however this process ends.
    """
    if can.interface != "udp_multicast":
        return can, None
    first = int(can.options.get("port", DEFAULT_UDP_PORT))
    for port in range(first, first + 2 * MOST_BENCHES, 2):
        claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            claim.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        return dataclasses.replace(can, options={**can.options, "port": port}), claim
    raise LinkError(
        f"CAN '{can.channel}': the ports {first} to {first + 2 * MOST_BENCHES - 2} are all claimed by other runs; "
        f"choose another port in [can.{can.channel}] options"
    )


def watch_lateness(clock: HostClock, trace: Trace) -> None:
    """Write every call of the grid that comes dangerously late into the trace."""

    def on_late(late_ns: int) -> None:
        if late_ns > LATE_NS:
            trace.mark(clock.now_ns(), Kind.BENCH_LATE, "host clock", late_ns=late_ns)

    clock.on_late = on_late

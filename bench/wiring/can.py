"""The CAN buses of a real-time rig: a bus of one's own where it is virtual, opened, watched, given back."""

import dataclasses
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.config.bench_file import CanConfig
from bench.errors import LinkError
from bench.links.ports import CanLink
from bench.links.python_can import open_can
from bench.links.slcan import SlcanCan
from bench.links.socketcan import SocketCan
from bench.links.udp_multicast import BENCH_ONLY
from bench.measure.window import DUT_WAIT_LIMIT_NS, DUT_WAIT_SPAN_NS
from bench.timing.clock import Phase, Timer
from bench.timing.host import HostClock
from bench.trace.facts import BenchLate, BenchTiming, DutWaited
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

DEFAULT_GROUP, DEFAULT_UDP_PORT = "239.74.163.2", 43113  # python-can's
MOST_BENCHES = 20
_LAST_PORT = 65_535
_LOOK_NS = 50 * NS_PER_MS
LATE_NS = 20 * NS_PER_MS  # a grid call later than this is worth a mark: it could make a DUT miss a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Buses:
    """The bench's open ends of all buses.

    `arguments` are the same buses as the DUT's process takes them on its command line, `rack_arguments` as the virtual
    rack does. They differ where a line has two ends only: there the rack has a bus of its own, and the bench relays.
    """

    links: dict[str, CanLink]
    arguments: dict[str, str]
    rack_arguments: dict[str, str]
    relays: tuple[CanLink, ...]
    claims: tuple[socket.socket, ...]

    def trouble(self) -> str | None:
        """What makes it pointless to go on, in words; None while the buses can be believed."""
        for link in self.links.values():
            if isinstance(link, SocketCan | SlcanCan) and (trouble := link.trouble()) is not None:
                return trouble
        dropped = sum(getattr(link, "dropped", 0) for link in (*self.links.values(), *self.relays))
        if dropped:
            return f"{dropped} CAN frames were lost by the receive buffer: what they said cannot be known"
        return None

    def give_back(self) -> None:
        """Let another run on this machine have the virtual buses. The links are closed by the rig."""
        for relay in self.relays:
            relay.close()
        for claim in self.claims:
            claim.close()


def open_buses(configured: Mapping[str, CanConfig], clock: HostClock, trace: Trace) -> Buses:
    """Open every bus of the bench file. Raises LinkError where one cannot be had; none stays open then."""
    links: dict[str, CanLink] = {}
    arguments: dict[str, str] = {}
    rack_arguments: dict[str, str] = {}
    relays: list[CanLink] = []
    claims: list[socket.socket] = []
    try:
        for channel, wanted in configured.items():
            can, claim = claimed(wanted)
            if claim is not None:
                claims.append(claim)
            link = links[channel] = open_can(channel, can.interface, can.options, clock, trace, "bench")
            arguments[channel] = rack_arguments[channel] = bus_argument(can)
            trace.stamping[channel] = link.stamping
            if isinstance(link, SlcanCan):
                if link.far_end:
                    arguments[channel] = f"slcan:channel={link.far_end}"
                relayed, relay_claim, relay = _relay_to(link, clock)
                rack_arguments[channel] = bus_argument(relayed)
                relays.append(relay)
                claims.append(relay_claim)
    except LinkError:
        for link in (*links.values(), *relays):
            link.close()
        for claim in claims:
            claim.close()
        raise
    return Buses(
        links=links,
        arguments=arguments,
        rack_arguments=rack_arguments,
        relays=tuple(relays),
        claims=tuple(claims),
    )


def _relay_to(line: SlcanCan, clock: HostClock) -> tuple[CanConfig, socket.socket, CanLink]:
    """A bus for the rack, whose frames go out on `line`: a serial line has no room for a third node.

    The onset is the frame on the line, as the bench writes it; what the relay takes is before it, and in no figure.
    """
    options: dict[str, str | int | bool] = {
        "channel": DEFAULT_GROUP,
        "port": DEFAULT_UDP_PORT,
        "hop_limit": 0,
    }
    wanted = CanConfig(
        channel=line.channel, dbc=(), bitrate=0, data_bitrate=None, interface="udp_multicast", options=options
    )
    can, claim = claimed(wanted)
    if claim is None:
        raise LinkError(f"CAN '{line.channel}': the rack's bus could not be claimed")
    relay = open_can(line.channel, can.interface, can.options, clock, None, "relay")
    relay.subscribe(lambda _, frame: line.send(frame))
    return can, claim, relay


def bus_argument(can: CanConfig) -> str:
    """One bus as a firmware's command line takes it: `udp_multicast:channel=239.0.0.1,port=43113,hop_limit=0`."""
    options = dict(can.options)
    if can.interface == "udp_multicast":  # python-can's own default lets its frames leave this host
        options = {"hop_limit": 0, **options}
        for own in BENCH_ONLY:
            options.pop(own, None)
    return can.interface + ":" + ",".join(f"{key}={value}" for key, value in options.items())


def claimed(can: CanConfig) -> tuple[CanConfig, socket.socket | None]:
    """A virtual bus of our own: another run on this machine must not be heard on it.

    The claim is a bound TCP socket of the same number, which the system gives back however this process ends.
    """
    if can.interface != "udp_multicast":
        return can, None
    first = can.options.get("port", DEFAULT_UDP_PORT)
    if type(first) is not int or not 0 < first <= _LAST_PORT:
        return can, None  # opening it says what is wrong
    for port in range(first, min(first + 2 * MOST_BENCHES, _LAST_PORT + 1), 2):
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


def watch_lateness(clock: HostClock, trace: Trace) -> Callable[[], None]:
    """Write every call of the grid that comes dangerously late into the trace. Returned: what sums them up there."""
    late: list[int] = []

    def on_late(late_ns: int) -> None:
        late.append(late_ns)
        if late_ns > LATE_NS:
            trace.mark(clock.now_ns(), BenchLate(late_ns=late_ns), "host clock")

    def tell() -> None:
        if late:
            ordered = sorted(late)
            p50_ns, p99_ns = (ordered[len(ordered) * share // 100] for share in (50, 99))
            timing = BenchTiming(
                priority=clock.priority, calls=len(late), p50_ns=p50_ns, p99_ns=p99_ns, max_ns=ordered[-1]
            )
            trace.mark(clock.now_ns(), timing, "host clock")
        clock.on_late = None

    clock.on_late = on_late
    return tell


def watch_waiting(clock: HostClock, trace: Trace, waited_ns: Callable[[], int]) -> Timer:
    """Write it into the trace when the DUT's process waits long for a processor. `waited_ns`: since its last call."""
    span = deque([0] * (DUT_WAIT_SPAN_NS // _LOOK_NS), maxlen=DUT_WAIT_SPAN_NS // _LOOK_NS)

    def look() -> None:
        span.append(waited_ns())
        if sum(span) > DUT_WAIT_LIMIT_NS:
            trace.mark(clock.now_ns(), DutWaited(waited_ns=sum(span)), "DUT's process")

    return clock.every(_LOOK_NS, Phase.OBSERVE, look, first_ns=clock.now_ns())

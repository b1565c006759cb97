"""A CAN bus on the Clock's timeline: one frame at a time, arbitrated by identifier, as long as its bits."""

import heapq
from array import array
from collections.abc import Container, Mapping
from typing import TypeVar

from bench.errors import LinkError
from bench.links.bit_timing import arbitration_key, frame_time_ns, intermission_ns
from bench.links.legal import no_can_frame
from bench.links.ports import FrameListener
from bench.timing.clock import Phase, Timer
from bench.timing.simulated import SimulatedClock
from bench.trace.buffer import content_of
from bench.trace.events import CanFrame
from bench.trace.facts import Anomaly, Odd
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.units import NS_PER_S

ERROR_FRAME_BITS = 17  # error flag of 6, delimiter of 8, intermission of 3
CORRUPTED_BITS = 30  # where in its frame a node is hit, on average: behind the identifier, in the data
PASSIVE_ERRORS = 128
BUS_OFF_ERRORS = 256
RECOVERY_BITS = 128 * 11
_REMEMBERED_FRAMES = 1 << 16

_Offer = tuple[
    int, int, int, CanFrame, "SimulatedCanNode", bytes | None
]  # arbitration key, sequence, time on the wire in ns, …, what the trace keeps of the frame

# Content → (arbitration key, time on the wire in ns, `content_of` it), by bit rates. Kept from shot to shot: counters
# and CRCs come round again, and what is remembered is a pure function of the content.
_KNOWN: dict[tuple[int, int | None], dict[CanFrame, tuple[int, int, bytes | None]]] = {}


_N = TypeVar("_N")


def named_node(nodes: Mapping[str, _N], channel: str, name: str) -> _N:
    """LinkError for a node that is not there."""
    if name not in nodes:
        raise LinkError(f"CAN '{channel}': no node '{name}'; expected one of {', '.join(nodes)}")
    return nodes[name]


def refuse_taken(nodes: Container[str], channel: str, name: str) -> None:
    """LinkError for a name already in use."""
    if name in nodes:
        raise LinkError(f"CAN '{channel}': there is a node '{name}' already; expected a name of its own")


def closed_node(channel: str, name: str, frame: CanFrame) -> LinkError:
    """What to raise for a frame of a node that has left its bus."""
    return LinkError(f"CAN '{channel}': node '{name}' is closed; it was to send 0x{frame.can_id:X}")


def on_wire(frame: CanFrame, channel: str, bitrate: int, data_bitrate: int | None) -> tuple[int, int]:
    """(arbitration key, time on the wire in ns) of a frame. LinkError for one that this bus cannot carry."""
    if (wrong := no_can_frame(frame)) is not None:
        raise LinkError(f"CAN '{channel}': {wrong}: no CAN bus carries it")
    if frame.fd and data_bitrate is None:
        raise LinkError(
            f"CAN '{channel}': FD frame 0x{frame.can_id:X} on a classic bus; expected a data_bitrate"
        )
    return arbitration_key(frame), frame_time_ns(frame, bitrate, data_bitrate)


def mark_bus_off(trace: Trace, now_ns: int, channel: str, name: str) -> None:
    """A node has left its bus by itself."""
    off = Anomaly(what=Odd.BUS_OFF, about=name, text=f"node '{name}' went bus-off")
    trace.mark(now_ns, off, f"CAN {channel}")


class SimulatedCanNode:
    """One controller on the bus, with a transmit queue that offers its lowest identifier first. A CanLink."""

    def __init__(self, bus: "SimulatedCanBus", name: str) -> None:
        self.name = name
        self.channel = bus.channel
        self.stamping = bus.stamping
        self.muted = False
        self.closed = False
        self.cut = False
        self.corrupted = False
        self.bus_off = False
        self.failing = False  # corrupted, or nobody is there to acknowledge
        self.dumb = False  # muted, cut, or bus-off: what it sends reaches nobody
        self.errors = 0  # transmit error counter
        self.hearers: tuple[FrameListener, ...] = ()
        self._bus = bus
        self.end = bus.numbered(name)

    def send(self, frame: CanFrame) -> None:
        """Offer a frame; returns at once. LinkError: the node is closed, or the bus cannot carry it."""
        if self.closed:
            raise closed_node(self.channel, self.name, frame)
        self._bus.offer(self, frame)

    def subscribe(self, listener: FrameListener) -> None:
        """Call `listener` at the end of every frame another node has sent."""
        self._bus.listen(self, listener)

    def beside(self, name: str) -> "SimulatedCanNode":
        """Another node, connected to the same bus."""
        return self._bus.node(name)

    def close(self) -> None:
        """Leave the bus: nothing waiting is sent any more, nothing is heard."""
        self.closed = True
        self._bus.leave(self)


class SimulatedCanBus:
    """The wire between the nodes. Nodes that offer a frame at the same instant compete, whatever their phase.

    A frame starts at the instant of the first offer on an idle bus, or at the end of the intermission. The best
    offer so far holds the bus at once, and loses it to a better one that still comes within that very instant.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        trace: Trace,
        channel: str,
        bitrate: int,
        data_bitrate: int | None = None,
    ) -> None:
        self.channel = channel
        self.stamping = Stamping(origin=Origin.SIMULATED, source="simulated", u_ns=0)
        self.bitrate = bitrate
        self.data_bitrate = data_bitrate
        trace.stamping[channel] = self.stamping
        self._clock = clock
        self._trace = trace
        self._intermission_ns = intermission_ns(bitrate)
        self._nodes: dict[str, SimulatedCanNode] = {}
        self._listeners: list[tuple[SimulatedCanNode, FrameListener]] = []
        self._known = _KNOWN.setdefault((bitrate, data_bitrate), {})
        self._waiting: list[_Offer] = []
        self._sequence = 0
        self._begin_ns = 0
        self._end_ns = 0
        self._free_ns = clock.now_ns()  # end of the last intermission
        self._holder: _Offer | None = None  # whose frame is on the wire, or will be from `_begin_ns` on
        self._finishing: Timer | None = None
        self._idle_from = array("q")  # the times in which nothing was on the wire
        self._idle_to = array("q")

    def numbered(self, name: str) -> int:
        """The number of this channel and sender in the trace."""
        return self._trace.frames.end(self.channel, name)

    def node(self, name: str) -> SimulatedCanNode:
        """Connect a node; its name is the sender in the trace. LinkError for a name already in use."""
        refuse_taken(self._nodes, self.channel, name)
        node = self._nodes[name] = SimulatedCanNode(self, name)
        self._rewire()
        return node

    def nodes(self) -> tuple[str, ...]:
        """The names of all that are connected, in the order in which they were."""
        return tuple(self._nodes)

    def mute(self, node: SimulatedCanNode | str, muted: bool = True) -> None:
        """Cut (or mend) a node's transmit path: what it sends is lost without its notice; it still hears."""
        if isinstance(node, str):
            node = self._named(node)
        node.muted = muted
        self._rewire()
        if muted:
            self._forget(node)

    def cut(self, node: str, cut: bool = True) -> None:
        """Take a node's wires off (or put them back): it neither sends, nor hears, nor acknowledges.

        Whoever is left alone on the bus gets no acknowledgement and repeats its frame until somebody is back.
        """
        one = self._named(node)
        one.cut = cut
        self._forget(one)
        self._rewire()

    def corrupt(self, node: str, corrupt: bool = True) -> None:
        """Destroy every frame the node sends: 32 in a row bring it to bus-off, which it leaves as ISO 11898-1 says."""
        one = self._named(node)
        one.corrupted = corrupt
        if not corrupt and not one.bus_off:
            one.errors = 0
        self._rewire()

    def _named(self, node: str) -> SimulatedCanNode:
        return named_node(self._nodes, self.channel, node)

    def load(self, since_ns: int = 0) -> float:
        """Share of the time since `since_ns` in which a frame or its intermission was on the wire (0..1)."""
        now_ns = self._clock.now_ns()
        if now_ns <= since_ns:
            return 0.0
        idle = [*zip(self._idle_from, self._idle_to, strict=True), (self._free_ns, now_ns)]
        idle_ns = sum(max(0, min(to_ns, now_ns) - max(from_ns, since_ns)) for from_ns, to_ns in idle)
        return 1.0 - idle_ns / (now_ns - since_ns)

    def starts_ns(self) -> int:
        """When a frame that is offered now and wins every arbitration starts."""
        now_ns = self._clock.now_ns()
        if self._holder is None:
            return max(now_ns, self._free_ns)
        return self._begin_ns if now_ns <= self._begin_ns else self._free_ns

    def listen(self, node: SimulatedCanNode, listener: FrameListener) -> None:
        self._listeners.append((node, listener))
        self._rewire()

    def leave(self, node: SimulatedCanNode) -> None:
        self._listeners = [(owner, listener) for owner, listener in self._listeners if owner is not node]
        self._nodes.pop(node.name, None)
        self._forget(node)
        self._rewire()

    def offer(self, node: SimulatedCanNode, frame: CanFrame) -> None:
        key, wire_ns, content = self._known.get(frame) or self._learn(frame)
        if node.dumb:
            return
        self._sequence = sequence = self._sequence + 1
        offer = (key, sequence, wire_ns, frame, node, content)
        holder = self._holder
        if holder is None:
            now_ns = self._clock.now_ns()
            if self._waiting:
                offer = heapq.heappushpop(self._waiting, offer)
            self._begin(offer, now_ns if now_ns > self._free_ns else self._free_ns)
            self._schedule()
        elif key < holder[0] and self._clock.now_ns() <= self._begin_ns:
            self._withdraw()
            heapq.heappush(self._waiting, holder)
            self._begin(offer, self._begin_ns)
            self._schedule()
        else:
            heapq.heappush(self._waiting, offer)

    def _learn(self, frame: CanFrame) -> tuple[int, int, bytes | None]:
        facts = (*on_wire(frame, self.channel, self.bitrate, self.data_bitrate), content_of(frame))
        if len(self._known) >= _REMEMBERED_FRAMES:
            self._known.clear()
        self._known[frame] = facts
        return facts

    def _begin(self, holder: _Offer, begin_ns: int) -> None:
        """The best offer takes the bus from `begin_ns` on."""
        if begin_ns > self._free_ns:
            self._idle_from.append(self._free_ns)
            self._idle_to.append(begin_ns)
        self._holder = holder
        self._begin_ns = begin_ns
        self._free_ns = free_ns = begin_ns + (self._failed_ns(holder) if holder[4].failing else holder[2])
        self._end_ns = free_ns - self._intermission_ns

    def _schedule(self) -> None:
        self._finishing = self._clock.call_at(self._end_ns, Phase.BUS, self._finish)

    def _withdraw(self) -> None:
        """Nobody holds the bus: what took it has not begun yet."""
        if self._finishing is not None:
            self._finishing.cancel()
        self._holder = None
        self._free_ns = self._begin_ns

    def _finish(self) -> None:
        """Deliver the frame on the wire, and those waiting behind it while nothing else is due before their end."""
        waiting, skip_to = self._waiting, self._clock.skip_to
        put = self._trace.frames.put
        while True:
            holder = self._holder
            assert holder is not None  # noqa: S101
            _, _, _, frame, node, content = holder
            self._holder = None
            end_ns = self._end_ns
            if node.failing:
                self._fail(holder)
                return
            if content is not None:
                put(end_ns, node.end, content)
            else:
                self._trace.frame(end_ns, self.channel, frame, node.name)
            for listener in node.hearers:
                listener(end_ns, frame)
            if not waiting or self._holder is not None:
                return
            self._begin(heapq.heappop(waiting), self._free_ns)
            if not skip_to(self._end_ns, Phase.BUS):
                self._schedule()
                return

    def _failed_ns(self, holder: _Offer) -> int:
        """A frame without acknowledgement is sent whole; a corrupted one is cut off by error flags."""
        error_ns = ERROR_FRAME_BITS * NS_PER_S // self.bitrate
        return (CORRUPTED_BITS * NS_PER_S // self.bitrate if holder[4].corrupted else holder[2]) + error_ns

    def _fail(self, holder: _Offer) -> None:
        """Nobody has received the frame. Its sender counts the error and repeats it, or goes bus-off."""
        node = holder[4]
        passive_and_alone = not node.corrupted and node.errors >= PASSIVE_ERRORS
        if not passive_and_alone:  # a lone node without acknowledgement stays error-passive, ISO 11898-1
            node.errors += 8
        if node.errors >= BUS_OFF_ERRORS:
            self._go_off(node)
        elif not (node.cut or node.muted or node.closed):
            heapq.heappush(self._waiting, holder)
        if self._waiting and self._holder is None:
            self._begin(heapq.heappop(self._waiting), self._free_ns)
            self._schedule()

    def _go_off(self, node: SimulatedCanNode) -> None:
        node.bus_off = node.dumb = True
        self._waiting[:] = [entry for entry in self._waiting if entry[4] is not node]
        heapq.heapify(self._waiting)
        now_ns = self._clock.now_ns()
        mark_bus_off(self._trace, now_ns, self.channel, node.name)

        def recover() -> None:
            node.bus_off = False
            node.errors = 0
            self._rewire()

        self._clock.call_at(now_ns + RECOVERY_BITS * NS_PER_S // self.bitrate, Phase.BUS, recover)

    def _forget(self, node: SimulatedCanNode) -> None:
        self._waiting[:] = [entry for entry in self._waiting if entry[4] is not node]
        heapq.heapify(self._waiting)
        holder = self._holder
        if holder is not None and holder[4] is node and self._clock.now_ns() <= self._begin_ns:
            self._withdraw()
            if self._waiting:
                self._begin(heapq.heappop(self._waiting), self._begin_ns)
                self._schedule()

    def _rewire(self) -> None:
        for node in self._nodes.values():
            node.hearers = tuple(
                listener for owner, listener in self._listeners if owner is not node and not owner.cut
            )
        connected = [node for node in self._nodes.values() if not node.cut]
        for node in self._nodes.values():
            alone = len(self._nodes) > 1 and connected == [node]
            node.failing = node.corrupted or alone
            node.dumb = node.muted or node.cut or node.bus_off

"""A CAN bus that the core plays: the same nodes, faults and words as of the one in Python."""

import struct
from functools import partial

from bench.core.clock import CoreClock
from bench.core.library import NOW_NS
from bench.links.ports import FrameListener
from bench.links.simulated_can import closed_node, mark_bus_off, named_node, on_wire, refuse_taken
from bench.trace.events import CanFrame
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace

_WIRE_FRAME = struct.Struct("<qqIBB64s2x")
_REMEMBERED_FRAMES = 1 << 16

# Content → the frame as the core takes it, by bit rates. Kept from shot to shot: a pure function of the content.
_KNOWN: dict[tuple[int, int | None], dict[CanFrame, bytes]] = {}


class CoreCanNode:
    """One controller on the bus. A CanLink; it may say which one identifier its listener asks for."""

    def __init__(self, bus: "CoreCanBus", name: str, number: int) -> None:
        self.name = name
        self.channel = bus.channel
        self.stamping = bus.stamping
        self.number = number
        self.closed = False
        self._bus = bus
        self._core = bus.clock.core

    def send(self, frame: CanFrame) -> None:
        """Offer a frame; returns at once. LinkError: the node is closed, or the bus cannot carry it."""
        if self.closed:
            raise closed_node(self.channel, self.name, frame)
        bus, core = self._bus, self._core
        known = bus.known.get(frame) or bus.learn(frame)
        core.words[NOW_NS] = bus.clock.now
        while core.offer(core.at, self.number, known):
            core.more_room(bus.number)

    def subscribe(self, listener: FrameListener) -> None:
        """Call `listener` at the end of every frame another node has sent."""
        self._bus.clock.hears_too(listener, self.number)

    def subscribe_to(self, listener: FrameListener, can_id: int, extended: bool) -> None:
        """As `subscribe`, for frames of one identifier."""
        self._bus.clock.hears_too(listener, self.number, (can_id, extended))

    def beside(self, name: str) -> "CoreCanNode":
        """Another node, connected to the same bus."""
        return self._bus.node(name)

    def close(self) -> None:
        """Leave the bus: nothing waiting is sent any more, nothing is heard."""
        self.closed = True
        self._bus.leave(self)


class CoreCanBus:
    """The wire between the nodes, as a bus of simulated time has it."""

    def __init__(
        self, clock: CoreClock, trace: Trace, channel: str, bitrate: int, data_bitrate: int | None = None
    ) -> None:
        self.clock = clock
        self.channel = channel
        self.stamping = Stamping(origin=Origin.SIMULATED, source="simulated", u_ns=0)
        self.bitrate = bitrate
        self.data_bitrate = data_bitrate
        trace.stamping[channel] = self.stamping
        self.known = _KNOWN.setdefault((bitrate, data_bitrate), {})
        self._trace = trace
        self._nodes: dict[str, CoreCanNode] = {}
        clock.core.words[NOW_NS] = clock.now
        self.number = clock.core.bus(channel, bitrate)

    def node(self, name: str) -> CoreCanNode:
        """Connect a node; its name is the sender in the trace. LinkError for a name already in use."""
        refuse_taken(self._nodes, self.channel, name)
        end = self._trace.frames.end(self.channel, name)
        number = self.clock.core.made(f"node '{name}'", "node", self.number, end)
        node = self._nodes[name] = CoreCanNode(self, name, number)
        self.clock.tells_off.append(
            partial(mark_bus_off, self._trace, channel=self.channel, name=name)  # called with the instant
        )
        return node

    def starts_ns(self) -> int:
        """When a frame that is offered now and wins every arbitration starts."""
        self.clock.core.words[NOW_NS] = self.clock.now
        return self.clock.core.starts_ns(self.number)

    def nodes(self) -> tuple[str, ...]:
        """The names of all that are connected, in the order in which they were."""
        return tuple(self._nodes)

    def mute(self, node: str, muted: bool = True) -> None:
        """Cut (or mend) a node's transmit path: what it sends is lost without its notice; it still hears."""
        self._change("mute", node, muted)

    def cut(self, node: str, cut: bool = True) -> None:
        """Take a node's wires off (or put them back): it neither sends, nor hears, nor acknowledges."""
        self._change("cut", node, cut)

    def corrupt(self, node: str, corrupt: bool = True) -> None:
        """Destroy every frame the node sends, which brings it to bus-off again and again."""
        self._change("corrupt", node, corrupt)

    def leave(self, node: CoreCanNode) -> None:
        self._nodes.pop(node.name, None)
        self._call("leave", node.number)

    def learn(self, frame: CanFrame) -> bytes:
        """The frame as the core takes it. LinkError for one that the bus cannot carry."""
        key, wire_ns = on_wire(frame, self.channel, self.bitrate, self.data_bitrate)
        can_id, data, extended, fd, switch = frame
        flags = extended | fd << 1 | switch << 2
        packed = _WIRE_FRAME.pack(key, wire_ns, can_id, flags, len(data), data)
        if len(self.known) >= _REMEMBERED_FRAMES:
            self.known.clear()
        self.known[frame] = packed
        return packed

    def _change(self, what: str, node: str, on: bool) -> None:
        self._call(what, named_node(self._nodes, self.channel, node).number, on)

    def _call(self, what: str, *arguments: int) -> None:
        self.clock.core.words[NOW_NS] = self.clock.now
        self.clock.core.call(what, *arguments)

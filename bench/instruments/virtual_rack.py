"""The rack of the real-time virtual bench: a process of its own that outlives the bench, as a real rack does.

It plays three things. The cell emulator (`--kind`) is on a pseudo-terminal for each of its lines, or in boxes on the
bus `--cells-bus`. The relay cards in its wires are `--cards`. The analogue front end is on the sense bus. When the
bench is killed, only the emulator's own dead-man can switch anything off. Run it as

    python -m bench.instruments.virtual_rack --kind KIND --sense IFACE:key=value,… --layout JSON

It prints {"port": "/dev/pts/N", "ports": [one for each line], "cards": {name: port}}. It ends on SIGTERM, or when
nobody has held a port for `--linger` seconds. Without any port, it ends with the process that started it.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.config.instrument_kinds import instruments
from bench.config.options import Options
from bench.errors import ConfigError, LinkError
from bench.instruments.afe import AnalogueFrontEnd, read_layout
from bench.instruments.kinds import CellKind
from bench.instruments.pty_device import PtyDevice
from bench.instruments.tcp_device import TcpDevice
from bench.instruments.virtual_cards import Card, break_wires, play_card, read_cards
from bench.instruments.virtual_cells import Boxes, Stack, VirtualCells
from bench.lean_can import can
from bench.links.ports import CanLink
from bench.timing.clock import Clock, Phase
from bench.timing.host import HostClock, run_on_host
from bench.timing.parent import told
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS, NS_PER_S

WATCH_NS = 20 * NS_PER_MS
SAFE_BELOW_V = 0.1
UNCLAIMED_S = 60.0  # a rack whose port nobody ever opened was forgotten by its starter
# Four frames take a 500 kbit/s bus about 1 ms; a burst of 24 could overflow a receiver's buffer.
_FRAMES_AT_ONCE = 4
_REST_NS = NS_PER_MS


def bus_options(text: str, option: str) -> tuple[str, dict[str, str | int]]:
    """(interface, options) of `IFACE:key=value,…`. Raises ConfigError for bad text."""
    interface, _, rest = text.partition(":")
    options: dict[str, str | int] = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"{option} '{text}': '{pair}' has no '='; expected IFACE:key=value,…")
        options[key.strip()] = int(value) if value.isdecimal() else value
    return interface, options


def open_sense(text: str) -> can.BusABC:
    """`IFACE:key=value,…` as an open python-can bus. ConfigError for bad text, LinkError if it won't open."""
    interface, options = bus_options(text, "--sense")
    channel = options.pop("channel", None)
    try:
        return can.Bus(channel, interface=interface, **options)  # type: ignore[arg-type]
    except (can.CanError, OSError, TypeError, ValueError, ImportError) as error:
        raise LinkError(f"--sense '{text}': cannot be opened: {error}") from error


def open_cells_bus(text: str, clock: Clock) -> CanLink:
    """The bus that boxes on CAN are on. Errors as for `open_sense`."""
    from bench.links.python_can import open_can

    interface, options = bus_options(text, "--cells-bus")
    return open_can("cells", interface, options, clock, None, "box")


class VirtualRack:
    """Emulator, AFE and their process' lifetime."""

    def __init__(
        self,
        clock: Clock,
        devices: Sequence[PtyDevice | TcpDevice],
        cells: VirtualCells,
        sense: can.BusABC,
        *,
        cards: list[Card],
        layout: str,
        log: Path | None,
        linger_s: float,
        front_end_ns: int,
    ) -> None:
        self.ended = asyncio.Event()
        self._clock = clock
        self._devices = [*devices, *(PtyDevice(clock) for _ in cards)]
        self._cards = [
            (card, play_card(card, device, clock))
            for card, device in zip(cards, self._devices[len(devices) :])
        ]
        self._starter = os.getppid()
        self._starter_seen_ns = clock.now_ns()
        self._sense = sense
        self._cells = cells
        self._log = log
        self._linger_ns = round(linger_s * NS_PER_S)
        self._logged_trip_ns: int | None = None
        self._safe_ns = 0
        self._on = False
        self._send_failed = False
        cells.attach(devices, clock)
        start_ns = clock.now_ns()
        self._burst: list[CanFrame] = []
        messages, cycle_ns, gap_ns = read_layout(layout)
        send = self._one if gap_ns else self._collect
        front_end = AnalogueFrontEnd(clock, messages, self._pins_v, send, cycle_ns=cycle_ns, gap_ns=gap_ns)
        self._in_a_burst = front_end.pages
        front_end.start(start_ns + front_end_ns)
        cells.start(start_ns)
        clock.every(WATCH_NS, Phase.OBSERVE, self._watch, first_ns=start_ns)

    @property
    def card_ports(self) -> dict[str, str]:
        ports = [device.port for device in self._devices[-len(self._cards) :]] if self._cards else []
        return {card.name: port for (card, _), port in zip(self._cards, ports)}

    def _pins_v(self) -> list[float]:
        """What arrives at the DUT: the emulator's outputs behind the contacts of the relay cards."""
        now_ns = self._clock.now_ns()
        volts = self._cells.output_v(now_ns)
        for card, played in self._cards:
            break_wires(volts, card, played, now_ns)
        return volts

    def _one(self, frame: CanFrame) -> None:
        self._send([frame])

    def _collect(self, frame: CanFrame) -> None:
        """A sweep without gaps of its own is spread a little."""
        self._burst.append(frame)
        if len(self._burst) < self._in_a_burst:
            return
        frames, self._burst = self._burst, []
        now_ns = self._clock.now_ns()
        self._send(frames[:_FRAMES_AT_ONCE])
        for group, first in enumerate(range(_FRAMES_AT_ONCE, len(frames), _FRAMES_AT_ONCE), 1):
            part = frames[first : first + _FRAMES_AT_ONCE]
            self._clock.call_at(now_ns + group * _REST_NS, Phase.BUS, partial(self._send, part))

    def _send(self, frames: list[CanFrame]) -> None:
        if self.ended.is_set():  # the rest of a sweep, when the bus has been closed already
            return
        try:
            for frame in frames:
                self._sense.send(
                    can.Message(
                        arbitration_id=frame.can_id,
                        data=frame.data,
                        is_extended_id=frame.extended,
                        is_fd=frame.fd,
                    )
                )
        except (can.CanError, OSError) as error:
            # A dead sense bus must not take the dead-man down with it.
            if not self._send_failed:
                self._note(event="sense_send_failed", t_ns=self._clock.now_ns(), error=str(error))
            self._send_failed = True

    def _watch(self) -> None:
        for device in self._devices:
            device.watch()
        now_ns = self._clock.now_ns()
        volts = [volt for volt in self._cells.output_v(now_ns) if volt == volt]
        tripped_ns = self._cells.tripped_ns
        highest_v = max(volts, default=0.0)
        if self._on is not (highest_v >= SAFE_BELOW_V):
            self._on = not self._on
            self._note(event="outputs", t_ns=now_ns, on=self._on, highest_v=highest_v)
        if tripped_ns not in (None, self._logged_trip_ns) and highest_v < SAFE_BELOW_V:
            self._logged_trip_ns = tripped_ns
            self._safe_ns = now_ns
            self._note(event="dead_man", tripped_ns=tripped_ns, safe_ns=now_ns, highest_v=highest_v)
        settling = self._cells.tripped_ns != self._logged_trip_ns and tripped_ns is not None
        if not self._devices and os.getppid() == self._starter:  # nothing to be held: a bus only
            self._starter_seen_ns = now_ns
            return
        if any(device.held for device in self._devices) or self._cells.dead_man_armed or settling:
            return
        claimed = not self._devices or any(device.claimed for device in self._devices)
        patience_ns = self._linger_ns if claimed else round(UNCLAIMED_S * NS_PER_S)
        # Counted from the safe state too, so that the sense bus still carries it for a while.
        free_since_ns = max([device.free_since_ns for device in self._devices] or [self._starter_seen_ns])
        if now_ns - max(free_since_ns, self._safe_ns) > patience_ns:
            self.ended.set()

    def _note(self, **facts: str | int | float | None) -> None:
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(facts) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the rack until SIGTERM, or until nobody needs it any longer."""
    parser = argparse.ArgumentParser(prog="python -m bench.instruments.virtual_rack", description=__doc__)
    parser.add_argument("--sense", required=True, help="python-can bus of the AFE frames: IFACE:key=value,…")
    parser.add_argument(
        "--layout", required=True, help="what the AFE sends: JSON as bench.instruments.afe writes it"
    )
    parser.add_argument("--channels", type=int, default=96, help="cells of the pack")
    parser.add_argument("--kind", required=True, help="whose emulator is played")
    parser.add_argument("--options", default="{}", help="what the bench file says for its options, as JSON")
    parser.add_argument("--cells-bus", help="the bus of boxes on CAN: IFACE:key=value,…")
    parser.add_argument("--cards", default="[]", help="relay cards in the cells' wires, as JSON")
    parser.add_argument(
        "--first-id",
        type=int,
        default=0,
        help="RS-485 id or box number of the first unit, where units have one",
    )
    parser.add_argument("--seed", type=int, default=0, help="of noise and lost replies")
    parser.add_argument("--lost", type=float, default=0.0, help="share of replies that are lost, 0 to 1")
    parser.add_argument(
        "--log", type=Path, help="file that gets a JSON line when outputs go on or off, or the dead-man acts"
    )
    parser.add_argument(
        "--linger", type=float, default=3.0, help="seconds to live on after the port was closed"
    )
    parser.add_argument("--front-end-ns", type=int, default=0, help="from its start to the AFE's first frame")
    parser.add_argument("--tcp", action="store_true", help="lines on TCP ports of this machine instead")
    parser.add_argument("--by-hand", action="store_true", help="Ctrl-C ends it, too")
    options = parser.parse_args(arguments)

    async def play(clock: HostClock) -> None:
        loop = asyncio.get_running_loop()
        with open_sense(options.sense) as sense:
            cells = _cells(options, clock)
            devices = await _lines(clock, cells.lines, tcp=options.tcp)
            rack = VirtualRack(
                clock,
                devices,
                cells,
                sense,
                cards=read_cards(options.cards),
                layout=options.layout,
                log=options.log,
                linger_s=options.linger,
                front_end_ns=options.front_end_ns,
            )
            loop.add_signal_handler(signal.SIGTERM, rack.ended.set)
            # Ctrl-C and a closed terminal reach the whole group, but the bench needs us on its way to the safe state.
            for name in (signal.SIGINT, signal.SIGHUP):
                loop.add_signal_handler(name, rack.ended.set if options.by_hand else lambda: None)
            ports = [device.port for device in devices] or ["bus"]
            facts = {"port": ports[0], "ports": ports, "cards": rack.card_ports}
            if told(json.dumps(facts)):  # else nobody knows where to find it
                await rack.ended.wait()

    try:
        run_on_host(play)
    except (ConfigError, LinkError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _lines(clock: Clock, count: int, *, tcp: bool) -> Sequence[PtyDevice | TcpDevice]:
    if not tcp:
        return [PtyDevice(clock) for _ in range(count)]
    devices = [TcpDevice(clock) for _ in range(count)]
    for device in devices:
        await device.open()
    return devices


def _cells(options: argparse.Namespace, clock: Clock) -> VirtualCells:
    kind = instruments().get(options.kind)
    if not isinstance(kind, CellKind):
        raise ConfigError(f"--kind '{options.kind}': found {kind.title}; expected a cell emulator")
    cells, asked = options.channels, Options(json.loads(options.options))
    units = kind.units(cells)
    if kind.play_boxes is None and kind.play is not None:
        return kind.play(
            Stack(
                cells=cells,
                units=units,
                options=asked,
                seed=options.seed,
                first_id=options.first_id,
                lost=options.lost,
                tcp=options.tcp,
            )
        )
    if options.cells_bus is None or kind.play_boxes is None:
        raise ConfigError(f"--cells-bus: found none; expected the bus of {kind.title}")
    link = open_cells_bus(options.cells_bus, clock)
    first = kind.first_number(options.first_id)
    numbers = range(first, first + units)
    return kind.play_boxes(
        Boxes(
            node=lambda _: link, clock=clock, cells=cells, numbers=numbers, seed=options.seed, options=asked
        )
    )


if __name__ == "__main__":
    sys.exit(main())

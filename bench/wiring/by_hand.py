"""A simulator started by hand, behind a port that a bench file can name: as if the instrument stood on the desk."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from bench.config.bench_file import BenchConfig
from bench.config.instrument_kinds import CELLS
from bench.config.instruments import InstrumentConfig
from bench.errors import ConfigError, choices, nearest
from bench.instruments.afe import layout_text
from bench.instruments.kinds import Load
from bench.instruments.ports import DeviceEnd
from bench.instruments.pty_device import PtyDevice
from bench.instruments.tcp_device import TcpDevice
from bench.instruments.virtual_cards import cards_text
from bench.timing.clock import Phase
from bench.timing.host import HostClock, run_on_host
from bench.units import NS_PER_MS
from bench.wiring.can import bus_argument
from bench.wiring.common import Wired
from bench.wiring.emulator_shown import emulator_shows
from bench.wiring.power import supply_kind
from bench.wiring.side_instruments import card_of, line_kind

_WATCH_NS = 20 * NS_PER_MS
_TAIL_NS = 100 * NS_PER_MS
Say = Callable[[dict[str, Any]], None]


def named(config: BenchConfig, name: str) -> InstrumentConfig:
    """The instrument of that name that can be played by hand. Raises ConfigError for any other."""
    one = config.instruments.get(name)
    if one is None:
        known = choices(name, config.instruments)
        raise ConfigError(
            f"{config.file}: found no [instrument.{name}]; expected one of {known}{nearest(name, config.instruments)}"
        )
    if one.facts.on_can and name != CELLS:
        raise ConfigError(
            f"{config.file} [instrument.{name}]: found {one.facts.title}, which has no line; "
            'expected one on a line: a sensor on CAN is played with port = "virtual"'
        )
    return one


def rack_words(
    wired: Wired,
    buses: Mapping[str, str] | None = None,
    log: str | None = None,
    linger_s: float | None = None,
    *,
    tcp: bool = False,
    front_end_ns: int = 0,
) -> list[str]:
    """The command line of the virtual rack: this bench's cells, the virtual cards in their wires, and the front end.

    buses: as the rack takes them, where the bench has claimed others than its file says. linger_s: played by hand.
    front_end_ns: from its start to the front end's first frame.
    """
    config = wired.config
    if tcp:
        refuse_without_network(config.instruments[CELLS])
    cells, shown = config.instruments[CELLS], emulator_shows(wired.played)

    def bus(channel: str) -> str:
        return buses[channel] if buses is not None else bus_argument(config.can[channel])

    words = [
        sys.executable, "-m", "bench.instruments.virtual_rack",
        "--sense", bus(shown.channel),
        "--layout", layout_text(shown.messages, shown.cycle_ns, shown.gap_ns),
        "--channels", str(config.pack.cells), "--kind", cells.kind,
        "--options", json.dumps(dict(cells.options.given)),
        "--first-id", str(cells.first_id), "--lost", str(cells.lost_replies),
        "--front-end-ns", str(front_end_ns),
    ]  # fmt: skip
    if cells.facts.on_can:
        words += ["--cells-bus", bus(cells.link)]
    cards = [card_of(one) for one in config.instruments.values() if one.virtual and one.opens]
    words += ["--tcp"] if tcp else []
    words += ["--cards", cards_text(cards)] if cards else []
    words += ["--log", log] if log is not None else []
    return words + (["--linger", str(linger_s), "--by-hand"] if linger_s is not None else [])


def refuse_without_network(one: InstrumentConfig) -> None:
    """Raises ConfigError."""
    if "tcp" not in one.facts.transports:
        raise ConfigError(f"--tcp: found it for {one.facts.title}, which has no network port; expected none")


def play_side(one: InstrumentConfig, say: Say, *, tcp: bool) -> None:
    """Play a supply or a relay card on a pseudo-terminal, or on TCP, until it is told to end. Tells what it does."""
    if tcp:
        refuse_without_network(one)
    kind = line_kind(one)
    _play_line(
        lambda device, clock: kind.play(device, clock, one.options),
        say,
        idle_ns=kind.idle_ns if tcp else None,
    )


def play_power(config: BenchConfig, say: Say, *, tcp: bool) -> None:
    """Play the supply of [dut.power] with a DUT at its terminals: a load of a fifth of the limit, gone in 0.3 s."""
    supply = config.dut.power.supply if config.dut.power is not None else None
    if supply is None:
        raise ConfigError(f"{config.file} [dut.power]: found no 'supply'; expected one to be played")
    kind = supply_kind(supply.kind)
    load = Load(ohm=supply.voltage_v / (0.2 * supply.current_a), tail_ns=_TAIL_NS)
    if tcp and "tcp" not in kind.transports:
        raise ConfigError(f"--tcp: found it for {kind.title}, which has no network port; expected none")
    _play_line(
        lambda device, clock: kind.play_loaded(device, clock, supply.options, load),
        say,
        idle_ns=kind.idle_ns if tcp else None,
    )


def _play_line(play: Callable[[DeviceEnd, HostClock], Any], say: Say, *, idle_ns: int | None) -> None:
    """`idle_ns`: of a TCP port; None: a pseudo-terminal."""

    async def main(clock: HostClock) -> None:
        ended = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(name, ended.set)
        if idle_ns is not None:
            async with TcpDevice(clock, idle_ns=idle_ns) as device:
                _tell_changes(clock, play(device, clock), say, device.port)
                await ended.wait()
            return
        pty = PtyDevice(clock)
        clock.every(_WATCH_NS, Phase.OBSERVE, pty.watch, first_ns=clock.now_ns())
        _tell_changes(clock, play(pty, clock), say, pty.port)
        await ended.wait()
        pty.close()

    run_on_host(main)


def _tell_changes(clock: HostClock, sim: Any, say: Say, port: str) -> None:
    """The port first, then every change of what the instrument puts out."""
    say({"port": port, "ports": [port]})
    last: list[Any] = []

    def look() -> None:
        state = {"on": sim.on} if hasattr(sim, "on") else {"contacts": sim.contacts(clock.now_ns())}
        if last != [state]:
            last[:] = [state]
            say(state)

    clock.every(_WATCH_NS, Phase.OBSERVE, look, first_ns=clock.now_ns())


def say_json(facts: dict[str, Any]) -> None:
    """Write one line of JSON to stdout, at once."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()

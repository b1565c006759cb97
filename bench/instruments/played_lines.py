"""The instrument's end of a line, for simulators that speak lines of text: busy times, loss, and silence.

A simulator is transport-free and clock-free: lines and instants go in, replies come out. Here it is put on
the instrument's end of whatever there is: a simulated line, a pseudo-terminal, a TCP connection.
"""

import random
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bench.errors import LinkError
from bench.instruments.ports import DeviceEnd
from bench.timing.clock import Clock, Phase

LONGEST_LINE = 4096  # bytes without a terminator before the input counts as noise


class LineSimulator(Protocol):
    """An instrument that takes lines. Instants do not go backwards."""

    line_end: bytes

    def takes_ns(self, line: str, arrived_ns: int) -> int | None:
        """How long the instrument is busy with `line`; None when it does not take it at all."""

    def handle(self, line: str, now_ns: int) -> bytes:
        """Execute it; the reply with its end, b"" where nothing is said."""


@dataclass(slots=True, kw_only=True)
class Flaw:
    """What an imperfect line does: each reply is lost with probability `lost`, drawn from `rng`."""

    rng: random.Random
    lost: float = 0.0

    def loses(self) -> bool:
        return self.lost > 0 and self.rng.random() < self.lost


def attach_lines(sim: LineSimulator, device: DeviceEnd, clock: Clock, flaw: Flaw | None = None) -> None:
    """Let `sim` answer at `device`; lines are worked off one after the other."""
    pending = bytearray()
    busy_until_ns = 0

    def execute(line: str) -> None:
        reply = sim.handle(line, clock.now_ns())
        if reply and not (flaw is not None and flaw.loses()):
            with suppress(LinkError):  # the line was torn meanwhile: the command acted, the reply is lost
                device.write(reply)

    def arrived(now_ns: int, data: bytes) -> None:
        nonlocal busy_until_ns
        pending.extend(data)
        while (end := pending.find(sim.line_end)) >= 0:
            line = bytes(pending[:end]).decode("ascii", "replace").strip()
            del pending[: end + len(sim.line_end)]
            if not line:
                continue
            takes_ns = sim.takes_ns(line, now_ns)
            if takes_ns is not None:
                busy_until_ns = max(busy_until_ns, now_ns) + takes_ns
                clock.call_at(busy_until_ns, Phase.INSTRUMENT, partial(execute, line))
        if len(pending) > LONGEST_LINE:
            pending.clear()

    device.subscribe(arrived)

"""No driver takes for safe what is no readback: every kind of nonsense, from every instrument whose outputs stay on.

What an instrument answers in proper form and against the truth cannot be told from the truth; all else can.
"""

import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from harness.replies import SPOILS
from instrument_lanes import CELL_EMULATORS, ON_CAN, PACK_SUPPLIES, RELAY_CARDS, Kind

from bench.errors import InstrumentError
from bench.instruments.stack import StackedEmulator
from bench.links.simulated_can import SimulatedCanBus
from bench.links.simulated_serial import SimulatedSerial
from bench.timing.clock import Clock, Timebase
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import CanFrame
from bench.trace.timeline import Trace
from bench.units import NS_PER_S

LINES = {**CELL_EMULATORS, **PACK_SUPPLIES, **RELAY_CARDS}
A_LIE = {"zero"}  # in proper form: off, as far as anybody can read
WORDS = (
    b"nan",
    b"NaN",
    b"inf",
    b"-inf",
    b"9.91E+37",
    b"+9.9E37",
    b"+-0",
    b"-",
    b"1_0",
    b"0x0",
    b"1e999",
    b" ",
    b"\xb2",
)


def freeze(sim: Any) -> None:
    """It says yes, and nothing is switched any more."""
    if hasattr(sim, "outputs"):
        sim.outputs.switch = sim.outputs.set = lambda *_: None
    elif hasattr(sim, "_actions"):
        for header in list(sim._actions):
            if header.upper() in ("OUTP", "OUTPUT"):
                sim._actions[header] = lambda _text, _now_ns: None
    elif hasattr(sim, "set_coil"):
        sim.set_coil = lambda *_: None
    else:
        sim.__class__ = type("Frozen", (type(sim),), {"on": property(lambda _: True, lambda *_: None)})


async def switched_on(driver: Any, clock: Clock) -> None:
    if hasattr(driver, "outputs_on"):
        await driver.outputs_on()
        await driver.set_all([3.9] * driver.channels)
    elif hasattr(driver, "switch"):
        await driver.switch(1, True)
    else:
        await driver.limit(voltage_v=48.0, source_a=1.0, sink_a=0.0)
        await driver.output(True)
    await clock.sleep_until(clock.now_ns() + NS_PER_S)


class Line:
    """The device's end of a line; what it writes is spoilt once `spoil` is there."""

    def __init__(self, line: SimulatedSerial) -> None:
        self._end = line.device
        self.spoil: Callable[[bytes], bytes] | None = None

    def write(self, data: bytes) -> None:
        self._end.write(data if self.spoil is None else self.spoil(data))

    def subscribe(self, listener: Callable[[int, bytes], None]) -> None:
        self._end.subscribe(listener)


def refuses(kind: Kind, spoil: Callable[[bytes], bytes] | None) -> str:
    """What `safe()` raises against an instrument that stays on and answers so."""

    async def main(clock: SimulatedClock) -> str:
        wire = SimulatedSerial(clock, "sim7", 115_200)
        line = Line(wire)
        sim = kind.play(line, clock, None)
        driver = kind.driver(wire.host, clock)
        await switched_on(driver, clock)
        freeze(sim)
        line.spoil = spoil
        with pytest.raises(InstrumentError) as caught:  # nothing else, and never nothing
            await driver.safe()
        return str(caught.value)

    said: str = run_simulated(main)
    assert said.startswith("sim7 ["), said
    return said


@pytest.mark.parametrize("kind", list(LINES))
def test_outputs_that_stay_on_are_never_called_safe(kind: str) -> None:
    refuses(LINES[kind], None)


@pytest.mark.parametrize("how", [how for how in SPOILS if how not in A_LIE])
@pytest.mark.parametrize("kind", list(LINES))
def test_nonsense_from_an_instrument_that_stays_on_is_no_readback(kind: str, how: str) -> None:
    rng = random.Random(f"{kind} {how}")
    refuses(LINES[kind], lambda data: SPOILS[how](data, rng))


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("kind", list(CELL_EMULATORS))
def test_a_reading_that_is_no_number_is_no_readback(kind: str, word: bytes) -> None:
    number = re.compile(rb"(?<![A-Z(@])[+-]?\d+\.\d+(?:[eE][+-]?\d+)?")
    refuses(CELL_EMULATORS[kind], lambda data: number.sub(word, data))


async def _driven(clock: SimulatedClock, spoil: Callable[[CanFrame], CanFrame | None]) -> None:
    """A stack with one box that stays on; its frames are spoilt from then on."""
    bus = SimulatedCanBus(clock, Trace(timebase=Timebase.SIMULATED), "cells", 1_000_000)
    (kind,) = ON_CAN.values()
    node = bus.node("box")
    sim = kind.play(node, clock, None)
    stack = StackedEmulator([kind.driver(bus.node("bench"), clock)], cells=12)
    await switched_on(stack, clock)
    freeze(sim)
    send = node.send

    def spoilt(frame: CanFrame) -> None:
        changed = spoil(frame)
        if changed is not None:
            send(changed)

    node.send = spoilt  # type: ignore[method-assign]
    with pytest.raises(InstrumentError):
        await stack.safe()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda frame: frame,
        lambda _: None,
        lambda frame: frame._replace(data=frame.data[:5]),
        lambda frame: frame._replace(data=b""),
        lambda frame: frame._replace(can_id=frame.can_id + 1, data=bytes(8)),
        lambda frame: frame._replace(extended=True, data=bytes(8)),
    ],
    ids=["as it is", "silent", "short", "empty", "another box's", "another format's"],
)
def test_a_box_on_a_bus_that_stays_on_is_never_called_safe(
    spoil: Callable[[CanFrame], CanFrame | None],
) -> None:
    run_simulated(lambda clock: _driven(clock, spoil))

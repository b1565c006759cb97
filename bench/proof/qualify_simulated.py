"""The ruler in simulated time: in process, on a bus of the chosen core, idle or half full of other traffic."""

import random

from bench.confidence.qualified import CYCLE_NS
from bench.links.bus_faults import OwnedBus
from bench.links.ports import CanLink
from bench.proof.qualify import BITRATE, JITTER_NS, RulerSeries, delay_of, ruler_shots, stimulus_frame
from bench.proof.traffic import FIRST_ID
from bench.timing.clock import Phase, Timebase
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import CanFrame
from bench.units import NS_PER_S
from bench.wiring.core import bus_on, clock_of_choice, trace_on
from firmware_stubs.ruler import Ruler, answer_frame, truth_frame

SIMULATED_LOAD = 2_000  # frames/s: about half of a bus of 500 kbit/s, which carries 4,000 at most
_GAP_NS = CYCLE_NS  # between an answer and the next stimulus, up to as much again at random: so no phase is favoured


def qualify_simulated(
    shots: int, seed: int, load_per_s: int = 0, *, lost: frozenset[int] = frozenset()
) -> RulerSeries:
    """The ruler in process on a simulated bus. The half-width is zero there: only an exact stamp passes.

    It runs on the core that a run would take.
    load_per_s: other traffic, frames per second, at random distances. lost: shots whose answer the bus loses.
    """

    async def main(clock: SimulatedClock) -> RulerSeries:
        trace = trace_on(clock)
        bus = bus_on(clock, trace, "vehicle", BITRATE)
        bench = bus.node("bench")
        _attach(clock, bus, Ruler((), JITTER_NS, seed), lost)
        if load_per_s:
            _load(clock, bus.node("traffic"), load_per_s, random.Random(f"{seed}/load"))
        gaps = random.Random(f"{seed}/gaps")
        for number in range(shots):
            bench.send(stimulus_frame(number, delay_of(number)))
            wait_ns = delay_of(number) + JITTER_NS + _GAP_NS + gaps.randrange(_GAP_NS)
            await clock.sleep_until(clock.now_ns() + wait_ns)
        u_ns = bus.stamping.u_ns
        seen, errors = ruler_shots(trace.frames, range(shots), u_ns, BITRATE, {})
        others = sum(1 for one in trace.frames if one.frame.can_id >= FIRST_ID)
        return RulerSeries(
            timebase=Timebase.SIMULATED,
            condition=f"{load_per_s} frames/s" if load_per_s else "idle",
            asked=shots,
            u_ns=u_ns,
            load_per_s=others * NS_PER_S / max(1, clock.now_ns()),
            shots=seen,
            undecided=0,
            errors=errors,
        )

    series: RulerSeries = run_simulated(main, clock_of_choice())
    return series


def _attach(clock: SimulatedClock, bus: OwnedBus, ruler: Ruler, lost: frozenset[int]) -> None:
    """The ruler is stepped at the very instants it is due, not on a base task's grid.

    Its answer wins every arbitration, and starts when the frame on the wire is over: the truth is of that start.
    """
    node = bus.node("ruler")

    def step() -> None:
        for shot, received_ns, _ in ruler.take_due(clock.now_ns()):
            starts_ns = bus.starts_ns()
            if shot not in lost:
                node.send(answer_frame(shot))
            node.send(truth_frame(shot, starts_ns - received_ns))

    def receive(t_ns: int, frame: CanFrame) -> None:
        ruler.receive(t_ns, node.channel, frame)
        due_ns = ruler.next_due_ns()
        if due_ns is not None:
            clock.call_at(due_ns, Phase.DUT, step)

    node.subscribe(receive)


def _load(clock: SimulatedClock, node: CanLink, per_s: int, gaps: random.Random) -> None:
    """Frames that lose every arbitration against the ruler, but may be on the wire when it wants to answer."""
    mean_ns = NS_PER_S // per_s

    def send() -> None:
        number = gaps.randrange(256)
        node.send(CanFrame(FIRST_ID + number, bytes([number] * 8)))
        clock.call_at(clock.now_ns() + gaps.randrange(1, 2 * mean_ns), Phase.RESTBUS, send)

    clock.call_at(clock.now_ns(), Phase.RESTBUS, send)

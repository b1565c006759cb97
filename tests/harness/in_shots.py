"""Faults of a shot in simulated time: exceptions at its awaits and callbacks, and instruments that answer nonsense."""

import random
from functools import cache
from typing import Any

from bench.rig.capabilities import BusWires
from bench.rig.rig import Rig
from bench.timing.clock import Phase
from bench.trace.events import CanFrame, Kind
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

from .errors import some_error
from .ground import Ground, Grounds, Witness, a_ground, play, the_core
from .outcome import Outcome
from .replies import HOWS, Spoiler, spoilt
from .strikes import How, Place, Strike, Striker, struck

_PHASES = ("energise", "settle", "observe", "safety")
_WEIGHTS = (1, 2, 3, 4)
_BEGINS = (
    (Kind.WINDOW_CLOSED, "safety"),
    (Kind.OBSERVERS_ARMED, "observe"),
    (Kind.DUT_STARTED, "settle"),
    (Kind.RUN_STARTED, "energise"),
)


def phase_of(trace: Trace) -> str:
    kinds = {mark.kind for mark in trace.marks}
    return next((name for kind, name in _BEGINS if kind in kinds), "build")


@cache
def _spans(where: Ground, core: str) -> dict[tuple[Place, str], tuple[int, int]]:
    """At which counts of awaits and callbacks a shot that nobody disturbs is in which phase, on that core."""
    assert core == the_core()
    striker = Striker()
    with struck(striker):
        play(where, Outcome(fault="none"), lambda rig: _follow(striker, rig))
    return {key: (first, last) for key, (first, last) in striker.spans.items()}


def _follow(striker: Striker, rig: Rig) -> None:
    latest = ["build"]
    rig.trace.on_mark(lambda _: latest.__setitem__(0, phase_of(rig.trace)))
    striker.phase = lambda: latest[0]


def _a_strike(rng: random.Random, place: Place, at: int) -> Strike:
    how = rng.choices(tuple(How), (5, 2, 1))[0]
    if how is How.HANGS and place is Place.AWAIT:
        return Strike(place=place, at=at, how=how)
    return Strike(place=place, at=at, how=How.AFTER if how is How.HANGS else how, error=some_error(rng))


def exceptions(rng: random.Random, grounds: Grounds) -> Outcome:
    """One exception anywhere; in every second shot another soon after it, on the way that the first has opened."""
    where = a_ground(rng, grounds)
    place = rng.choices(tuple(Place), (2, 1))[0]
    spans = {
        phase: span
        for (its, phase), span in _spans(where, the_core()).items()
        if its is place and phase in _PHASES
    }
    phase = rng.choices([*spans], [_WEIGHTS[_PHASES.index(one)] for one in spans])[0]
    strikes = [_a_strike(rng, place, rng.randint(*spans[phase]))]
    while rng.random() < 0.5 and len(strikes) < 4:
        again = rng.choices(tuple(Place), (3, 1))[0]
        most = 40 if again is Place.AWAIT else 400
        strikes.append(_a_strike(rng, again, rng.randint(1, most)))
    outcome = Outcome(fault=f"{where.name}: " + ", then ".join(one.words for one in strikes))
    striker = Striker(strikes=strikes)
    with struck(striker):
        play(where, outcome, lambda rig: _follow(striker, rig))
    outcome.struck = bool(striker.told)
    outcome.fault = f"{where.name}: " + ", then ".join(striker.told or ["nothing struck"])
    return outcome


@cache
def _replies(where: Ground) -> int:
    spoiler = Spoiler(rng=random.Random(0))
    with spoilt(spoiler):
        play(where, Outcome(fault="none"))
    return spoiler.seen


def replies(rng: random.Random, grounds: Grounds) -> Outcome:
    """Garbled, late or missing replies, from one of them to all that come; every second time near the shot's end."""
    where = a_ground(rng, grounds)
    most = _replies(where)
    near_end = rng.random() < 0.5
    first = rng.randint(max(1, most - 12), most + 1) if near_end else rng.randint(1, most)
    spoiler = Spoiler(rng=rng, how=rng.choice(HOWS), first=first, count=rng.choice((1, 1, 2, 5, 100_000)))
    outcome = Outcome(fault=f"{where.name}: {spoiler.count} replies {spoiler.how} from {first} of {most} on")
    with spoilt(spoiler):
        play(where, outcome)
    outcome.struck = bool(spoiler.told)
    return outcome


def stuck(rng: random.Random, grounds: Grounds) -> Outcome:
    """An instrument that says yes and switches nothing any more, from some instant on."""
    where = a_ground(rng, grounds)
    after_ns = rng.randrange(100, 4_000) * NS_PER_MS
    outcome = Outcome(fault=f"{where.name}: outputs stuck after {after_ns / 1e9:.3f} s")
    frozen: list[Any] = []
    holder: list[Witness] = []

    def meddle(rig: Rig) -> None:
        rig.clock.call_at(rig.clock.now_ns() + after_ns, Phase.INSTRUMENT, freeze)

    def freeze() -> None:
        (witness,) = holder
        played = witness.cells[0].played
        for unit in [rng.choice(played.units)]:
            frozen.append(unit)
            if hasattr(unit, "_actions"):  # the SCPI cell emulator
                for header in list(unit._actions):
                    if header.upper() in ("OUTP", "OUTPUT"):
                        unit._actions[header] = lambda _text, _now_ns: None
            else:
                for verb in ("switch", "set"):
                    setattr(unit.outputs, verb, lambda *_: None)

    play(where, outcome, meddle, holder)
    outcome.struck = bool(frozen)
    return outcome


def frames(rng: random.Random, grounds: Grounds) -> Outcome:
    """A DUT that sends frames of any id, length and content on top of its own, one to thousands."""
    where = a_ground(rng, grounds)
    count, first_ns = rng.choice((1, 10, 200, 3000)), rng.randrange(100, 4_000) * NS_PER_MS
    outcome = Outcome(fault=f"{where.name}: {count} frames of garbage after {first_ns / 1e9:.3f} s")
    sent: list[int] = []

    def meddle(rig: Rig) -> None:
        nodes = [
            bus._nodes["dut"]
            for bus in rig.provided.give(BusWires).buses.values()
            if "dut" in getattr(bus, "_nodes", {})
        ]
        known = [frame.can_id for db in where.wired.databases.values() for frame in db.messages]

        def send() -> None:
            for _ in range(min(20, count - len(sent))):
                extended = rng.random() < 0.2
                can_id = rng.choice(known) if rng.random() < 0.5 else rng.getrandbits(29 if extended else 11)
                frame = CanFrame(can_id, rng.randbytes(rng.randint(0, 8)), extended or can_id > 0x7FF)
                rng.choice(nodes).send(frame)
                sent.append(can_id)
            if len(sent) < count:
                rig.clock.call_at(rig.clock.now_ns() + 10 * NS_PER_MS, Phase.DUT, send)

        rig.clock.call_at(rig.clock.now_ns() + first_ns, Phase.DUT, send)

    play(where, outcome, meddle)
    outcome.struck = bool(sent)
    return outcome

"""The classes of faults, by name. A new class is one function and one line here."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from unittest import mock

from bench.core.choice import CORE, CoreName

from . import broker, databases, ends, in_files, in_runs, in_shots, leaps, on_a_desk, on_the_way, signals
from .ground import EVERYWHERE, Grounds
from .outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultClass:
    """inject: makes one fault of it and looks at what came of it. share: how many of all faults, beside the others.

    light: the same where time is short; 0 of what takes long.
    """

    inject: Callable[[random.Random, Grounds], Outcome]
    share: int
    light: int = 0


CLASSES = {
    "exceptions": FaultClass(inject=in_shots.exceptions, share=10, light=42),
    "way": FaultClass(inject=on_the_way.way, share=4, light=16),
    "replies": FaultClass(inject=in_shots.replies, share=6, light=8),
    "stuck": FaultClass(inject=in_shots.stuck, share=1, light=3),
    "frames": FaultClass(inject=in_shots.frames, share=2, light=4),
    "signals": FaultClass(inject=signals.in_simulated_time, share=6),
    "workers": FaultClass(inject=in_runs.workers, share=4, light=5),
    "parent": FaultClass(inject=in_runs.parent, share=4, light=5),
    "limits": FaultClass(inject=in_runs.limits, share=2, light=2),
    "parallel": FaultClass(inject=in_runs.parallel, share=1, light=1),
    "clock": FaultClass(inject=in_runs.clock, share=1, light=1),
    "files": FaultClass(inject=in_files.files, share=4, light=5),
    "database": FaultClass(inject=in_files.database, share=3, light=2),
    "databases": FaultClass(inject=databases.databases, share=2, light=2),
    "signals at the end": FaultClass(inject=ends.signals_at_the_end, share=3, light=3),
    "signals at any instant": FaultClass(inject=ends.signals_at_any_instant, share=3, light=3),
    "broker": FaultClass(inject=broker.broker, share=1, light=1),
    "MQTT": FaultClass(inject=broker.publisher, share=1, light=1),
    "signals in real time": FaultClass(inject=signals.in_real_time, share=2),
    "clock in real time": FaultClass(inject=leaps.clock_in_real_time, share=1),
    "guard": FaultClass(inject=on_a_desk.guard, share=1),
    "DUT": FaultClass(inject=on_a_desk.dut, share=1),
    "bus": FaultClass(inject=on_a_desk.bus, share=1),
}


def injected(name: str, seed: int, number: int, grounds: Grounds = EVERYWHERE) -> Outcome:
    """The same for the same words, whatever else is injected. Every second one meets the core in Python."""
    core = random.Random(f"core {name} {seed} {number}").choice(("", CoreName.PYTHON))
    with mock.patch.dict(os.environ, {CORE: core}):
        outcome = CLASSES[name].inject(random.Random(f"{name} {seed} {number}"), grounds)
    outcome.fault += f" [{core or 'native'} core]"
    return outcome


def spread(faults: int, names: list[str], *, light: bool = False) -> list[tuple[str, int]]:
    """(class, number) of some `faults`, in proportion to the shares and well mixed; of each class at least one."""
    shares = {name: CLASSES[name].light if light else CLASSES[name].share for name in names}
    shares = {name: share for name, share in shares.items() if share}
    counts = {name: max(1, round(faults * share / sum(shares.values()))) for name, share in shares.items()}
    mixed = [
        ((number + 0.5) / count, name, number) for name, count in counts.items() for number in range(count)
    ]
    return [(name, number) for _, name, number in sorted(mixed)]

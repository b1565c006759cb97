"""The classes of faults, by name. A new class is one function and one line here."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from . import in_shots, on_the_way
from .ground import EVERYWHERE, Grounds
from .outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultClass:
    """inject: makes one fault of it and looks at what came of it. share: how many of all faults, beside the others."""

    inject: Callable[[random.Random, Grounds], Outcome]
    share: int


CLASSES = {
    "exceptions": FaultClass(inject=in_shots.exceptions, share=10),
    "way": FaultClass(inject=on_the_way.way, share=4),
    "replies": FaultClass(inject=in_shots.replies, share=6),
    "stuck": FaultClass(inject=in_shots.stuck, share=1),
}


def injected(name: str, seed: int, number: int, grounds: Grounds = EVERYWHERE) -> Outcome:
    """The same for the same words, whatever else is injected."""
    return CLASSES[name].inject(random.Random(f"{name} {seed} {number}"), grounds)


def spread(faults: int, names: list[str]) -> dict[str, int]:
    """How many of `faults` each class has, in proportion to its share; at least one."""
    total = sum(CLASSES[name].share for name in names)
    return {name: max(1, round(faults * CLASSES[name].share / total)) for name in names}

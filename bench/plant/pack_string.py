"""What each string of a pack has for itself: contactors, precharge, fuse, insulation, and its current."""

from dataclasses import dataclass

from bench.plant.contactors import Contactors
from bench.plant.fuse import Fuse
from bench.plant.isolation import Isolation
from bench.plant.link import PrechargePath


@dataclass(slots=True, kw_only=True)
class PackString:
    """What one string has for itself. `current_a` > 0 discharges; `met_a` flowed when its mains last closed."""

    contactors: Contactors
    precharge: PrechargePath
    fuse: Fuse
    isolation: Isolation
    current_a: float = 0.0
    voltage_v: float = 0.0
    met_a: float = 0.0

    @property
    def closed(self) -> bool:
        return self.contactors.main_path and not self.fuse.blown


def split(name: str) -> tuple[str, int]:
    """A pole or contactor, and its string (0-based): "plus" is of the first, "plus_2" of the second."""
    what, _, string = name.partition("_")
    return what, int(string or 1) - 1

"""What a dimension of the space is: levels with a meaning, why one cannot be, and what it makes of a scenario."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.scenario.variants.draft import VariantDraft
    from bench.scenario.variants.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceLevel:
    """since: the generation in which it came. One that comes later gets a higher number, and changes no older row.

    dear: its shots take so long that it is in no more variants than it has to be.
    """

    name: str
    words: str
    since: int = 1
    dear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One file of `bench.scenario.variants.dimensions`. Names of levels are unique in the whole space.

    place: in which order the levels of a variant are applied.
    own: the level that a scenario has by its file.
    why_not: why a scenario cannot have a level, "" where it can. The own level is not asked for.
    apply: makes a level of the draft. The own level is not applied.
    clashes: (own level, level of another dimension) to the reason why no scenario has both.
    clash: the same where it depends on the scenario; "" where both go together.
    """

    name: str
    words: str
    place: int
    levels: tuple[SpaceLevel, ...]
    own: Callable[["Subject"], str]
    why_not: Callable[["Subject", str], str]
    apply: Callable[["VariantDraft", str], None]
    clashes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    clash: Callable[["Subject", str, str], str] = lambda *_: ""

    def level(self, name: str) -> SpaceLevel:
        """Raises KeyError for a level that it does not have."""
        found = next((one for one in self.levels if one.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

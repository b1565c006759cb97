"""The dimensions of the space, found by their folder."""

from functools import cache
from importlib import import_module

from bench.parts import modules
from bench.scenario.variants.dimension import Dimension


@cache
def dimensions() -> tuple[Dimension, ...]:
    """In the order in which their levels are applied. Raises TypeError for a file without a `DIMENSION`."""
    found = []
    for name, module in modules("bench.scenario.variants.dimensions", "*.py")().items():
        one = getattr(import_module(module), "DIMENSION", None)
        if not isinstance(one, Dimension):
            raise TypeError(f"{module} ({name}): found no DIMENSION; expected a Dimension")
        found.append(one)
    return tuple(sorted(found, key=lambda one: (one.place, one.name)))


@cache
def level_names() -> tuple[str, ...]:
    """Every level of every dimension. Raises TypeError for a name that two levels have."""
    names = [level.name for one in dimensions() for level in one.levels]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TypeError(
            f"bench.scenario.variants.dimensions: found {', '.join(twice)} twice; expected a name each"
        )
    return tuple(names)

"""All types of findings by their code."""

from collections.abc import Iterator, Mapping
from types import ModuleType

from bench.measure.finding import (
    always,
    answer,
    bench,
    life,
    memory,
    plant,
    reach,
    safety,
    scenario,
    stamps,
    standing,
    states,
    stimulus,
    times,
)
from bench.measure.finding.base import Finding

MODULES: tuple[ModuleType, ...] = (
    stimulus,
    answer,
    standing,
    times,
    states,
    always,
    life,
    memory,
    plant,
    reach,
    bench,
    safety,
    scenario,
    stamps,
)


def _types() -> Iterator[type[Finding]]:
    for module in MODULES:
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Finding)
                and value.__module__ == module.__name__
                and value.code
            ):
                yield value


FINDINGS: Mapping[str, type[Finding]] = {one.code: one for one in _types()}

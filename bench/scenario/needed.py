"""Which files have to be prepared where only some scenarios are asked for: the others are read, and no more.

A healthy twin is kept once for all scenarios that have the same one, so what could have it before has to be prepared as
well: which of the two is kept is then the same as in the whole library.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.measure.plan import Aim
from bench.scenario.load import read_scenario
from bench.scenario.model import InjectText, Scenario, Start
from bench.scenario.twins import KINDS

Fits = Callable[[str, str], bool]
"""Of a scenario's id and the name of its folder."""


@dataclass(frozen=True, slots=True)
class _Drive:
    """What is known, before names are looked up, of the run without its fault: the same for two that are the same.

    current_a: None where a threshold says it.
    """

    start: Start
    current_a: float | None
    steps: int

    def may_be(self, other: "_Drive") -> bool:
        currents = self.current_a, other.current_a
        return (self.start, self.steps) == (other.start, other.steps) and (
            None in currents or currents[0] == currents[1]
        )


def needed(files: Sequence[Path], fits: Fits) -> list[Path]:
    """Those of the files, in their order, that have a say in which scenarios fit and what these are.

    A file that cannot be read as a scenario is among them, and so is one whose id another file has: that is told.
    """
    kept: list[Path] = []
    read = [(file, *read_scenario(file)) for file in files]
    ids = [scenario.id for _, scenario, _ in read if scenario is not None]
    twice = {one for one in ids if ids.count(one) > 1}
    asked: list[_Drive] = []  # of later files
    for file, scenario, wrong in reversed(read):
        if scenario is None or wrong or scenario.id in twice:
            kept.append(file)
            continue
        drive = _healthy(scenario)
        own = [f"{scenario.id}--{kind.replace('_', '-')}" for kind in KINDS]
        fitting = [one for one in (scenario.id, *own) if fits(one, file.parent.name)]
        if fitting or (drive is not None and any(map(drive.may_be, asked))):
            kept.append(file)
        if drive is not None and f"{scenario.id}--healthy" in fitting:
            asked.append(drive)
    return kept[::-1]


def _healthy(scenario: Scenario) -> _Drive | None:
    """None: it has no healthy twin."""
    if scenario.aim is not Aim.MUST_TRIP or scenario.no_twins is not None or scenario.mismatch is not None:
        return None
    if "healthy" in scenario.twins_left_out:
        return None
    start = scenario.start
    return _Drive(
        replace(start, current=None, current_a=0.0, reaches=None),
        start.current_a if start.current is None else None,
        sum(not isinstance(step, InjectText) for step in scenario.steps),
    )

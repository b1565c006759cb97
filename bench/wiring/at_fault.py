"""Whether a scenario is at fault on this bench: its stimulus and its start against what the DUT has published."""

import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from bench.errors import at_place, nearest
from bench.plant.chemistry import Chemistry
from bench.plant.pack import Pack
from bench.plant.spread import Ageing
from bench.scenario.at_fault import at_fault
from bench.scenario.model import Scenario, Start, Step
from bench.scenario.prepare import Prepared
from bench.wiring.common import Wired


def faults_of(wired: Wired, prepared: Prepared) -> list[str]:
    """One line each, with file, place and mend. Nothing is driven."""
    return faults_in(wired, prepared.scenario, prepared.steps)


def faults_in(wired: Wired, scenario: Scenario, steps: Sequence[Step]) -> list[str]:
    """The same of a scenario of which only the steps are known: something else of it is to be mended."""

    def voltages(start: Start) -> tuple[float, float] | None:
        if start.reaches is not None:
            return None  # from there it takes its time on purpose
        soc = wired.config.pack.soc if start.soc is None else start.soc
        flows_a = 0.0 if start.mode == "off" else start.current_a
        return _cells(
            wired.chemistry.path, wired.config.pack.cells, soc, flows_a, start.soh, start.polarised_by_a
        )

    return at_fault(scenario, steps, wired.profile, wired.thresholds(), voltages)


def unknown_limits(wired: Wired) -> list[str]:
    """One line for each limit of a flag that names a threshold which neither pack nor profile has."""
    known = wired.thresholds()
    limits = {name: flag.limit for name, flag in wired.profile.flags.items() if flag.limit is not None}
    return [
        at_place(
            wired.profile.file,
            f"flag.{name}.limit",
            f"found unknown threshold '{limit.threshold}'",
            f"one of {', '.join(known)}{nearest(limit.threshold, known)}",
        )
        for name, limit in limits.items()
        if limit.threshold not in known
    ]


@lru_cache(maxsize=8)
def _chemistry(path: Path) -> Chemistry:
    return Chemistry.load(path)


@lru_cache(maxsize=256)
def _cells(
    chemistry: Path, cells: int, soc: float, current_a: float, soh: float, polarised_by_a: float
) -> tuple[float, float]:
    """(lowest, highest) cell of a pack as the bench builds it, as soon as the current flows."""
    pack = Pack(
        _chemistry(chemistry),
        cells=cells,
        sensors=1,
        soc=soc,
        rng=random.Random(0),
        ageing=Ageing(capacity_fade=1.0 - soh),
    )
    if polarised_by_a:
        pack.polarise(polarised_by_a)
    volts = pack.cells.voltage_at(current_a)
    return float(volts.min()), float(volts.max())

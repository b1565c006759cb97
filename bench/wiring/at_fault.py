"""Whether a scenario is at fault on this bench: its stimulus and its start against what the DUT has published."""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from bench.config.toml_file import located
from bench.errors import at_place, choices, nearest
from bench.faults.find import faults
from bench.faults.port import Terminals
from bench.faults.proof import unproven
from bench.measure.plan import Aim
from bench.plant.chemistry import Chemistry
from bench.plant.pack import Pack
from bench.plant.spread import Ageing
from bench.scenario.at_fault import at_fault
from bench.scenario.model import Inject, Scenario, Start, Step
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
        pack = wired.config.pack
        beside = pack.parallel * pack.strings
        polarised_a = start.polarised_by_a / beside
        return _cells(wired.chemistry.path, pack.cells, soc, flows_a / beside, start.soh, polarised_a)

    found = at_fault(scenario, steps, wired.profile, wired.thresholds(), voltages)
    return [*found, *_unproven(wired, scenario, steps)]


def _unproven(wired: Wired, scenario: Scenario, steps: Sequence[Step]) -> Iterator[str]:
    """Stimuli that could be gone at once, and nobody would know: neither a pass nor a failure would say anything."""
    at = Terminals(
        profile=wired.profile,
        thresholds=wired.thresholds(),
        cells=wired.config.pack.cells,
        sensors=wired.config.pack.sensors,
        tell=lambda *_: None,  # told as the scenario was prepared
        databases=wired.databases,
        bitrates={name: can.bitrate for name, can in wired.config.can.items()},
    )
    for step in _to_prove(scenario, steps):
        if (why := unproven(step.fault, at)) is not None:
            origin = faults().origin(step.kind)
            whose = "" if origin is None else f" of {origin.distribution} {origin.version} ({origin.module})"
            text = f"found fault '{step.kind}'{whose}, which nothing proves: {why}"
            mend = "expected an onset or carried values; unshown where no frame can show it"
            yield located(scenario.file, scenario.lines, ("step", step.step, "fault"), f"{text}; {mend}")


def _to_prove(scenario: Scenario, steps: Sequence[Step]) -> list[Inject]:
    """The measured step, or all where the DUT must not trip. A runaway is the plant's own, and its frames show it."""
    injected = [step for step in steps if isinstance(step, Inject)]
    if scenario.aim is Aim.MUST_NOT_TRIP:
        return injected
    expect = scenario.expect
    if expect is None or expect.onset == "runaway":
        return []
    return [step for step in injected if expect.step in (None, step.step)][:1]


def unknown_limits(wired: Wired) -> list[str]:
    """One line for each limit of a flag that names a threshold which neither pack nor profile has."""
    known = wired.thresholds()
    limits = {name: flag.limit for name, flag in wired.profile.flags.items() if flag.limit is not None}
    return [
        at_place(
            wired.profile.file,
            f"flag.{name}.limit",
            f"found unknown threshold '{limit.threshold}'",
            f"one of {choices(limit.threshold, known)}{nearest(limit.threshold, known)}",
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
    volts = pack.cells.voltage_at(current_a) - pack.taps.busbar_ohm * current_a
    return float(volts.min()), float(volts.max())

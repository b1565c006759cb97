"""Where a scenario's onset shows: the questions whose first yes says that the fault is real for the DUT."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.config.profile import RoleTest
from bench.faults.port import Fault
from bench.measure.signal_test import SignalTest
from bench.measure.slope import Slope
from bench.scenario.lookup import Lookup
from bench.scenario.model import Drive, Inject, Step
from bench.trace.irregular import Irregular, Irregularity


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """The questions that find the onset, and the step that is measured (None: whichever comes first).

    at_once: all of them become true together, and only the pages that show them set them apart. whole: the stimulus
    comes in one step, across both ends of a tolerance. read_back: its readback says when it was all there. slope: how
    fast an instrument makes it climb.
    """

    step: int | None
    tests: tuple[SignalTest, ...]
    irregular: tuple[Irregularity, ...]
    runaway: tuple[int, ...] = ()
    at_once: bool = False
    whole: bool = False
    read_back: bool = False
    slope: Slope | None = None


def stimulus_onset(lookup: Lookup, steps: Sequence[Step]) -> Onset:
    """Where the measured stimulus shows at the DUT's terminals; no tests where no frame shows it."""
    asked = lookup.scenario.expect or lookup.scenario.quiet
    wanted = asked.step if asked is not None else None
    _refuse_latent(lookup, steps, wanted)
    for step in steps:
        if isinstance(step, Inject) and not step.before_start and wanted in (None, step.step):
            found = step.fault.onset(lookup.terminals(step.step))
            return Onset(
                step=step.step,
                tests=tuple(lookup.test(one) for one in found if isinstance(one, RoleTest)),
                irregular=tuple(_irregular(lookup, one) for one in found if isinstance(one, Irregularity)),
                at_once=step.fault.at_once,
                whole=step.fault.at_once,
                read_back=step.fault.whole,
                slope=_slope(step.fault),
            )
        if isinstance(step, Drive) and wanted == step.step:
            op = ">=" if step.current_a > 0 else "<="
            shown = lookup.terminals(step.step).shown("pack_current", op, 0.99 * step.current_a)
            return Onset(
                step=step.step, tests=tuple(map(lookup.test, shown)), irregular=(), whole=True, read_back=True
            )
    if wanted is not None:
        lookup.mistake(
            ("expect", "step"),
            f"found {wanted + 1}, which neither injects nor drives; expected a step that does",
        )
    return Onset(step=None, tests=(), irregular=())


def _refuse_latent(lookup: Lookup, steps: Sequence[Step], wanted: int | None) -> None:
    """What is there before the DUT starts has no onset that the DUT could have seen: something after it is measured."""
    latent = [step.step for step in steps if isinstance(step, Inject) and step.before_start]
    if not latent:
        return
    later = [one for one in steps if isinstance(one, Inject | Drive) and one.step not in latent]
    if wanted in latent or not later:
        lookup.mistake(
            ("step", latent[0], "before_start"),
            "found it as the stimulus that is measured; expected a further step, after the start, that is measured",
        )
    elif any(not isinstance(one, Inject) or not one.before_start for one in steps[: latent[-1]]):
        lookup.mistake(
            ("step", latent[-1], "before_start"),
            "found it behind a step after the start; expected it before all of them",
        )


def _slope(fault: Fault) -> Slope | None:
    found = fault.slope
    return None if found is None else Slope(instrument=found[0], unit=found[1], per_s=found[2])


def runaway_onset(lookup: Lookup, steps: Sequence[Step]) -> Onset:
    """The plant's own thermal runaway of a cell of the measured step, shown by the next frame of its sensor.

    A cell without a sensor shows it by its voltage.
    """
    wanted = lookup.scenario.expect.step if lookup.scenario.expect is not None else None
    measured = next(
        (s for s in steps if isinstance(s, Inject) and not s.before_start and wanted in (None, s.step)), None
    )
    cells: tuple[int, ...] = tuple(getattr(measured.fault, "cells", ())) if measured is not None else ()
    if measured is None or not cells:
        lookup.mistake(
            ("expect", "onset"),
            "found onset 'runaway' of a step without cells; expected one that heats or shorts cells",
        )
        return Onset(step=None, tests=(), irregular=())
    at = lookup.terminals(measured.step)
    sensors = [number for cell in cells if (number := _sensor_on(cell, at.cells, at.sensors)) is not None]
    shown = (
        at.shown("temperature", "==", 0.0, sensors) if sensors else at.shown("cell_voltage", "==", 0.0, cells)
    )
    irregular = [
        Irregularity(
            channel=one.role.channel, message=one.role.message, what=Irregular.NEXT, signal=one.role.signal
        )
        for one in shown
    ]
    return Onset(
        step=measured.step,
        tests=(),
        irregular=tuple(_irregular(lookup, one) for one in irregular),
        runaway=cells,
    )


def _sensor_on(cell: int, cells: int, sensors: int) -> int | None:
    """The sensor glued to a cell, both from 1: they are spread evenly over the pack (bench.plant.pack)."""
    return next((k + 1 for k in range(sensors) if k * cells // sensors == cell - 1), None)


def command_onset(lookup: Lookup, steps: Sequence[Step], onset: str) -> Onset:
    """The DUT's own command to a contactor that no longer obeys: from here on it can know.

    onset: open_command, close_command or precharge_command.
    """
    if onset == "precharge_command":
        return _on_command(lookup, ("precharge",), 1.0)
    faults = [step.fault for step in steps if isinstance(step, Inject)]
    listed = [name for fault in faults for name in getattr(fault, "contactors", ())]
    return _on_command(lookup, tuple(dict.fromkeys(listed)) or ("plus",), float(onset == "close_command"))


def _on_command(lookup: Lookup, names: tuple[str, ...], value: float) -> Onset:
    missing = [name for name in names if f"{name}_command" not in lookup.profile.roles]
    if missing:
        lookup.mistake(
            ("expect", "onset"),
            f"found an onset by command, but the profile has no output '{missing[0]}_command'; expected one",
        )
        return Onset(step=None, tests=(), irregular=())
    roles = [lookup.profile.roles[f"{name}_command"] for name in names]
    tests = tuple(lookup.test(RoleTest(role=role, op="==", value=value)) for role in roles)
    return Onset(step=None, tests=tests, irregular=())


def _irregular(lookup: Lookup, asked: Irregularity) -> Irregularity:
    signals = lookup.message(asked.channel, asked.message)[0]
    if asked.signal is not None and signals and asked.signal not in signals:
        lookup.profile_mistake(
            f"signal '{asked.signal}' of {asked.channel}.{asked.message}", asked.signal, signals
        )
    play = lookup.profile.play_of(asked.channel, asked.message)
    if play is None:
        return asked
    return replace(
        asked, cycle_ns=asked.cycle_ns if play.cycle_ns is None else play.cycle_ns, gap_ns=play.gap_ns
    )

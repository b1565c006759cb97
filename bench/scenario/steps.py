"""A step as it is written becomes one that can be run: names and thresholds become numbers."""

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.scenario.loads import alternating_load, cycle_load, replay_load
from bench.scenario.lookup import Lookup
from bench.scenario.model import (
    AlternateText,
    ConstantVoltage,
    CycleText,
    Diagnose,
    Drive,
    DriveText,
    FaultReset,
    Inject,
    InjectText,
    Park,
    ReplayText,
    Request,
    Step,
    StepText,
)
from bench.units import NS_PER_S

if TYPE_CHECKING:
    from bench.faults.shapes import InjectShape

# Longer than any shot: a fault without a ttl of its own ends with its shot, or here when the bench hangs.
LONGEST_TTL_NS = 120 * NS_PER_S


# What a string has for itself, by the keys of a step.
_OF_A_STRING = {"cells", "cell", "first_cell", "sensors", "sensor", "contactors", "contactor", "pole"}


def _string_of(shape: "InjectShape", lookup: Lookup, index: int) -> int:
    if (
        shape.string > 1
        and shape.fault != "string_charge"
        and not _OF_A_STRING & type(shape).model_fields.keys()
    ):
        lookup.mistake(
            ("step", index, "string"),
            f"found it for fault '{shape.fault}', which is of no string; expected none",
        )
    return shape.string


def resolve_step(text: StepText, index: int, lookup: Lookup) -> Step:
    """Mistakes are noted in `lookup`; what comes back then is not to be run."""
    match text:
        case InjectText(kind=kind, shape=shape, duration_ns=duration_ns, ttl_ns=ttl_ns):
            if shape.before_start and duration_ns is not None:
                lookup.mistake(
                    ("step", index, "duration"),
                    "found one of a fault that is there before the start; expected none: it stays",
                )
            fault = shape.resolve(lookup.terminals(index, _string_of(shape, lookup, index)))
            return Inject(
                kind=kind.name,
                fault=fault,
                duration_ns=duration_ns,
                ttl_ns=ttl_ns if ttl_ns is not None else LONGEST_TTL_NS,
                step=index,
                before_start=shape.before_start,
            )
        case Request(mode=mode):
            lookup.known(mode, lookup.profile.modes, ("step", index, "mode"), "mode")
            return replace(text, mode_value=lookup.profile.modes.get(mode, -1))
        case Park():
            lookup.known("off", lookup.profile.modes, ("step", index, "do"), "mode")
            return replace(text, mode_value=lookup.profile.modes.get("off", -1))
        case FaultReset() | Diagnose():
            if (why := _not_for_this_dut(text, lookup)) is not None:
                lookup.mistake(("step", index, "do"), why)
            return text
        case CycleText():
            return cycle_load(text, lookup.terminals(index), index)
        case ReplayText():
            return replay_load(text, lookup.terminals(index), index)
        case AlternateText():
            return alternating_load(text, lookup.terminals(index), index)
        case ConstantVoltage(voltage=voltage):
            return replace(text, voltage_v=lookup.terminals(index).value(voltage, "cell_voltage"))
        case DriveText(current=current):
            return Drive(current_a=lookup.terminals(index).value(current, "current"), step=index)
        case _:
            return text


def _not_for_this_dut(text: FaultReset | Diagnose, lookup: Lookup) -> str | None:
    """Why the profile leaves no room for the step."""
    if isinstance(text, Diagnose):
        if lookup.profile.uds is None:
            return "found 'diagnose', which this DUT cannot answer; expected [uds] in its profile"
    elif lookup.profile.shown("fault_reset", "==", 1.0) is None:
        return (
            "found 'fault_reset', which this DUT is never shown; expected a [[play]] of its profile with it"
        )
    return None

"""What a mutant is, and the defects that many share."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from firmware_stubs.reference_bms.bms import Parts
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One build of the firmware: what is wrong with it, and how it differs."""

    description: str
    parts: Parts | None = None
    calibrate: Callable[[Limits], Limits] | None = None


def calibrated(description: str, **values: Any) -> Mutant:
    """Other numbers in Limits; what is callable is applied to the number of the chemistry."""

    def calibrate(limits: Limits) -> Limits:
        made = {
            name: value(getattr(limits, name)) if callable(value) else value for name, value in values.items()
        }
        return replace(limits, **made)

    return Mutant(description=description, calibrate=calibrate)


def replaced(description: str, **parts: Any) -> Mutant:
    return Mutant(description=description, parts=Parts(**parts))


def deaf(description: str, *faults: Fault) -> Mutant:
    """The monitor works, but what it finds goes nowhere."""

    class Deaf(FaultMemory):
        def report(self, fault: Fault, active: bool) -> None:
            if fault not in faults:
                super().report(fault, active)

    return replaced(description, fault_memory=Deaf)

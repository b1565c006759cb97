"""What a mutant is, and the defects that many share."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from firmware_stubs.reference_bms.bms import Parts
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What a calibration makes of the number of the chemistry: `times` it, `plus` something."""

    times: float = 1.0
    plus: float = 0.0

    def of(self, value: float) -> float:
        return value * self.times + self.plus


def plus(amount: float) -> Shift:
    return Shift(plus=amount)


def times(factor: float) -> Shift:
    return Shift(times=factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One build of the firmware: what is wrong with it, and how it differs.

    `calibration` and `deaf_to` are data, so that the firmware in C is built from the same table
    (firmware_stubs/reference_bms_c/switches.py); `parts` are written once more there, by the mutant's name.
    """

    description: str
    parts: Parts | None = None
    calibration: Mapping[str, float | Shift] = field(default_factory=dict)
    deaf_to: tuple[Fault, ...] = ()

    def calibrate(self, limits: Limits) -> Limits:
        made: dict[str, Any] = {
            name: value.of(getattr(limits, name)) if isinstance(value, Shift) else value
            for name, value in self.calibration.items()
        }
        return replace(limits, **made)


def calibrated(description: str, **values: float | Shift) -> Mutant:
    """Other numbers in Limits."""
    return Mutant(description=description, calibration=values)


def replaced(description: str, **parts: Any) -> Mutant:
    return Mutant(description=description, parts=Parts(**parts))


def deaf(description: str, *faults: Fault) -> Mutant:
    """The monitor works, but what it finds goes nowhere."""

    class Deaf(FaultMemory):
        def report(self, fault: Fault, active: bool) -> None:
            if fault not in faults:
                super().report(fault, active)

    return Mutant(description=description, parts=Parts(fault_memory=Deaf), deaf_to=faults)

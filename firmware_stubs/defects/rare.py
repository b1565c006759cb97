"""Defects that show only where two or three things come together: what `hil hunt` is to find."""

from firmware_stubs.defects.mutant import Mutant, replaced
from firmware_stubs.reference_bms.cell_monitor import CellMonitor
from firmware_stubs.reference_bms.faults import INSULATION_FAULT
from firmware_stubs.reference_bms.insulation_monitor import InsulationMonitor
from firmware_stubs.reference_bms.measurement import CellInput, ContactorInput, InsulationInput
from firmware_stubs.reference_bms.state_machine import StateMachine

_STEP_V = 0.0005
_REST_V = 360.0  # the pack at half charge, without a load


class _ForgetsUnderLoad(CellMonitor):
    """An overvoltage between 30 and 45 mV above the limit is lost while the pack sags by 14 to 16 V."""

    _lost = False

    def sweep(self, cells: CellInput, contactors: ContactorInput, closed: bool) -> None:
        above_v = (max(cells.raw) - self._ov_trip_raw) * _STEP_V
        sag_v = _REST_V - contactors.pack_raw * 0.05
        self._lost = 0.030 <= above_v <= 0.045 and 14.0 <= sag_v <= 16.0
        super().sweep(cells, contactors, closed)

    def is_overvoltage(self, highest: int) -> bool:
        return not self._lost and super().is_overvoltage(highest)


class _SecondFaultStopsTheFirst(StateMachine):
    """An insulation fault that comes while contactors are about to open makes them wait for it to go."""

    def must_open(self, now_ns: int) -> bool:
        opens = super().must_open(now_ns)
        leaks = bool(self._faults.present & INSULATION_FAULT)
        pending = self._open_at_ns is not None and not opens
        if pending and leaks and not self._leaked:
            self._held = True  # a leak that is there already does no harm: it has to come within the delay
        self._leaked = leaks
        return opens and not (self._held and leaks)

    _held = False
    _leaked = False


class _ForgetsSmallLeaks(InsulationMonitor):
    """A leak of 30 to 33 kohm is taken for none while the pack sags by 8 V and more: 35 A and up."""

    _sags = False

    def sample(self, insulation: InsulationInput, contactors: ContactorInput) -> None:
        self._sags = _REST_V - contactors.pack_raw * 0.05 >= 8.0
        super().sample(insulation, contactors)

    def effective_hectoohm(self, plus: int, minus: int) -> float:
        effective = super().effective_hectoohm(plus, minus)
        return 65535.0 if self._sags and 300 <= effective <= 330 else effective


DEFECTS: dict[str, Mutant] = {
    "rare_level_and_load": replaced(
        "loses an overvoltage 30 to 45 mV above the limit while a certain current flows",
        cells=_ForgetsUnderLoad,
    ),
    "rare_second_fault": replaced(
        "does not open when an insulation fault comes just before it would", states=_SecondFaultStopsTheFirst
    ),
    "rare_resistance": replaced(
        "takes a leak of 30 to 33 kohm for none under load", insulation=_ForgetsSmallLeaks
    ),
}

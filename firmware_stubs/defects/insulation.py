"""Insulation and its monitor."""

from firmware_stubs.defects.mutant import Mutant, calibrated, deaf, replaced
from firmware_stubs.reference_bms.dtc_memory import DtcMemory
from firmware_stubs.reference_bms.faults import INSULATION_FAULT, Fault, FaultMemory
from firmware_stubs.reference_bms.insulation_monitor import OUTDATED, InsulationMonitor
from firmware_stubs.reference_bms.measurement import ContactorInput, InsulationInput
from firmware_stubs.reference_bms.nvm import Nvm


class _PolesOnlyByDifference(InsulationMonitor):
    def effective_hectoohm(self, plus: int, minus: int) -> float:
        """A leak shows by the difference of the poles, so two equal leaks do not show."""
        if 10 * abs(plus - minus) < max(plus, minus):
            return 65535.0
        return super().effective_hectoohm(plus, minus)


class _OnlyPlus(InsulationMonitor):
    def effective_hectoohm(self, plus: int, minus: int) -> float:  # noqa: ARG002
        return plus


class _AcceptsOutdated(InsulationMonitor):
    def sample(self, insulation: InsulationInput, contactors: ContactorInput) -> None:
        if insulation.status == OUTDATED:
            insulation.status = 0
        super().sample(insulation, contactors)


class _OnlyWarns(FaultMemory):
    """The fault is treated as the warning is: neither latched nor in the way of a restart."""

    def __init__(self, dtcs: DtcMemory, nvm: Nvm | None = None) -> None:
        super().__init__(dtcs, nvm)
        self.latching &= ~INSULATION_FAULT

    def report(self, fault: Fault, active: bool) -> None:
        super().report(Fault.INSULATION_WARNING if fault is Fault.INSULATION_FAULT else fault, active)


DEFECTS: dict[str, Mutant] = {
    "misses_symmetric_insulation": replaced(
        "does not see both poles losing insulation equally", insulation=_PolesOnlyByDifference
    ),
    "insulation_too_sensitive": calibrated(
        "calls 150 ohm/V an insulation fault, where 100 ohm/V is the limit", insulation_fault_ohm_per_v=150.0
    ),
    "insulation_limit_low": calibrated("calls 60 ohm/V an insulation fault", insulation_fault_ohm_per_v=60.0),
    "looks_at_plus_pole_only": replaced("measures the plus pole alone", insulation=_OnlyPlus),
    "insulation_only_warns": replaced("takes an insulation fault for a warning", fault_memory=_OnlyWarns),
    "hasty_insulation": calibrated("debounces insulation over 5 frames", insulation_frames=5),
    "misses_monitor_silence": deaf(
        "does not notice a silent insulation monitor", Fault.INSULATION_MONITOR_LOST
    ),
    "accepts_outdated_insulation": replaced(
        "uses insulation values that the monitor calls outdated", insulation=_AcceptsOutdated
    ),
    "misses_monitor_failure": deaf(
        "does not heed the insulation monitor's failure", Fault.INSULATION_MONITOR_FAILURE
    ),
    "misses_chassis_loss": deaf(
        "does not heed the monitor's lost chassis connection", Fault.CHASSIS_CONNECTION_LOST
    ),
}

"""Insulation to chassis, and the monitor that measures it."""

from firmware_stubs.reference_bms.debounce import InARow
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.measurement import ContactorInput, InsulationInput

# Below this pack voltage (50 mV units: 60 V) there is no high voltage, and ohm per volt says nothing.
_LOWEST_HIGH_VOLTAGE_RAW = 1200
VALID, OUTDATED, FAILURE = 0, 1, 2


class InsulationMonitor:
    """Each pole, and both together, against ohm per volt of the pack; every 100 ms frame."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._warn_ohm_per_v = limits.insulation_warn_ohm_per_v
        self._fault_ohm_per_v = limits.insulation_fault_ohm_per_v
        self._oldest = round(limits.insulation_age_s * 10)
        self._warn = InARow(limits.insulation_frames)
        self._fault = InARow(limits.insulation_frames)
        self._outdated = InARow(limits.insulation_monitor_frames)
        self._failure = InARow(limits.insulation_monitor_frames)
        self._chassis = InARow(limits.insulation_monitor_frames)

    def effective_hectoohm(self, plus: int, minus: int) -> float:
        """What protects a person touching the pack: both poles in parallel, never above the weaker."""
        return plus * minus / (plus + minus) if plus and minus else 0.0

    def is_outdated(self, insulation: InsulationInput) -> bool:
        return insulation.status == OUTDATED or insulation.age > self._oldest

    def sample(self, insulation: InsulationInput, contactors: ContactorInput) -> None:
        report = self._faults.report
        failure, trouble = insulation.status == FAILURE, insulation.trouble
        report(Fault.INSULATION_MONITOR_OUTDATED, self._outdated.update(self.is_outdated(insulation)))
        report(Fault.INSULATION_MONITOR_FAILURE, self._failure.update(failure or bool(trouble & 2)))
        report(Fault.CHASSIS_CONNECTION_LOST, self._chassis.update(bool(trouble & 1)))
        if insulation.status != VALID or trouble or contactors.pack_raw < _LOWEST_HIGH_VOLTAGE_RAW:
            return
        effective = self.effective_hectoohm(insulation.plus_hectoohm, insulation.minus_hectoohm)
        ohm_per_v = effective * 100.0 / (contactors.pack_raw * 0.05)
        report(Fault.INSULATION_WARNING, self._warn.update(ohm_per_v < self._warn_ohm_per_v))
        report(Fault.INSULATION_FAULT, self._fault.update(ohm_per_v < self._fault_ohm_per_v))

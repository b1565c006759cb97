"""What has not been heard for too long, and what has been heard in a shape that cannot be trusted."""

from firmware_stubs.reference_bms.faults import Fault, FaultMemory, mask
from firmware_stubs.reference_bms.inputs import Inputs
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.measurement import Heard

_NS_PER_MS = 1_000_000
_SILENT = mask(Fault.CELL_VOLTAGE_LOST, Fault.TEMPERATURE_LOST, Fault.CHARGER_LOST)
_WRONG = mask(Fault.E2E_ERROR, Fault.MESSAGE_INVALID)


class Ages:
    """Once a base task, from the end of start-up on."""

    def __init__(self, limits: Limits, faults: FaultMemory, inputs: Inputs) -> None:
        self._faults = faults
        self._inputs = inputs
        self._cells_ns = limits.cells_timeout_ms * _NS_PER_MS
        self._temperatures_ns = limits.temperatures_timeout_ms * _NS_PER_MS
        self._charger_ns = limits.charger_timeout_ms * _NS_PER_MS
        self._since_ns: int | None = None
        timeouts: tuple[tuple[Fault, Heard, int], ...] = (
            (Fault.CURRENT_SENSOR_LOST, inputs.current, limits.current_timeout_ms),
            (Fault.INSULATION_MONITOR_LOST, inputs.insulation, limits.insulation_timeout_ms),
            (Fault.CONTACTOR_FEEDBACK_LOST, inputs.contactors, limits.feedback_timeout_ms),
            (Fault.VCU_COMMAND_LOST, inputs.command, limits.command_timeout_ms),
            (Fault.VEHICLE_STATUS_LOST, inputs.vehicle, limits.vehicle_timeout_ms),
        )
        self._timeouts = [(fault, 1 << fault, heard, ms * _NS_PER_MS) for fault, heard, ms in timeouts]
        self._charge_since_ns = 0

    def check(self, now_ns: int, charging: bool) -> None:
        faults, inputs = self._faults, self._inputs
        since_ns = self._since_ns
        if since_ns is None:
            since_ns = self._since_ns = now_ns
        report = faults.report
        present = faults.present
        for fault, bit, heard, timeout_ns in self._timeouts:
            late = now_ns - heard.heard_ns > timeout_ns
            if late or present & bit:
                report(fault, late)
        cells_late = now_ns - inputs.cells.complete_ns > self._cells_ns
        # Before the first sweep of temperatures, their age counts from the end of start-up.
        heard_ns = max(inputs.temperatures.complete_ns, since_ns)
        temperatures_late = now_ns - heard_ns > self._temperatures_ns
        if not charging:
            self._charge_since_ns = now_ns
        heard_ns = max(inputs.charger.heard_ns, self._charge_since_ns)
        charger_late = now_ns - heard_ns > self._charger_ns
        if cells_late or temperatures_late or charger_late or present & _SILENT:
            report(Fault.CELL_VOLTAGE_LOST, cells_late)
            report(Fault.TEMPERATURE_LOST, temperatures_late)
            report(Fault.CHARGER_LOST, charger_late)
        if now_ns - inputs.afe.heard_ns > self._cells_ns:
            faults.event(Fault.AFE_CHAIN_FAULT)
        failed = flawed = False
        for heard in inputs.protected:
            if heard.e2e.failed:
                failed = True
            if heard.flaw.active:
                flawed = True
        if failed or flawed or present & _WRONG:
            report(Fault.E2E_ERROR, failed)
            report(Fault.MESSAGE_INVALID, flawed)

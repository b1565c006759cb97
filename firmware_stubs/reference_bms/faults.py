"""The fault word of BMS_Faults and BMS_Faults2: which causes are present, which are latched, and what follows."""

from enum import IntEnum

from firmware_stubs.reference_bms.dtc_memory import DtcMemory
from firmware_stubs.reference_bms.nvm import Nvm


class Fault(IntEnum):
    """Bit positions, in the order of the signals of BMS_Faults (0 to 31) and BMS_Faults2 (from 32 on)."""

    CELL_OVERVOLTAGE_WARNING = 0
    CELL_OVERVOLTAGE = 1
    CELL_UNDERVOLTAGE_WARNING = 2
    CELL_UNDERVOLTAGE = 3
    OVERTEMPERATURE_WARNING = 4
    OVERTEMPERATURE = 5
    UNDERTEMPERATURE_CHARGE = 6
    OVERCURRENT_CHARGE = 7
    OVERCURRENT_DISCHARGE = 8
    INSULATION_WARNING = 9
    INSULATION_FAULT = 10
    INSULATION_MONITOR_LOST = 11
    WELD_PLUS = 12
    WELD_MINUS = 13
    WELD_PRECHARGE = 14
    STUCK_OPEN_PLUS = 15
    STUCK_OPEN_MINUS = 16
    STUCK_OPEN_PRECHARGE = 17
    PRECHARGE_FAILED = 18
    HVIL_OPEN = 19
    CRASH_DETECTED = 20
    SUPPLY_LOW = 21
    VCU_COMMAND_LOST = 22
    CELL_VOLTAGE_LOST = 23
    TEMPERATURE_LOST = 24
    CURRENT_SENSOR_LOST = 25
    CONTACTOR_FEEDBACK_LOST = 26
    E2E_ERROR = 27
    PACK_VOLTAGE_IMPLAUSIBLE = 28
    BALANCING_STUCK = 29
    CELL_IMBALANCE = 30
    SERVICE_REQUIRED = 31
    DEEP_DISCHARGE = 32
    CELL_OPEN_WIRE = 33
    CELL_FROZEN = 34
    AFE_ADC_FAULT = 35
    AFE_CHAIN_FAULT = 36
    AFE_MODULE_LOST = 37
    TEMPERATURE_SENSOR_FAULT = 38
    TEMPERATURE_GRADIENT = 39
    OVERTEMPERATURE_CHARGE = 40
    UNDERTEMPERATURE_DISCHARGE = 41
    THERMAL_RUNAWAY = 42
    OVERLOAD_I2T = 43
    SHORT_CIRCUIT = 44
    CURRENT_ON_OPEN_STRING = 45
    CURRENT_AT_REST = 46
    CURRENT_SENSOR_ERROR = 47
    CURRENT_IMPLAUSIBLE = 48
    INSULATION_MONITOR_OUTDATED = 49
    INSULATION_MONITOR_FAILURE = 50
    CHASSIS_CONNECTION_LOST = 51
    SLOW_OPENING = 52
    UNINTENDED_OPENING = 53
    UNINTENDED_CLOSING = 54
    PYRO_FAILED = 55
    CLAMP_LOST = 56
    CONTROLLER_RESET = 57
    VEHICLE_STATUS_LOST = 58
    CHARGER_LOST = 59
    MESSAGE_INVALID = 60
    FEEDBACK_IMPLAUSIBLE = 61
    OVERTEMPERATURE_CHARGE_WARNING = 62
    BROWN_OUT = 63


def mask(*faults: Fault) -> int:
    return sum(1 << fault for fault in faults)


WELDS = mask(Fault.WELD_PLUS, Fault.WELD_MINUS, Fault.WELD_PRECHARGE)
STUCK_OPEN = mask(Fault.STUCK_OPEN_PLUS, Fault.STUCK_OPEN_MINUS, Fault.STUCK_OPEN_PRECHARGE)
INSULATION_FAULT = mask(Fault.INSULATION_FAULT)
INSULATION_MONITOR = mask(
    Fault.INSULATION_MONITOR_LOST, Fault.INSULATION_MONITOR_OUTDATED, Fault.INSULATION_MONITOR_FAILURE,
    Fault.CHASSIS_CONNECTION_LOST,
)  # fmt: skip
SHORT_CIRCUIT = mask(Fault.SHORT_CIRCUIT)
FIRES_PYRO = SHORT_CIRCUIT | mask(Fault.CRASH_DETECTED)
# Opens the contactors after the announced delay, so that the vehicle can reduce its current first.
OPENS_AFTER_DELAY = mask(
    Fault.CELL_OVERVOLTAGE, Fault.CELL_UNDERVOLTAGE, Fault.OVERTEMPERATURE, Fault.OVERTEMPERATURE_CHARGE,
    Fault.UNDERTEMPERATURE_CHARGE, Fault.UNDERTEMPERATURE_DISCHARGE, Fault.PACK_VOLTAGE_IMPLAUSIBLE,
    Fault.CELL_OPEN_WIRE, Fault.CELL_FROZEN, Fault.AFE_ADC_FAULT, Fault.VCU_COMMAND_LOST, Fault.CHARGER_LOST,
    Fault.CLAMP_LOST,
)  # fmt: skip
# The same where there is less time.
OPENS_SOON = mask(
    Fault.OVERCURRENT_CHARGE, Fault.OVERCURRENT_DISCHARGE, Fault.OVERLOAD_I2T, Fault.CELL_VOLTAGE_LOST,
    Fault.CURRENT_SENSOR_LOST, Fault.CURRENT_SENSOR_ERROR, Fault.CURRENT_IMPLAUSIBLE, Fault.HVIL_OPEN,
    Fault.AFE_CHAIN_FAULT, Fault.AFE_MODULE_LOST,
)  # fmt: skip
OPENS_AT_ONCE = WELDS | STUCK_OPEN | mask(
    Fault.PRECHARGE_FAILED, Fault.CRASH_DETECTED, Fault.CONTACTOR_FEEDBACK_LOST, Fault.DEEP_DISCHARGE,
    Fault.THERMAL_RUNAWAY, Fault.CURRENT_ON_OPEN_STRING, Fault.UNINTENDED_OPENING, Fault.UNINTENDED_CLOSING,
    Fault.PYRO_FAILED, Fault.CONTROLLER_RESET, Fault.FEEDBACK_IMPLAUSIBLE, Fault.BROWN_OUT,
)  # fmt: skip
OPENS = OPENS_AFTER_DELAY | OPENS_SOON | OPENS_AT_ONCE | SHORT_CIRCUIT
# Open for as long as the cause lasts; the vehicle asks again afterwards.
VCU_LOST = mask(Fault.VCU_COMMAND_LOST)
PASSING = VCU_LOST
LATCHING = (OPENS | INSULATION_FAULT) & ~PASSING
# Not forgotten by the vehicle's fault reset: for a workshop.
PERMANENT = mask(Fault.DEEP_DISCHARGE, Fault.THERMAL_RUNAWAY)
INHIBITS_RESTART = WELDS | INSULATION_FAULT | INSULATION_MONITOR | PERMANENT | SHORT_CIRCUIT | mask(
    Fault.CRASH_DETECTED, Fault.UNINTENDED_CLOSING, Fault.PYRO_FAILED
)  # fmt: skip
DERATES = mask(
    Fault.CELL_IMBALANCE, Fault.TEMPERATURE_GRADIENT, Fault.TEMPERATURE_SENSOR_FAULT, Fault.TEMPERATURE_LOST
)
INHIBITS_CHARGE = OPENS | INHIBITS_RESTART | DERATES | mask(Fault.SUPPLY_LOW, Fault.CURRENT_AT_REST)
BLOCKS_CLOSING = OPENS | INHIBITS_RESTART | mask(Fault.SUPPLY_LOW)
FOR_THE_WORKSHOP = DERATES | INSULATION_MONITOR | mask(
    Fault.SLOW_OPENING, Fault.CURRENT_AT_REST, Fault.BALANCING_STUCK
)  # fmt: skip
SERVICE_REQUIRED = mask(Fault.SERVICE_REQUIRED)
_BITS = tuple(1 << fault for fault in Fault)


class FaultMemory:
    """`word` is what the vehicle sees: present causes and latched ones. New bits go to the DTC memory."""

    __slots__ = ("_nvm", "dtcs", "latched", "latching", "present", "word")

    def __init__(self, dtcs: DtcMemory, nvm: Nvm | None = None) -> None:
        self.dtcs = dtcs
        self._nvm = nvm or Nvm()
        self.latching = LATCHING
        self.present = 0
        self.latched = self.word = self.restore(self._nvm)

    def restore(self, nvm: Nvm) -> int:
        """What is still latched from before the reset."""
        return nvm.latched

    def report(self, fault: Fault, active: bool) -> None:
        """Say whether the cause is there now. Cheap when nothing changes."""
        bit = _BITS[fault]
        if active:
            if not self.present & bit:
                self.present |= bit
                self.latched |= bit & self.latching
                self._changed()
                self.dtcs.failed(fault)
        elif self.present & bit:
            self.present &= ~bit
            self._changed()
            self.dtcs.passed(fault)

    def event(self, fault: Fault) -> None:
        """A cause that is over with its detection: latched, but not present."""
        self.report(fault, True)
        self.report(fault, False)

    def reset(self) -> None:
        """Forget the latches whose cause is gone, but for those that need a workshop."""
        self.latched &= self.present | PERMANENT
        self._changed()

    def _changed(self) -> None:
        word = self.present | self.latched
        self.word = word | SERVICE_REQUIRED if word & FOR_THE_WORKSHOP else word
        self._nvm.latched = self.latched

    def first_latched_code(self) -> int:
        """Bit index + 1 of the first latched fault, 0 when there is none."""
        return (self.latched & -self.latched).bit_length()

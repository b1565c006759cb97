"""The fault word of BMS_Faults: which causes are present, which are latched."""

from enum import IntEnum

from firmware_stubs.reference_bms.dtc_memory import DtcMemory


class Fault(IntEnum):
    """Bit positions, in the order of the signals of BMS_Faults."""

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


def mask(*faults: Fault) -> int:
    return sum(1 << fault for fault in faults)


WELDS = mask(Fault.WELD_PLUS, Fault.WELD_MINUS, Fault.WELD_PRECHARGE)
STUCK_OPEN = mask(Fault.STUCK_OPEN_PLUS, Fault.STUCK_OPEN_MINUS, Fault.STUCK_OPEN_PRECHARGE)
INSULATION_FAULT = mask(Fault.INSULATION_FAULT)
# Opens the contactors after the announced delay, so that the vehicle can reduce its current first.
OPENS_AFTER_DELAY = mask(
    Fault.CELL_OVERVOLTAGE, Fault.CELL_UNDERVOLTAGE, Fault.OVERTEMPERATURE, Fault.UNDERTEMPERATURE_CHARGE,
    Fault.OVERCURRENT_CHARGE, Fault.OVERCURRENT_DISCHARGE, Fault.CELL_VOLTAGE_LOST, Fault.CURRENT_SENSOR_LOST,
    Fault.HVIL_OPEN,
)  # fmt: skip
OPENS_AT_ONCE = WELDS | STUCK_OPEN | mask(
    Fault.PRECHARGE_FAILED, Fault.CRASH_DETECTED, Fault.CONTACTOR_FEEDBACK_LOST
)  # fmt: skip
LATCHING = OPENS_AFTER_DELAY | OPENS_AT_ONCE | INSULATION_FAULT
INHIBITS_RESTART = WELDS | INSULATION_FAULT | mask(Fault.CRASH_DETECTED)
INHIBITS_CHARGE = LATCHING | mask(
    Fault.INSULATION_MONITOR_LOST, Fault.VCU_COMMAND_LOST, Fault.TEMPERATURE_LOST, Fault.SUPPLY_LOW
)  # fmt: skip
BLOCKS_CLOSING = LATCHING | mask(Fault.SUPPLY_LOW)


class FaultMemory:
    """`word` is what the vehicle sees: present causes and latched ones. New bits go to the DTC memory."""

    __slots__ = ("dtcs", "latched", "present", "word")

    def __init__(self, dtcs: DtcMemory) -> None:
        self.dtcs = dtcs
        self.present = 0
        self.latched = 0
        self.word = 0

    def report(self, fault: Fault, active: bool) -> None:
        """Say whether the cause is there now. Cheap when nothing changes."""
        bit = 1 << fault
        if active:
            if not self.present & bit:
                self.present |= bit
                self.latched |= bit & LATCHING
                self.word = self.present | self.latched
                self.dtcs.failed(fault)
        elif self.present & bit:
            self.present &= ~bit
            self.word = self.present | self.latched
            self.dtcs.passed(fault)

    def reset(self) -> None:
        """Forget the latches whose cause is gone."""
        self.latched &= self.present
        self.word = self.present | self.latched

    def first_latched_code(self) -> int:
        """Bit index + 1 of the first latched fault, 0 when there is none."""
        return (self.latched & -self.latched).bit_length()

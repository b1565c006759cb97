/* The fault word of BMS_Faults: which causes are present, which are latched. */
#ifndef BMS_FAULTS_H
#define BMS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "dtc_memory.h"

/* Bit positions, in the order of the signals of BMS_Faults. */
enum fault {
    CELL_OVERVOLTAGE_WARNING,
    CELL_OVERVOLTAGE,
    CELL_UNDERVOLTAGE_WARNING,
    CELL_UNDERVOLTAGE,
    OVERTEMPERATURE_WARNING,
    OVERTEMPERATURE,
    UNDERTEMPERATURE_CHARGE,
    OVERCURRENT_CHARGE,
    OVERCURRENT_DISCHARGE,
    INSULATION_WARNING,
    INSULATION_FAULT,
    INSULATION_MONITOR_LOST,
    WELD_PLUS,
    WELD_MINUS,
    WELD_PRECHARGE,
    STUCK_OPEN_PLUS,
    STUCK_OPEN_MINUS,
    STUCK_OPEN_PRECHARGE,
    PRECHARGE_FAILED,
    HVIL_OPEN,
    CRASH_DETECTED,
    SUPPLY_LOW,
    VCU_COMMAND_LOST,
    CELL_VOLTAGE_LOST,
    TEMPERATURE_LOST,
    CURRENT_SENSOR_LOST,
    CONTACTOR_FEEDBACK_LOST,
    E2E_ERROR,
    PACK_VOLTAGE_IMPLAUSIBLE,
    FAULT_COUNT,
};

#define BIT(fault) (UINT32_C(1) << (fault))

#define WELDS (BIT(WELD_PLUS) | BIT(WELD_MINUS) | BIT(WELD_PRECHARGE))
#define STUCK_OPEN (BIT(STUCK_OPEN_PLUS) | BIT(STUCK_OPEN_MINUS) | BIT(STUCK_OPEN_PRECHARGE))
/* Opens the contactors after the announced delay, so that the vehicle can reduce its current first. */
#define OPENS_AFTER_DELAY                                                                                    \
    (BIT(CELL_OVERVOLTAGE) | BIT(CELL_UNDERVOLTAGE) | BIT(OVERTEMPERATURE) | BIT(UNDERTEMPERATURE_CHARGE)    \
     | BIT(OVERCURRENT_CHARGE) | BIT(OVERCURRENT_DISCHARGE) | BIT(CELL_VOLTAGE_LOST)                         \
     | BIT(CURRENT_SENSOR_LOST) | BIT(HVIL_OPEN))
#define OPENS_AT_ONCE                                                                                        \
    (WELDS | STUCK_OPEN | BIT(PRECHARGE_FAILED) | BIT(CRASH_DETECTED) | BIT(CONTACTOR_FEEDBACK_LOST))
#define LATCHING (OPENS_AFTER_DELAY | OPENS_AT_ONCE | BIT(INSULATION_FAULT))
#define INHIBITS_RESTART (WELDS | BIT(INSULATION_FAULT) | BIT(CRASH_DETECTED))
#define INHIBITS_CHARGE                                                                                      \
    (LATCHING | BIT(INSULATION_MONITOR_LOST) | BIT(VCU_COMMAND_LOST) | BIT(TEMPERATURE_LOST)                 \
     | BIT(SUPPLY_LOW))
#define BLOCKS_CLOSING (LATCHING | BIT(SUPPLY_LOW))

/* `word` is what the vehicle sees: present causes and latched ones. New bits go to the DTC memory. */
struct fault_memory {
    struct dtc_memory dtcs;
    uint32_t present, latched, word;
};

/* Say whether the cause is there now. Cheap when nothing changes. */
void fault_report(struct fault_memory *memory, enum fault fault, bool active);

/* Forget the latches whose cause is gone. */
void fault_reset(struct fault_memory *memory);

/* Bit index + 1 of the first latched fault, 0 when there is none. */
uint8_t fault_first_latched_code(const struct fault_memory *memory);

#endif

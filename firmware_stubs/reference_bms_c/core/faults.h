/* The fault word of BMS_Faults and BMS_Faults2: which causes are present, which are latched, and what follows. */
#ifndef BMS_FAULTS_H
#define BMS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "dtc_memory.h"
#include "mutant.h"

/* Bit positions, in the order of the signals of BMS_Faults (0 to 31) and BMS_Faults2 (from 32 on). */
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
    BALANCING_STUCK,
    CELL_IMBALANCE,
    SERVICE_REQUIRED,
    DEEP_DISCHARGE,
    CELL_OPEN_WIRE,
    CELL_FROZEN,
    AFE_ADC_FAULT,
    AFE_CHAIN_FAULT,
    AFE_MODULE_LOST,
    TEMPERATURE_SENSOR_FAULT,
    TEMPERATURE_GRADIENT,
    OVERTEMPERATURE_CHARGE,
    UNDERTEMPERATURE_DISCHARGE,
    THERMAL_RUNAWAY,
    OVERLOAD_I2T,
    SHORT_CIRCUIT,
    CURRENT_ON_OPEN_STRING,
    CURRENT_AT_REST,
    CURRENT_SENSOR_ERROR,
    CURRENT_IMPLAUSIBLE,
    INSULATION_MONITOR_OUTDATED,
    INSULATION_MONITOR_FAILURE,
    CHASSIS_CONNECTION_LOST,
    SLOW_OPENING,
    UNINTENDED_OPENING,
    UNINTENDED_CLOSING,
    PYRO_FAILED,
    CLAMP_LOST,
    CONTROLLER_RESET,
    VEHICLE_STATUS_LOST,
    CHARGER_LOST,
    MESSAGE_INVALID,
    FEEDBACK_IMPLAUSIBLE,
    OVERTEMPERATURE_CHARGE_WARNING,
    BROWN_OUT,
    FAULT_COUNT,
};

#define BIT(fault) (UINT64_C(1) << (fault))

#define WELDS (BIT(WELD_PLUS) | BIT(WELD_MINUS) | BIT(WELD_PRECHARGE))
#define STUCK_OPEN (BIT(STUCK_OPEN_PLUS) | BIT(STUCK_OPEN_MINUS) | BIT(STUCK_OPEN_PRECHARGE))
#define INSULATION_MONITOR                                                                                   \
    (BIT(INSULATION_MONITOR_LOST) | BIT(INSULATION_MONITOR_OUTDATED) | BIT(INSULATION_MONITOR_FAILURE)       \
     | BIT(CHASSIS_CONNECTION_LOST))
#if IS_MUTANT(SHORT_CIRCUIT_WITHOUT_PYRO)
#define FIRES_PYRO BIT(CRASH_DETECTED)
#elif IS_MUTANT(CRASH_WITHOUT_PYRO)
#define FIRES_PYRO BIT(SHORT_CIRCUIT)
#else
#define FIRES_PYRO (BIT(SHORT_CIRCUIT) | BIT(CRASH_DETECTED))
#endif
/* Opens the contactors after the announced delay, so that the vehicle can reduce its current first. */
#define OPENS_AFTER_DELAY                                                                                    \
    (BIT(CELL_OVERVOLTAGE) | BIT(CELL_UNDERVOLTAGE) | BIT(OVERTEMPERATURE) | BIT(OVERTEMPERATURE_CHARGE)     \
     | BIT(UNDERTEMPERATURE_CHARGE) | BIT(UNDERTEMPERATURE_DISCHARGE) | BIT(PACK_VOLTAGE_IMPLAUSIBLE)        \
     | BIT(CELL_OPEN_WIRE) | BIT(CELL_FROZEN) | BIT(AFE_ADC_FAULT) | BIT(VCU_COMMAND_LOST)                   \
     | BIT(CHARGER_LOST) | BIT(CLAMP_LOST))
/* The same where there is less time. */
#define OPENS_SOON                                                                                           \
    (BIT(OVERCURRENT_CHARGE) | BIT(OVERCURRENT_DISCHARGE) | BIT(OVERLOAD_I2T) | BIT(CELL_VOLTAGE_LOST)       \
     | BIT(CURRENT_SENSOR_LOST) | BIT(CURRENT_SENSOR_ERROR) | BIT(CURRENT_IMPLAUSIBLE) | BIT(HVIL_OPEN)      \
     | BIT(AFE_CHAIN_FAULT) | BIT(AFE_MODULE_LOST))
#define OPENS_AT_ONCE                                                                                        \
    (WELDS | STUCK_OPEN | BIT(PRECHARGE_FAILED) | BIT(CRASH_DETECTED) | BIT(CONTACTOR_FEEDBACK_LOST)         \
     | BIT(DEEP_DISCHARGE) | BIT(THERMAL_RUNAWAY) | BIT(CURRENT_ON_OPEN_STRING) | BIT(UNINTENDED_OPENING)    \
     | BIT(UNINTENDED_CLOSING) | BIT(PYRO_FAILED) | BIT(CONTROLLER_RESET) | BIT(FEEDBACK_IMPLAUSIBLE)        \
     | BIT(BROWN_OUT))
#define OPENS (OPENS_AFTER_DELAY | OPENS_SOON | OPENS_AT_ONCE | BIT(SHORT_CIRCUIT))
/* Open for as long as the cause lasts; the vehicle asks again afterwards. */
#define PASSING BIT(VCU_COMMAND_LOST)
#define LATCHING ((OPENS | BIT(INSULATION_FAULT)) & ~PASSING)
/* Not forgotten by the vehicle's fault reset: for a workshop. */
#define PERMANENT (BIT(DEEP_DISCHARGE) | BIT(THERMAL_RUNAWAY))
#define INHIBITS_RESTART                                                                                     \
    (WELDS | BIT(INSULATION_FAULT) | INSULATION_MONITOR | PERMANENT | BIT(SHORT_CIRCUIT)                     \
     | BIT(CRASH_DETECTED) | BIT(UNINTENDED_CLOSING) | BIT(PYRO_FAILED))
#define DERATES                                                                                              \
    (BIT(CELL_IMBALANCE) | BIT(TEMPERATURE_GRADIENT) | BIT(TEMPERATURE_SENSOR_FAULT) | BIT(TEMPERATURE_LOST))
#define INHIBITS_CHARGE (OPENS | INHIBITS_RESTART | DERATES | BIT(SUPPLY_LOW) | BIT(CURRENT_AT_REST))
#define BLOCKS_CLOSING (OPENS | INHIBITS_RESTART | BIT(SUPPLY_LOW))
#define FOR_THE_WORKSHOP                                                                                     \
    (DERATES | INSULATION_MONITOR | BIT(SLOW_OPENING) | BIT(CURRENT_AT_REST) | BIT(BALANCING_STUCK))

/* `word` is what the vehicle sees: present causes and latched ones. New bits go to the DTC memory. */
struct fault_memory {
    struct dtc_memory dtcs;
    uint64_t present, latched, word;
};

/* After a reset: what was latched still is. */
void faults_init(struct fault_memory *memory, struct nvm *nvm);

/* Say whether the cause is there now. Cheap when nothing changes. */
void fault_report(struct fault_memory *memory, enum fault fault, bool active);

/* A cause that is over with its detection: latched, but not present. */
void fault_event(struct fault_memory *memory, enum fault fault);

/* Forget the latches whose cause is gone, but for those that need a workshop. */
void fault_reset(struct fault_memory *memory);

/* Bit index + 1 of the first latched fault, 0 when there is none. */
uint8_t fault_first_latched_code(const struct fault_memory *memory);

#endif

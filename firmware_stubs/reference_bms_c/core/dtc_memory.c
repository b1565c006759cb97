#include "dtc_memory.h"

#include <stddef.h>
#include <string.h>

#include "faults.h"
#include "mutant.h"

#define TEST_FAILED 0x01
/* failed this operation cycle, pending, confirmed, failed since last clear */
#define STORED (0x02 | 0x04 | 0x08 | 0x20)

/* Two bytes of SAE J2012 fault and the failure type byte; 0: the fault stores no code. */
static const uint32_t codes[FAULT_COUNT] = {
    [CELL_OVERVOLTAGE] = 0x1A0117,           [CELL_UNDERVOLTAGE] = 0x1A0216,
    [OVERTEMPERATURE] = 0x1A0398,            [UNDERTEMPERATURE_CHARGE] = 0x1A0F98,
    [OVERCURRENT_CHARGE] = 0x1A0E19,         [OVERCURRENT_DISCHARGE] = 0x1A0D19,
    [INSULATION_FAULT] = 0x0AA61A,           [INSULATION_MONITOR_LOST] = 0x1A0687,
    [WELD_PLUS] = 0x0AA177,                  [WELD_MINUS] = 0x0AA477,
    [WELD_PRECHARGE] = 0x0AE277,             [STUCK_OPEN_PLUS] = 0x0AA277,
    [STUCK_OPEN_MINUS] = 0x0AA577,           [STUCK_OPEN_PRECHARGE] = 0x0AE377,
    [PRECHARGE_FAILED] = 0x0C7707,           [HVIL_OPEN] = 0x0A0D13,
    [CRASH_DETECTED] = 0x1A0700,             [SUPPLY_LOW] = 0x056216,
    [VCU_COMMAND_LOST] = 0xC10087,           [CELL_VOLTAGE_LOST] = 0x1A0887,
    [TEMPERATURE_LOST] = 0x1A0987,           [CURRENT_SENSOR_LOST] = 0x1A0A87,
    [CONTACTOR_FEEDBACK_LOST] = 0x1A0B87,    [E2E_ERROR] = 0x1A0C41,
    [PACK_VOLTAGE_IMPLAUSIBLE] = 0x1A0D62,   [BALANCING_STUCK] = 0x1A2D62,
    [CELL_IMBALANCE] = 0x1A1162,             [DEEP_DISCHARGE] = 0x1A1016,
    [CELL_OPEN_WIRE] = 0x1A1213,             [CELL_FROZEN] = 0x1A132A,
    [AFE_ADC_FAULT] = 0x1A1449,              [AFE_CHAIN_FAULT] = 0x1A1587,
    [AFE_MODULE_LOST] = 0x1A1687,            [TEMPERATURE_SENSOR_FAULT] = 0x1A1A13,
    [TEMPERATURE_GRADIENT] = 0x1A1962,       [OVERTEMPERATURE_CHARGE] = 0x1A1798,
    [UNDERTEMPERATURE_DISCHARGE] = 0x1A1898, [THERMAL_RUNAWAY] = 0x1A1B98,
    [OVERLOAD_I2T] = 0x1A1C19,               [SHORT_CIRCUIT] = 0x1A1D19,
    [CURRENT_ON_OPEN_STRING] = 0x1A1E19,     [CURRENT_AT_REST] = 0x1A1F28,
    [CURRENT_SENSOR_ERROR] = 0x1A2049,       [CURRENT_IMPLAUSIBLE] = 0x1A2162,
    [INSULATION_MONITOR_OUTDATED] = 0x1A2264, [INSULATION_MONITOR_FAILURE] = 0x1A2349,
    [CHASSIS_CONNECTION_LOST] = 0x1A2413,    [SLOW_OPENING] = 0x1A2577,
    [UNINTENDED_OPENING] = 0x1A2677,         [UNINTENDED_CLOSING] = 0x1A2777,
    [PYRO_FAILED] = 0x1A2977,                [CLAMP_LOST] = 0x1A2B13,
    [CONTROLLER_RESET] = 0x1A2C00,           [VEHICLE_STATUS_LOST] = 0xC10187,
    [CHARGER_LOST] = 0xC29887,               [MESSAGE_INVALID] = 0xC14081,
    [FEEDBACK_IMPLAUSIBLE] = 0x1A2862,       [BROWN_OUT] = 0x1A2A16,
};

static uint32_t code_of(int fault)
{
    if (IS_MUTANT(WRONG_OVERVOLTAGE_DTC) && fault == CELL_OVERVOLTAGE) {
        return codes[CELL_UNDERVOLTAGE];
    }
    if (IS_MUTANT(WRONG_UNDERVOLTAGE_DTC) && fault == CELL_UNDERVOLTAGE) {
        return codes[CELL_OVERVOLTAGE];
    }
    return codes[fault];
}

static struct dtc_entry *find(const struct dtc_memory *memory, uint32_t code)
{
    for (uint8_t index = 0; index < memory->nvm->dtc_count; index++) {
        if (memory->nvm->dtcs[index].code == code) {
            return &memory->nvm->dtcs[index];
        }
    }
    return NULL;
}

void dtc_failed(struct dtc_memory *memory, int fault)
{
    struct nvm *nvm = memory->nvm;
    uint32_t code = code_of(fault);
    if (code == 0 || IS_MUTANT(STORES_NO_CODES)) {
        return;
    }
    struct dtc_entry *entry = find(memory, code);
    if (entry == NULL) {
        if (nvm->dtc_count == DTC_CAPACITY) {
            return;
        }
        entry = &nvm->dtcs[nvm->dtc_count++];
        *entry = (struct dtc_entry){.code = code};
    }
    entry->status = TEST_FAILED | STORED;
    if (entry->occurrences < UINT8_MAX) {
        entry->occurrences++;
    }
    if (IS_MUTANT(WRONG_CODE_STATUS)) { /* neither confirmed nor pending, and always the first */
        entry->status = TEST_FAILED;
        entry->occurrences = 1;
    }
    if (memory->fresh_count < DTC_FRESH_CAPACITY) {
        memory->fresh[memory->fresh_count++] = (uint8_t)(entry - nvm->dtcs);
    }
}

static void erase(struct nvm *nvm, struct dtc_entry *entry)
{
    size_t after = (size_t)(&nvm->dtcs[nvm->dtc_count] - (entry + 1));
    memmove(entry, entry + 1, after * sizeof *entry);
    nvm->dtc_count--;
}

void dtc_passed(struct dtc_memory *memory, int fault)
{
    uint32_t code = code_of(fault);
    struct dtc_entry *entry = code == 0 ? NULL : find(memory, code);
    if (IS_MUTANT(FORGETS_CODES) && code != 0) {
        memory->fresh_count = 0; /* their indices are no longer those of the entries */
        if (entry != NULL) {
            erase(memory->nvm, entry);
        }
        return;
    }
    if (entry != NULL) {
        entry->status &= (uint8_t)~TEST_FAILED;
    }
}

bool dtc_contains(const struct dtc_memory *memory, uint32_t code)
{
    return find(memory, code) != NULL;
}

void dtc_clear(struct dtc_memory *memory, uint32_t code)
{
    struct dtc_entry *entry = find(memory, code);
    if (entry != NULL) {
        erase(memory->nvm, entry);
    }
    memory->fresh_count = 0;
    memory->turn = 0;
}

void dtc_clear_all(struct dtc_memory *memory)
{
    memory->nvm->dtc_count = 0;
    memory->fresh_count = 0;
    memory->turn = 0;
}

uint8_t dtc_next_index(struct dtc_memory *memory)
{
    if (memory->nvm->dtc_count == 0) {
        return DTC_EMPTY_INDEX;
    }
    memory->turn = (uint8_t)((memory->turn + 1) % memory->nvm->dtc_count);
    return memory->turn;
}

struct dtc_entry dtc_entry_at(const struct dtc_memory *memory, uint8_t index)
{
    if (index >= memory->nvm->dtc_count) {
        return (struct dtc_entry){0};
    }
    return memory->nvm->dtcs[index];
}

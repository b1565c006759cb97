#include "dtc_memory.h"

#include <stddef.h>

#include "faults.h"
#include "mutant.h"

#define TEST_FAILED 0x01
/* failed this operation cycle, pending, confirmed, failed since last clear */
#define STORED (0x02 | 0x04 | 0x08 | 0x20)

/* Two bytes of SAE J2012 fault and the failure type byte; 0: the fault stores no code. */
static const uint32_t codes[FAULT_COUNT] = {
    [CELL_OVERVOLTAGE] = 0x1A0117,
    [CELL_UNDERVOLTAGE] = 0x1A0216,
    [OVERTEMPERATURE] = 0x1A0398,
    [UNDERTEMPERATURE_CHARGE] = 0x1A0F98,
    [OVERCURRENT_CHARGE] = 0x1A0E19,
    [OVERCURRENT_DISCHARGE] = 0x1A0D19,
    [INSULATION_FAULT] = 0x0AA61A,
    [INSULATION_MONITOR_LOST] = 0x1A0687,
    [WELD_PLUS] = 0x0AA177,
    [WELD_MINUS] = 0x0AA477,
    [WELD_PRECHARGE] = 0x0AE277,
    [STUCK_OPEN_PLUS] = 0x0AA277,
    [STUCK_OPEN_MINUS] = 0x0AA577,
    [PRECHARGE_FAILED] = 0x0C7707,
    [HVIL_OPEN] = 0x0A0D13,
    [CRASH_DETECTED] = 0x1A0700,
    [SUPPLY_LOW] = 0x056216,
    [VCU_COMMAND_LOST] = 0xC10087,
    [CELL_VOLTAGE_LOST] = 0x1A0887,
    [TEMPERATURE_LOST] = 0x1A0987,
    [CURRENT_SENSOR_LOST] = 0x1A0A87,
    [CONTACTOR_FEEDBACK_LOST] = 0x1A0B87,
    [E2E_ERROR] = 0x1A0C41,
};

static uint32_t code_of(int fault)
{
    if (IS_MUTANT(WRONG_OVERVOLTAGE_DTC) && fault == CELL_OVERVOLTAGE) {
        return codes[CELL_UNDERVOLTAGE];
    }
    return codes[fault];
}

static struct dtc_entry *find(struct dtc_memory *memory, uint32_t code)
{
    for (uint8_t index = 0; index < memory->count; index++) {
        if (memory->entries[index].code == code) {
            return &memory->entries[index];
        }
    }
    return NULL;
}

void dtc_failed(struct dtc_memory *memory, int fault)
{
    uint32_t code = code_of(fault);
    if (code == 0) {
        return;
    }
    struct dtc_entry *entry = find(memory, code);
    if (entry == NULL) {
        if (memory->count == DTC_CAPACITY) {
            return;
        }
        entry = &memory->entries[memory->count++];
        entry->code = code;
    }
    entry->status = TEST_FAILED | STORED;
    if (entry->occurrences < UINT8_MAX) {
        entry->occurrences++;
    }
    if (memory->fresh_count < DTC_FRESH_CAPACITY) {
        memory->fresh[memory->fresh_count++] = (uint8_t)(entry - memory->entries);
    }
}

void dtc_passed(struct dtc_memory *memory, int fault)
{
    uint32_t code = code_of(fault);
    struct dtc_entry *entry = code == 0 ? NULL : find(memory, code);
    if (entry != NULL) {
        entry->status &= (uint8_t)~TEST_FAILED;
    }
}

uint8_t dtc_next_index(struct dtc_memory *memory)
{
    if (memory->count == 0) {
        return DTC_EMPTY_INDEX;
    }
    memory->turn = (uint8_t)((memory->turn + 1) % memory->count);
    return memory->turn;
}

struct dtc_entry dtc_entry_at(const struct dtc_memory *memory, uint8_t index)
{
    if (index >= memory->count) {
        return (struct dtc_entry){0};
    }
    return memory->entries[index];
}

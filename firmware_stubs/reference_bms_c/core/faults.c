#include "faults.h"

void fault_report(struct fault_memory *memory, enum fault fault, bool active)
{
    uint32_t bit = BIT(fault);
    if (active == ((memory->present & bit) != 0)) {
        return;
    }
    if (active) {
        memory->present |= bit;
        memory->latched |= bit & LATCHING;
        dtc_failed(&memory->dtcs, (int)fault);
    } else {
        memory->present &= ~bit;
        dtc_passed(&memory->dtcs, (int)fault);
    }
    memory->word = memory->present | memory->latched;
}

void fault_reset(struct fault_memory *memory)
{
    memory->latched &= memory->present;
    memory->word = memory->present | memory->latched;
}

uint8_t fault_first_latched_code(const struct fault_memory *memory)
{
    for (uint8_t fault = 0; fault < FAULT_COUNT; fault++) {
        if ((memory->latched & BIT(fault)) != 0) {
            return (uint8_t)(fault + 1);
        }
    }
    return 0;
}

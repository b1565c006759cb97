#include "faults.h"

void faults_init(struct fault_memory *memory, struct nvm *nvm)
{
    *memory = (struct fault_memory){.dtcs.nvm = nvm, .latched = nvm->latched, .word = nvm->latched};
}

static void changed(struct fault_memory *memory)
{
    uint64_t word = memory->present | memory->latched;
    memory->word = (word & FOR_THE_WORKSHOP) != 0 ? word | BIT(SERVICE_REQUIRED) : word;
    memory->dtcs.nvm->latched = memory->latched;
}

void fault_report(struct fault_memory *memory, enum fault fault, bool active)
{
    uint64_t bit = BIT(fault);
    if (active == ((memory->present & bit) != 0)) {
        return;
    }
    if (active) {
        memory->present |= bit;
        memory->latched |= bit & LATCHING;
        changed(memory);
        dtc_failed(&memory->dtcs, (int)fault);
    } else {
        memory->present &= ~bit;
        changed(memory);
        dtc_passed(&memory->dtcs, (int)fault);
    }
}

void fault_event(struct fault_memory *memory, enum fault fault)
{
    fault_report(memory, fault, true);
    fault_report(memory, fault, false);
}

void fault_reset(struct fault_memory *memory)
{
    memory->latched &= memory->present | PERMANENT;
    changed(memory);
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

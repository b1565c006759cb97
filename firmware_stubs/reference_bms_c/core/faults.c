#include "faults.h"

#include "mutant.h"

/* A mutant's monitors find these, but nobody listens. */
#ifndef DEAF_TO
#define DEAF_TO UINT64_C(0)
#endif

/* What stays until it is reset. */
static uint64_t latching(void)
{
    if (IS_MUTANT(DOES_NOT_LATCH)) {
        return LATCHING & ~OPENS;
    }
    return IS_MUTANT(INSULATION_ONLY_WARNS) ? LATCHING & ~BIT(INSULATION_FAULT) : LATCHING;
}

void faults_init(struct fault_memory *memory, struct nvm *nvm)
{
    uint64_t latched = IS_MUTANT(FORGETS_LATCHES) ? 0 : nvm->latched;
    *memory = (struct fault_memory){.dtcs.nvm = nvm, .latched = latched, .word = latched};
}

static void changed(struct fault_memory *memory)
{
    uint64_t word = memory->present | memory->latched;
    memory->word = (word & FOR_THE_WORKSHOP) != 0 ? word | BIT(SERVICE_REQUIRED) : word;
    memory->dtcs.nvm->latched = memory->latched;
}

void fault_report(struct fault_memory *memory, enum fault fault, bool active)
{
    if (IS_MUTANT(INSULATION_ONLY_WARNS) && fault == INSULATION_FAULT) {
        fault = INSULATION_WARNING;
    }
    uint64_t bit = BIT(fault);
    if (((DEAF_TO) & bit) != 0) {
        return;
    }
    if (active == ((memory->present & bit) != 0)) {
        return;
    }
    if (active) {
        memory->present |= bit;
        memory->latched |= bit & latching();
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
    memory->latched &= IS_MUTANT(DEEP_DISCHARGE_CAN_BE_RESET) ? memory->present : memory->present | PERMANENT;
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

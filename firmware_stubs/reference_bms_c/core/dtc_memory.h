/* Diagnostic trouble codes: stored once, sent in turn. The status byte is that of ISO 14229-1 annex D.2. */
#ifndef BMS_DTC_MEMORY_H
#define BMS_DTC_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "nvm.h"

#define DTC_FRESH_CAPACITY 96
#define DTC_EMPTY_INDEX 255

/* Codes in the order of their first occurrence, kept in the NVM. `fresh` are indices to be sent at once. */
struct dtc_memory {
    struct nvm *nvm;
    uint8_t fresh[DTC_FRESH_CAPACITY];
    uint8_t fresh_count, turn;
};

void dtc_failed(struct dtc_memory *memory, int fault);
void dtc_passed(struct dtc_memory *memory, int fault);
bool dtc_contains(const struct dtc_memory *memory, uint32_t code);

/* Forget one code. A fault that is still there is stored again when it next fails. */
void dtc_clear(struct dtc_memory *memory, uint32_t code);
void dtc_clear_all(struct dtc_memory *memory);

/* Whose turn it is; DTC_EMPTY_INDEX when nothing is stored. */
uint8_t dtc_next_index(struct dtc_memory *memory);

/* The entry at `index`; zeros for the empty index. */
struct dtc_entry dtc_entry_at(const struct dtc_memory *memory, uint8_t index);

#endif

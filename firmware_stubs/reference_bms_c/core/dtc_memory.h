/* Diagnostic trouble codes: stored once, sent in turn. The status byte is that of ISO 14229-1 annex D.2. */
#ifndef BMS_DTC_MEMORY_H
#define BMS_DTC_MEMORY_H

#include <stdint.h>

#define DTC_CAPACITY 48
#define DTC_FRESH_CAPACITY 48
#define DTC_EMPTY_INDEX 255

struct dtc_entry {
    uint32_t code;
    uint8_t status, occurrences;
};

/* Codes in the order of their first occurrence. `fresh` are indices to be sent at once. */
struct dtc_memory {
    struct dtc_entry entries[DTC_CAPACITY];
    uint8_t fresh[DTC_FRESH_CAPACITY];
    uint8_t count, fresh_count, turn;
};

void dtc_failed(struct dtc_memory *memory, int fault);
void dtc_passed(struct dtc_memory *memory, int fault);

/* Whose turn it is; DTC_EMPTY_INDEX when nothing is stored. */
uint8_t dtc_next_index(struct dtc_memory *memory);

/* The entry at `index`; zeros for the empty index. */
struct dtc_entry dtc_entry_at(const struct dtc_memory *memory, uint8_t index);

#endif

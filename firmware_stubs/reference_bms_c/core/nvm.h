/* What survives a reset: latched faults, trouble codes, and whether contactors were closed when it came. */
#ifndef BMS_NVM_H
#define BMS_NVM_H

#include <stdbool.h>
#include <stdint.h>

#define DTC_CAPACITY 64

enum reset_cause { RESET_POWER_ON, RESET_WATCHDOG, RESET_BROWN_OUT, RESET_SOFTWARE, RESET_EXTERNAL };

struct dtc_entry {
    uint32_t code;
    uint8_t status, occurrences;
};

struct nvm {
    uint32_t boots;
    uint64_t latched;
    bool closed;
    enum reset_cause next_cause; /* whoever resets on purpose writes it first */
    struct dtc_entry dtcs[DTC_CAPACITY];
    uint8_t dtc_count;
};

#endif

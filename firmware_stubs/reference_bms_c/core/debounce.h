/* Debounce counters: how long a cause must last before it counts as a fault. */
#ifndef BMS_DEBOUNCE_H
#define BMS_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

/* Up by one per bad sample, down by one per good one. Active at the limit, passive again at zero. */
struct up_down {
    int32_t limit, count;
    bool active;
};

/* Active after `limit` bad samples in a row; one good sample clears it. */
struct consecutive {
    int32_t limit, count;
};

bool up_down_update(struct up_down *counter, bool bad);
bool consecutive_update(struct consecutive *counter, bool bad);

#endif

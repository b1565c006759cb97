/* Debouncing: how long a cause must last before it counts as a fault, and how long it must be gone again. */
#ifndef BMS_DEBOUNCE_H
#define BMS_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

/* Active after `limit` bad samples in a row, passive again after as many good ones; a contrary one resets. */
struct in_a_row {
    int32_t limit, count; /* count: samples in a row that contradict `active` */
    bool active;
};

/* Active after `limit` bad samples in a row; one good sample clears it. */
struct consecutive {
    int32_t limit, count;
};

bool in_a_row_update(struct in_a_row *counter, bool bad);

/* Neither active nor counting: a good sample would change nothing. */
bool in_a_row_idle(const struct in_a_row *counter);

bool consecutive_update(struct consecutive *counter, bool bad);

#endif

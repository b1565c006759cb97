#include "debounce.h"

bool in_a_row_update(struct in_a_row *counter, bool bad)
{
    if (bad == counter->active) {
        counter->count = 0;
    } else if (++counter->count >= counter->limit) {
        counter->active = bad;
        counter->count = 0;
    }
    return counter->active;
}

bool in_a_row_idle(const struct in_a_row *counter)
{
    return !counter->active && counter->count == 0;
}

bool consecutive_update(struct consecutive *counter, bool bad)
{
    if (!bad) {
        counter->count = 0;
    } else if (counter->count < counter->limit) {
        counter->count++;
    }
    return counter->count == counter->limit;
}

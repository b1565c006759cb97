#include "debounce.h"

bool up_down_update(struct up_down *counter, bool bad)
{
    if (bad) {
        if (counter->count < counter->limit && ++counter->count == counter->limit) {
            counter->active = true;
        }
    } else if (counter->count > 0 && --counter->count == 0) {
        counter->active = false;
    }
    return counter->active;
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

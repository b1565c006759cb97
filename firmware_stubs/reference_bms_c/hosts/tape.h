/*
 * A tape: all that was done to the firmware in one shot, and what it sent. A record is a head, then its load, without a
 * gap and not aligned.
 */
#ifndef BMS_TAPE_H
#define BMS_TAPE_H

#include <stdint.h>

#define TAPE_FIRMWARES 8 /* in one shot */

enum tape_kind { TAPE_INIT, TAPE_HEARD, TAPE_STEP, TAPE_RESET };

/* INIT: `count` bytes of limits, 0 for those built in; `value` is the build's hash. HEARD: `count` instants, then as
 * many frames. STEP: `value` is now, then `count` frames that were sent. RESET: `value` is the cause. */
struct tape_head {
    uint16_t kind, firmware;
    uint32_t count;
    int64_t value;
};

#endif

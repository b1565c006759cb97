/* What a target has to provide, and the loop that runs the firmware on it. */
#ifndef BMS_HAL_H
#define BMS_HAL_H

#include <stdbool.h>
#include <stdint.h>

#include "../core/bms.h"

/* Nanoseconds on a clock that never runs backwards. */
int64_t hal_now_ns(void);

/* Sleep until then, or until a frame may be there. False: the firmware is to end. */
bool hal_wait_until(int64_t when_ns);

/* The next frame received on any bus, if there is one. */
bool hal_receive(struct frame *frame);

/* Hand a frame to its bus; a full or absent controller loses it, and the next cycle sends anew. */
void hal_send(const struct frame *frame);

/* Receives frames as they come and runs the base task on its 10 ms grid, until `hal_wait_until` says to end. */
void firmware_run(struct bms *bms);

#endif

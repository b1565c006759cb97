/* What has not been heard for too long, and what has been heard in a shape that cannot be trusted. */
#ifndef BMS_AGES_H
#define BMS_AGES_H

#include "bms.h"

/* Once a base task, from the end of start-up on. */
void ages_check(struct volatile_memory *ram, const struct limits *limits, int64_t now_ns);

#endif

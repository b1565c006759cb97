/* The frames of dbc/bms.dbc: when each is due, and how it is packed. */
#ifndef BMS_OUTPUTS_H
#define BMS_OUTPUTS_H

#include "bms.h"

#define STATE_ID 0x100
#define FAULTS_ID 0x101
#define CONTACTORS_ID 0x102

#define SCHEDULE_TASKS 200 /* one turn of the schedule: 2 s */

/* Puts into the outbox what is due in this base task, then what has changed. */
void outputs_send(struct bms *bms);

#endif

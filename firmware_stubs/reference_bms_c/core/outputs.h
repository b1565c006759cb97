/* The frames of dbc/bms.dbc: when each is due, and how it is packed. */
#ifndef BMS_OUTPUTS_H
#define BMS_OUTPUTS_H

#include "bms.h"

extern const uint8_t outputs_version[3];

void outputs_init(struct transmitter *transmitter, enum reset_cause cause, uint32_t resets);

/* Puts into the outbox what is due in this base task, then what has changed. */
void outputs_send(struct bms *bms);

/* A frame of the UDS server into the outbox. */
void outputs_send_answer(struct bms *bms, const uint8_t data[UDS_FRAME_BYTES]);

#endif

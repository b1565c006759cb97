/* AUTOSAR E2E profile 1, variant BOTH: CRC-8 (polynomial 0x1D, start 0) over the data id, low byte first, and the frame. */
#ifndef BMS_E2E_H
#define BMS_E2E_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Checks one protected message. `failed` at three more bad frames than good ones, until made up for. */
struct e2e_receiver {
    uint8_t start;
    int8_t last; /* counter of the last good frame, -1 before the first */
    uint8_t bad;
    bool failed;
};

struct e2e_sender {
    uint8_t start;
    uint8_t counter;
};

void e2e_receiver_init(struct e2e_receiver *receiver, uint16_t data_id);
void e2e_sender_init(struct e2e_sender *sender, uint16_t data_id);

/* Whether this frame's values may be used: right CRC, and a counter that is valid and has moved. */
bool e2e_accept(struct e2e_receiver *receiver, const uint8_t *data, size_t length);

/* Counter into the low nibble of byte 1 (which has to be clear), CRC into byte 0. */
void e2e_protect(struct e2e_sender *sender, uint8_t *data, size_t length);

#endif

/*
 * AUTOSAR E2E: profile 1 (CRC-8 0x1D over data id and frame), its variant NIBBLE, profile 2 (CRC-8 0x2F, sixteen data
 * ids), profile 5 (CRC-16, counter of 8 bits).
 */
#ifndef BMS_E2E_H
#define BMS_E2E_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum e2e_profile { E2E_BOTH, E2E_NIBBLE, E2E_LIST, E2E_WIDE };

/* Checks one protected message. `failed` at three more bad frames than good ones, until made up for. */
struct e2e_receiver {
    enum e2e_profile profile;
    uint16_t data_id;
    int16_t last; /* counter of the last good frame, -1 before the first */
    uint8_t bad;
    bool failed;
};

struct e2e_sender {
    enum e2e_profile profile;
    uint16_t data_id;
    uint8_t counter;
};

struct e2e_receiver e2e_receiver_of(enum e2e_profile profile, uint16_t data_id);
struct e2e_sender e2e_sender_of(enum e2e_profile profile, uint16_t data_id);

/*
 * Whether this frame's values may be used: right CRC, and a counter in sequence. missed: cycles that have passed without
 * a frame; as in AUTOSAR each lets the counter move one step further.
 */
bool e2e_accept(struct e2e_receiver *receiver, const uint8_t *data, size_t length, int64_t missed);

/* Counter and CRC into the bits kept clear for them: 0..11, profile 5: 0..23. */
void e2e_protect(struct e2e_sender *sender, uint8_t *data, size_t length);

/* One byte more into a CRC-16 of polynomial 0x1021, highest bit first. */
uint16_t crc_ccitt(uint16_t crc, uint8_t byte);

#endif

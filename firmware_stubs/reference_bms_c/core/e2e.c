#include "e2e.h"

#include "mutant.h"

#define COUNTER_STATES 15
#define LIMIT 3
#define MOST_STEPS 3 /* MaxDeltaCounterInit: as far a counter may move where no cycle was missed */
#define COMMAND_ID 160
#define CURRENT_ID 770

static uint8_t crc_8(uint8_t polynomial, uint8_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++) {
        crc = (uint8_t)((crc & 0x80) != 0 ? crc << 1 ^ polynomial : crc << 1);
    }
    return crc;
}

uint16_t crc_ccitt(uint16_t crc, uint8_t byte)
{
    crc ^= (uint16_t)(byte << 8);
    for (int bit = 0; bit < 8; bit++) {
        crc = (uint16_t)((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

static uint8_t crc_of_both(uint16_t data_id, const uint8_t *data, size_t length)
{
    uint8_t crc = crc_8(0x1D, crc_8(0x1D, 0, (uint8_t)(data_id & 0xFF)), (uint8_t)(data_id >> 8));
    for (size_t at = 1; at < length; at++) {
        crc = crc_8(0x1D, crc, data[at]);
    }
    return crc;
}

/* The data id of a counter's value: E2E_DataIdList in the DBC follows this rule. */
static uint8_t crc_of_list(uint16_t can_id, const uint8_t *data, size_t length)
{
    uint8_t data_id = (uint8_t)((can_id * 7 + 13 * (data[1] & 0x0F)) % 251);
    uint8_t crc = 0xFF;
    for (size_t at = 1; at < length; at++) {
        crc = crc_8(0x2F, crc, data[at]);
    }
    return crc_8(0x2F, crc, data_id) ^ 0xFF;
}

static uint16_t crc_of_wide(uint16_t data_id, const uint8_t *data, size_t length)
{
    uint16_t crc = 0xFFFF;
    for (size_t at = 2; at < length; at++) {
        crc = crc_ccitt(crc, data[at]);
    }
    return crc_ccitt(crc_ccitt(crc, (uint8_t)(data_id & 0xFF)), (uint8_t)(data_id >> 8));
}

struct e2e_receiver e2e_receiver_of(enum e2e_profile profile, uint16_t data_id)
{
    return (struct e2e_receiver){.profile = profile, .data_id = data_id, .last = -1};
}

struct e2e_sender e2e_sender_of(enum e2e_profile profile, uint16_t data_id)
{
    uint8_t before_first = profile == E2E_WIDE ? 255 : profile == E2E_LIST ? 15 : COUNTER_STATES - 1;
    return (struct e2e_sender){.profile = profile, .data_id = data_id, .counter = before_first};
}

/* Whether this build does not look at the CRC, or the counter, of this message. */
static bool crc_unchecked(uint16_t data_id)
{
    return (IS_MUTANT(COMMAND_CRC_UNCHECKED) && data_id == COMMAND_ID)
           || (IS_MUTANT(CURRENT_CRC_UNCHECKED) && data_id == CURRENT_ID);
}

static bool counter_unchecked(uint16_t data_id)
{
    return (IS_MUTANT(COMMAND_COUNTER_UNCHECKED) && data_id == COMMAND_ID)
           || (IS_MUTANT(CURRENT_COUNTER_UNCHECKED) && data_id == CURRENT_ID);
}

static bool crc_fits(const struct e2e_receiver *receiver, const uint8_t *data, size_t length)
{
    switch (receiver->profile) {
    case E2E_BOTH:
        return crc_of_both(receiver->data_id, data, length) == data[0];
    case E2E_NIBBLE: /* the data id's third nibble stands in byte 1, only its low byte is implicit */
        return (data[1] & 0xF0) == (receiver->data_id >> 4 & 0xF0)
               && crc_of_both(receiver->data_id & 0xFF, data, length) == data[0];
    case E2E_LIST:
        return crc_of_list(receiver->data_id, data, length) == data[0];
    case E2E_WIDE:
        return crc_of_wide(receiver->data_id, data, length) == (data[0] | data[1] << 8);
    }
    return false;
}

static int16_t states_of(enum e2e_profile profile)
{
    return profile == E2E_WIDE ? 256 : profile == E2E_LIST ? 16 : COUNTER_STATES;
}

/* A counter that can be, and that has moved as far as the missed cycles allow. The next frame counts from it. */
static bool counter_fits(struct e2e_receiver *receiver, const uint8_t *data, int64_t missed)
{
    int16_t counter = receiver->profile == E2E_WIDE ? data[2] : data[1] & 0x0F;
    int16_t states = states_of(receiver->profile);
    int16_t last = receiver->last;
    if (counter >= states) {
        return false;
    }
    receiver->last = counter;
    int16_t steps = (int16_t)((counter - last + states) % states);
    return last < 0 || (steps > 0 && steps <= MOST_STEPS + missed);
}

bool e2e_accept(struct e2e_receiver *receiver, const uint8_t *data, size_t length, int64_t missed)
{
    if ((crc_unchecked(receiver->data_id) || crc_fits(receiver, data, length))
        && (counter_unchecked(receiver->data_id) || counter_fits(receiver, data, missed))) {
        if (receiver->bad > 0 && --receiver->bad == 0) {
            receiver->failed = false;
        }
        return true;
    }
    if (receiver->bad < LIMIT && ++receiver->bad == LIMIT) {
        receiver->failed = true;
    }
    return false;
}

void e2e_protect(struct e2e_sender *sender, uint8_t *data, size_t length)
{
    if (sender->profile == E2E_WIDE) {
        data[2] = ++sender->counter;
        uint16_t crc = crc_of_wide(sender->data_id, data, length);
        data[0] = (uint8_t)(crc & 0xFF);
        data[1] = (uint8_t)(crc >> 8);
        return;
    }
    int states = sender->profile == E2E_LIST ? 16 : COUNTER_STATES;
    sender->counter = (uint8_t)((sender->counter + 1) % states);
    data[1] |= sender->counter;
    data[0] = sender->profile == E2E_LIST ? crc_of_list(sender->data_id, data, length)
                                          : crc_of_both(sender->data_id, data, length);
}

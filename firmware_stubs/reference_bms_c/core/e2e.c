#include "e2e.h"

#define COUNTER_STATES 15
#define LIMIT 3

static uint8_t crc_byte(uint8_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++) {
        crc = (uint8_t)((crc & 0x80) != 0 ? crc << 1 ^ 0x1D : crc << 1);
    }
    return crc;
}

static uint8_t start_of(uint16_t data_id)
{
    return crc_byte(crc_byte(0, (uint8_t)(data_id & 0xFF)), (uint8_t)(data_id >> 8));
}

static uint8_t crc_of(uint8_t start, const uint8_t *data, size_t length)
{
    uint8_t crc = start;
    for (size_t at = 1; at < length; at++) {
        crc = crc_byte(crc, data[at]);
    }
    return crc;
}

void e2e_receiver_init(struct e2e_receiver *receiver, uint16_t data_id)
{
    *receiver = (struct e2e_receiver){.start = start_of(data_id), .last = -1};
}

void e2e_sender_init(struct e2e_sender *sender, uint16_t data_id)
{
    *sender = (struct e2e_sender){.start = start_of(data_id), .counter = COUNTER_STATES - 1};
}

bool e2e_accept(struct e2e_receiver *receiver, const uint8_t *data, size_t length)
{
    int8_t counter = (int8_t)(data[1] & 0x0F);
    if (crc_of(receiver->start, data, length) == data[0] && counter != receiver->last
        && counter < COUNTER_STATES) {
        receiver->last = counter;
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
    sender->counter = (uint8_t)((sender->counter + 1) % COUNTER_STATES);
    data[1] |= sender->counter;
    data[0] = crc_of(sender->start, data, length);
}

/* Cyclic messages of absent ECUs and sensors, and their end-to-end protection. As bench/restbus and bench/codec/e2e.py. */
#include "core.h"

#include <string.h>

#define POLYNOMIAL_J1850 0x1DU
#define POLYNOMIAL_H2F 0x2FU

static uint8_t crc8(uint8_t crc, uint8_t byte, unsigned polynomial)
{
    unsigned value = crc ^ byte;
    for (int bit = 0; bit < 8; bit++) {
        value = (value << 1 ^ ((value & 0x80U) != 0 ? polynomial : 0U)) & 0xFFU;
    }
    return (uint8_t)value;
}

/* CCITT: polynomial 0x1021, highest bit first. */
uint16_t crc16(uint16_t crc, const uint8_t *data, size_t count)
{
    unsigned value = crc;
    for (size_t at = 0; at < count; at++) {
        value ^= (unsigned)data[at] << 8;
        for (int bit = 0; bit < 8; bit++) {
            value = (value << 1 ^ ((value & 0x8000U) != 0 ? 0x1021U : 0U)) & 0xFFFFU;
        }
    }
    return (uint16_t)value;
}

static void protect(const struct cyclic *one, uint8_t *data, unsigned counter)
{
    uint8_t crc;
    switch (one->protection) {
    case UNPROTECTED:
        break;
    case PROFILE_1:
        data[1] = (uint8_t)((one->nibble < 0 ? data[1] & 0xF0U : (unsigned)one->nibble) | counter);
        crc = one->start[data[1] & 1U];
        for (int at = 1; at < one->length; at++) {
            crc = crc8(crc, data[at], POLYNOMIAL_J1850);
        }
        data[0] = crc;
        break;
    case PROFILE_2:
        data[1] = (uint8_t)((data[1] & 0xF0U) | counter);
        crc = 0xFF;
        for (int at = 1; at < one->length; at++) {
            crc = crc8(crc, data[at], POLYNOMIAL_H2F);
        }
        data[0] = (uint8_t)(crc8(crc, one->ids[counter & 0x0FU], POLYNOMIAL_H2F) ^ 0xFFU);
        break;
    case PROFILE_5: {
        data[2] = (uint8_t)counter;
        uint16_t wide = crc16(crc16(0xFFFF, data + 2, (size_t)one->length - 2), one->start, 2);
        data[0] = (uint8_t)(wide & 0xFFU);
        data[1] = (uint8_t)(wide >> 8);
        break;
    }
    }
}

int core_cyclic(struct core *core, int node, uint32_t id, int flags, int length)
{
    if (core->cyclics >= MOST_CYCLIC || node < 0 || node >= core->nodes || length < 0 || length > CLASSIC_DATA
        || (flags & FLAG_FD) != 0) {
        return -1;
    }
    int32_t timer = timer_new(core, TIMER_CYCLIC, core->cyclics);
    if (timer < 0) {
        return -1;
    }
    core->cyclic[core->cyclics] = (struct cyclic){
        .node = node,
        .timer = timer,
        .generation = -1,
        .id = id,
        .flags = (uint8_t)flags,
        .length = (uint8_t)length,
        .counters = 1,
    };
    return core->cyclics++;
}

static const int shortest[] = {[UNPROTECTED] = 0, [PROFILE_1] = 2, [PROFILE_2] = 2, [PROFILE_5] = 3};

/* ids: 16 bytes; of profile 1 and 5 the first two count. -1: the message has no room for it. */
int core_protect(struct core *core, int index, int profile, int counters, int nibble, const uint8_t *ids)
{
    if (index < 0 || index >= core->cyclics || profile < PROFILE_1 || profile > PROFILE_5 || counters < 1
        || core->cyclic[index].length < shortest[profile]) {
        return -1;
    }
    struct cyclic *one = &core->cyclic[index];
    one->protection = (enum protection)profile;
    one->counters = counters;
    one->nibble = nibble;
    memcpy(one->start, ids, sizeof one->start);
    memcpy(one->ids, ids, sizeof one->ids);
    return 0;
}

void core_cyclic_start(struct core *core, int index, int64_t first_ns, int64_t period_ns)
{
    if (index >= 0 && index < core->cyclics) {
        timer_at(core, core->cyclic[index].timer, first_ns, PHASE_RESTBUS, period_ns);
    }
}

void core_cyclic_stop(struct core *core, int index)
{
    if (index >= 0 && index < core->cyclics) {
        timer_stop(core, core->cyclic[index].timer);
    }
}

static void send(struct core *core, int32_t index)
{
    const struct cyclic *one = &core->cyclic[index];
    struct wire_frame frame = {.id = one->id, .flags = one->flags, .length = one->length};
    memcpy(frame.data, one->payload, one->length);
    int64_t counter = core->counter[index] % one->counters;
    core->counter[index] = (counter + 1) % one->counters;
    protect(one, frame.data, (unsigned)counter);
    frame.key = arbitration_key(frame.id, frame.flags);
    frame.wire_ns = core_wire_ns(core->bus[core->node[one->node].bus].bitrate, frame.id, frame.flags, frame.length,
                                 frame.data);
    bus_offer(core, one->node, &frame);
}

static int64_t generation(const struct core *core, const struct cyclic *one)
{
    return core->words[GENERATION] + (one->unmoved ? 0 : core->words[MOVED]);
}

enum reason cyclic_due(struct core *core, int32_t index)
{
    const struct cyclic *one = &core->cyclic[index];
    if (one->generation != generation(core, one) || core->node[one->node].left) {
        core->words[INDEX] = index;
        return REASON_CYCLIC;
    }
    send(core, index);
    return REASON_TURN;
}

/* What it shows now; sent at once. */
int core_cyclic_send(struct core *core, int index, const uint8_t *payload, int lasts)
{
    if (index < 0 || index >= core->cyclics) {
        return -1;
    }
    struct cyclic *one = &core->cyclic[index];
    memcpy(one->payload, payload, one->length);
    one->unmoved = lasts == LASTS_UNTIL_DONE;
    one->generation = lasts != LASTS_NOT ? generation(core, one) : -1;
    send(core, index);
    return 0;
}

#include "measurement.h"

#include <string.h>

#include "mutant.h"

#define ALL_CELL_GROUPS ((UINT32_C(1) << CELL_GROUPS) - 1)
#define ALL_SENSOR_GROUPS ((UINT32_C(1) << SENSOR_GROUPS) - 1)
#define FLAW_FRAMES 3
#define HIGHEST_MODE 2
#define HIGHEST_SPEED 40000  /* 400 km/h */
#define HIGHEST_OUTPUT 10000 /* 1000 V */

static uint64_t little_endian(const uint8_t *data)
{
    uint64_t word = 0;
    for (int at = 7; at >= 0; at--) {
        word = word << 8 | data[at];
    }
    return word;
}

static uint16_t word16(const uint8_t *data)
{
    return (uint16_t)(data[0] | data[1] << 8);
}

static int32_t signed24(const uint8_t *data)
{
    int32_t raw = data[0] | data[1] << 8 | data[2] << 16;
    return raw >= 1 << 23 ? raw - (1 << 24) : raw;
}

static struct heard heard_of(enum e2e_profile profile, uint16_t data_id, size_t length, int64_t cycle_ms)
{
    return (struct heard){
        .e2e = e2e_receiver_of(profile, data_id),
        .length = length,
        .heard_ns = NEVER_NS,
        .cycle_ns = cycle_ms * MS,
        .taken_ns = NEVER_NS,
        .flaw = {.limit = FLAW_FRAMES},
    };
}

void inputs_init(struct inputs *inputs)
{
    memset(inputs, 0, sizeof *inputs);
    inputs->cells.complete_ns = inputs->temperatures.complete_ns = NEVER_NS;
    inputs->current.heard = heard_of(E2E_BOTH, 770, 8, 10);
    inputs->insulation.heard = heard_of(E2E_BOTH, 771, 8, 100);
    inputs->contactors.heard = heard_of(E2E_BOTH, 772, 8, 10);
    inputs->afe.heard = heard_of(E2E_WIDE, 774, 8, 100);
    inputs->balancing.heard = heard_of(E2E_BOTH, 775, 6, 1000);
    inputs->command.heard = heard_of(E2E_BOTH, 160, 4, 20);
    inputs->vehicle.heard = heard_of(E2E_NIBBLE, 512, 8, 20);
    inputs->charger.heard = heard_of(E2E_LIST, 528, 8, 100);
    inputs->contactors.plus = inputs->contactors.minus = inputs->contactors.precharge = FEEDBACK_INVALID;
}

bool inputs_all_heard(const struct inputs *inputs)
{
    return inputs->cells.complete_ns != NEVER_NS && inputs->current.heard.heard_ns != NEVER_NS
           && inputs->insulation.heard.heard_ns != NEVER_NS && inputs->contactors.heard.heard_ns != NEVER_NS
           && inputs->command.heard.heard_ns != NEVER_NS && inputs->afe.heard.heard_ns != NEVER_NS
           && inputs->vehicle.heard.heard_ns != NEVER_NS;
}

bool inputs_e2e_failed(const struct inputs *inputs)
{
    return inputs->current.heard.e2e.failed || inputs->insulation.heard.e2e.failed
           || inputs->contactors.heard.e2e.failed || inputs->afe.heard.e2e.failed
           || inputs->balancing.heard.e2e.failed || inputs->command.heard.e2e.failed
           || inputs->vehicle.heard.e2e.failed || inputs->charger.heard.e2e.failed;
}

bool inputs_flawed(const struct inputs *inputs)
{
    return inputs->current.heard.flaw.active || inputs->insulation.heard.flaw.active
           || inputs->contactors.heard.flaw.active || inputs->afe.heard.flaw.active
           || inputs->balancing.heard.flaw.active || inputs->command.heard.flaw.active
           || inputs->vehicle.heard.flaw.active || inputs->charger.heard.flaw.active;
}

static uint16_t sweep_crc_of(const struct cell_input *input)
{
    uint16_t crc = 0xFFFF;
    for (int group = 0; group < CELL_GROUPS; group++) {
        for (int byte = 0; byte < CELL_FRAME_BYTES; byte++) {
            crc = crc_ccitt(crc, input->groups[group][byte]);
        }
    }
    return crc;
}

bool cells_receive(struct cell_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    uint8_t group = data[0];
    if (group >= CELL_GROUPS || length != CELL_FRAME_BYTES) {
        return false;
    }
    uint32_t bit = UINT32_C(1) << group;
    uint64_t word = little_endian(data);
    memcpy(input->groups[group], data, CELL_FRAME_BYTES);
    input->received |= bit;
    for (int cell = 0; cell < 4; cell++) {
        int32_t raw = (int32_t)(word >> (8 + 14 * cell) & 0x3FFF);
        if (!(IS_MUTANT(REPEATS_LOST_VALUES) && raw == CELL_NO_VALUE)) {
            input->raw[4 * group + cell] = raw;
        }
    }
    /* The first group begins a sweep, wherever in one this controller woke up; one that comes twice tells a torn one. */
    if (group == 0 || (input->seen & bit) != 0) {
        input->seen = 0;
    }
    input->seen |= bit;
    if (input->seen != ALL_CELL_GROUPS) {
        return false;
    }
    input->seen = 0;
    input->crc_before = input->crc;
    input->crc = sweep_crc_of(input);
    bool gaps = false;
    for (int cell = 0; cell < CELLS; cell++) {
        gaps = gaps || input->raw[cell] == CELL_NO_VALUE;
    }
    if (!gaps) {
        input->complete_ns = now_ns;
    }
    return true;
}

bool temperatures_receive(struct temperature_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    uint8_t group = data[0] & 0x0F;
    if (group >= SENSOR_GROUPS || length != 8) {
        return false;
    }
    uint32_t bit = UINT32_C(1) << group;
    uint64_t word = little_endian(data);
    for (int sensor = 0; sensor < 6; sensor++) {
        input->raw[6 * group + sensor] = (int32_t)(word >> (4 + 10 * sensor) & 0x3FF);
    }
    if ((input->seen & bit) != 0) {
        input->seen = 0;
    }
    input->seen |= bit;
    if (input->seen != ALL_SENSOR_GROUPS) {
        return false;
    }
    input->seen = 0;
    for (int sensor = 0; sensor < SENSORS; sensor++) {
        if (input->raw[sensor] == TEMPERATURE_NO_VALUE) {
            return false;
        }
    }
    input->complete_ns = now_ns;
    return true;
}

/* Right length, right CRC, a counter in sequence. */
static bool usable(struct heard *heard, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (length != heard->length) {
        in_a_row_update(&heard->flaw, true);
        return false;
    }
    int64_t waited_ns = now_ns - heard->taken_ns;
    bool in_time = heard->taken_ns == NEVER_NS || waited_ns < heard->cycle_ns;
    if (!e2e_accept(&heard->e2e, data, length, in_time ? 0 : waited_ns / heard->cycle_ns - 1)) {
        return false;
    }
    heard->taken_ns = now_ns;
    return true;
}

/* Whether its values can be; notes it when they can't. */
static bool in_range(struct heard *heard, bool good)
{
    in_a_row_update(&heard->flaw, !good);
    return good;
}

bool current_receive(struct current_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (!usable(&input->heard, now_ns, data, length)) {
        return false;
    }
    input->heard.heard_ns = now_ns;
    input->erroneous = (data[1] & 0x70) != 0;
    if (!input->erroneous) {
        input->milliampere = signed24(data + 2);
        input->hall_milliampere = signed24(data + 5);
    }
    return true;
}

bool insulation_receive(struct insulation_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (!usable(&input->heard, now_ns, data, length) || !in_range(&input->heard, data[1] >> 4 <= 2)) {
        return false;
    }
    input->status = data[1] >> 4;
    input->age = data[6];
    input->chassis_lost = (data[7] & 1) != 0;
    input->device_error = (data[7] & 2) != 0;
    input->plus_hectoohm = word16(data + 2);
    input->minus_hectoohm = word16(data + 4);
    input->heard.heard_ns = now_ns;
    return true;
}

bool contactors_receive(struct contactor_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (!usable(&input->heard, now_ns, data, length)) {
        return false;
    }
    input->plus = data[1] >> 4 & 3;
    input->minus = data[1] >> 6;
    input->precharge = data[2] & 3;
    input->hvil_closed = (data[2] & 4) != 0;
    input->crash = (data[2] & 8) != 0;
    input->pyro_open = (data[2] & 16) != 0;
    input->clamp_15 = (data[2] & 32) != 0;
    input->supply_raw = data[3];
    input->link_raw = word16(data + 4);
    input->pack_raw = word16(data + 6);
    if (input->plus < FEEDBACK_INVALID && input->minus < FEEDBACK_INVALID
        && input->precharge < FEEDBACK_INVALID) {
        input->heard.heard_ns = now_ns;
    }
    return true;
}

bool afe_receive(struct afe_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (!usable(&input->heard, now_ns, data, length)
        || !in_range(&input->heard, (data[3] & 0x0F) <= 4 && (data[4] & 0x7F) <= CELLS + 1)) {
        return false;
    }
    input->heard.heard_ns = now_ns;
    input->status = data[3] & 0x0F;
    input->sweep = data[3] >> 4;
    input->open_wire = data[4] & 0x7F;
    input->adc_fault = (data[4] & 0x80) != 0;
    input->modules_lost = data[5];
    input->sweep_crc = word16(data + 6);
    return true;
}

bool balancing_receive(struct balancing_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (!usable(&input->heard, now_ns, data, length) || !in_range(&input->heard, data[2] <= CELLS)) {
        return false;
    }
    input->heard.heard_ns = now_ns;
    input->active = data[2];
    return true;
}

bool command_receive(struct command_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (!usable(&input->heard, now_ns, data, length) || !in_range(&input->heard, data[1] >> 4 <= HIGHEST_MODE)) {
        return false;
    }
    bool pressed = (data[2] & 1) != 0;
    bool edge = pressed && !input->reset;
    input->mode = data[1] >> 4;
    input->reset = pressed;
    input->heard.heard_ns = now_ns;
    return edge;
}

/* The numbers of this frame and the next are big-endian. */
void vehicle_receive(struct vehicle_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (usable(&input->heard, now_ns, data, length)
        && in_range(&input->heard, (data[2] << 8 | data[3]) <= HIGHEST_SPEED)) {
        input->heard.heard_ns = now_ns;
        input->crash = (data[6] & 0x40) != 0;
    }
}

void charger_receive(struct charger_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (usable(&input->heard, now_ns, data, length)
        && in_range(&input->heard, (data[2] << 8 | data[3]) <= HIGHEST_OUTPUT && data[1] >> 5 <= 4)) {
        input->heard.heard_ns = now_ns;
    }
}

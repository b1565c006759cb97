#include "measurement.h"

#include <string.h>

#define ALL_CELL_GROUPS ((UINT32_C(1) << CELL_GROUPS) - 1)
#define ALL_SENSOR_GROUPS ((UINT32_C(1) << SENSOR_GROUPS) - 1)

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

void inputs_init(struct inputs *inputs)
{
    memset(inputs, 0, sizeof *inputs);
    inputs->cells.complete_ns = inputs->temperatures.complete_ns = NEVER_NS;
    inputs->current.heard_ns = inputs->insulation.heard_ns = NEVER_NS;
    inputs->contactors.heard_ns = inputs->command.heard_ns = NEVER_NS;
    e2e_receiver_init(&inputs->current.e2e, 770);
    e2e_receiver_init(&inputs->insulation.e2e, 771);
    e2e_receiver_init(&inputs->contactors.e2e, 772);
    e2e_receiver_init(&inputs->command.e2e, 160);
    inputs->contactors.plus = inputs->contactors.minus = inputs->contactors.precharge = FEEDBACK_INVALID;
}

bool cells_have_gaps(const struct cell_input *input)
{
    for (int cell = 0; cell < CELLS; cell++) {
        if (input->raw[cell] == CELL_NO_VALUE) {
            return true;
        }
    }
    return false;
}

bool cells_receive(struct cell_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    uint8_t group = data[0];
    if (group >= CELL_GROUPS || length != 8) {
        return false;
    }
    uint32_t bit = UINT32_C(1) << group;
    uint64_t word = little_endian(data);
    memcpy(input->groups[group], data, 8);
    input->received |= bit;
    for (int cell = 0; cell < 4; cell++) {
        input->raw[4 * group + cell] = (int32_t)(word >> (8 + 14 * cell) & 0x3FFF);
    }
    if ((input->seen & bit) != 0) { /* a group has come twice: the sweep before was torn */
        input->seen = 0;
    }
    input->seen |= bit;
    if (input->seen != ALL_CELL_GROUPS) {
        return false;
    }
    input->seen = 0;
    if (!cells_have_gaps(input)) {
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

bool current_receive(struct current_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (length != 8 || !e2e_accept(&input->e2e, data, length) || (data[1] & 0x10) != 0) {
        return false;
    }
    int32_t raw = data[2] | data[3] << 8 | data[4] << 16;
    input->milliampere = raw >= 1 << 23 ? raw - (1 << 24) : raw;
    input->heard_ns = now_ns;
    return true;
}

bool insulation_receive(struct insulation_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (length != 8 || !e2e_accept(&input->e2e, data, length) || (data[1] & 0xF0) != 0) {
        return false;
    }
    input->plus_hectoohm = word16(data + 2);
    input->minus_hectoohm = word16(data + 4);
    input->heard_ns = now_ns;
    return true;
}

bool contactors_receive(struct contactor_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (length != 8 || !e2e_accept(&input->e2e, data, length)) {
        return false;
    }
    input->plus = data[1] >> 4 & 3;
    input->minus = data[1] >> 6;
    input->precharge = data[2] & 3;
    input->hvil_closed = (data[2] & 4) != 0;
    input->crash = (data[2] & 8) != 0;
    input->supply_raw = data[3];
    input->link_raw = word16(data + 4);
    input->pack_raw = word16(data + 6);
    if (input->plus < FEEDBACK_INVALID && input->minus < FEEDBACK_INVALID
        && input->precharge < FEEDBACK_INVALID) {
        input->heard_ns = now_ns;
    }
    return true;
}

bool command_receive(struct command_input *input, int64_t now_ns, const uint8_t *data, size_t length)
{
    if (length != 4 || !e2e_accept(&input->e2e, data, length)) {
        return false;
    }
    bool pressed = (data[2] & 1) != 0;
    bool edge = pressed && !input->reset;
    input->mode = data[1] >> 4;
    input->reset = pressed;
    input->heard_ns = now_ns;
    return edge;
}

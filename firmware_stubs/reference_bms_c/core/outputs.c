#include "outputs.h"

#include <string.h>

#include "arithmetic.h"

#define DTC_ID 0x103
#define LIMITS_ID 0x110
#define PACK_VALUES_ID 0x111
#define CELL_MIN_MAX_ID 0x112
#define TEMPERATURES_ID 0x113
#define CELL_VOLTAGES_ID 0x114
#define INSULATION_ID 0x115
#define IDENTITY_ID 0x1F0

#define IDENTITY_TASKS 100
#define HARDWARE_REVISION 1

static const uint8_t version[3] = {1, 0, 0};

static struct frame *new_frame(struct bms *bms, uint16_t id, uint8_t length, uint64_t payload)
{
    /* The outbox holds more than one base task can send; a full one overwrites its last frame. */
    size_t at = bms->outbox_count < OUTBOX_FRAMES ? bms->outbox_count++ : OUTBOX_FRAMES - 1;
    struct frame *frame = &bms->outbox[at];
    *frame = (struct frame){.id = id, .bus = BUS_VEHICLE, .length = length};
    for (uint8_t byte = 0; byte < length; byte++) {
        frame->data[byte] = (uint8_t)(payload >> (8 * byte));
    }
    return frame;
}

static void send_state(struct bms *bms)
{
    const struct fault_memory *faults = &bms->faults;
    const struct coils *coils = &bms->machine.coils;
    uint32_t word = faults->word;
    uint64_t payload = (uint64_t)bms->machine.state << 12 | (uint64_t)coils->plus << 21
                       | (uint64_t)coils->minus << 22 | (uint64_t)coils->precharge << 23;
    payload |= (uint64_t)(faults->latched != 0) << 16 | (uint64_t)((word & ~LATCHING) != 0) << 17
               | (uint64_t)((word & LATCHING) != 0) << 18 | (uint64_t)((word & INHIBITS_RESTART) != 0) << 19
               | (uint64_t)((word & INHIBITS_CHARGE) != 0) << 20;
    payload |= (uint64_t)fault_first_latched_code(faults) << 24;
    payload |= (uint64_t)clamp(bms->inputs.command.mode, 2) << 32;
    payload |= (uint64_t)clamp(faults->dtcs.count, 15) << 36 | (uint64_t)bms->uptime << 40;
    struct frame *frame = new_frame(bms, STATE_ID, 8, payload);
    e2e_protect(&bms->senders.state, frame->data, frame->length);
}

static void send_faults(struct bms *bms)
{
    uint32_t word = bms->faults.word;
    const struct cell_monitor *cells = &bms->monitors.cells;
    uint64_t worst = 0;
    if ((word & (BIT(CELL_OVERVOLTAGE) | BIT(CELL_OVERVOLTAGE_WARNING))) != 0) {
        worst = cells->highest_index + 1U;
    } else if ((word & (BIT(CELL_UNDERVOLTAGE) | BIT(CELL_UNDERVOLTAGE_WARNING))) != 0) {
        worst = cells->lowest_index + 1U;
    }
    struct frame *frame = new_frame(bms, FAULTS_ID, 8, (uint64_t)word << 16 | worst << 48);
    e2e_protect(&bms->senders.faults, frame->data, frame->length);
    bms->faults_sent = true;
    bms->sent_word = word;
}

static void send_contactors(struct bms *bms)
{
    const struct contactor_input *seen = &bms->inputs.contactors;
    uint64_t payload = (uint64_t)seen->plus << 12 | (uint64_t)seen->minus << 14
                       | (uint64_t)seen->precharge << 16 | (uint64_t)seen->hvil_closed << 18
                       | (uint64_t)seen->crash << 19 | (uint64_t)seen->supply_raw << 24;
    struct frame *frame = new_frame(bms, CONTACTORS_ID, 4, payload);
    e2e_protect(&bms->senders.contactors, frame->data, frame->length);
}

static void send_dtc_at(struct bms *bms, uint8_t index)
{
    struct dtc_entry entry = dtc_entry_at(&bms->faults.dtcs, index);
    uint64_t payload = index | (uint64_t)bms->faults.dtcs.count << 8 | (uint64_t)entry.code << 16
                       | (uint64_t)entry.status << 40 | (uint64_t)entry.occurrences << 48;
    new_frame(bms, DTC_ID, 8, payload);
}

static void send_dtc(struct bms *bms)
{
    if (bms->faults.dtcs.fresh_count == 0) { /* a new one goes out in this base task anyway */
        send_dtc_at(bms, dtc_next_index(&bms->faults.dtcs));
    }
}

static void send_limits(struct bms *bms)
{
    const struct limits *limits = &bms->limits;
    const struct cell_monitor *cells = &bms->monitors.cells;
    bool full = cells->highest >= cell_raw(limits->full_v);
    bool empty = cells->lowest <= cell_raw(limits->uv_warn_v);
    bool inhibited = (bms->faults.word & INHIBITS_CHARGE) != 0;
    double charge_a = full || inhibited ? 0.0 : limits->charge_limit_a;
    double discharge_a = empty || bms->machine.state == STATE_ERROR ? 0.0 : limits->discharge_limit_a;
    double pack_v = bms->inputs.contactors.pack_raw * 0.05;
    const double words[4] = {charge_a * 10, discharge_a * 10, limits->full_v * CELLS * 10,
                             pack_v * discharge_a / 100};
    uint64_t payload = 0;
    for (int at = 0; at < 4; at++) {
        payload |= (uint64_t)clamp(round_half_even(words[at]), UINT16_MAX) << (16 * at);
    }
    new_frame(bms, LIMITS_ID, 8, payload);
}

/* Voltages come in units of 50 mV and leave in units of 100 mV; the current leaves in units of 100 mA. */
static void send_pack_values(struct bms *bms)
{
    const struct contactor_input *seen = &bms->inputs.contactors;
    int32_t shifted = bms->inputs.current.milliampere + 50;
    int32_t current = shifted >= 0 ? shifted / 100 : -((99 - shifted) / 100); /* towards minus infinity */
    current = current < INT16_MIN ? INT16_MIN : current > INT16_MAX ? INT16_MAX : current;
    /* The capacity is a whole number of mAs, so dividing it first loses nothing. */
    int64_t permille = bms->charge_known ? bms->charge_ma_ns / (bms->capacity_ma_ns / 1000) : 0;
    uint64_t payload = (uint64_t)(seen->pack_raw >> 1) | (uint64_t)(seen->link_raw >> 1) << 16
                       | (uint64_t)(uint16_t)current << 32 | (uint64_t)clamp(permille, 1000) << 48;
    new_frame(bms, PACK_VALUES_ID, 8, payload);
}

/* Raw cell values (0.5 mV from -2 V) leave in 0.1 mV from 0; indices from 0 leave from 1. */
static uint64_t decimillivolt(int32_t raw)
{
    return clamp((raw - cell_raw(0.0)) * INT64_C(5), UINT16_MAX);
}

static void send_cell_min_max(struct bms *bms)
{
    const struct cell_monitor *seen = &bms->monitors.cells;
    uint64_t payload = decimillivolt(seen->lowest) | decimillivolt(seen->highest) << 16
                       | (uint64_t)(seen->lowest_index + 1U) << 32
                       | (uint64_t)(seen->highest_index + 1U) << 40 | decimillivolt(seen->mean) << 48;
    new_frame(bms, CELL_MIN_MAX_ID, 8, payload);
}

static void send_temperatures(struct bms *bms)
{
    const struct temperature_monitor *seen = &bms->monitors.temperatures;
    uint64_t payload = (uint64_t)seen->lowest | (uint64_t)seen->highest << 10
                       | (uint64_t)(seen->highest_index + 1U) << 20
                       | (uint64_t)(seen->lowest_index + 1U) << 25;
    new_frame(bms, TEMPERATURES_ID, 4, payload);
}

/* The frames have the layout of the AFE's, so a group is passed on as it came. */
static void send_cell_voltages(struct bms *bms)
{
    uint8_t group = bms->group;
    bms->group = (uint8_t)((group + 1) % CELL_GROUPS);
    if ((bms->inputs.cells.received >> group & 1) != 0) {
        struct frame *frame = new_frame(bms, CELL_VOLTAGES_ID, 8, 0);
        memcpy(frame->data, bms->inputs.cells.groups[group], 8);
    }
}

static void send_insulation(struct bms *bms)
{
    const struct insulation_input *seen = &bms->inputs.insulation;
    uint32_t word = bms->faults.word;
    uint64_t status = 0;
    if (seen->heard_ns == NEVER_NS || (word & BIT(INSULATION_MONITOR_LOST)) != 0) {
        status = 3;
    } else if ((word & BIT(INSULATION_FAULT)) != 0) {
        status = 2;
    } else if ((word & BIT(INSULATION_WARNING)) != 0) {
        status = 1;
    }
    uint64_t payload = seen->plus_hectoohm | (uint64_t)seen->minus_hectoohm << 16 | status << 32;
    new_frame(bms, INSULATION_ID, 6, payload);
}

/* Two pages in turn: versions, and the build with the first four bytes of its hash, big-endian. */
static void send_identity(struct bms *bms)
{
    const uint8_t *hash = bms->build_hash;
    struct frame *frame = new_frame(bms, IDENTITY_ID, 8, 0);
    if (bms->turn / IDENTITY_TASKS % 2 == 0) {
        const uint8_t versions[8] = {0, version[0], version[1], version[2], HARDWARE_REVISION};
        memcpy(frame->data, versions, 8);
    } else {
        const uint8_t build[8] = {1, hash[3], hash[2], hash[1], hash[0],
                                  (uint8_t)bms->limits.chemistry_code, CELLS & 0xFF, CELLS >> 8};
        memcpy(frame->data, build, 8);
    }
}

/* In base tasks, phases spread. */
static const struct {
    uint8_t period, phase;
    void (*send)(struct bms *bms);
} schedule[] = {
    {1, 0, send_state},          {2, 0, send_faults},        {2, 1, send_contactors},
    {2, 1, send_pack_values},    {10, 0, send_cell_voltages}, {10, 2, send_dtc},
    {10, 4, send_limits},        {10, 6, send_cell_min_max}, {10, 8, send_insulation},
    {100, 12, send_temperatures}, {100, 16, send_identity},
};

void outputs_send(struct bms *bms)
{
    struct dtc_memory *dtcs = &bms->faults.dtcs;
    for (size_t at = 0; at < sizeof schedule / sizeof schedule[0]; at++) {
        if (bms->turn % schedule[at].period == schedule[at].phase) {
            schedule[at].send(bms);
        }
    }
    if (!bms->faults_sent || bms->faults.word != bms->sent_word) {
        send_faults(bms);
    }
    for (uint8_t at = 0; at < dtcs->fresh_count; at++) {
        send_dtc_at(bms, dtcs->fresh[at]);
    }
    dtcs->fresh_count = 0;
}

#include "outputs.h"

#include <string.h>

#include "arithmetic.h"
#include "mutant.h"

#define STATE_ID 0x100
#define FAULTS_ID 0x101
#define CONTACTORS_ID 0x102
#define DTC_ID 0x103
#define FAULTS2_ID 0x104
#define LIMITS_ID 0x110
#define PACK_VALUES_ID 0x111
#define CELL_MIN_MAX_ID 0x112
#define TEMPERATURES_ID 0x113
#define CELL_VOLTAGES_ID 0x114
#define INSULATION_ID 0x115
#define HEALTH_ID 0x116
#define IDENTITY_ID 0x1F0

#define SCHEDULE_TASKS 200 /* one turn of the schedule: 2 s */
#define IDENTITY_TASKS 100
#define HARDWARE_REVISION 1

#define HOT                                                                                                  \
    (BIT(THERMAL_RUNAWAY) | BIT(OVERTEMPERATURE_WARNING) | BIT(OVERTEMPERATURE) | BIT(OVERTEMPERATURE_CHARGE))

const uint8_t outputs_version[3] = {1, 1, 0};

void outputs_init(struct transmitter *transmitter, enum reset_cause cause, uint32_t resets)
{
    *transmitter = (struct transmitter){
        .state = e2e_sender_of(E2E_BOTH, STATE_ID),
        .faults = e2e_sender_of(E2E_BOTH, IS_MUTANT(OWN_DATA_ID_WRONG) ? FAULTS_ID ^ 0x100 : FAULTS_ID),
        .faults2 = e2e_sender_of(E2E_LIST, FAULTS2_ID),
        .contactors = e2e_sender_of(E2E_BOTH, CONTACTORS_ID),
        .health = e2e_sender_of(E2E_WIDE, HEALTH_ID),
        .cause = cause,
        .resets = (uint8_t)clamp(resets, UINT8_MAX),
    };
}

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

/* What mutants do to the counter of BMS_State: it stands, or skips five counts every 16 frames. */
static void miscount(struct transmitter *transmitter)
{
    if (IS_MUTANT(OWN_COUNTER_STANDS)) {
        transmitter->state.counter = 2;
    }
    if (IS_MUTANT(OWN_COUNTER_JUMPS) && transmitter->uptime % 16 == 15) {
        transmitter->state.counter = (uint8_t)((transmitter->state.counter + 5) % 15);
    }
}

static void send_state(struct bms *bms)
{
    const struct volatile_memory *ram = &bms->ram;
    const struct fault_memory *faults = &ram->faults;
    const struct coils *coils = &ram->machine.coils;
    uint64_t word = faults->word;
    if (IS_MUTANT(WELD_WITHOUT_INHIBIT) && (word & WELDS) != 0) {
        word = (word & ~WELDS) | STUCK_OPEN;
    }
    uint64_t payload = (uint64_t)ram->machine.state << 12 | (uint64_t)coils->plus << 21
                       | (uint64_t)coils->minus << 22 | (uint64_t)coils->precharge << 23;
    payload |= (uint64_t)(faults->latched != 0) << 16 | (uint64_t)((word & ~LATCHING) != 0) << 17
               | (uint64_t)((word & LATCHING) != 0) << 18 | (uint64_t)((word & INHIBITS_RESTART) != 0) << 19
               | (uint64_t)((word & INHIBITS_CHARGE) != 0) << 20;
    payload |= (uint64_t)fault_first_latched_code(faults) << 24;
    payload |= (uint64_t)clamp(ram->inputs.command.mode, 2) << 32;
    payload |= (uint64_t)clamp(bms->nvm.dtc_count, 15) << 36 | (uint64_t)ram->transmitter.uptime << 40;
    struct frame *frame = new_frame(bms, STATE_ID, 8, payload);
    miscount(&bms->ram.transmitter);
    e2e_protect(&bms->ram.transmitter.state, frame->data, frame->length);
}

static void send_faults(struct bms *bms)
{
    struct transmitter *transmitter = &bms->ram.transmitter;
    uint64_t word = bms->ram.faults.word;
    const struct cell_monitor *cells = &bms->ram.monitors.cells;
    uint64_t worst = 0;
    transmitter->faults_sent = true;
    transmitter->sent_word = word;
    if (IS_MUTANT(SENDS_FAULTS_SLOWLY) && transmitter->turn % 100 != 0) {
        return;
    }
    if ((word & (BIT(CELL_OVERVOLTAGE) | BIT(CELL_OVERVOLTAGE_WARNING))) != 0) {
        worst = cells->highest_index + 1U;
    } else if ((word & (BIT(CELL_UNDERVOLTAGE) | BIT(CELL_UNDERVOLTAGE_WARNING))) != 0) {
        worst = cells->lowest_index + 1U;
    }
    uint64_t hottest = (word & HOT) != 0 ? bms->ram.monitors.temperatures.highest_index + 1U : 0;
    struct frame *frame = new_frame(bms, FAULTS_ID, 8, (word & UINT32_MAX) << 16 | worst << 48);
    e2e_protect(&transmitter->faults, frame->data, frame->length);
    frame = new_frame(bms, FAULTS2_ID, 8, word >> 32 << 16 | hottest << 48);
    e2e_protect(&transmitter->faults2, frame->data, frame->length);
}

static void send_contactors(struct bms *bms)
{
    struct volatile_memory *ram = &bms->ram;
    const struct contactor_input *seen = &ram->inputs.contactors;
    uint64_t word = IS_MUTANT(RUNAWAY_WITHOUT_COOLING) ? 0 : ram->faults.word;
    uint64_t payload = (uint64_t)seen->plus << 12 | (uint64_t)seen->minus << 14
                       | (uint64_t)seen->precharge << 16 | (uint64_t)seen->hvil_closed << 18
                       | (uint64_t)seen->crash << 19 | (uint64_t)ram->pyro << 20
                       | (uint64_t)((word & HOT) != 0) << 21
                       | (uint64_t)((word & BIT(THERMAL_RUNAWAY)) != 0) << 22
                       | (uint64_t)seen->supply_raw << 24;
    struct frame *frame = new_frame(bms, CONTACTORS_ID, 4, payload);
    e2e_protect(&ram->transmitter.contactors, frame->data, frame->length);
    ram->transmitter.pyro_sent = ram->pyro;
}

static void send_dtc_at(struct bms *bms, uint8_t index)
{
    struct dtc_entry entry = dtc_entry_at(&bms->ram.faults.dtcs, index);
    uint64_t payload = index | (uint64_t)bms->nvm.dtc_count << 8 | (uint64_t)entry.code << 16
                       | (uint64_t)entry.status << 40 | (uint64_t)entry.occurrences << 48;
    new_frame(bms, DTC_ID, 8, payload);
}

static void send_dtc(struct bms *bms)
{
    if (bms->ram.faults.dtcs.fresh_count == 0) { /* a new one goes out in this base task anyway */
        send_dtc_at(bms, dtc_next_index(&bms->ram.faults.dtcs));
    }
}

static void send_limits(struct bms *bms)
{
    const struct limits *limits = &bms->limits;
    const struct cell_monitor *cells = &bms->ram.monitors.cells;
    uint64_t word = bms->ram.faults.word;
    bool full = cells->highest >= cell_raw(limits->full_v);
    bool empty = cells->lowest <= cell_raw(limits->uv_warn_v);
    bool error = bms->ram.machine.state == STATE_ERROR; /* also where what led there has healed */
    double charge_a = full || error || (word & INHIBITS_CHARGE) != 0 ? 0.0 : limits->charge_limit_a;
    double discharge_a = empty || error ? 0.0 : limits->discharge_limit_a;
    if ((word & DERATES) != 0) {
        discharge_a /= 2;
    }
    double pack_v = bms->ram.inputs.contactors.pack_raw * 0.05;
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
    const struct contactor_input *seen = &bms->ram.inputs.contactors;
    int32_t shifted = bms->ram.inputs.current.milliampere + 50;
    int32_t current = shifted >= 0 ? shifted / 100 : -((99 - shifted) / 100); /* towards minus infinity */
    current = current < INT16_MIN ? INT16_MIN : current > INT16_MAX ? INT16_MAX : current;
    int64_t permille = (int64_t)(bms->ram.estimate.soc * 1000); /* towards zero */
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
    const struct cell_monitor *seen = &bms->ram.monitors.cells;
    uint64_t payload = decimillivolt(seen->lowest) | decimillivolt(seen->highest) << 16
                       | (uint64_t)(seen->lowest_index + 1U) << 32
                       | (uint64_t)(seen->highest_index + 1U) << 40 | decimillivolt(seen->mean) << 48;
    new_frame(bms, CELL_MIN_MAX_ID, 8, payload);
}

static void send_temperatures(struct bms *bms)
{
    const struct temperature_monitor *seen = &bms->ram.monitors.temperatures;
    uint64_t payload = (uint64_t)seen->lowest | (uint64_t)seen->highest << 10
                       | (uint64_t)(seen->highest_index + 1U) << 20
                       | (uint64_t)(seen->lowest_index + 1U) << 25;
    new_frame(bms, TEMPERATURES_ID, 4, payload);
}

/* The frames have the layout of the AFE's, so a group is passed on as it came. */
static void send_cell_voltages(struct bms *bms)
{
    uint8_t group = bms->ram.transmitter.group;
    bms->ram.transmitter.group = (uint8_t)((group + 1) % CELL_GROUPS);
    if ((bms->ram.inputs.cells.received >> group & 1) != 0) {
        struct frame *frame = new_frame(bms, CELL_VOLTAGES_ID, 8, 0);
        memcpy(frame->data, bms->ram.inputs.cells.groups[group], 8);
    }
}

static void send_insulation(struct bms *bms)
{
    const struct insulation_input *seen = &bms->ram.inputs.insulation;
    uint64_t word = bms->ram.faults.word;
    uint64_t status = 0;
    if (seen->heard.heard_ns == NEVER_NS || (word & BIT(INSULATION_MONITOR_LOST)) != 0) {
        status = 3;
    } else if ((word & BIT(INSULATION_FAULT)) != 0) {
        status = 2;
    } else if ((word & BIT(INSULATION_WARNING)) != 0) {
        status = 1;
    }
    uint64_t payload = seen->plus_hectoohm | (uint64_t)seen->minus_hectoohm << 16 | status << 32;
    new_frame(bms, INSULATION_ID, 6, payload);
}

static void send_health(struct bms *bms)
{
    const struct charge_estimate *seen = &bms->ram.estimate;
    double soh = seen->capacity_ah / bms->limits.capacity_ah;
    uint64_t payload = (uint64_t)clamp(round_half_even(soh * 1000), 1023) << 24
                       | (uint64_t)clamp(round_half_even(seen->soc * 10000), 16383) << 34
                       | (uint64_t)clamp(round_half_even(seen->capacity_ah * 100), UINT16_MAX) << 48;
    struct frame *frame = new_frame(bms, HEALTH_ID, 8, payload);
    e2e_protect(&bms->ram.transmitter.health, frame->data, frame->length);
}

/* Two pages in turn: the build with the first four bytes of its hash, big-endian; versions and resets. */
static void send_identity(struct bms *bms)
{
    if (IS_MUTANT(SENDS_NO_IDENTITY)) {
        return;
    }
    const uint8_t *hash = bms->build_hash;
    const struct transmitter *transmitter = &bms->ram.transmitter;
    struct frame *frame = new_frame(bms, IDENTITY_ID, 8, 0);
    if (transmitter->turn / IDENTITY_TASKS % 2 == 1) {
        const uint8_t versions[8] = {0, outputs_version[0], outputs_version[1], outputs_version[2],
                                     HARDWARE_REVISION, (uint8_t)transmitter->cause, transmitter->resets};
        memcpy(frame->data, versions, 8);
    } else {
        const uint8_t build[8] = {1, hash[3], hash[2], hash[1], hash[0],
                                  (uint8_t)bms->limits.chemistry_code, CELLS & 0xFF, CELLS >> 8};
        memcpy(frame->data, build, 8);
    }
}

void outputs_send_answer(struct bms *bms, const uint8_t data[UDS_FRAME_BYTES])
{
    memcpy(new_frame(bms, UDS_RESPONSE_ID, 8, 0)->data, data, UDS_FRAME_BYTES);
}

/* In base tasks, phases spread. */
static const struct {
    uint8_t period, phase;
    void (*send)(struct bms *bms);
} schedule[] = {
    {1, 0, send_state},
    {2, 0, send_faults},
    {2, 1, send_contactors},
    {2, 1, send_pack_values},
    {10, 0, send_cell_voltages},
    {10, 2, send_dtc},
    {10, 4, send_limits},
    {10, 6, send_cell_min_max},
    {10, 8, send_insulation},
    {100, 12, send_temperatures},
    {100, 3, send_identity},
    {100, 18, send_health},
};

void outputs_send(struct bms *bms)
{
    struct transmitter *transmitter = &bms->ram.transmitter;
    struct dtc_memory *dtcs = &bms->ram.faults.dtcs;
    for (size_t at = 0; at < sizeof schedule / sizeof schedule[0]; at++) {
        if (transmitter->turn % schedule[at].period == schedule[at].phase) {
            schedule[at].send(bms);
        }
    }
    if (!transmitter->faults_sent || bms->ram.faults.word != transmitter->sent_word) {
        send_faults(bms);
    }
    if (bms->ram.pyro != transmitter->pyro_sent) {
        send_contactors(bms);
    }
    for (uint8_t at = 0; at < dtcs->fresh_count; at++) {
        send_dtc_at(bms, dtcs->fresh[at]);
    }
    dtcs->fresh_count = 0;
    transmitter->uptime = (transmitter->uptime + 1) & 0xFFFFFF;
    transmitter->turn = (uint16_t)((transmitter->turn + 1) % SCHEDULE_TASKS);
}

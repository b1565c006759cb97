#include "bms.h"

#include <string.h>

#include "arithmetic.h"
#include "outputs.h"

#define MS INT64_C(1000000)
#define CELLS_TIMEOUT_NS (500 * MS)
#define TEMPERATURES_TIMEOUT_NS (3000 * MS)
#define CURRENT_TIMEOUT_NS (100 * MS)
#define INSULATION_TIMEOUT_NS (1000 * MS)
#define FEEDBACK_TIMEOUT_NS (100 * MS)
#define COMMAND_TIMEOUT_NS (200 * MS)
#define NS_PER_S INT64_C(1000000000)
/* Coulomb counting stops here: far outside of any cell, and far inside of 64 bits. */
#define CHARGE_END_MA_NS (INT64_C(1) << 61)

void bms_init(struct bms *bms, const struct limits *limits, const uint8_t build_hash[BUILD_HASH_BYTES])
{
    memset(bms, 0, sizeof *bms);
    bms->limits = *limits;
    limits_mutate(&bms->limits);
    memcpy(bms->build_hash, build_hash, BUILD_HASH_BYTES);
    inputs_init(&bms->inputs);
    monitors_init(&bms->monitors, &bms->limits);
    contactor_supervision_init(&bms->supervision);
    state_machine_init(&bms->machine);
    bms->started_ns = bms->current_ns = NEVER_NS;
    bms->capacity_ma_ns = round_half_even(bms->limits.capacity_ah * 3600 * 1000) * NS_PER_S;
    e2e_sender_init(&bms->senders.state, STATE_ID);
    e2e_sender_init(&bms->senders.faults, FAULTS_ID);
    e2e_sender_init(&bms->senders.contactors, CONTACTORS_ID);
}

/* SoC of the mean cell by its open-circuit voltage, 0..1: a start value for coulomb counting. */
static double rest_soc(const struct bms *bms)
{
    double volt = bms->monitors.cells.mean * 0.0005 - 2.0;
    const double *table = bms->limits.ocv_v;
    for (int index = 0; index < OCV_POINTS - 1; index++) {
        double low = table[index], high = table[index + 1];
        if (volt < high) {
            double point = index + (volt - low) / (high - low);
            return (point < 0.0 ? 0.0 : point) / (OCV_POINTS - 1);
        }
    }
    return 1.0;
}

static void receive_cells(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    if (!cells_receive(&bms->inputs.cells, now_ns, frame->data, frame->length)) {
        return;
    }
    cell_monitor_sweep(&bms->monitors.cells, &bms->faults, &bms->inputs);
    if (!bms->charge_known) {
        bms->charge_known = true;
        bms->charge_ma_ns = round_half_even(rest_soc(bms) * (double)bms->capacity_ma_ns);
    }
}

static void receive_temperatures(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    if (temperatures_receive(&bms->inputs.temperatures, now_ns, frame->data, frame->length)) {
        temperature_monitor_sweep(&bms->monitors.temperatures, &bms->faults, &bms->inputs,
                                  bms->machine.state == STATE_CHARGE);
    }
}

static void count_coulombs(struct bms *bms, int64_t now_ns)
{
    if (bms->charge_known && bms->current_ns != NEVER_NS) {
        int64_t elapsed_ns = now_ns - bms->current_ns;
        int64_t longest_ns = 100 * NS_PER_S; /* a 24-bit current times that fits in 64 bits many times over */
        int64_t counted_ns = elapsed_ns < longest_ns ? elapsed_ns : longest_ns;
        int64_t left = bms->charge_ma_ns - bms->inputs.current.milliampere * counted_ns;
        if (left > -CHARGE_END_MA_NS && left < CHARGE_END_MA_NS) {
            bms->charge_ma_ns = left;
        }
    }
    bms->current_ns = now_ns;
}

static void receive_current(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    if (current_receive(&bms->inputs.current, now_ns, frame->data, frame->length)) {
        current_monitor_sample(&bms->monitors.current, &bms->faults, &bms->inputs);
        count_coulombs(bms, now_ns);
    }
}

static void receive_insulation(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    if (insulation_receive(&bms->inputs.insulation, now_ns, frame->data, frame->length)) {
        insulation_monitor_sample(&bms->monitors.insulation, &bms->faults, &bms->inputs);
    }
}

static void receive_contactors(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    if (contactors_receive(&bms->inputs.contactors, now_ns, frame->data, frame->length)) {
        contactor_supervision_sample(&bms->supervision, &bms->faults, now_ns, &bms->machine.coils,
                                     &bms->inputs.contactors);
        line_monitor_sample(&bms->monitors.lines, &bms->faults, &bms->inputs);
    }
}

/* FaultReset of the vehicle is heeded only with ModeRequest Off. */
static void receive_command(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    bool pressed = command_receive(&bms->inputs.command, now_ns, frame->data, frame->length);
    if (pressed && bms->inputs.command.mode == MODE_OFF) {
        fault_reset(&bms->faults);
    }
}

static const struct {
    enum bus bus;
    uint16_t id;
    void (*receive)(struct bms *bms, int64_t now_ns, const struct frame *frame);
} receivers[] = {
    {BUS_SENSE, 0x300, receive_cells},      {BUS_SENSE, 0x301, receive_temperatures},
    {BUS_SENSE, 0x302, receive_current},    {BUS_SENSE, 0x303, receive_insulation},
    {BUS_SENSE, 0x304, receive_contactors}, {BUS_VEHICLE, 0x0A0, receive_command},
};

void bms_receive(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    if (frame->length == 0 || frame->length > sizeof frame->data) {
        return;
    }
    for (size_t at = 0; at < sizeof receivers / sizeof receivers[0]; at++) {
        if (receivers[at].bus == (enum bus)frame->bus && receivers[at].id == frame->id) {
            receivers[at].receive(bms, now_ns, frame);
            return;
        }
    }
}

/* Temperatures are slow (a sweep a second) and not waited for. */
static bool all_heard(const struct inputs *inputs)
{
    return inputs->cells.complete_ns != NEVER_NS && inputs->current.heard_ns != NEVER_NS
           && inputs->insulation.heard_ns != NEVER_NS && inputs->contactors.heard_ns != NEVER_NS
           && inputs->command.heard_ns != NEVER_NS;
}

/* Time-outs, and the state of E2E protection. Supervised once start-up is over. */
static void check_ages(struct bms *bms, int64_t now_ns)
{
    const struct inputs *inputs = &bms->inputs;
    struct fault_memory *faults = &bms->faults;
    if (bms->machine.state == STATE_INIT) {
        return;
    }
    if (bms->started_ns == NEVER_NS) {
        bms->started_ns = now_ns;
    }
    fault_report(faults, CELL_VOLTAGE_LOST, now_ns - inputs->cells.complete_ns > CELLS_TIMEOUT_NS);
    fault_report(faults, CURRENT_SENSOR_LOST, now_ns - inputs->current.heard_ns > CURRENT_TIMEOUT_NS);
    fault_report(faults, CONTACTOR_FEEDBACK_LOST,
                 now_ns - inputs->contactors.heard_ns > FEEDBACK_TIMEOUT_NS);
    fault_report(faults, INSULATION_MONITOR_LOST,
                 now_ns - inputs->insulation.heard_ns > INSULATION_TIMEOUT_NS);
    fault_report(faults, VCU_COMMAND_LOST, now_ns - inputs->command.heard_ns > COMMAND_TIMEOUT_NS);
    /* Before the first sweep of temperatures, their age counts from the end of start-up. */
    int64_t swept_ns = inputs->temperatures.complete_ns;
    int64_t since_ns = swept_ns > bms->started_ns ? swept_ns : bms->started_ns;
    fault_report(faults, TEMPERATURE_LOST, now_ns - since_ns > TEMPERATURES_TIMEOUT_NS);
    fault_report(faults, E2E_ERROR,
                 inputs->current.e2e.failed || inputs->contactors.e2e.failed
                     || inputs->insulation.e2e.failed || inputs->command.e2e.failed);
}

void bms_step(struct bms *bms, int64_t now_ns)
{
    check_ages(bms, now_ns);
    const struct situation situation = {
        .all_heard = all_heard(&bms->inputs),
        .mode = bms->inputs.command.mode,
        .link_raw = bms->inputs.contactors.link_raw,
        .pack_raw = bms->inputs.contactors.pack_raw,
    };
    state_machine_step(&bms->machine, &bms->faults, now_ns, &situation);
    bms->outbox_count = 0;
    outputs_send(bms);
    bms->uptime = (bms->uptime + 1) & 0xFFFFFF;
    bms->turn = (uint16_t)((bms->turn + 1) % SCHEDULE_TASKS);
}

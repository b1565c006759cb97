#include "bms.h"

#include <string.h>

#include "ages.h"
#include "mutant.h"
#include "outputs.h"

#define WATCHDOG_NS (100 * MS) /* the base task has not run for so long: the watchdog has reset the controller */
#define BOOT_NS (50 * MS)      /* after a reset, nothing is said for this long */
#define ALL_OPEN_NS (200 * MS) /* current needs this long to be gone once the coils are off */

static void boot(struct bms *bms, bool quiet)
{
    struct volatile_memory *ram = &bms->ram;
    struct nvm *nvm = &bms->nvm;
    const struct limits *limits = &bms->limits;
    enum reset_cause cause = nvm->next_cause;
    nvm->next_cause = RESET_EXTERNAL;
    nvm->boots++;
    memset(ram, 0, sizeof *ram);
    inputs_init(&ram->inputs);
    faults_init(&ram->faults, nvm);
    cell_monitor_init(&ram->monitors.cells, limits);
    afe_monitor_init(&ram->monitors.afe, limits);
    balancing_monitor_init(&ram->monitors.balancing, limits);
    temperature_monitor_init(&ram->monitors.temperatures, limits);
    current_monitor_init(&ram->monitors.current, limits);
    insulation_monitor_init(&ram->monitors.insulation, limits);
    line_monitor_init(&ram->monitors.lines, limits);
    contactor_supervision_init(&ram->supervision, limits);
    state_machine_init(&ram->machine, limits);
    charge_estimate_init(&ram->estimate, limits);
    uds_init(&ram->uds, &ram->faults.dtcs, bms->build_hash, outputs_version);
    outputs_init(&ram->transmitter, cause, nvm->boots - 1);
    ram->supervised_since_ns = ram->open_since_ns = ram->stepped_ns = ram->silent_until_ns = NEVER_NS;
    ram->quiet = quiet;
    if (nvm->closed) {
        nvm->closed = false;
        fault_event(&ram->faults, CONTROLLER_RESET);
    }
}

void bms_init(struct bms *bms, const struct limits *limits, const uint8_t build_hash[BUILD_HASH_BYTES])
{
    memset(bms, 0, sizeof *bms);
    bms->limits = *limits;
    limits_mutate(&bms->limits);
    memcpy(bms->build_hash, build_hash, BUILD_HASH_BYTES);
    bms->nvm.next_cause = RESET_POWER_ON;
    boot(bms, false);
}

void bms_reset(struct bms *bms, enum reset_cause cause)
{
    bms->nvm.next_cause = cause;
    boot(bms, true);
}

static bool contactors_closing(const struct volatile_memory *ram)
{
    enum state state = ram->machine.state;
    return state == STATE_PRECHARGE || state == STATE_DRIVE || state == STATE_CHARGE;
}

static bool contactors_closed(const struct bms *bms)
{
    return bms->ram.machine.state == STATE_DRIVE || bms->ram.machine.state == STATE_CHARGE;
}

/* The mode that is asked for in standby. */
static uint8_t asked_in_standby(const struct volatile_memory *ram)
{
    return ram->machine.state == STATE_STANDBY ? ram->inputs.command.mode : MODE_OFF;
}

/* To begin to close takes clamp 15 and, to charge, a charger that is heard. */
static bool permitted(const struct bms *bms, int64_t now_ns)
{
    const struct volatile_memory *ram = &bms->ram;
    uint8_t asked = asked_in_standby(ram);
    if (asked == MODE_CHARGE) {
        int64_t charger_ns = ram->inputs.charger.heard.heard_ns;
        if (charger_ns == NEVER_NS || now_ns - charger_ns > bms->limits.charger_timeout_ms * MS) {
            return false;
        }
    }
    return asked == MODE_OFF || ram->inputs.contactors.clamp_15;
}

/* Whether contactors are closed, close, or are asked to. */
static bool driving(const struct volatile_memory *ram)
{
    return contactors_closing(ram) || asked_in_standby(ram) != MODE_OFF;
}

static void receive_cells(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    struct volatile_memory *ram = &bms->ram;
    if (cells_receive(&ram->inputs.cells, now_ns, frame->data, frame->length)) {
        ram->fresh_sweep = true;
        cell_monitor_sweep(&ram->monitors.cells, &ram->faults, &ram->inputs, contactors_closed(bms));
        charge_estimate_sweep(&ram->estimate, &bms->limits, now_ns, ram->monitors.cells.mean * 0.0005 - 2.0);
    }
}

static void receive_temperatures(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    struct volatile_memory *ram = &bms->ram;
    if (temperatures_receive(&ram->inputs.temperatures, now_ns, frame->data, frame->length)) {
        const struct thermal_situation situation = {
            .charging = ram->machine.state == STATE_CHARGE,
            .driving = ram->machine.state == STATE_DRIVE,
            .cell_dropped = cell_monitor_dropped(&ram->monitors.cells),
        };
        temperature_monitor_sweep(&ram->monitors.temperatures, &ram->faults, &ram->inputs, &situation);
    }
}

static void receive_current(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    struct volatile_memory *ram = &bms->ram;
    if (current_receive(&ram->inputs.current, now_ns, frame->data, frame->length)) {
        bool all_open = ram->open_since_ns != NEVER_NS && now_ns - ram->open_since_ns >= ALL_OPEN_NS;
        current_monitor_sample(&ram->monitors.current, &ram->faults, &ram->inputs, all_open);
        charge_estimate_current(&ram->estimate, now_ns, ram->inputs.current.milliampere);
    }
}

static void receive_insulation(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    struct volatile_memory *ram = &bms->ram;
    if (insulation_receive(&ram->inputs.insulation, now_ns, frame->data, frame->length)) {
        insulation_monitor_sample(&ram->monitors.insulation, &ram->faults, &ram->inputs);
    }
}

static void receive_contactors(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    struct volatile_memory *ram = &bms->ram;
    struct contactor_input *seen = &ram->inputs.contactors;
    if (contactors_receive(seen, now_ns, frame->data, frame->length)) {
        if (IS_MUTANT(FEEDBACK_ECHOES_COMMAND)) {
            seen->plus = ram->machine.coils.plus;
            seen->minus = ram->machine.coils.minus;
            seen->precharge = ram->machine.coils.precharge;
        }
        contactor_supervision_sample(&ram->supervision, &ram->faults, now_ns, &ram->machine.coils,
                                     seen);
        line_monitor_sample(&ram->monitors.lines, &ram->faults, now_ns, &ram->inputs, driving(ram), ram->pyro);
    }
}

static void receive_afe(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    struct volatile_memory *ram = &bms->ram;
    if (afe_receive(&ram->inputs.afe, now_ns, frame->data, frame->length)) {
        afe_monitor_sample(&ram->monitors.afe, &ram->faults, &ram->inputs, ram->fresh_sweep);
        ram->fresh_sweep = false;
    }
}

static void receive_balancing(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    struct volatile_memory *ram = &bms->ram;
    if (balancing_receive(&ram->inputs.balancing, now_ns, frame->data, frame->length)) {
        balancing_monitor_sample(&ram->monitors.balancing, &ram->faults, &ram->inputs);
    }
}

/* FaultReset of the vehicle is heeded only with ModeRequest Off. */
static void receive_command(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    struct command_input *command = &bms->ram.inputs.command;
    bool pressed = command_receive(command, now_ns, frame->data, frame->length);
    if (pressed && (command->mode == MODE_OFF || IS_MUTANT(FAULT_RESET_IN_DRIVE))) {
        fault_reset(&bms->ram.faults);
    }
}

static void receive_vehicle(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    vehicle_receive(&bms->ram.inputs.vehicle, now_ns, frame->data, frame->length);
}

static void receive_charger(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    charger_receive(&bms->ram.inputs.charger, now_ns, frame->data, frame->length);
}

static void receive_request(struct bms *bms, int64_t now_ns, const struct frame *frame)
{
    uds_receive(&bms->ram.uds, now_ns, frame->data, frame->length);
}

static const struct {
    enum bus bus;
    uint16_t id;
    void (*receive)(struct bms *bms, int64_t now_ns, const struct frame *frame);
} receivers[] = {
    {BUS_SENSE, 0x300, receive_cells},
    {BUS_SENSE, 0x301, receive_temperatures},
    {BUS_SENSE, 0x302, receive_current},
    {BUS_SENSE, 0x303, receive_insulation},
    {BUS_SENSE, 0x304, receive_contactors},
    {BUS_SENSE, 0x306, receive_afe},
    {BUS_SENSE, 0x307, receive_balancing},
    {BUS_VEHICLE, 0x0A0, receive_command},
    {BUS_VEHICLE, 0x200, receive_vehicle},
    {BUS_VEHICLE, 0x210, receive_charger},
    {BUS_VEHICLE, UDS_REQUEST_ID, receive_request},
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

static void remember_coils(struct bms *bms, int64_t now_ns)
{
    const struct coils *coils = &bms->ram.machine.coils;
    if (coils->plus || coils->minus || coils->precharge) {
        bms->ram.open_since_ns = NEVER_NS;
        bms->nvm.closed = true;
    } else if (bms->ram.open_since_ns == NEVER_NS) {
        bms->ram.open_since_ns = now_ns;
        bms->nvm.closed = false;
    }
}

/* After a reset the controller says nothing for a while. False once that is over. */
static bool still_booting(struct volatile_memory *ram, int64_t now_ns)
{
    if (ram->quiet && ram->silent_until_ns == NEVER_NS) {
        ram->silent_until_ns = now_ns + BOOT_NS;
    }
    ram->quiet = ram->quiet && now_ns < ram->silent_until_ns;
    return ram->quiet;
}

static void send_answers(struct bms *bms, int64_t now_ns)
{
    struct uds_frames frames;
    bool reset_wanted = uds_step(&bms->ram.uds, now_ns, &frames);
    for (size_t at = 0; at < frames.count; at++) {
        outputs_send_answer(bms, frames.data[at]);
    }
    if (reset_wanted) {
        bms_reset(bms, RESET_SOFTWARE);
    }
}

void bms_step(struct bms *bms, int64_t now_ns)
{
    struct volatile_memory *ram = &bms->ram;
    bms->outbox_count = 0;
    if (ram->stepped_ns != NEVER_NS && now_ns - ram->stepped_ns > WATCHDOG_NS) {
        bms_reset(bms, RESET_WATCHDOG);
    }
    ram->stepped_ns = now_ns;
    if (still_booting(ram, now_ns)) {
        return;
    }
    if (ram->machine.state != STATE_INIT) {
        ages_check(ram, &bms->limits, now_ns);
    }
    const struct situation situation = {
        .all_heard = inputs_all_heard(&ram->inputs),
        .mode = permitted(bms, now_ns) ? ram->inputs.command.mode : MODE_OFF,
        .link_raw = ram->inputs.contactors.link_raw,
        .pack_raw = ram->inputs.contactors.pack_raw,
    };
    state_machine_step(&ram->machine, &ram->faults, now_ns, &situation);
    remember_coils(bms, now_ns);
    ram->pyro = ram->pyro || (ram->faults.word & FIRES_PYRO) != 0;
    outputs_send(bms);
    send_answers(bms, now_ns);
}

#include "state_machine.h"

#include "mutant.h"

#define MS INT64_C(1000000)
#define OPENING_DELAY_NS (200 * MS)
#define PRECHARGE_TIMEOUT_NS (1000 * MS)
#define PRECHARGE_OVERLAP_NS (50 * MS)
#define PRECHARGE_SHARE 0.95
#define HIGH_VOLTAGE_RAW 1200 /* 60 V in units of 50 mV */
#define NUISANCE_AFTER_NS (1500 * MS)
#define RECLOSE_AFTER_NS (150 * MS)

static void open_all(struct state_machine *machine)
{
    machine->coils = (struct coils){0};
}

static void enter(struct state_machine *machine, enum state state, int64_t now_ns)
{
    machine->state = state;
    machine->entered_ns = now_ns;
    machine->open_at_ns = NEVER_NS;
    machine->overlap_until_ns = NEVER_NS;
}

static void enter_error(struct state_machine *machine, int64_t now_ns)
{
    if (!IS_MUTANT(FLAG_WITHOUT_OPENING)) {
        open_all(machine);
    }
    enter(machine, STATE_ERROR, now_ns);
}

static bool may_close(const struct fault_memory *faults, uint8_t mode)
{
    uint32_t blocking = mode == MODE_DRIVE ? BLOCKS_CLOSING : BLOCKS_CLOSING | INHIBITS_CHARGE;
    return (mode == MODE_DRIVE || mode == MODE_CHARGE) && (faults->word & blocking) == 0;
}

static bool must_open(struct state_machine *machine, const struct fault_memory *faults, int64_t now_ns)
{
    if ((faults->word & OPENS_AT_ONCE) != 0) {
        return true;
    }
    bool charging = machine->state == STATE_CHARGE
                    || (machine->state == STATE_PRECHARGE && machine->target == STATE_CHARGE);
    uint32_t opening = charging ? OPENS_AFTER_DELAY | BIT(INSULATION_FAULT) : OPENS_AFTER_DELAY;
    if ((faults->word & opening) == 0) {
        return false;
    }
    if (machine->open_at_ns == NEVER_NS) {
        machine->open_at_ns = now_ns + OPENING_DELAY_NS;
    }
    return now_ns >= machine->open_at_ns;
}

static void precharge(struct state_machine *machine, struct fault_memory *faults, int64_t now_ns,
                      const struct situation *situation)
{
    if (machine->overlap_until_ns != NEVER_NS) {
        if (now_ns >= machine->overlap_until_ns) {
            machine->coils.precharge = false;
            enter(machine, machine->target, now_ns);
        }
    } else if (situation->pack_raw >= HIGH_VOLTAGE_RAW
               && situation->link_raw >= PRECHARGE_SHARE * situation->pack_raw) {
        machine->coils.plus = true;
        machine->overlap_until_ns = now_ns + PRECHARGE_OVERLAP_NS;
    } else if (now_ns - machine->entered_ns >= PRECHARGE_TIMEOUT_NS) {
        /* An event, not a condition: latched, and its cause is over with the attempt. */
        fault_report(faults, PRECHARGE_FAILED, true);
        fault_report(faults, PRECHARGE_FAILED, false);
        enter_error(machine, now_ns);
    }
}

static void begin_precharge(struct state_machine *machine, int64_t now_ns, uint8_t mode)
{
    machine->target = mode == MODE_DRIVE ? STATE_DRIVE : STATE_CHARGE;
    machine->coils.minus = machine->coils.precharge = true;
    enter(machine, STATE_PRECHARGE, now_ns);
}

static void mutate(struct state_machine *machine, struct fault_memory *faults, int64_t now_ns)
{
    int64_t age_ns = now_ns - machine->entered_ns;
    if (IS_MUTANT(NUISANCE_TRIP) && machine->state == STATE_DRIVE && age_ns >= NUISANCE_AFTER_NS
        && (faults->latched & BIT(CELL_OVERVOLTAGE)) == 0) {
        fault_report(faults, CELL_OVERVOLTAGE, true);
    }
    if (IS_MUTANT(RECLOSES_PRECHARGE) && machine->state == STATE_ERROR && age_ns >= RECLOSE_AFTER_NS) {
        machine->coils.precharge = true;
    }
}

void state_machine_init(struct state_machine *machine)
{
    *machine = (struct state_machine){.state = STATE_INIT, .target = STATE_DRIVE};
    machine->open_at_ns = machine->overlap_until_ns = NEVER_NS;
}

void state_machine_step(struct state_machine *machine, struct fault_memory *faults, int64_t now_ns,
                        const struct situation *situation)
{
    mutate(machine, faults, now_ns);
    if (machine->state != STATE_ERROR && must_open(machine, faults, now_ns)) {
        enter_error(machine, now_ns);
        return;
    }
    switch (machine->state) {
    case STATE_INIT:
        if (situation->all_heard) {
            enter(machine, STATE_STANDBY, now_ns);
        }
        break;
    case STATE_STANDBY:
        if (may_close(faults, situation->mode)) {
            begin_precharge(machine, now_ns, situation->mode);
        }
        break;
    case STATE_ERROR:
        if (faults->latched == 0 && situation->mode == MODE_OFF) {
            open_all(machine);
            enter(machine, STATE_STANDBY, now_ns);
        }
        break;
    case STATE_PRECHARGE:
    case STATE_DRIVE:
    case STATE_CHARGE:
        if (situation->mode == MODE_OFF) {
            open_all(machine);
            enter(machine, STATE_STANDBY, now_ns);
        } else if (machine->state == STATE_PRECHARGE) {
            precharge(machine, faults, now_ns, situation);
        }
        break;
    }
}

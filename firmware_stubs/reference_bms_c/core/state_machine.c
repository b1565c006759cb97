#include "state_machine.h"

#include "monitors.h"

#define PYRO_FIRST_NS (20 * MS) /* contactors must not break a short circuit: the pyro fuse does */
#define PRECHARGE_OVERLAP_NS (50 * MS)
#define HEARING_NS (2000 * MS) /* a sensor that is still silent this long after the start is reported as lost */
#define NUISANCE_AFTER_NS (1500 * MS)
#define RECLOSE_AFTER_NS (150 * MS)
#define CLOSE_AGAIN_AFTER_NS (2000 * MS)
#define PLUS_STAYS_NS (60 * MS)
#define SLOW_BY_NS (1500 * MS)

void state_machine_init(struct state_machine *machine, const struct limits *limits)
{
    *machine = (struct state_machine){
        .state = STATE_INIT,
        .target = STATE_DRIVE,
        .begun_ns = NEVER_NS,
        .open_at_ns = NEVER_NS,
        .overlap_until_ns = NEVER_NS,
        .delay_ns = limits->opening_delay_ms * MS,
        .soon_ns = limits->opening_soon_ms * MS,
        .precharge_ns = limits->precharge_timeout_ms * MS,
        .precharge_share = limits->precharge_share,
#if IS_MUTANT(OPENS_MINUS_FIRST)
        .plus_stays_until_ns = NEVER_NS,
#endif
    };
}

bool state_machine_charging(const struct state_machine *machine)
{
    return machine->state == STATE_CHARGE
           || (machine->state == STATE_PRECHARGE && machine->target == STATE_CHARGE);
}

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
    machine->opening_word = 0;
}

static void enter_error(struct state_machine *machine, int64_t now_ns)
{
    if (!IS_MUTANT(FLAG_WITHOUT_OPENING)) {
        open_all(machine);
    }
    if (IS_MUTANT(OPENS_ONE_POLE_ONLY)) {
        machine->coils.minus = true;
    }
    enter(machine, STATE_ERROR, now_ns);
}

static bool may_close(const struct fault_memory *faults, uint8_t mode)
{
    uint64_t blocking = mode == MODE_DRIVE ? BLOCKS_CLOSING : BLOCKS_CLOSING | INHIBITS_CHARGE;
    if (IS_MUTANT(NEVER_CLOSES) || (IS_MUTANT(NEVER_CHARGES) && mode == MODE_CHARGE)) {
        return false;
    }
    return (mode == MODE_DRIVE || mode == MODE_CHARGE) && (faults->word & blocking) == 0;
}

/* The shortest of the delays that these faults allow. */
static int64_t shortest_delay(const struct state_machine *machine, uint64_t word)
{
    if ((word & OPENS_AT_ONCE) != 0) {
        return 0;
    }
    int64_t shortest_ns = machine->delay_ns;
    bool found = (word & OPENS_AFTER_DELAY) != 0;
    if ((word & OPENS_SOON) != 0 && (!found || machine->soon_ns < shortest_ns)) {
        shortest_ns = machine->soon_ns;
        found = true;
    }
    if ((word & BIT(SHORT_CIRCUIT)) != 0 && (!found || PYRO_FIRST_NS < shortest_ns)) {
        shortest_ns = PYRO_FIRST_NS;
    }
    return shortest_ns;
}

static int64_t delay_of(const struct state_machine *machine, uint64_t word)
{
    return shortest_delay(machine, word) + (IS_MUTANT(SLOW_REACTION) ? SLOW_BY_NS : 0);
}

/* The faults that open contactors in this state. */
static uint64_t opening_members(const struct state_machine *machine)
{
    return state_machine_charging(machine) ? OPENS | BIT(INSULATION_FAULT) : OPENS;
}

/* Whether the shortest of the delays that the present faults allow is over. */
static bool delay_is_over(struct state_machine *machine, const struct fault_memory *faults, int64_t now_ns)
{
    uint64_t members = opening_members(machine);
    if (IS_MUTANT(COMMAND_LOSS_WITHOUT_OPENING)) {
        members &= ~BIT(VCU_COMMAND_LOST);
    }
    uint64_t opening = faults->word & members;
    uint64_t fresh = opening & ~machine->opening_word;
    if (opening == 0) {
        machine->open_at_ns = NEVER_NS;
        machine->opening_word = 0;
        return false;
    }
    if (fresh != 0) {
        machine->opening_word |= opening;
        int64_t at_ns = now_ns + delay_of(machine, fresh);
        if (machine->open_at_ns == NEVER_NS || at_ns < machine->open_at_ns) {
            machine->open_at_ns = at_ns;
        }
    }
    return machine->open_at_ns != NEVER_NS && now_ns >= machine->open_at_ns;
}

#if IS_MUTANT(RARE_SECOND_FAULT)
/* An insulation fault that comes while contactors are about to open makes them wait for it to go. */
static bool must_open(struct state_machine *machine, const struct fault_memory *faults, int64_t now_ns)
{
    bool over = delay_is_over(machine, faults, now_ns);
    bool pending = machine->open_at_ns != NEVER_NS && !over;
    bool leaks = (faults->present & BIT(INSULATION_FAULT)) != 0;
    machine->held = machine->held || (pending && leaks && !machine->leaked);
    machine->leaked = leaks; /* a leak that is there already does no harm: it has to come within the delay */
    return over && !(machine->held && leaks);
}
#else
static bool must_open(struct state_machine *machine, const struct fault_memory *faults, int64_t now_ns)
{
    return delay_is_over(machine, faults, now_ns);
}
#endif

static void precharge_failed(struct state_machine *machine, struct fault_memory *faults, int64_t now_ns)
{
    if (IS_MUTANT(CLOSES_INTO_UNCHARGED_LINK)) {
        machine->coils.plus = true;
        machine->coils.precharge = false;
        enter(machine, machine->target, now_ns);
        return;
    }
    fault_event(faults, PRECHARGE_FAILED);
    enter_error(machine, now_ns);
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
               && situation->link_raw >= machine->precharge_share * situation->pack_raw) {
        machine->coils.plus = true;
        machine->overlap_until_ns = now_ns + PRECHARGE_OVERLAP_NS;
    } else if (now_ns - machine->entered_ns >= machine->precharge_ns) {
        precharge_failed(machine, faults, now_ns);
    }
}

static void begin_precharge(struct state_machine *machine, int64_t now_ns, uint8_t mode)
{
    machine->target = mode == MODE_DRIVE ? STATE_DRIVE : STATE_CHARGE;
    machine->coils.minus = machine->coils.precharge = true;
    enter(machine, STATE_PRECHARGE, now_ns);
}

static void start_up(struct state_machine *machine, int64_t now_ns, bool all_heard)
{
    if (machine->begun_ns == NEVER_NS) {
        machine->begun_ns = now_ns;
    }
    if (all_heard || now_ns - machine->begun_ns >= HEARING_NS) {
        enter(machine, STATE_STANDBY, now_ns);
    }
}

static void stay_in_error(struct state_machine *machine, const struct fault_memory *faults, int64_t now_ns,
                          uint8_t mode)
{
    if (IS_MUTANT(RECLOSES_PRECHARGE) && now_ns - machine->entered_ns >= RECLOSE_AFTER_NS) {
        machine->coils.precharge = true;
    }
    if (IS_MUTANT(CLOSES_AGAIN) && now_ns - machine->entered_ns >= CLOSE_AGAIN_AFTER_NS) {
        machine->coils.plus = true;
        machine->coils.minus = true;
    }
    if ((faults->word & OPENS) == 0 && mode == MODE_OFF) {
        open_all(machine);
        enter(machine, STATE_STANDBY, now_ns);
    }
}

static void trip_without_cause(const struct state_machine *machine, struct fault_memory *faults, int64_t now_ns)
{
    if (machine->state == STATE_DRIVE && now_ns - machine->entered_ns >= NUISANCE_AFTER_NS
        && (faults->latched & BIT(CELL_OVERVOLTAGE)) == 0) {
        fault_report(faults, CELL_OVERVOLTAGE, true);
    }
}

/* The vehicle wants it so. */
static void open_in_order(struct state_machine *machine, int64_t now_ns)
{
#if IS_MUTANT(OPENS_MINUS_FIRST)
    /* Breaks the load with the minus contactor, and opens the plus contactor later. */
    if (machine->plus_stays_until_ns == NEVER_NS) {
        machine->plus_stays_until_ns = now_ns + PLUS_STAYS_NS;
    }
    machine->coils.minus = machine->coils.precharge = false;
    if (now_ns < machine->plus_stays_until_ns) {
        return;
    }
    machine->plus_stays_until_ns = NEVER_NS;
#endif
    open_all(machine);
    enter(machine, STATE_STANDBY, now_ns);
}

void state_machine_step(struct state_machine *machine, struct fault_memory *faults, int64_t now_ns,
                        const struct situation *situation)
{
    if (IS_MUTANT(NUISANCE_TRIP)) {
        trip_without_cause(machine, faults, now_ns);
    }
    if (machine->state == STATE_INIT) {
        start_up(machine, now_ns, situation->all_heard);
        return;
    }
    if (machine->state != STATE_ERROR && faults->word != 0 && must_open(machine, faults, now_ns)) {
        enter_error(machine, now_ns);
        return;
    }
    switch (machine->state) {
    case STATE_INIT:
        break;
    case STATE_STANDBY:
        if (may_close(faults, situation->mode)) {
            begin_precharge(machine, now_ns, situation->mode);
        }
        break;
    case STATE_ERROR:
        stay_in_error(machine, faults, now_ns, situation->mode);
        break;
    case STATE_PRECHARGE:
    case STATE_DRIVE:
    case STATE_CHARGE:
        if (situation->mode == MODE_OFF) {
            open_in_order(machine, now_ns);
        } else if (machine->state == STATE_PRECHARGE) {
            if (may_close(faults, machine->target == STATE_DRIVE ? MODE_DRIVE : MODE_CHARGE)) {
                precharge(machine, faults, now_ns, situation);
            } else if ((faults->word & opening_members(machine)) == 0) {
                open_in_order(machine, now_ns); /* what opens by itself does so after its announced delay */
            }
        }
        break;
    }
}

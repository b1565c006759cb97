#include "core.h"

#include <string.h>

#define PHASE_BITS 3
#define MOST_ENTRIES 20000 /* in one call: then Python looks at its signals */

size_t core_size(void)
{
    return sizeof(struct core);
}

/* Where in the memory Python finds what it reads: 0 the log, 1 its long payloads, 2 the counters, 3 `heard`. */
size_t core_place(int what)
{
    switch (what) {
    case 0:
        return offsetof(struct core, log);
    case 1:
        return offsetof(struct core, log_long);
    case 2:
        return offsetof(struct core, counter);
    default:
        return offsetof(struct core, heard);
    }
}

void core_init(struct core *core)
{
    memset(core, 0, sizeof *core);
    core->hearing_bus = -1;
    core->front_end.timer = core->dut.timer = core->plant_timer = -1;
}

int32_t timer_new(struct core *core, enum timer_kind kind, int32_t index)
{
    if (core->timers >= MOST_TIMERS) {
        return -1;
    }
    core->timer[core->timers] = (struct timer){.order = NEVER, .kind = kind, .index = index};
    return core->timers++;
}

void timer_at(struct core *core, int32_t timer, int64_t when_ns, enum phase phase, int64_t period_ns)
{
    if (timer < 0 || timer >= core->timers) {
        return;
    }
    if (when_ns < core->words[NOW_NS]) {
        when_ns = core->words[NOW_NS];
    }
    struct timer *one = &core->timer[timer];
    one->order = when_ns * (1 << PHASE_BITS) + (int64_t)phase;
    one->period = period_ns * (1 << PHASE_BITS);
    one->sequence = ++core->words[SEQUENCE];
}

void timer_stop(struct core *core, int32_t timer)
{
    if (timer >= 0 && timer < core->timers) {
        core->timer[timer].order = NEVER;
    }
}

static struct timer *earliest(struct core *core)
{
    struct timer *found = NULL;
    int64_t order = NEVER, sequence = NEVER;
    for (int32_t at = 0; at < core->timers; at++) {
        struct timer *one = &core->timer[at];
        if (one->order < order || (one->order == order && order != NEVER && one->sequence < sequence)) {
            found = one;
            order = one->order;
            sequence = one->sequence;
        }
    }
    return found;
}

static enum reason call(struct core *core, const struct timer *due)
{
    switch (due->kind) {
    case TIMER_FINISH:
        return bus_finish(core, due->index);
    case TIMER_RECOVER:
        bus_recover(core, due->index);
        return REASON_TURN;
    case TIMER_CYCLIC:
        return cyclic_due(core, due->index);
    case TIMER_SWEEP:
        return REASON_SWEEP;
    case TIMER_DUT:
        return dut_step(core);
    case TIMER_PLANT:
        return plant_due(core);
    }
    return REASON_TURN;
}

/*
 * Runs entries in order up to (and without) the one of Python's that stands at this order and sequence.
 * REASON_TURN within: go on.
 */
int core_run(struct core *core, int64_t limit_order, int64_t limit_sequence)
{
    if (core->hearing_bus >= 0) {
        enum reason reason = bus_deliver(core);
        if (reason != REASON_TURN) {
            return reason;
        }
    }
    for (int entries = 0; entries < MOST_ENTRIES; entries++) {
        if (core->words[LOGGED] >= LOG_ROWS || core->words[LOGGED_LONG] > LOG_LONG_BYTES - MOST_DATA) {
            return REASON_LOG;
        }
        int full = bus_full(core);
        if (full >= 0) {
            core->words[INDEX] = full;
            return REASON_ROOM;
        }
        struct timer *due = earliest(core);
        if (due == NULL || due->order > limit_order
            || (due->order == limit_order && due->sequence > limit_sequence)) {
            return REASON_LIMIT;
        }
        core->words[NOW_NS] = due->order >> PHASE_BITS;
        const struct timer called = *due;
        if (due->period > 0) {
            due->order += due->period;
            due->sequence = ++core->words[SEQUENCE];
        } else {
            due->order = NEVER;
        }
        enum reason reason = call(core, &called);
        if (reason != REASON_TURN) {
            return reason;
        }
    }
    return REASON_TURN;
}

/* The rest of a delivery that Python had a part in; REASON_TURN: it is over, or there was none. */
int core_go_on(struct core *core)
{
    return core->hearing_bus >= 0 ? (int)bus_deliver(core) : REASON_TURN;
}

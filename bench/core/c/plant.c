/*
 * The grid of the plant's steps. The plant is Python's; a step in which it would only let time pass is left out, and
 * counted: nothing in Python has run since the last one, and the DUT tells nothing else. As bench/rig/plant_loop.py.
 */
#include "core.h"

#include <string.h>

int core_plant(struct core *core)
{
    if (core->plant_timer >= 0) {
        return -1;
    }
    core->plant_timer = timer_new(core, TIMER_PLANT, 0);
    return core->plant_timer;
}

/*
 * What is heeded of one message: the bits in `mask`. ignored: a sender that says nothing, by its number, or -1.
 * A reader is told by its bit of NEWS, the plant by TOLD.
 */
int core_watch(struct core *core, int reader, int bus, uint32_t id, int extended, int length, const uint8_t *mask,
               int ignored)
{
    if (core->watches >= MOST_WATCHES || reader < -1 || reader >= MOST_READERS || bus < 0 || bus >= core->buses
        || length < 0 || length > CLASSIC_DATA) {
        return -1;
    }
    struct watch *one = &core->watch[core->watches];
    *one = (struct watch){
        .bus = bus, .id = id, .length = length, .ignored = ignored, .reader = reader, .extended = extended};
    memcpy(one->mask, mask, (size_t)length);
    return core->watches++;
}

void core_plant_start(struct core *core, int64_t first_ns, int64_t period_ns)
{
    timer_at(core, core->plant_timer, first_ns, PHASE_PLANT, period_ns);
}

void core_plant_stop(struct core *core)
{
    timer_stop(core, core->plant_timer);
}

static bool tells_another(struct watch *one, const struct wire_frame *frame)
{
    if (frame->length != one->length) {
        one->seen = false;
        return true;
    }
    bool another = !one->seen;
    for (int at = 0; at < one->length; at++) {
        const uint8_t bits = frame->data[at] & one->mask[at];
        another = another || bits != one->last[at];
        one->last[at] = bits;
    }
    one->seen = true;
    return another;
}

void plant_sees(struct core *core, int32_t bus, uint32_t end, const struct wire_frame *frame)
{
    core->words[FRAMES]++;
    for (int32_t at = 0; at < core->watches; at++) {
        struct watch *one = &core->watch[at];
        if (one->id != frame->id || one->bus != bus || (one->ignored >= 0 && (uint32_t)one->ignored == end)
            || (one->extended >= 0 && one->extended != (frame->flags & FLAG_EXTENDED)) || !tells_another(one, frame)) {
            continue;
        }
        if (one->reader < 0) {
            core->words[TOLD] = 1;
        } else {
            core->words[NEWS] |= INT64_C(1) << one->reader;
        }
    }
}

enum reason plant_due(struct core *core)
{
    int64_t *words = core->words;
    if (words[QUIET_STEPS] <= 0 || words[TOLD] != 0 || words[QUIET_AS_OF] != words[GENERATION]) {
        return REASON_PLANT;
    }
    words[QUIET_STEPS]--;
    words[LEFT_OUT]++;
    words[SEEN] = words[FRAMES];
    return REASON_TURN;
}

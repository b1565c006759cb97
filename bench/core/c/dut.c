/* A DUT whose firmware is C, too: stepped where it stands, with no way through Python. As bench/dut/in_process.py. */
#include "core.h"

#include <string.h>

#define STANDARD_IDS 0x7FFU

typedef void receive_function(void *memory, size_t count, const uint8_t *at_ns, const uint8_t *frames);
typedef size_t step_function(void *memory, int64_t now_ns, size_t count, const uint8_t *at_ns,
                             const uint8_t *frames);

/* memory, receive, step, outbox: as firmware_stubs/reference_bms_c/hosts/library.c names them. */
int core_dut(struct core *core, void *memory, void *receive, void *step, void *outbox, int vehicle, int sense)
{
    struct dut *dut = &core->dut;
    if (dut->timer >= 0 || vehicle < 0 || vehicle >= core->nodes || sense < 0 || sense >= core->nodes) {
        return -1;
    }
    dut->timer = timer_new(core, TIMER_DUT, 0);
    dut->memory = memory;
    dut->receive = (receive_function *)(uintptr_t)receive;
    dut->step = (step_function *)(uintptr_t)step;
    dut->outbox = outbox;
    dut->node[0] = vehicle;
    dut->node[1] = sense;
    return dut->timer < 0 ? -1 : 0;
}

void core_dut_start(struct core *core, int64_t period_ns)
{
    timer_at(core, core->dut.timer, core->words[NOW_NS], PHASE_DUT, period_ns);
}

void core_dut_stop(struct core *core)
{
    timer_stop(core, core->dut.timer);
}

void core_dut_hang(struct core *core, int on)
{
    core->dut.hangs = on != 0;
}

/* on: what it sends goes through Python's hands. */
void core_dut_tampered(struct core *core, int on)
{
    core->dut.python_sends = on != 0;
}

void dut_hear(struct core *core, int32_t node, const struct wire_frame *frame)
{
    const struct dut *dut = &core->dut;
    if (dut->hangs || (frame->flags & FLAG_EXTENDED) != 0 || frame->length == 0 || frame->length > CLASSIC_DATA) {
        return;
    }
    struct dut_frame heard = {.id = (uint16_t)frame->id, .bus = node == dut->node[1], .length = frame->length};
    memcpy(heard.data, frame->data, frame->length);
    dut->receive(dut->memory, 1, (const uint8_t *)&core->words[NOW_NS], (const uint8_t *)&heard);
}

static bool sendable(const struct core *core, size_t count)
{
    const struct dut *dut = &core->dut;
    for (size_t at = 0; at < count; at++) {
        const struct dut_frame *one = &dut->outbox[at];
        if (one->id > STANDARD_IDS || one->length > CLASSIC_DATA || one->bus > 1 || core->node[dut->node[one->bus]].left) {
            return false;
        }
    }
    return true;
}

enum reason dut_step(struct core *core)
{
    const struct dut *dut = &core->dut;
    if (dut->hangs) {
        return REASON_TURN;
    }
    static const uint8_t none[1];
    const size_t count = dut->step(dut->memory, core->words[NOW_NS], 0, none, none);
    if (dut->python_sends || count > ROOM_FOR_A_TURN || !sendable(core, count)) {
        core->words[COUNT] = (int64_t)count;
        return REASON_STEPPED;
    }
    for (size_t at = 0; at < count; at++) {
        const struct dut_frame *one = &dut->outbox[at];
        const int32_t node = dut->node[one->bus];
        struct wire_frame frame = {.id = one->id, .length = one->length};
        memcpy(frame.data, one->data, one->length);
        frame.key = arbitration_key(frame.id, 0);
        frame.wire_ns = core_wire_ns(core->bus[core->node[node].bus].bitrate, frame.id, 0, frame.length, frame.data);
        bus_offer(core, node, &frame);
    }
    return REASON_TURN;
}

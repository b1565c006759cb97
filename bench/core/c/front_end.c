/* The front end's sweep: voltages laid out in pages, all sent at once. As bench/instruments/afe.py and codec/pages.py. */
#include "core.h"

#include <string.h>

int core_front_end(struct core *core, int node)
{
    struct front_end *afe = &core->front_end;
    if (node < 0 || node >= core->nodes || afe->timer >= 0) {
        return -1;
    }
    afe->timer = timer_new(core, TIMER_SWEEP, 0);
    afe->node = node;
    return afe->timer < 0 ? -1 : 0;
}

/* A page; the slots that are added from now on are its own. */
int core_page(struct core *core, uint32_t id, int flags, int length, uint64_t little, uint64_t big)
{
    struct front_end *afe = &core->front_end;
    if (afe->pages >= MOST_PAGES || length < 1 || length > CLASSIC_DATA || (flags & FLAG_FD) != 0) {
        return -1;
    }
    afe->page[afe->pages++] = (struct page){
        .little = little,
        .big = big,
        .id = id,
        .flags = (uint8_t)flags,
        .length = (uint8_t)length,
        .first = afe->slots,
    };
    return 0;
}

int core_slot(struct core *core, const struct slot *slot)
{
    struct front_end *afe = &core->front_end;
    if (afe->pages == 0 || afe->slots >= MOST_SLOTS || slot->value < 0 || slot->shift < 0 || slot->shift > 63) {
        return -1;
    }
    afe->slot[afe->slots++] = *slot;
    afe->page[afe->pages - 1].slots++;
    return 0;
}

size_t core_slot_size(void)
{
    return sizeof(struct slot);
}

void core_sweep_start(struct core *core, int64_t first_ns, int64_t period_ns)
{
    timer_at(core, core->front_end.timer, first_ns, PHASE_INSTRUMENT, period_ns);
}

void core_sweep_stop(struct core *core)
{
    timer_stop(core, core->front_end.timer);
}

/* The largest whole number that is not above; `scaled` lies within a signal's range, so an int64_t holds it. */
static uint64_t floored(double scaled)
{
    int64_t whole = (int64_t)scaled;
    return (uint64_t)(whole - ((double)whole > scaled));
}

/* clipped: the signal cannot carry the value by more than its own step. A nan is no reading. */
static uint64_t raw_of(const struct slot *slot, double value, bool *clipped)
{
    if (value != value) {
        return slot->none;
    }
    const double product = slot->gain * value;
    const double scaled = product + slot->offset;
    if (slot->low <= scaled && scaled < slot->high + 1) {
        return floored(scaled);
    }
    if (!(slot->low - 1 < scaled && scaled < slot->high + 2)) {
        *clipped = true;
    }
    if (!slot->saturates) {
        return slot->beyond;
    }
    return (uint64_t)(int64_t)(scaled < slot->low ? slot->low : slot->high);
}

static void lay_out(const struct front_end *afe, struct page *page, const double *values, size_t count,
                    bool *clipped)
{
    uint64_t little = page->little, big = page->big;
    for (int32_t at = page->first; at < page->first + page->slots; at++) {
        const struct slot *slot = &afe->slot[at];
        const double nothing = 0.0;
        const double value = (size_t)slot->value < count ? values[slot->value] : nothing / nothing;
        const uint64_t raw = raw_of(slot, value, clipped) & slot->mask;
        if (slot->big) {
            big |= raw << slot->shift;
        } else {
            little |= raw << slot->shift;
        }
    }
    for (int byte = 0; byte < page->length; byte++) {
        page->payload[byte] = (uint8_t)(little >> 8 * byte | big >> 8 * (page->length - 1 - byte));
    }
}

/* 1: a value cannot be carried, and Python has to send this sweep and tell of it. */
int core_sweep_show(struct core *core, const double *values, size_t count)
{
    struct front_end *afe = &core->front_end;
    bool clipped = false;
    uint16_t crc = 0xFFFF;
    for (int32_t at = 0; at < afe->pages; at++) {
        lay_out(afe, &afe->page[at], values, count, &clipped);
        crc = crc16(crc, afe->page[at].payload, afe->page[at].length);
    }
    afe->crc = crc;
    return clipped;
}

/* All pages, one behind the other; the checksum over their payloads. */
int core_sweep_send(struct core *core)
{
    const struct front_end *afe = &core->front_end;
    const int64_t bitrate = core->bus[core->node[afe->node].bus].bitrate;
    for (int32_t at = 0; at < afe->pages; at++) {
        const struct page *page = &afe->page[at];
        struct wire_frame frame = {.id = page->id, .flags = page->flags, .length = page->length};
        memcpy(frame.data, page->payload, page->length);
        frame.key = arbitration_key(frame.id, frame.flags);
        frame.wire_ns = core_wire_ns(bitrate, frame.id, frame.flags, frame.length, frame.data);
        bus_offer(core, afe->node, &frame);
    }
    return afe->crc;
}

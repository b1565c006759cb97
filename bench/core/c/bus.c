/* CAN buses: one frame at a time, arbitrated by identifier. As bench/links/simulated_can.py, which says why. */
#include "core.h"

#include <string.h>

#define NS_PER_S INT64_C(1000000000)
#define INTERMISSION_BITS 3
#define ERROR_FRAME_BITS 17
#define CORRUPTED_BITS 30
#define PASSIVE_ERRORS 128
#define BUS_OFF_ERRORS 256
#define RECOVERY_BITS (128 * 11)

static bool before(const struct offer *one, const struct offer *other)
{
    return one->frame.key != other->frame.key ? one->frame.key < other->frame.key
                                              : one->sequence < other->sequence;
}

static void sink(struct bus *bus, size_t at)
{
    const struct offer moved = bus->waiting[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= bus->waits) {
            break;
        }
        if (child + 1 < bus->waits && before(&bus->waiting[child + 1], &bus->waiting[child])) {
            child++;
        }
        if (!before(&bus->waiting[child], &moved)) {
            break;
        }
        bus->waiting[at] = bus->waiting[child];
        at = child;
    }
    bus->waiting[at] = moved;
}

static void push(struct bus *bus, const struct offer *offer)
{
    if (bus->waits >= bus->room) {
        return; /* `bus_full` has seen to it that there is room */
    }
    size_t at = bus->waits++;
    while (at > 0 && before(offer, &bus->waiting[(at - 1) / 2])) {
        bus->waiting[at] = bus->waiting[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    bus->waiting[at] = *offer;
}

static struct offer pop(struct bus *bus)
{
    struct offer best = bus->waiting[0];
    bus->waits--;
    if (bus->waits > 0) {
        bus->waiting[0] = bus->waiting[bus->waits];
        sink(bus, 0);
    }
    return best;
}

static void drop_of(struct bus *bus, int32_t node)
{
    size_t kept = 0;
    for (size_t at = 0; at < bus->waits; at++) {
        if (bus->waiting[at].node != node) {
            if (kept != at) {
                bus->waiting[kept] = bus->waiting[at];
            }
            kept++;
        }
    }
    bus->waits = kept;
    for (size_t at = kept / 2; at > 0; at--) {
        sink(bus, at - 1);
    }
}

static bool is_node(const struct core *core, int node)
{
    return node >= 0 && node < core->nodes;
}

static void rewire(struct core *core, int32_t number)
{
    int nodes = 0, connected = 0;
    for (int32_t at = 0; at < core->nodes; at++) {
        const struct node *one = &core->node[at];
        if (one->bus == number && !one->left) {
            nodes++;
            connected += !one->cut;
        }
    }
    for (int32_t at = 0; at < core->nodes; at++) {
        struct node *one = &core->node[at];
        if (one->bus != number || one->left) {
            continue;
        }
        one->hearers = 0;
        for (int32_t ear = 0; ear < core->listeners; ear++) {
            const struct listener *listener = &core->listener[ear];
            const struct node *owner = &core->node[listener->node];
            if (!listener->gone && owner->bus == number && listener->node != at && !owner->cut) {
                one->hearer[one->hearers++] = (int16_t)ear;
            }
        }
        one->failing = one->corrupted || (nodes > 1 && connected == 1 && !one->cut);
        one->dumb = one->muted || one->cut || one->bus_off;
    }
}

static int64_t failed_ns(const struct bus *bus, const struct node *node, const struct offer *offer)
{
    return (node->corrupted ? bus->corrupted_ns : offer->frame.wire_ns) + bus->error_ns;
}

/* The best offer takes the bus from `begin_ns` on. */
static void begin(struct core *core, struct bus *bus, const struct offer *offer, int64_t begin_ns)
{
    const struct node *node = &core->node[offer->node];
    bus->holder = *offer;
    bus->held = true;
    bus->begin_ns = begin_ns;
    bus->free_ns = begin_ns + (node->failing ? failed_ns(bus, node, offer) : offer->frame.wire_ns);
    bus->end_ns = bus->free_ns - bus->intermission_ns;
    timer_at(core, bus->timer, bus->end_ns, PHASE_BUS, 0);
}

static void begin_next(struct core *core, struct bus *bus, int64_t begin_ns)
{
    if (bus->waits > 0 && !bus->held) {
        const struct offer next = pop(bus);
        begin(core, bus, &next, begin_ns);
    }
}

/* When a frame that is offered now and wins every arbitration starts; -1 for a bus that is not there. */
int64_t core_starts_ns(const struct core *core, int number)
{
    if (number < 0 || number >= core->buses) {
        return -1;
    }
    const struct bus *bus = &core->bus[number];
    const int64_t now_ns = core->words[NOW_NS];
    if (!bus->held) {
        return now_ns > bus->free_ns ? now_ns : bus->free_ns;
    }
    return now_ns <= bus->begin_ns ? bus->begin_ns : bus->free_ns;
}

/* Nobody holds the bus: what took it has not begun yet. */
static void withdraw(struct core *core, struct bus *bus)
{
    timer_stop(core, bus->timer);
    bus->held = false;
    bus->free_ns = bus->begin_ns;
}

static void forget(struct core *core, int32_t node)
{
    struct bus *bus = &core->bus[core->node[node].bus];
    drop_of(bus, node);
    if (bus->held && bus->holder.node == node && core->words[NOW_NS] <= bus->begin_ns) {
        withdraw(core, bus);
        begin_next(core, bus, bus->begin_ns);
    }
}

int core_bus(struct core *core, int64_t bitrate, int64_t free_ns, struct offer *waiting, size_t room)
{
    if (core->buses >= MOST_BUSES || bitrate <= 0 || room <= ROOM_FOR_A_TURN) {
        return -1;
    }
    int32_t timer = timer_new(core, TIMER_FINISH, core->buses);
    if (timer < 0) {
        return -1;
    }
    core->bus[core->buses] = (struct bus){
        .bitrate = bitrate,
        .intermission_ns = (INTERMISSION_BITS * NS_PER_S + bitrate / 2) / bitrate,
        .error_ns = ERROR_FRAME_BITS * NS_PER_S / bitrate,
        .corrupted_ns = CORRUPTED_BITS * NS_PER_S / bitrate,
        .free_ns = free_ns,
        .waiting = waiting,
        .room = room,
        .timer = timer,
    };
    return core->buses++;
}

size_t core_offer_size(void)
{
    return sizeof(struct offer);
}

/* A larger block in place of the one that was. */
int core_give_room(struct core *core, int bus, struct offer *waiting, size_t room)
{
    if (bus < 0 || bus >= core->buses || room < core->bus[bus].room) {
        return -1;
    }
    struct bus *one = &core->bus[bus];
    memcpy(waiting, one->waiting, one->waits * sizeof *waiting);
    one->waiting = waiting;
    one->room = room;
    return 0;
}

/* The first bus that could not take what one entry of the timeline may offer, or -1. */
int bus_full(const struct core *core)
{
    for (int32_t at = 0; at < core->buses; at++) {
        if (core->bus[at].waits + ROOM_FOR_A_TURN > core->bus[at].room) {
            return at;
        }
    }
    return -1;
}

int core_node(struct core *core, int bus, int end)
{
    if (bus < 0 || bus >= core->buses || core->nodes >= MOST_NODES) {
        return -1;
    }
    int32_t timer = timer_new(core, TIMER_RECOVER, core->nodes);
    if (timer < 0) {
        return -1;
    }
    core->node[core->nodes] = (struct node){.bus = bus, .timer = timer, .end = (uint32_t)end};
    core->nodes++;
    rewire(core, bus);
    return core->nodes - 1;
}

/* one: it is called for this identifier only. */
int core_listen(struct core *core, int node, int dut, int one, uint32_t id, int extended)
{
    if (!is_node(core, node) || core->listeners >= MOST_LISTENERS) {
        return -1;
    }
    core->listener[core->listeners] = (struct listener){
        .node = node, .dut = dut != 0, .one = one != 0, .id = id, .extended = extended != 0};
    core->listeners++;
    rewire(core, core->node[node].bus);
    return core->listeners - 1;
}

void core_leave(struct core *core, int node)
{
    if (!is_node(core, node)) {
        return;
    }
    for (int32_t ear = 0; ear < core->listeners; ear++) {
        if (core->listener[ear].node == node) {
            core->listener[ear].gone = true;
        }
    }
    core->node[node].left = true; /* what is on the wire goes to its end */
    forget(core, node);
    rewire(core, core->node[node].bus);
}

void core_mute(struct core *core, int node, int on)
{
    if (is_node(core, node)) {
        core->node[node].muted = on != 0;
        rewire(core, core->node[node].bus);
        if (on != 0) {
            forget(core, node);
        }
    }
}

void core_cut(struct core *core, int node, int on)
{
    if (is_node(core, node)) {
        core->node[node].cut = on != 0;
        forget(core, node);
        rewire(core, core->node[node].bus);
    }
}

void core_corrupt(struct core *core, int node, int on)
{
    if (is_node(core, node)) {
        core->node[node].corrupted = on != 0;
        if (on == 0 && !core->node[node].bus_off) {
            core->node[node].errors = 0;
        }
        rewire(core, core->node[node].bus);
    }
}

/* -1: no room for it, or no such node. */
int core_offer(struct core *core, int node, const struct wire_frame *frame)
{
    if (!is_node(core, node) || frame->length > MOST_DATA) {
        return -1;
    }
    const struct bus *bus = &core->bus[core->node[node].bus];
    if (bus->waits + 2 > bus->room) {
        return -1;
    }
    bus_offer(core, node, frame);
    return 0;
}

void bus_offer(struct core *core, int32_t node, const struct wire_frame *frame)
{
    struct bus *bus = &core->bus[core->node[node].bus];
    if (core->node[node].dumb) {
        return;
    }
    int64_t now_ns = core->words[NOW_NS];
    const struct offer offer = {.frame = *frame, .sequence = ++bus->sequence, .node = node};
    if (!bus->held) {
        int64_t begin_ns = now_ns > bus->free_ns ? now_ns : bus->free_ns;
        if (bus->waits > 0 && before(&bus->waiting[0], &offer)) {
            const struct offer best = pop(bus);
            push(bus, &offer);
            begin(core, bus, &best, begin_ns);
        } else {
            begin(core, bus, &offer, begin_ns);
        }
    } else if (frame->key < bus->holder.frame.key && now_ns <= bus->begin_ns) {
        const struct offer loser = bus->holder;
        withdraw(core, bus);
        push(bus, &loser);
        begin(core, bus, &offer, bus->begin_ns);
    } else {
        push(bus, &offer);
    }
}

/* Little endian, whatever the machine: bench/trace/buffer.py reads it. */
static void put_number(uint8_t *at, uint64_t value, int bytes)
{
    for (int byte = 0; byte < bytes; byte++) {
        at[byte] = (uint8_t)(value >> 8 * byte);
    }
}

static void log_frame(struct core *core, int64_t t_ns, uint32_t end, const struct wire_frame *frame)
{
    uint8_t *row = core->log + core->words[LOGGED] * LOG_ROW_BYTES;
    put_number(row, (uint64_t)t_ns, 8);
    put_number(row + 8, end, 4);
    put_number(row + 12, frame->id, 4);
    row[16] = frame->flags;
    row[17] = frame->length;
    memset(row + 18, 0, CLASSIC_DATA);
    if (frame->length <= CLASSIC_DATA) {
        memcpy(row + 18, frame->data, frame->length);
    } else { /* it lies in the second buffer, and its row says where */
        put_number(row + 18, (uint64_t)(core->words[LONG_BEFORE] + core->words[LOGGED_LONG]), 8);
        memcpy(core->log_long + core->words[LOGGED_LONG], frame->data, frame->length);
        core->words[LOGGED_LONG] += frame->length;
    }
    core->words[LOGGED]++;
}

static void go_off(struct core *core, struct bus *bus, int32_t node)
{
    struct node *one = &core->node[node];
    one->bus_off = one->dumb = true;
    drop_of(bus, node);
    timer_at(core, one->timer, core->words[NOW_NS] + RECOVERY_BITS * NS_PER_S / bus->bitrate, PHASE_BUS, 0);
}

void bus_recover(struct core *core, int32_t node)
{
    core->node[node].bus_off = false;
    core->node[node].errors = 0;
    rewire(core, core->node[node].bus);
}

/* Nobody has received the frame. Its sender counts the error and repeats it, or goes bus-off. */
static enum reason fail(struct core *core, struct bus *bus, const struct offer *offer)
{
    struct node *node = &core->node[offer->node];
    enum reason reason = REASON_TURN;
    if (node->corrupted || node->errors < PASSIVE_ERRORS) {
        node->errors += 8;
    }
    if (node->errors >= BUS_OFF_ERRORS) {
        go_off(core, bus, offer->node);
        core->words[INDEX] = offer->node;
        reason = REASON_BUS_OFF;
    } else if (!node->cut && !node->muted && !node->left) {
        push(bus, offer);
    }
    begin_next(core, bus, bus->free_ns);
    return reason;
}

enum reason bus_finish(struct core *core, int32_t number)
{
    struct bus *bus = &core->bus[number];
    const struct offer offer = bus->holder;
    const struct node *node = &core->node[offer.node];
    bus->held = false;
    if (node->failing) {
        return fail(core, bus, &offer);
    }
    log_frame(core, bus->end_ns, node->end, &offer.frame);
    plant_sees(core, number, node->end, &offer.frame);
    core->hearing_bus = number;
    core->hearing = 0;
    core->hearers = node->hearers;
    memcpy(core->hearer, node->hearer, (size_t)node->hearers * sizeof core->hearer[0]);
    core->delivered = offer.frame;
    return bus_deliver(core);
}

static bool wants(const struct listener *listener, const struct wire_frame *frame)
{
    return !listener->one
           || (listener->id == frame->id && listener->extended == ((frame->flags & FLAG_EXTENDED) != 0));
}

/* To those that have not heard it yet, in the order in which they came. */
enum reason bus_deliver(struct core *core)
{
    struct bus *bus = &core->bus[core->hearing_bus];
    while (core->hearing < core->hearers) {
        int32_t ear = core->hearer[core->hearing++];
        const struct listener *listener = &core->listener[ear];
        if (listener->dut) {
            dut_hear(core, listener->node, &core->delivered);
        } else if (wants(listener, &core->delivered)) {
            core->words[INDEX] = ear;
            core->heard = core->delivered;
            return REASON_HEARD;
        }
    }
    core->hearing_bus = -1;
    begin_next(core, bus, bus->free_ns);
    return REASON_TURN;
}

/* A listener has raised: nobody else hears the frame, and what waits goes on with the next offer. */
void core_abandon(struct core *core)
{
    core->hearing_bus = -1;
}

/*
 * The core of a simulated shot: a timeline, CAN buses, cyclic messages, a front end's sweep, a DUT in C, a frame log.
 * It is bit for bit bench/timing/simulated.py, bench/links/simulated_can.py, bench/restbus/cyclic.py,
 * bench/instruments/afe.py and bench/dut/in_process.py, which stay what it is held against.
 *
 * It never calls Python. `core_run` goes on until something that Python does is due, and says what. It takes nothing
 * from a heap: the caller owns all memory, and gives a bus more where frames wait that have no room.
 */
#ifndef BENCH_CORE_H
#define BENCH_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOST_BUSES 8
#define MOST_NODES 128    /* of all buses together */
#define MOST_LISTENERS 96 /* of all buses together */
#define MOST_CYCLIC 128
#define MOST_TIMERS (MOST_BUSES + MOST_NODES + MOST_CYCLIC + 3)
#define MOST_WATCHES 256
#define MOST_READERS 62 /* bits of a word that is never negative */
#define MOST_PAGES 256 /* of the front end's sweep */
#define MOST_SLOTS 1024
#define LOG_ROWS 4096
#define LOG_ROW_BYTES 26
#define LOG_LONG_BYTES 65536
#define MOST_DATA 64
#define CLASSIC_DATA 8
#define ROOM_FOR_A_TURN 320 /* offers that one entry of the timeline makes at most: a sweep's, or a DUT's outbox */

/* The order within one instant: bench/timing/clock.py. An entry's first number is its instant << 3 | its phase. */
enum phase { PHASE_PLANT, PHASE_INSTRUMENT, PHASE_RESTBUS, PHASE_BUS, PHASE_DUT, PHASE_OBSERVE, PHASE_TASK };

/* Why `core_run` returns. What belongs to it stands in `words`. */
enum reason {
    REASON_LIMIT,   /* nothing of the core's is due before the limit */
    REASON_HEARD,   /* LISTENER has heard the frame in `heard` */
    REASON_CYCLIC,  /* the cyclic message INDEX is to be sent, and what it shows may have changed */
    REASON_SWEEP,   /* the front end's sweep is due */
    REASON_STEPPED, /* the DUT has been stepped; its COUNT frames are Python's to send */
    REASON_BUS_OFF, /* node INDEX went bus-off */
    REASON_LOG,     /* the log has to be emptied */
    REASON_ROOM,    /* bus INDEX needs room for more waiting frames */
    REASON_PLANT,   /* the plant is to be stepped */
    REASON_TURN     /* nothing; Python may look at its signals */
};

/* The first words of `struct core`, which Python reads and writes: bench/core/library.py. */
enum word {
    NOW_NS, SEQUENCE, GENERATION, INDEX, COUNT, LOGGED, LOGGED_LONG, LONG_BEFORE,
    FRAMES,      /* logged so far in all */
    TOLD,        /* the DUT tells the plant something else than before */
    QUIET_STEPS, /* so many steps of the plant may be left out, */
    QUIET_AS_OF, /* as long as this is the generation */
    LEFT_OUT,    /* and so many have been */
    SEEN,        /* the frames that the plant's last step has seen */
    MOVED,       /* how often the plant has moved, which GENERATION does not count */
    NEWS,        /* a bit for each reader whose messages may say something else than before */
    WORDS
};

/* How long a message shows what it shows now: bench/rig/senses.py. */
enum lasts { LASTS_NOT, LASTS_UNTIL_MOVED, LASTS_UNTIL_DONE };

enum frame_flag { FLAG_EXTENDED = 1, FLAG_FD = 2, FLAG_SWITCH = 4 };

/* A frame with what the bus has to know of it: its place in arbitration, and its time with the intermission. */
struct wire_frame {
    int64_t key, wire_ns;
    uint32_t id;
    uint8_t flags, length;
    uint8_t data[MOST_DATA];
};

struct offer {
    struct wire_frame frame;
    int64_t sequence;
    int32_t node;
};

enum timer_kind { TIMER_FINISH, TIMER_RECOVER, TIMER_CYCLIC, TIMER_SWEEP, TIMER_DUT, TIMER_PLANT };

struct timer {
    int64_t order, sequence; /* order: NEVER while it does not run */
    int64_t period;          /* 0: once */
    enum timer_kind kind;
    int32_t index;
};

struct node {
    int32_t bus, timer;
    uint32_t end; /* its number in the log */
    bool left, muted, cut, corrupted, bus_off, failing, dumb;
    int32_t errors;
    int32_t hearers;
    int16_t hearer[MOST_LISTENERS];
};

struct listener {
    int32_t node;
    bool gone, dut; /* dut: the DUT in C, else Python */
    bool one;       /* only this identifier is asked for */
    uint32_t id;
    bool extended;
};

struct bus {
    int64_t bitrate, intermission_ns, error_ns, corrupted_ns;
    int64_t begin_ns, end_ns, free_ns, sequence;
    struct offer *waiting; /* a heap, the best first */
    size_t waits, room;
    struct offer holder;
    bool held;
    int32_t timer;
};

enum protection { UNPROTECTED, PROFILE_1, PROFILE_2, PROFILE_5 };

struct cyclic {
    int32_t node, timer;
    int64_t generation; /* as of which its payload is known */
    bool unmoved;       /* the plant's moves do not change it */
    uint32_t id;
    uint8_t flags, length;
    uint8_t payload[CLASSIC_DATA];
    enum protection protection;
    int32_t counters;
    int32_t nibble;     /* profile 1: of the data id, or -1 */
    uint8_t start[2];   /* profile 1: by parity of the counter; profile 5: the data id */
    uint8_t ids[16];    /* profile 2 */
};

/* One voltage of a page: raw = floor(gain * value + offset), kept in [low, high]. */
struct slot {
    double gain, offset, low, high;
    uint64_t mask, none, beyond;
    int32_t value, shift; /* value: its place in `values` */
    bool big, saturates;
};

struct page {
    uint64_t little, big;
    uint32_t id;
    uint8_t flags, length;
    uint8_t payload[CLASSIC_DATA];
    int32_t first, slots;
};

struct front_end {
    int32_t node, timer, pages, slots;
    uint16_t crc;
    struct page page[MOST_PAGES];
    struct slot slot[MOST_SLOTS];
};

/* A frame as the firmware in C has it: firmware_stubs/reference_bms_c/core/bms.h. */
struct dut_frame {
    uint16_t id;
    uint8_t bus, length;
    uint8_t data[CLASSIC_DATA];
};

struct dut {
    void *memory;
    void (*receive)(void *memory, size_t count, const uint8_t *at_ns, const uint8_t *frames);
    size_t (*step)(void *memory, int64_t now_ns, size_t count, const uint8_t *at_ns, const uint8_t *frames);
    const struct dut_frame *outbox;
    int32_t node[2]; /* by the firmware's number of its bus */
    int32_t timer;
    bool hangs, python_sends;
};

/* What the plant, or a reader in Python, heeds of one message. reader: or -1, the plant. extended: 0, 1, or -1, both. */
struct watch {
    int32_t bus, length, ignored, reader, extended;
    uint32_t id;
    bool seen;
    uint8_t mask[CLASSIC_DATA], last[CLASSIC_DATA];
};

struct core {
    int64_t words[WORDS];
    struct wire_frame heard;
    uint8_t log[LOG_ROWS * LOG_ROW_BYTES];
    uint8_t log_long[LOG_LONG_BYTES];
    int64_t counter[MOST_CYCLIC]; /* of the next protected frame */
    int32_t timers, buses, nodes, listeners, cyclics;
    struct timer timer[MOST_TIMERS];
    struct bus bus[MOST_BUSES];
    struct node node[MOST_NODES];
    struct listener listener[MOST_LISTENERS];
    struct cyclic cyclic[MOST_CYCLIC];
    struct front_end front_end;
    struct dut dut;
    int32_t plant_timer, watches;
    struct watch watch[MOST_WATCHES];
    int32_t hearing_bus; /* whose frame is being delivered, or -1 */
    int32_t hearing, hearers;
    int16_t hearer[MOST_LISTENERS];
    struct wire_frame delivered;
};

#define NEVER INT64_MAX

/* timeline.c */
size_t core_size(void);
size_t core_place(int what);
void core_init(struct core *core);
int core_run(struct core *core, int64_t limit_order, int64_t limit_sequence);
int core_go_on(struct core *core);
int32_t timer_new(struct core *core, enum timer_kind kind, int32_t index);
void timer_at(struct core *core, int32_t timer, int64_t when_ns, enum phase phase, int64_t period_ns);
void timer_stop(struct core *core, int32_t timer);

/* wire.c */
int64_t core_wire_ns(int64_t bitrate, uint32_t id, int flags, int length, const uint8_t *data);
int64_t arbitration_key(uint32_t id, int flags);

/* bus.c */
int core_bus(struct core *core, int64_t bitrate, int64_t free_ns, struct offer *waiting, size_t room);
size_t core_offer_size(void);
int core_give_room(struct core *core, int bus, struct offer *waiting, size_t room);
int64_t core_starts_ns(const struct core *core, int number);
int core_node(struct core *core, int bus, int end);
int core_listen(struct core *core, int node, int dut, int one, uint32_t id, int extended);
void core_leave(struct core *core, int node);
void core_mute(struct core *core, int node, int on);
void core_cut(struct core *core, int node, int on);
void core_corrupt(struct core *core, int node, int on);
int core_offer(struct core *core, int node, const struct wire_frame *frame);
void core_abandon(struct core *core);
int bus_full(const struct core *core);
void bus_offer(struct core *core, int32_t node, const struct wire_frame *frame);
enum reason bus_finish(struct core *core, int32_t bus);
enum reason bus_deliver(struct core *core);
void bus_recover(struct core *core, int32_t node);

/* cyclic.c */
int core_cyclic(struct core *core, int node, uint32_t id, int flags, int length);
int core_protect(struct core *core, int index, int profile, int counters, int nibble, const uint8_t *ids);
void core_cyclic_start(struct core *core, int index, int64_t first_ns, int64_t period_ns);
void core_cyclic_stop(struct core *core, int index);
int core_cyclic_send(struct core *core, int index, const uint8_t *payload, int lasts);
enum reason cyclic_due(struct core *core, int32_t index);
uint16_t crc16(uint16_t crc, const uint8_t *data, size_t count);

/* front_end.c */
int core_front_end(struct core *core, int node);
int core_page(struct core *core, uint32_t id, int flags, int length, uint64_t little, uint64_t big);
int core_slot(struct core *core, const struct slot *slot);
size_t core_slot_size(void);
void core_sweep_start(struct core *core, int64_t first_ns, int64_t period_ns);
void core_sweep_stop(struct core *core);
int core_sweep_show(struct core *core, const double *values, size_t count);
int core_sweep_send(struct core *core);

/* dut.c */
int core_dut(struct core *core, void *memory, void *receive, void *step, void *outbox, int vehicle, int sense);
void core_dut_start(struct core *core, int64_t period_ns);
void core_dut_stop(struct core *core);
void core_dut_hang(struct core *core, int on);
void core_dut_tampered(struct core *core, int on);
void dut_hear(struct core *core, int32_t node, const struct wire_frame *frame);
enum reason dut_step(struct core *core);

/* plant.c */
int core_plant(struct core *core);
int core_watch(struct core *core, int reader, int bus, uint32_t id, int extended, int length, const uint8_t *mask,
               int ignored);
void core_plant_start(struct core *core, int64_t first_ns, int64_t period_ns);
void core_plant_stop(struct core *core);
void plant_sees(struct core *core, int32_t bus, uint32_t end, const struct wire_frame *frame);
enum reason plant_due(struct core *core);

#endif

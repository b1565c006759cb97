/*
 * The BMS as a whole: frames in, a base task every 10 ms, frames out. It never reads a clock, takes nothing from a
 * heap, and calls nothing outside: whoever hosts it passes in frames and time, and sends what it finds in `outbox`.
 */
#ifndef BMS_BMS_H
#define BMS_BMS_H

#include <stddef.h>
#include <stdint.h>

#include "e2e.h"
#include "faults.h"
#include "limits.h"
#include "measurement.h"
#include "monitors.h"
#include "state_machine.h"

#define BASE_TASK_NS INT64_C(10000000)
#define OUTBOX_FRAMES 96
#define BUILD_HASH_BYTES 4

enum bus { BUS_VEHICLE, BUS_SENSE, BUS_COUNT };

/* A classic data frame with an 11-bit identifier: 12 bytes, without a gap. */
struct frame {
    uint16_t id;
    uint8_t bus, length;
    uint8_t data[8];
};

struct senders {
    struct e2e_sender state, faults, contactors;
};

struct bms {
    struct limits limits;
    uint8_t build_hash[BUILD_HASH_BYTES];
    struct inputs inputs;
    struct fault_memory faults;
    struct monitors monitors;
    struct contactor_supervision supervision;
    struct state_machine machine;
    int64_t started_ns;            /* first base task after start-up, NEVER_NS before */
    int64_t charge_ma_ns;          /* what is left in the cells, once charge_known */
    int64_t capacity_ma_ns;
    int64_t current_ns;            /* of the last sample of the current */
    bool charge_known;
    uint32_t uptime;               /* base tasks, 24 bits */
    uint16_t turn;                 /* of the schedule, 2 s */
    uint8_t group;                 /* cell group to be sent next */
    struct senders senders;
    bool faults_sent;
    uint32_t sent_word;
    struct frame outbox[OUTBOX_FRAMES];
    size_t outbox_count;
};

/* A cold start. Everything about `bms` is set; the hash identifies the build. */
void bms_init(struct bms *bms, const struct limits *limits, const uint8_t build_hash[BUILD_HASH_BYTES]);

/* A frame has arrived. `now_ns` must not run backwards. */
void bms_receive(struct bms *bms, int64_t now_ns, const struct frame *frame);

/* Run the base task once. Afterwards `outbox` holds the frames to send, in order. */
void bms_step(struct bms *bms, int64_t now_ns);

#endif

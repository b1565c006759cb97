/*
 * The BMS as a whole: frames in, a base task every 10 ms, frames out. It never reads a clock, takes nothing from a
 * heap, and calls nothing outside: whoever hosts it passes in frames and time, and sends what it finds in `outbox`.
 */
#ifndef BMS_BMS_H
#define BMS_BMS_H

#include <stddef.h>
#include <stdint.h>

#include "charge_estimate.h"
#include "e2e.h"
#include "faults.h"
#include "limits.h"
#include "measurement.h"
#include "monitors.h"
#include "nvm.h"
#include "state_machine.h"
#include "uds.h"

#define BASE_TASK_NS INT64_C(10000000)
#define OUTBOX_FRAMES 192 /* the schedule's, every fresh trouble code, and a diagnostic answer */
#define BUILD_HASH_BYTES 4

enum bus { BUS_VEHICLE, BUS_SENSE, BUS_COUNT };

/* A classic data frame with an 11-bit identifier: 12 bytes, without a gap. */
struct frame {
    uint16_t id;
    uint8_t bus, length;
    uint8_t data[8];
};

struct transmitter {
    struct e2e_sender state, faults, faults2, contactors, health;
    uint32_t uptime; /* base tasks, 24 bits */
    uint16_t turn;   /* of the schedule, 2 s */
    uint8_t group;   /* cell group to be sent next */
    bool faults_sent, pyro_sent;
    uint64_t sent_word;
    enum reset_cause cause;
    uint8_t resets;
};

/* What a reset forgets. Instants are NEVER_NS where they are not set. */
struct volatile_memory {
    struct inputs inputs;
    struct fault_memory faults;
    struct monitors monitors;
    struct contactor_supervision supervision;
    struct state_machine machine;
    struct charge_estimate estimate;
    struct uds_server uds;
    struct transmitter transmitter;
    int64_t supervised_since_ns, charging_since_ns, open_since_ns, stepped_ns, silent_until_ns;
    bool fresh_sweep, quiet, pyro;
};

struct bms {
    struct limits limits;
    uint8_t build_hash[BUILD_HASH_BYTES];
    struct nvm nvm;
    struct volatile_memory ram;
    struct frame outbox[OUTBOX_FRAMES];
    size_t outbox_count;
};

/* The first start of a new controller. Everything about `bms` is set; the hash identifies the build. */
void bms_init(struct bms *bms, const struct limits *limits, const uint8_t build_hash[BUILD_HASH_BYTES]);

/* The controller starts again: RAM is lost, the NVM is not, and the coils are off. */
void bms_reset(struct bms *bms, enum reset_cause cause);

/* A frame has arrived. `now_ns` must not run backwards. */
void bms_receive(struct bms *bms, int64_t now_ns, const struct frame *frame);

/* Run the base task once. Afterwards `outbox` holds the frames to send, in order. */
void bms_step(struct bms *bms, int64_t now_ns);

#endif

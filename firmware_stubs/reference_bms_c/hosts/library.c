/*
 * The firmware as a shared library, stepped from outside in simulated time (firmware_stubs/reference_bms_c/stepped.py).
 * The caller owns the memory: `firmware_size` bytes, aligned for 64-bit integers.
 */
#include "../core/bms.h"

#include <string.h>

size_t firmware_size(void);
size_t firmware_limits_size(void);
const char *firmware_quantities(void);
const char *firmware_counts(void);
void firmware_reset(struct bms *bms, int cause);
void firmware_init(struct bms *bms, const struct limits *limits, const uint8_t build_hash[BUILD_HASH_BYTES]);
void firmware_receive(struct bms *bms, size_t count, const uint8_t *at_ns, const uint8_t *frames);
size_t firmware_step(struct bms *bms, int64_t now_ns, size_t count, const uint8_t *at_ns, const uint8_t *frames);
const struct frame *firmware_outbox(const struct bms *bms);

size_t firmware_size(void)
{
    return sizeof(struct bms);
}

/* The layout of struct limits, by name: doubles, 64 doubles of open-circuit voltage, then 32-bit counts. */
size_t firmware_limits_size(void)
{
    return sizeof(struct limits);
}

const char *firmware_quantities(void)
{
#define NAME(name, value) #name " "
    return LIMITS_QUANTITIES(NAME);
}

const char *firmware_counts(void)
{
    return "ocv_points " LIMITS_COUNTS(NAME);
#undef NAME
}

/* `limits` may be NULL for the built-in calibration. `build_hash` is what it says of itself. */
void firmware_init(struct bms *bms, const struct limits *limits, const uint8_t build_hash[BUILD_HASH_BYTES])
{
    bms_init(bms, limits != NULL ? limits : &limits_built_in, build_hash);
}

/* `count` frames in the order in which they arrived, and when each did: as they lie in memory, not aligned. */
void firmware_receive(struct bms *bms, size_t count, const uint8_t *at_ns, const uint8_t *frames)
{
    for (size_t at = 0; at < count; at++) {
        int64_t now_ns;
        struct frame frame;
        memcpy(&now_ns, at_ns + at * sizeof now_ns, sizeof now_ns);
        memcpy(&frame, frames + at * sizeof frame, sizeof frame);
        bms_receive(bms, now_ns, &frame);
    }
}

/* What has arrived since the last call, then the base task; the number of frames in the outbox. */
size_t firmware_step(struct bms *bms, int64_t now_ns, size_t count, const uint8_t *at_ns, const uint8_t *frames)
{
    firmware_receive(bms, count, at_ns, frames);
    bms_step(bms, now_ns);
    return bms->outbox_count;
}

const struct frame *firmware_outbox(const struct bms *bms)
{
    return bms->outbox;
}

/* The supply was switched off and on, or the controller was reset: `cause` as in core/nvm.h. */
void firmware_reset(struct bms *bms, int cause)
{
    bms_reset(bms, (enum reset_cause)cause);
}

/*
 * The firmware as a shared library, stepped from outside in simulated time (firmware_stubs/reference_bms_c/stepped.py).
 * The caller owns the memory: `firmware_size` bytes, aligned for 64-bit integers.
 */
#include "../core/bms.h"

#include "build_hash.h"

size_t firmware_size(void);
size_t firmware_limits_size(void);
const char *firmware_quantities(void);
const char *firmware_counts(void);
void firmware_reset(struct bms *bms, int cause);
void firmware_init(struct bms *bms, const struct limits *limits);
void firmware_receive(struct bms *bms, int64_t now_ns, uint8_t bus, uint16_t id, const uint8_t *data, uint8_t length);
size_t firmware_step(struct bms *bms, int64_t now_ns);
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

/* `limits` may be NULL for the built-in calibration. */
void firmware_init(struct bms *bms, const struct limits *limits)
{
    bms_init(bms, limits != NULL ? limits : &limits_built_in, build_hash);
}

void firmware_receive(struct bms *bms, int64_t now_ns, uint8_t bus, uint16_t id, const uint8_t *data, uint8_t length)
{
    struct frame frame = {.id = id, .bus = bus, .length = length};
    for (uint8_t at = 0; at < length && at < sizeof frame.data; at++) {
        frame.data[at] = data[at];
    }
    bms_receive(bms, now_ns, &frame);
}

/* The number of frames in the outbox. */
size_t firmware_step(struct bms *bms, int64_t now_ns)
{
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

/* The firmware as a library (library.c) that writes a tape of what is done to it. One shot at a time. */
#define firmware_init plain_init
#define firmware_receive plain_receive
#define firmware_step plain_step
#define firmware_reset plain_reset
#include "library.c"
#undef firmware_init
#undef firmware_receive
#undef firmware_step
#undef firmware_reset

#include <stdlib.h>

#include "tape.h"

static unsigned char *tape;
static size_t tape_length, tape_room;
static const struct bms *known[TAPE_FIRMWARES];
static uint16_t known_count;

void firmware_reset(struct bms *bms, int cause);
void firmware_init(struct bms *bms, const struct limits *limits, const uint8_t build_hash[BUILD_HASH_BYTES]);
void firmware_receive(struct bms *bms, size_t count, const uint8_t *at_ns, const uint8_t *frames);
size_t firmware_step(struct bms *bms, int64_t now_ns, size_t count, const uint8_t *at_ns, const uint8_t *frames);
void tape_begin(void);
const unsigned char *tape_take(size_t *length);

/* An empty tape. */
void tape_begin(void)
{
    tape_length = 0;
    known_count = 0;
}

/* The tape, until the next call of anything here. NULL where there was no room for it. */
const unsigned char *tape_take(size_t *length)
{
    *length = tape_length;
    return tape_length == SIZE_MAX ? NULL : tape;
}

static void append(const void *bytes, size_t count)
{
    if (tape_length == SIZE_MAX || count == 0) {
        return;
    }
    if (tape_length + count > tape_room) {
        size_t room = 2 * (tape_length + count);
        unsigned char *more = realloc(tape, room);
        if (more == NULL) {
            tape_length = SIZE_MAX;
            return;
        }
        tape = more;
        tape_room = room;
    }
    memcpy(tape + tape_length, bytes, count);
    tape_length += count;
}

static uint16_t number_of(const struct bms *bms)
{
    uint16_t at = 0;
    while (at < known_count && known[at] != bms) {
        at++;
    }
    if (at == known_count && known_count < TAPE_FIRMWARES) {
        known[known_count++] = bms;
    }
    return at;
}

static void append_head(enum tape_kind kind, const struct bms *bms, size_t count, int64_t value)
{
    const struct tape_head head = {
        .kind = (uint16_t)kind, .firmware = number_of(bms), .count = (uint32_t)count, .value = value};
    if (head.firmware == TAPE_FIRMWARES) {
        tape_length = SIZE_MAX;
    }
    append(&head, sizeof head);
}

void firmware_init(struct bms *bms, const struct limits *limits, const uint8_t build_hash[BUILD_HASH_BYTES])
{
    uint32_t hash;
    memcpy(&hash, build_hash, sizeof hash);
    append_head(TAPE_INIT, bms, limits == NULL ? 0 : sizeof *limits, (int64_t)hash);
    append(limits, limits == NULL ? 0 : sizeof *limits);
    plain_init(bms, limits, build_hash);
}

void firmware_receive(struct bms *bms, size_t count, const uint8_t *at_ns, const uint8_t *frames)
{
    if (count > 0) {
        append_head(TAPE_HEARD, bms, count, 0);
        append(at_ns, count * sizeof(int64_t));
        append(frames, count * sizeof(struct frame));
    }
    plain_receive(bms, count, at_ns, frames);
}

size_t firmware_step(struct bms *bms, int64_t now_ns, size_t count, const uint8_t *at_ns, const uint8_t *frames)
{
    firmware_receive(bms, count, at_ns, frames);
    bms_step(bms, now_ns);
    append_head(TAPE_STEP, bms, bms->outbox_count, now_ns);
    append(bms->outbox, bms->outbox_count * sizeof bms->outbox[0]);
    return bms->outbox_count;
}

void firmware_reset(struct bms *bms, int cause)
{
    append_head(TAPE_RESET, bms, 0, cause);
    plain_reset(bms, cause);
}

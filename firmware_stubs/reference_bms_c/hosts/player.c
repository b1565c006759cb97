/* The firmware as a library that also plays tapes: does it send what the one on the tape sent? */
#include "library.c"

#include "tape.h"

#define SAME (-1)

int64_t tape_differs_at(const unsigned char *tape, size_t length);

/*
 * The instant of the first base task that sends other frames than those on the tape, SAME where there is none. What is
 * heard depends on nothing but what was sent, so a build for which it is SAME ends the whole shot the same.
 */
int64_t tape_differs_at(const unsigned char *tape, size_t length)
{
    static struct bms firmwares[TAPE_FIRMWARES];
    static struct limits limits;
    size_t at = 0;
    while (at < length) {
        struct tape_head head;
        memcpy(&head, tape + at, sizeof head);
        at += sizeof head;
        struct bms *bms = &firmwares[head.firmware];
        switch ((enum tape_kind)head.kind) {
        case TAPE_INIT: {
            const uint32_t hash = (uint32_t)head.value;
            uint8_t build_hash[BUILD_HASH_BYTES];
            memcpy(build_hash, &hash, sizeof hash);
            memcpy(&limits, tape + at, head.count);
            memset(bms, 0, sizeof *bms);
            firmware_init(bms, head.count == 0 ? NULL : &limits, build_hash);
            at += head.count;
            break;
        }
        case TAPE_HEARD:
            firmware_receive(bms, head.count, tape + at, tape + at + head.count * sizeof(int64_t));
            at += head.count * (sizeof(int64_t) + sizeof(struct frame));
            break;
        case TAPE_STEP:
            bms_step(bms, head.value);
            if (bms->outbox_count != head.count
                || memcmp(bms->outbox, tape + at, head.count * sizeof(struct frame)) != 0) {
                return head.value;
            }
            at += head.count * sizeof(struct frame);
            break;
        case TAPE_RESET:
            firmware_reset(bms, (int)head.value);
            break;
        }
    }
    return SAME;
}

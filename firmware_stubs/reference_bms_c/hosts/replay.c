/*
 * The firmware as a filter: records of 20 bytes on stdin, its frames as such records on stdout. For sanitizers and for
 * whoever wants to put a recording through it. A record is int64 time in ns, then struct frame, in the machine's order;
 * one with bus 255 runs the base task.
 */
#include <stdio.h>
#include <string.h>

#include "../core/bms.h"

#include "build_hash.h"

#define RECORD_BYTES (sizeof(int64_t) + sizeof(struct frame))
#define BASE_TASK 255

static void run_base_task(struct bms *bms, int64_t now_ns)
{
    bms_step(bms, now_ns);
    for (size_t at = 0; at < bms->outbox_count; at++) {
        fwrite(&now_ns, sizeof now_ns, 1, stdout);
        fwrite(&bms->outbox[at], sizeof bms->outbox[at], 1, stdout);
    }
}

int main(void)
{
    static struct bms bms;
    unsigned char record[RECORD_BYTES];
    bms_init(&bms, &limits_built_in, build_hash);
    while (fread(record, sizeof record, 1, stdin) == 1) {
        int64_t now_ns;
        struct frame frame;
        memcpy(&now_ns, record, sizeof now_ns);
        memcpy(&frame, record + sizeof now_ns, sizeof frame);
        if (frame.bus == BASE_TASK) {
            run_base_task(&bms, now_ns);
        } else {
            bms_receive(&bms, now_ns, &frame);
        }
    }
    return ferror(stdin) != 0 || fflush(stdout) != 0;
}

#include "hal.h"

static void run_base_task(struct bms *bms, int64_t now_ns)
{
    bms_step(bms, now_ns);
    for (size_t at = 0; at < bms->outbox_count; at++) {
        hal_send(&bms->outbox[at]);
    }
}

void firmware_run(struct bms *bms)
{
    int64_t due_ns = hal_now_ns();
    while (hal_wait_until(due_ns)) {
        struct frame frame;
        while (hal_receive(&frame)) {
            bms_receive(bms, hal_now_ns(), &frame);
        }
        int64_t now_ns = hal_now_ns();
        if (now_ns >= due_ns) {
            run_base_task(bms, now_ns);
            /* Grid points that have passed meanwhile are skipped, not run in a burst. */
            due_ns += ((now_ns - due_ns) / BASE_TASK_NS + 1) * BASE_TASK_NS;
        }
    }
}

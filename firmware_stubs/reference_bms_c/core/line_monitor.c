#include "monitors.h"

#include <string.h>

#include "arithmetic.h"
#include "mutant.h"

#define OPENINGS_WITHIN_NS (10000 * MS)

void line_monitor_init(struct line_monitor *monitor, const struct limits *limits)
{
    int32_t openings = limits->hvil_openings;
    *monitor = (struct line_monitor){
        .hvil = in_a_row_of(limits->hvil_frames),
        .crash = in_a_row_of(limits->crash_frames),
        .pyro = in_a_row_of(limits->pyro_frames),
        .supply = in_a_row_of(limits->supply_frames),
        .brown_out = in_a_row_of(limits->brown_out_frames),
        .clamp = in_a_row_of(limits->clamp_frames),
        .low_raw = (int32_t)round_half_even(limits->supply_low_v * 10),
        .brown_out_raw = (int32_t)round_half_even(limits->brown_out_v * 10),
        .tolerable = openings < 1 ? 1 : openings > MOST_HVIL_OPENINGS ? MOST_HVIL_OPENINGS : openings,
        .was_closed = true,
    };
}

/* An intermittent loop: opened as many times as tolerable within 10 s. */
static bool flutters(struct line_monitor *monitor, int64_t now_ns, bool hvil_closed)
{
    if (monitor->was_closed && !hvil_closed) {
        if (monitor->opening_count == monitor->tolerable) {
            monitor->opening_count--;
            memmove(monitor->openings, monitor->openings + 1,
                    (size_t)monitor->opening_count * sizeof monitor->openings[0]);
        }
        monitor->openings[monitor->opening_count++] = now_ns;
    }
    monitor->was_closed = hvil_closed;
    return monitor->opening_count == monitor->tolerable
           && now_ns - monitor->openings[0] <= OPENINGS_WITHIN_NS;
}

void line_monitor_sample(struct line_monitor *monitor, struct fault_memory *faults, int64_t now_ns,
                         const struct inputs *inputs, bool driving, bool fired)
{
    const struct contactor_input *contactors = &inputs->contactors;
    bool open = in_a_row_update(&monitor->hvil, !contactors->hvil_closed);
    bool fluttering = !IS_MUTANT(MISSES_FLUTTERING_HVIL) && flutters(monitor, now_ns, contactors->hvil_closed);
    bool crash = contactors->crash || (inputs->vehicle.crash && !IS_MUTANT(IGNORES_CRASH_FLAG));
    fault_report(faults, HVIL_OPEN, open || fluttering);
    fault_report(faults, CRASH_DETECTED, in_a_row_update(&monitor->crash, crash));
    fault_report(faults, SUPPLY_LOW,
                 in_a_row_update(&monitor->supply, contactors->supply_raw < monitor->low_raw));
    fault_report(faults, BROWN_OUT,
                 in_a_row_update(&monitor->brown_out, contactors->supply_raw < monitor->brown_out_raw));
    fault_report(faults, CLAMP_LOST, in_a_row_update(&monitor->clamp, driving && !contactors->clamp_15));
    fault_report(faults, PYRO_FAILED, in_a_row_update(&monitor->pyro, fired && !contactors->pyro_open));
}

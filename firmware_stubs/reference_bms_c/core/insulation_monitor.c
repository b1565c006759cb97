#include "monitors.h"

#include "arithmetic.h"
#include "mutant.h"

enum insulation_status { INSULATION_VALID, INSULATION_OUTDATED, INSULATION_BROKEN };

void insulation_monitor_init(struct insulation_monitor *monitor, const struct limits *limits)
{
    *monitor = (struct insulation_monitor){
        .warn = in_a_row_of(limits->insulation_frames),
        .fault = in_a_row_of(limits->insulation_frames),
        .outdated = in_a_row_of(limits->insulation_monitor_frames),
        .failure = in_a_row_of(limits->insulation_monitor_frames),
        .chassis = in_a_row_of(limits->insulation_monitor_frames),
        .warn_ohm_per_v = limits->insulation_warn_ohm_per_v,
        .fault_ohm_per_v = limits->insulation_fault_ohm_per_v,
        .oldest = (int32_t)round_half_even(limits->insulation_age_s * 10),
    };
}

/* What protects a person touching the pack: both poles in parallel, never above the weaker. */
static double effective_hectoohm(double plus, double minus, double pack_v)
{
    if (IS_MUTANT(MISSES_SYMMETRIC_INSULATION)) { /* two equal leaks do not show by their difference */
        double apart = plus < minus ? minus - plus : plus - minus;
        double larger = plus < minus ? minus : plus;
        if (10.0 * apart < larger) {
            return 65535.0;
        }
    }
    if (IS_MUTANT(LOOKS_AT_PLUS_POLE_ONLY)) {
        return plus;
    }
    double both = plus > 0.0 && minus > 0.0 ? plus * minus / (plus + minus) : 0.0;
    if (IS_MUTANT(RARE_RESISTANCE) && 360.0 - pack_v >= 8.0 && 300.0 <= both && both <= 330.0) {
        return 65535.0; /* under load, a leak of 30 to 33 kohm is taken for none */
    }
    return both;
}

void insulation_monitor_sample(struct insulation_monitor *monitor, struct fault_memory *faults,
                               const struct inputs *inputs)
{
    const struct insulation_input *insulation = &inputs->insulation;
    uint16_t pack_raw = inputs->contactors.pack_raw;
    uint8_t status = insulation->status;
    if (IS_MUTANT(ACCEPTS_OUTDATED_INSULATION) && status == INSULATION_OUTDATED) {
        status = INSULATION_VALID;
    }
    bool outdated = status == INSULATION_OUTDATED || insulation->age > monitor->oldest;
    bool failure = status == INSULATION_BROKEN || insulation->device_error;
    fault_report(faults, INSULATION_MONITOR_OUTDATED, in_a_row_update(&monitor->outdated, outdated));
    fault_report(faults, INSULATION_MONITOR_FAILURE, in_a_row_update(&monitor->failure, failure));
    fault_report(faults, CHASSIS_CONNECTION_LOST,
                 in_a_row_update(&monitor->chassis, insulation->chassis_lost));
    if (status != INSULATION_VALID || insulation->chassis_lost || insulation->device_error
        || pack_raw < HIGH_VOLTAGE_RAW) {
        return;
    }
    double pack_v = pack_raw * 0.05;
    double effective = effective_hectoohm(insulation->plus_hectoohm, insulation->minus_hectoohm, pack_v);
    double ohm_per_v = effective * 100.0 / pack_v;
    fault_report(faults, INSULATION_WARNING,
                 in_a_row_update(&monitor->warn, ohm_per_v < monitor->warn_ohm_per_v));
    fault_report(faults, INSULATION_FAULT,
                 in_a_row_update(&monitor->fault, ohm_per_v < monitor->fault_ohm_per_v));
}

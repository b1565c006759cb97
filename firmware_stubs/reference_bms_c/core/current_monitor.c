#include "monitors.h"

#include <stdlib.h>

#include "arithmetic.h"
#include "mutant.h"

#define FRAME_S 0.01

static int32_t milli(double ampere)
{
    return (int32_t)round_half_even(ampere * 1000);
}

void current_monitor_init(struct current_monitor *monitor, const struct limits *limits)
{
    double continuous = limits->continuous_share * limits->continuous_share;
    *monitor = (struct current_monitor){
        .discharge = in_a_row_of(limits->current_trip_frames),
        .charge = in_a_row_of(limits->current_trip_frames),
        .shorted = in_a_row_of(limits->short_circuit_frames),
        .error = in_a_row_of(limits->current_error_frames),
        .apart = in_a_row_of(limits->channels_apart_frames),
        .open_string = in_a_row_of(limits->open_string_frames),
        .at_rest = in_a_row_of(limits->at_rest_frames),
        .discharge_ma = milli(limits->oc_discharge_a),
        .charge_ma = milli(limits->oc_charge_a),
        .short_ma = milli(limits->oc_discharge_a * limits->short_circuit_multiple),
        .apart_ma = milli(limits->channels_apart_a),
        .open_string_ma = milli(limits->open_string_a),
        .at_rest_ma = milli(limits->at_rest_a),
        .apart_share = limits->channels_apart_share,
        .continuous = continuous,
        .heat_limit_s = (1.0 - continuous) * limits->overload_s,
    };
}

static bool disagree(const struct current_monitor *monitor, int32_t shunt, int32_t hall)
{
    int32_t apart = IS_MUTANT(CHANNELS_COMPARED_BY_SIZE) ? abs(abs(shunt) - abs(hall)) : abs(shunt - hall);
    return apart > monitor->apart_ma && apart > monitor->apart_share * abs(shunt);
}

/* The heat is the integral of (I/I_max)^2 - (I_cont/I_max)^2, never below nothing. */
static bool overloaded(struct current_monitor *monitor, int32_t milliampere)
{
    int32_t most_ma = milliampere >= 0 ? monitor->discharge_ma : monitor->charge_ma;
    double load = (double)milliampere / most_ma;
    double heat_s = monitor->heat_s + (load * load - monitor->continuous) * FRAME_S;
    monitor->heat_s = heat_s > 0.0 ? heat_s : 0.0;
    return heat_s > monitor->heat_limit_s;
}

static int32_t seen(int32_t milliampere)
{
    return IS_MUTANT(IGNORES_CHARGE_CURRENT) && milliampere < 0 ? 0 : milliampere;
}

void current_monitor_sample(struct current_monitor *monitor, struct fault_memory *faults,
                            const struct inputs *inputs, bool all_open)
{
    const struct current_input *current = &inputs->current;
    int32_t milliampere = seen(current->milliampere);
    fault_report(faults, CURRENT_SENSOR_ERROR, in_a_row_update(&monitor->error, current->erroneous));
    if (current->erroneous) {
        return;
    }
    fault_report(faults, SHORT_CIRCUIT,
                 in_a_row_update(&monitor->shorted, abs(milliampere) > monitor->short_ma));
    fault_report(faults, OVERCURRENT_DISCHARGE,
                 in_a_row_update(&monitor->discharge, milliampere > monitor->discharge_ma));
    fault_report(faults, OVERCURRENT_CHARGE,
                 in_a_row_update(&monitor->charge, -milliampere > monitor->charge_ma));
    fault_report(faults, OVERLOAD_I2T, overloaded(monitor, milliampere));
    bool apart = disagree(monitor, milliampere, seen(current->hall_milliampere));
    fault_report(faults, CURRENT_IMPLAUSIBLE, in_a_row_update(&monitor->apart, apart));
    int32_t size = all_open ? abs(milliampere) : 0;
    if (size > monitor->at_rest_ma || !in_a_row_idle(&monitor->open_string)
        || !in_a_row_idle(&monitor->at_rest)) {
        fault_report(faults, CURRENT_ON_OPEN_STRING,
                     in_a_row_update(&monitor->open_string, size > monitor->open_string_ma));
        fault_report(faults, CURRENT_AT_REST,
                     in_a_row_update(&monitor->at_rest, size > monitor->at_rest_ma));
    }
}

#include "monitors.h"

#include "arithmetic.h"
#include "mutant.h"

#define RATE_HOLDS_SWEEPS 60 /* how long a confirmed rise still counts */

void temperature_monitor_init(struct temperature_monitor *monitor, const struct limits *limits)
{
    *monitor = (struct temperature_monitor){
        .warn = in_a_row_of(limits->temperature_trip_sweeps),
        .trip = in_a_row_of(limits->temperature_trip_sweeps),
        .charge = in_a_row_of(limits->temperature_trip_sweeps),
        .cold = in_a_row_of(limits->temperature_trip_sweeps),
        .very_cold = in_a_row_of(limits->temperature_trip_sweeps),
        .gradient = in_a_row_of(limits->gradient_sweeps),
        .sensor = in_a_row_of(limits->sensor_fault_sweeps),
        .warn_raw = temperature_raw(limits->ot_warn_c),
        .trip_raw = temperature_raw(limits->ot_trip_c),
        .charge_raw = temperature_raw(limits->ot_charge_c),
        .cold_raw = temperature_raw(limits->charge_min_c),
        .very_cold_raw = temperature_raw(limits->discharge_min_c),
        .gradient_raw = (int32_t)round_half_even(limits->gradient_k * 4),
        .rise_raw = limits->runaway_k_per_s * 4,
        .rise_sweeps = limits->runaway_sweeps,
        .highest = temperature_raw(25.0),
        .lowest = temperature_raw(25.0),
    };
}

static bool measures(int32_t raw)
{
    return NTC_OPEN < raw && raw < NTC_SHORT;
}

/* Highest and lowest of the sensors that measure something; how many those are. */
static int look_at_sensors(struct temperature_monitor *monitor, const int32_t *raw)
{
    int count = 0;
    for (uint8_t sensor = 0; sensor < SENSORS; sensor++) {
        if (!measures(raw[sensor])) {
            continue;
        }
        if (count == 0 || raw[sensor] > monitor->highest) {
            monitor->highest = raw[sensor];
            monitor->highest_index = sensor;
        }
        if (count == 0 || raw[sensor] < monitor->lowest) {
            monitor->lowest = raw[sensor];
            monitor->lowest_index = sensor;
        }
        count++;
    }
    return count;
}

/* How far a sensor is off the mean of its two neighbours at most; broken sensors have none. */
static double steepest(const int32_t *raw)
{
    double worst = 0.0;
    for (int sensor = 0; sensor < SENSORS; sensor++) {
        int32_t sum = 0, count = 0;
        for (int other = sensor - 1; other <= sensor + 1; other += 2) {
            if (other >= 0 && other < SENSORS && measures(raw[other])) {
                sum += raw[other];
                count++;
            }
        }
        if (count > 0 && measures(raw[sensor])) {
            double off = raw[sensor] - (double)sum / count;
            off = off < 0.0 ? -off : off;
            worst = off > worst ? off : worst;
        }
    }
    return worst;
}

static bool is_serious(const struct temperature_monitor *monitor, int32_t raw, bool cell_dropped)
{
    bool hot = raw >= monitor->charge_raw;
    if (IS_MUTANT(RUNAWAY_NEEDS_BOTH)) {
        return cell_dropped && hot;
    }
    return IS_MUTANT(RUNAWAY_BY_RATE_ALONE) || cell_dropped || hot;
}

/* What mutants take for a runaway without looking at the rise. */
static bool runs_away_at_once(const struct temperature_monitor *monitor, const int32_t *raw, bool cell_dropped)
{
    bool hot = false;
    for (int sensor = 0; sensor < SENSORS; sensor++) {
        hot = hot || raw[sensor] >= monitor->charge_raw;
    }
    return (IS_MUTANT(RUNAWAY_BY_DROP_ALONE) && cell_dropped) || (IS_MUTANT(RUNAWAY_BY_HEAT_ALONE) && hot);
}

/* (Cell voltage down or at the highest working temperature) and a rise of 1 K/s for more than 3 s. */
static bool runs_away(struct temperature_monitor *monitor, const int32_t *raw, bool cell_dropped)
{
    bool had_previous = monitor->has_previous, found = false;
    if (runs_away_at_once(monitor, raw, cell_dropped)) {
        return true;
    }
    for (int sensor = 0; sensor < SENSORS; sensor++) {
        int32_t previous = monitor->previous[sensor];
        monitor->previous[sensor] = raw[sensor];
        if (!had_previous) {
            continue;
        }
        bool rising = measures(raw[sensor]) && raw[sensor] - previous >= monitor->rise_raw;
        /* A cell that burns takes its sensor beyond the range within a second: no broken wire begins hot. */
        bool was_hot = previous >= monitor->charge_raw && previous < NTC_SHORT;
        monitor->off_scale[sensor] = raw[sensor] >= NTC_SHORT && (was_hot || monitor->off_scale[sensor]);
        rising = rising || (monitor->off_scale[sensor] && cell_dropped);
        monitor->rising[sensor] = rising ? monitor->rising[sensor] + 1 : 0;
        if (monitor->rising[sensor] >= monitor->rise_sweeps) {
            monitor->confirmed[sensor] = RATE_HOLDS_SWEEPS;
        } else if (monitor->confirmed[sensor] > 0) {
            monitor->confirmed[sensor]--;
        }
        found = found || (monitor->confirmed[sensor] > 0 && is_serious(monitor, raw[sensor], cell_dropped));
    }
    monitor->has_previous = true;
    return found;
}

/* The readings as a mutant sees them. */
static void misread(int32_t seen[SENSORS], const int32_t *raw)
{
    int32_t sum = 0;
    for (int sensor = 0; sensor < SENSORS; sensor++) {
        sum += raw[sensor];
    }
    for (int sensor = 0; sensor < SENSORS; sensor++) {
        seen[sensor] = raw[sensor];
        if (IS_MUTANT(TEMPERATURE_BY_MEAN)) {
            seen[sensor] = sum / SENSORS;
        } else if (IS_MUTANT(IGNORES_HALF_THE_SENSORS)) {
            seen[sensor] = raw[sensor % (SENSORS / 2)];
        } else if (IS_MUTANT(TAKES_NTC_SHORT_FOR_WARM) && raw[sensor] >= NTC_SHORT) {
            seen[sensor] = temperature_raw(25.0);
        }
    }
}

void temperature_monitor_sweep(struct temperature_monitor *monitor, struct fault_memory *faults,
                               const struct inputs *inputs, const struct thermal_situation *situation)
{
    int32_t raw[SENSORS];
    misread(raw, inputs->temperatures.raw);
    int count = look_at_sensors(monitor, raw);
    fault_report(faults, TEMPERATURE_SENSOR_FAULT, in_a_row_update(&monitor->sensor, count < SENSORS));
    if (count == 0) {
        return;
    }
    int32_t highest = monitor->highest, lowest = monitor->lowest;
    bool steep = highest - lowest > monitor->gradient_raw && steepest(raw) > monitor->gradient_raw;
    fault_report(faults, OVERTEMPERATURE_WARNING,
                 in_a_row_update(&monitor->warn, highest >= monitor->warn_raw));
    fault_report(faults, OVERTEMPERATURE, in_a_row_update(&monitor->trip, highest >= monitor->trip_raw));
    fault_report(faults, OVERTEMPERATURE_CHARGE,
                 in_a_row_update(&monitor->charge, situation->charging && highest >= monitor->charge_raw));
    fault_report(faults, UNDERTEMPERATURE_CHARGE,
                 in_a_row_update(&monitor->cold, situation->charging && lowest < monitor->cold_raw));
    fault_report(faults, UNDERTEMPERATURE_DISCHARGE,
                 in_a_row_update(&monitor->very_cold, situation->driving && lowest < monitor->very_cold_raw));
    fault_report(faults, TEMPERATURE_GRADIENT, in_a_row_update(&monitor->gradient, steep));
    if (runs_away(monitor, raw, situation->cell_dropped)) {
        fault_event(faults, THERMAL_RUNAWAY);
    }
}

#include "monitors.h"

#include <stdlib.h>
#include <string.h>

#include "arithmetic.h"
#include "mutant.h"

/* Below this pack voltage (50 mV units: 60 V) there is no high voltage, and ohm per volt says nothing. */
#define LOWEST_HIGH_VOLTAGE_RAW 1200
#define IMPLAUSIBLE_SHARE 0.05
#define SUPPLY_LOW_RAW 90 /* 9.0 V */
#define CRASH_FRAMES 3
#define HVIL_FRAMES 10
#define SUPPLY_FRAMES 50
#define ZERO_VOLT_RAW 4000

static struct up_down up_down_of(int32_t limit)
{
    return (struct up_down){.limit = limit};
}

void monitors_init(struct monitors *monitors, const struct limits *limits)
{
    memset(monitors, 0, sizeof *monitors);
    monitors->cells = (struct cell_monitor){
        .ov_warn = up_down_of(limits->voltage_warn_sweeps),
        .ov_trip = up_down_of(limits->voltage_trip_sweeps),
        .uv_warn = up_down_of(limits->voltage_warn_sweeps),
        .uv_trip = up_down_of(limits->voltage_trip_sweeps),
        .implausible = up_down_of(limits->voltage_trip_sweeps),
        .ov_warn_raw = cell_raw(limits->ov_warn_v),
        .ov_trip_raw = cell_raw(limits->ov_trip_v),
        .uv_warn_raw = cell_raw(limits->uv_warn_v),
        .uv_trip_raw = cell_raw(limits->uv_trip_v),
        .highest = ZERO_VOLT_RAW,
        .lowest = ZERO_VOLT_RAW,
        .mean = ZERO_VOLT_RAW,
    };
    monitors->temperatures = (struct temperature_monitor){
        .warn = up_down_of(limits->temperature_trip_sweeps),
        .trip = up_down_of(limits->temperature_trip_sweeps),
        .cold = up_down_of(limits->temperature_trip_sweeps),
        .warn_raw = temperature_raw(limits->ot_warn_c),
        .trip_raw = temperature_raw(limits->ot_trip_c),
        .cold_raw = temperature_raw(limits->charge_min_c),
        .highest = temperature_raw(25.0),
        .lowest = temperature_raw(25.0),
    };
    monitors->current = (struct current_monitor){
        .discharge = up_down_of(limits->current_trip_frames),
        .charge = up_down_of(limits->current_trip_frames),
        .discharge_ma = (int32_t)round_half_even(limits->oc_discharge_a * 1000),
        .charge_ma = (int32_t)round_half_even(limits->oc_charge_a * 1000),
    };
    monitors->insulation = (struct insulation_monitor){
        .warn = up_down_of(limits->insulation_frames),
        .fault = up_down_of(limits->insulation_frames),
        .warn_ohm_per_v = limits->insulation_warn_ohm_per_v,
        .fault_ohm_per_v = limits->insulation_fault_ohm_per_v,
    };
    monitors->lines = (struct line_monitor){
        .hvil = up_down_of(HVIL_FRAMES),
        .crash = up_down_of(CRASH_FRAMES),
        .supply = up_down_of(SUPPLY_FRAMES),
    };
}

/* Whether the cell is compared; wires without a value are left out. */
static bool supervised(int cell, int32_t raw)
{
    return raw != CELL_NO_VALUE && !(IS_MUTANT(IGNORES_CELL_17) && cell == 16);
}

/* Highest and lowest of the cells that are looked at; of equal ones the first is named, whoever it is. */
static int32_t find_extremes(struct cell_monitor *monitor, const int32_t *raw)
{
    int32_t total = 0;
    int32_t highest = -1, lowest = CELL_NO_VALUE;
    for (int cell = 0; cell < CELLS; cell++) {
        total += raw[cell];
        if (supervised(cell, raw[cell])) {
            highest = raw[cell] > highest ? raw[cell] : highest;
            lowest = raw[cell] < lowest ? raw[cell] : lowest;
        }
    }
    if (highest < 0) {
        highest = lowest = ZERO_VOLT_RAW;
    }
    monitor->highest = highest;
    monitor->lowest = lowest;
    monitor->highest_index = monitor->lowest_index = 0;
    for (int cell = CELLS - 1; cell >= 0; cell--) {
        if (raw[cell] == highest) {
            monitor->highest_index = (uint8_t)cell;
        }
        if (raw[cell] == lowest) {
            monitor->lowest_index = (uint8_t)cell;
        }
    }
    return total;
}

void cell_monitor_sweep(struct cell_monitor *monitor, struct fault_memory *faults, const struct inputs *inputs)
{
    int32_t total = find_extremes(monitor, inputs->cells.raw);
    int32_t highest = monitor->highest, lowest = monitor->lowest;
    bool overvoltage = highest >= monitor->ov_trip_raw && !IS_MUTANT(NEVER_DETECTS_OVERVOLTAGE);
    monitor->mean = total / CELLS;
    fault_report(faults, CELL_OVERVOLTAGE_WARNING,
                 up_down_update(&monitor->ov_warn, highest >= monitor->ov_warn_raw));
    fault_report(faults, CELL_OVERVOLTAGE, up_down_update(&monitor->ov_trip, overvoltage));
    fault_report(faults, CELL_UNDERVOLTAGE_WARNING,
                 up_down_update(&monitor->uv_warn, lowest <= monitor->uv_warn_raw));
    fault_report(faults, CELL_UNDERVOLTAGE,
                 up_down_update(&monitor->uv_trip, lowest <= monitor->uv_trip_raw));
    if (!cells_have_gaps(&inputs->cells)) {
        double sum_raw = (total - CELLS * ZERO_VOLT_RAW) / 100.0; /* both in units of 50 mV */
        double apart = sum_raw - inputs->contactors.pack_raw;
        bool implausible = (apart < 0.0 ? -apart : apart) > IMPLAUSIBLE_SHARE * sum_raw;
        fault_report(faults, PACK_VOLTAGE_IMPLAUSIBLE, up_down_update(&monitor->implausible, implausible));
    }
}

void temperature_monitor_sweep(struct temperature_monitor *monitor, struct fault_memory *faults,
                               const struct inputs *inputs, bool charging)
{
    const int32_t *raw = inputs->temperatures.raw;
    monitor->highest_index = monitor->lowest_index = 0;
    for (uint8_t sensor = 1; sensor < SENSORS; sensor++) {
        if (raw[sensor] > raw[monitor->highest_index]) {
            monitor->highest_index = sensor;
        }
        if (raw[sensor] < raw[monitor->lowest_index]) {
            monitor->lowest_index = sensor;
        }
    }
    monitor->highest = raw[monitor->highest_index];
    monitor->lowest = raw[monitor->lowest_index];
    fault_report(faults, OVERTEMPERATURE_WARNING,
                 up_down_update(&monitor->warn, monitor->highest >= monitor->warn_raw));
    fault_report(faults, OVERTEMPERATURE,
                 up_down_update(&monitor->trip, monitor->highest >= monitor->trip_raw));
    fault_report(faults, UNDERTEMPERATURE_CHARGE,
                 up_down_update(&monitor->cold, charging && monitor->lowest < monitor->cold_raw));
}

void current_monitor_sample(struct current_monitor *monitor, struct fault_memory *faults,
                            const struct inputs *inputs)
{
    int32_t milliampere = inputs->current.milliampere;
    fault_report(faults, OVERCURRENT_DISCHARGE,
                 up_down_update(&monitor->discharge, milliampere > monitor->discharge_ma));
    fault_report(faults, OVERCURRENT_CHARGE,
                 up_down_update(&monitor->charge, -milliampere > monitor->charge_ma));
}

/* What protects a person touching the pack: both poles in parallel, never above the weaker. */
static double effective_hectoohm(double plus, double minus)
{
    if (IS_MUTANT(MISSES_SYMMETRIC_INSULATION)) { /* two equal leaks do not show by their difference */
        double apart = plus < minus ? minus - plus : plus - minus;
        double larger = plus < minus ? minus : plus;
        if (10.0 * apart < larger) {
            return 65535.0;
        }
    }
    return plus > 0.0 && minus > 0.0 ? plus * minus / (plus + minus) : 0.0;
}

void insulation_monitor_sample(struct insulation_monitor *monitor, struct fault_memory *faults,
                               const struct inputs *inputs)
{
    uint16_t pack_raw = inputs->contactors.pack_raw;
    if (pack_raw < LOWEST_HIGH_VOLTAGE_RAW) {
        return;
    }
    double effective = effective_hectoohm(inputs->insulation.plus_hectoohm, inputs->insulation.minus_hectoohm);
    double ohm_per_v = effective * 100.0 / (pack_raw * 0.05);
    fault_report(faults, INSULATION_WARNING,
                 up_down_update(&monitor->warn, ohm_per_v < monitor->warn_ohm_per_v));
    fault_report(faults, INSULATION_FAULT,
                 up_down_update(&monitor->fault, ohm_per_v < monitor->fault_ohm_per_v));
}

void line_monitor_sample(struct line_monitor *monitor, struct fault_memory *faults, const struct inputs *inputs)
{
    const struct contactor_input *contactors = &inputs->contactors;
    fault_report(faults, HVIL_OPEN, up_down_update(&monitor->hvil, !contactors->hvil_closed));
    fault_report(faults, CRASH_DETECTED, up_down_update(&monitor->crash, contactors->crash));
    fault_report(faults, SUPPLY_LOW,
                 up_down_update(&monitor->supply, contactors->supply_raw < SUPPLY_LOW_RAW));
}

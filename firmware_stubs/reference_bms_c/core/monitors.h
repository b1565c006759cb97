/* The monitors: from measured values to causes of fault. Each runs when its input brings something new. */
#ifndef BMS_MONITORS_H
#define BMS_MONITORS_H

#include <stdbool.h>
#include <stdint.h>

#include "debounce.h"
#include "faults.h"
#include "limits.h"
#include "measurement.h"

/* 60 V in units of 50 mV. Below this pack voltage there is no high voltage, and ohm per volt says nothing. */
#define HIGH_VOLTAGE_RAW 1200
#define ZERO_VOLT_RAW 4000
#define MOST_HVIL_OPENINGS 16

/* Limits, spread, sum against the pack, standing still, and the fall that goes with thermal runaway; once a sweep. */
struct cell_monitor {
    struct in_a_row ov_warn, ov_trip, uv_warn, uv_trip, deep, imbalance, implausible, frozen, dropping;
    int32_t ov_warn_raw, ov_trip_raw, uv_warn_raw, uv_trip_raw, deep_raw, imbalance_raw;
    double share, keep;
    int32_t highest, lowest, mean;
    uint8_t highest_index, lowest_index;
    int16_t last[CELLS], mean_then[CELLS]; /* a reading when it last moved, and the mean cell of that time */
    bool moving[CELLS];
    int16_t newer[CELLS], older[CELLS]; /* two sweeps of the past, 30 s apart */
    bool has_references;
    int32_t reference_age;
};

/* What the AFE chain says of itself, and whether it is fresh; every 100 ms. */
struct afe_monitor {
    struct in_a_row chain, corrupt, modules, open_wire, adc;
    int16_t last_sweep;
};

/* This BMS leaves balancing to the charger's pauses and never asks for it meanwhile; every second. */
struct balancing_monitor {
    struct in_a_row stuck;
};

/* Limits of driving and of charging, sensors, gradients, thermal runaway by GB 38031-2025; once a sweep of a second. */
struct temperature_monitor {
    struct in_a_row warn, trip, charge, cold, very_cold, gradient, sensor;
    int32_t warn_raw, trip_raw, charge_raw, cold_raw, very_cold_raw, gradient_raw, rise_sweeps;
    double rise_raw;
    int32_t previous[SENSORS];
    bool has_previous;
    int32_t rising[SENSORS];    /* sweeps in a row with a rise of at least 1 K */
    int32_t confirmed[SENSORS]; /* sweeps for which a rise of more than 3 s still counts */
    bool off_scale[SENSORS]; /* left their range upwards when they were hot already */
    int32_t highest, lowest;
    uint8_t highest_index, lowest_index;
};

/* Overcurrent, I squared t, external short, current where there must be none, the sensor itself; every 10 ms. */
struct current_monitor {
    struct in_a_row discharge, charge, shorted, error, apart, open_string, at_rest;
    int32_t discharge_ma, charge_ma, short_ma, apart_ma, open_string_ma, at_rest_ma;
    double apart_share, continuous, heat_limit_s, heat_s;
};

/* Each pole, and both together, against ohm per volt of the pack, and the monitor itself; every 100 ms. */
struct insulation_monitor {
    struct in_a_row warn, fault, outdated, failure, chassis;
    double warn_ohm_per_v, fault_ohm_per_v;
    int32_t oldest;
};

/* HVIL loop, crash, pyro fuse, clamps 15 and 30; every 10 ms. */
struct line_monitor {
    struct in_a_row hvil, crash, pyro, supply, brown_out, clamp;
    int32_t low_raw, brown_out_raw, tolerable;
    int64_t openings[MOST_HVIL_OPENINGS]; /* the last `opening_count` of them, oldest first */
    int32_t opening_count;
    bool was_closed;
};

struct monitors {
    struct cell_monitor cells;
    struct afe_monitor afe;
    struct balancing_monitor balancing;
    struct temperature_monitor temperatures;
    struct current_monitor current;
    struct insulation_monitor insulation;
    struct line_monitor lines;
};

struct in_a_row in_a_row_of(int32_t limit);

void cell_monitor_init(struct cell_monitor *monitor, const struct limits *limits);
void afe_monitor_init(struct afe_monitor *monitor, const struct limits *limits);
void balancing_monitor_init(struct balancing_monitor *monitor, const struct limits *limits);
void temperature_monitor_init(struct temperature_monitor *monitor, const struct limits *limits);
void current_monitor_init(struct current_monitor *monitor, const struct limits *limits);
void insulation_monitor_init(struct insulation_monitor *monitor, const struct limits *limits);
void line_monitor_init(struct line_monitor *monitor, const struct limits *limits);

/* `closed`: contactors are closed and nothing has tripped, so that currents may move the cells. */
void cell_monitor_sweep(struct cell_monitor *monitor, struct fault_memory *faults, const struct inputs *inputs,
                        bool closed);

/* A cell has lost more than a quarter of the voltage it had (GB 38031-2025). */
bool cell_monitor_dropped(const struct cell_monitor *monitor);

/* `fresh`: a sweep of cells has come since the last status. */
void afe_monitor_sample(struct afe_monitor *monitor, struct fault_memory *faults, const struct inputs *inputs,
                        bool fresh);
void balancing_monitor_sample(struct balancing_monitor *monitor, struct fault_memory *faults,
                              const struct inputs *inputs);

struct thermal_situation {
    bool charging, driving, cell_dropped;
};
void temperature_monitor_sweep(struct temperature_monitor *monitor, struct fault_memory *faults,
                               const struct inputs *inputs, const struct thermal_situation *situation);

/* `all_open`: every contactor has been told to open and has had time to. */
void current_monitor_sample(struct current_monitor *monitor, struct fault_memory *faults,
                            const struct inputs *inputs, bool all_open);
void insulation_monitor_sample(struct insulation_monitor *monitor, struct fault_memory *faults,
                               const struct inputs *inputs);

/* `driving`: contactors are closed. `fired`: the pyro fuse was told to open. */
void line_monitor_sample(struct line_monitor *monitor, struct fault_memory *faults, int64_t now_ns,
                         const struct inputs *inputs, bool driving, bool fired);

#endif

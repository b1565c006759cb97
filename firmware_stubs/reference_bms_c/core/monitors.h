/* The monitors: from measured values to causes of fault. Each runs when its input brings something new. */
#ifndef BMS_MONITORS_H
#define BMS_MONITORS_H

#include <stdbool.h>
#include <stdint.h>

#include "debounce.h"
#include "faults.h"
#include "limits.h"
#include "measurement.h"

/* Overvoltage and undervoltage of single cells, once a complete sweep. */
struct cell_monitor {
    struct up_down ov_warn, ov_trip, uv_warn, uv_trip, implausible;
    int32_t ov_warn_raw, ov_trip_raw, uv_warn_raw, uv_trip_raw;
    int32_t highest, lowest, mean;
    uint8_t highest_index, lowest_index;
};

/* Too hot, or too cold to charge; once a complete sweep of a second. */
struct temperature_monitor {
    struct up_down warn, trip, cold;
    int32_t warn_raw, trip_raw, cold_raw;
    int32_t highest, lowest;
    uint8_t highest_index, lowest_index;
};

/* Overcurrent, every 10 ms frame. */
struct current_monitor {
    struct up_down discharge, charge;
    int32_t discharge_ma, charge_ma;
};

/* Each pole, and both together, against ohm per volt of the pack; every 100 ms frame. */
struct insulation_monitor {
    struct up_down warn, fault;
    double warn_ohm_per_v, fault_ohm_per_v;
};

/* HVIL loop, crash line and clamp 30, every 10 ms frame. */
struct line_monitor {
    struct up_down hvil, crash, supply;
};

struct monitors {
    struct cell_monitor cells;
    struct temperature_monitor temperatures;
    struct current_monitor current;
    struct insulation_monitor insulation;
    struct line_monitor lines;
};

void monitors_init(struct monitors *monitors, const struct limits *limits);
void cell_monitor_sweep(struct cell_monitor *monitor, struct fault_memory *faults, const struct inputs *inputs);
void temperature_monitor_sweep(struct temperature_monitor *monitor, struct fault_memory *faults,
                               const struct inputs *inputs, bool charging);
void current_monitor_sample(struct current_monitor *monitor, struct fault_memory *faults,
                            const struct inputs *inputs);
void insulation_monitor_sample(struct insulation_monitor *monitor, struct fault_memory *faults,
                               const struct inputs *inputs);
void line_monitor_sample(struct line_monitor *monitor, struct fault_memory *faults, const struct inputs *inputs);

#endif

/* The firmware's calibration: thresholds of the chemistry and debounce of the monitors. */
#ifndef BMS_LIMITS_H
#define BMS_LIMITS_H

#include <stdint.h>

#define CELLS 96
#define CELL_GROUPS 24
#define SENSORS 24
#define SENSOR_GROUPS 4
#define OCV_POINTS 11

/* Counts are samples of the input (cell sweep 100 ms, current 10 ms ...). The Python side mirrors this layout. */
struct limits {
    double ov_warn_v, ov_trip_v, uv_warn_v, uv_trip_v, full_v;
    double ot_warn_c, ot_trip_c, charge_min_c;
    double oc_discharge_a, oc_charge_a, discharge_limit_a, charge_limit_a;
    double capacity_ah;
    double ocv_v[OCV_POINTS]; /* open-circuit voltage over SoC 0, 10 .. 100 %: the start of coulomb counting */
    double insulation_warn_ohm_per_v, insulation_fault_ohm_per_v;
    int32_t chemistry_code;
    int32_t voltage_trip_sweeps, voltage_warn_sweeps, temperature_trip_sweeps;
    int32_t current_trip_frames, insulation_frames;
};

/* The calibration of NMC. */
extern const struct limits limits_nmc;

/* What a mutant's defect makes of a calibration; the reference leaves it alone. */
void limits_mutate(struct limits *limits);

#endif

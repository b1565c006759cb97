#include "limits.h"

#include "mutant.h"

const struct limits limits_nmc = {
    .ov_warn_v = 4.22,
    .ov_trip_v = 4.25,
    .uv_warn_v = 2.8,
    .uv_trip_v = 2.5,
    .full_v = 4.20,
    .ot_warn_c = 50.0,
    .ot_trip_c = 60.0,
    .charge_min_c = 0.0,
    .oc_discharge_a = 150.0,
    .oc_charge_a = 75.0,
    .discharge_limit_a = 120.0,
    .charge_limit_a = 50.0,
    .capacity_ah = 50.0,
    .ocv_v = {3.00, 3.44, 3.53, 3.58, 3.62, 3.67, 3.76, 3.86, 3.95, 4.06, 4.20},
    .insulation_warn_ohm_per_v = 500.0,
    .insulation_fault_ohm_per_v = 100.0,
    .chemistry_code = 1,
    .voltage_trip_sweeps = 25,
    .voltage_warn_sweeps = 5,
    .temperature_trip_sweeps = 3,
    .current_trip_frames = 50,
    .insulation_frames = 30,
};

void limits_mutate(struct limits *limits)
{
    if (IS_MUTANT(LATE_OVERVOLTAGE)) {
        limits->voltage_trip_sweeps = 33;
    }
    if (IS_MUTANT(TRIPS_ON_GLITCH)) {
        limits->voltage_trip_sweeps = 3;
    }
    if (IS_MUTANT(INSULATION_TOO_SENSITIVE)) {
        limits->insulation_fault_ohm_per_v = 150.0;
    }
}

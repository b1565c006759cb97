/*
 * The firmware's calibration: thresholds of the chemistry and debounce of the monitors. Names and values are those of
 * firmware_stubs/reference_bms/limits.py; counts are samples in a row: cells and AFE 100 ms, lines 10 ms.
 */
#ifndef BMS_LIMITS_H
#define BMS_LIMITS_H

#include <stdint.h>

#define CELLS 96
#define CELL_GROUPS 24
#define SENSORS 24
#define SENSOR_GROUPS 4
#define MOST_OCV_POINTS 64

#define LIMITS_QUANTITIES(X)                                                                                 \
    X(ov_warn_v, 4.22)                                                                                       \
    X(ov_trip_v, 4.25)                                                                                       \
    X(uv_warn_v, 2.8)                                                                                        \
    X(uv_trip_v, 2.5)                                                                                        \
    X(deep_v, 1.75)                                                                                          \
    X(full_v, 4.20)                                                                                          \
    X(ot_warn_c, 50.0)                                                                                       \
    X(ot_trip_c, 60.0)                                                                                       \
    X(ot_charge_c, 55.0)                                                                                     \
    X(charge_min_c, 0.0)                                                                                     \
    X(discharge_min_c, -20.0)                                                                                \
    X(oc_discharge_a, 150.0)                                                                                 \
    X(oc_charge_a, 75.0)                                                                                     \
    X(discharge_limit_a, 120.0)                                                                              \
    X(charge_limit_a, 50.0)                                                                                  \
    X(capacity_ah, 50.0)                                                                                     \
    X(insulation_warn_ohm_per_v, 500.0)                                                                      \
    X(insulation_fault_ohm_per_v, 100.0)                                                                     \
    X(imbalance_v, 0.150)                                                                                    \
    X(implausible_share, 0.03)                                                                               \
    X(gradient_k, 15.0)                                                                                      \
    X(runaway_k_per_s, 1.0)                                                                                  \
    X(runaway_drop, 0.25)                                                                                    \
    X(short_circuit_multiple, 4.0)                                                                           \
    X(continuous_share, 0.8)                                                                                 \
    X(overload_s, 10.0)                                                                                      \
    X(channels_apart_a, 5.0)                                                                                 \
    X(channels_apart_share, 0.05)                                                                            \
    X(open_string_a, 5.0)                                                                                    \
    X(at_rest_a, 1.0)                                                                                        \
    X(insulation_age_s, 10.0)                                                                                \
    X(supply_low_v, 9.0)                                                                                     \
    X(brown_out_v, 6.0)                                                                                      \
    X(link_share, 0.9)                                                                                       \
    X(precharge_share, 0.95)

#define LIMITS_COUNTS(X)                                                                                     \
    X(chemistry_code, 1)                                                                                     \
    X(voltage_trip_sweeps, 25)                                                                               \
    X(voltage_warn_sweeps, 5)                                                                                \
    X(deep_sweeps, 5)                                                                                        \
    X(imbalance_sweeps, 10)                                                                                  \
    X(implausible_sweeps, 8)                                                                                 \
    X(frozen_sweeps, 10)                                                                                     \
    X(afe_frames, 3)                                                                                         \
    X(chain_frames, 4)                                                                                       \
    X(temperature_trip_sweeps, 3)                                                                            \
    X(gradient_sweeps, 5)                                                                                    \
    X(sensor_fault_sweeps, 3)                                                                                \
    X(runaway_sweeps, 4)                                                                                     \
    X(current_trip_frames, 15)                                                                               \
    X(short_circuit_frames, 1)                                                                               \
    X(current_error_frames, 5)                                                                               \
    X(channels_apart_frames, 20)                                                                             \
    X(open_string_frames, 10)                                                                                \
    X(at_rest_frames, 100)                                                                                   \
    X(insulation_frames, 30)                                                                                 \
    X(insulation_monitor_frames, 10)                                                                         \
    X(mismatch_frames, 10)                                                                                   \
    X(unintended_frames, 3)                                                                                  \
    X(feedback_frames, 20)                                                                                   \
    X(settle_ms, 100)                                                                                        \
    X(slow_opening_ms, 80)                                                                                   \
    X(hvil_frames, 10)                                                                                       \
    X(hvil_openings, 6)                                                                                      \
    X(crash_frames, 2)                                                                                       \
    X(pyro_frames, 5)                                                                                        \
    X(supply_frames, 50)                                                                                     \
    X(brown_out_frames, 5)                                                                                   \
    X(clamp_frames, 10)                                                                                      \
    X(balancing_frames, 3)                                                                                   \
    X(cells_timeout_ms, 400)                                                                                 \
    X(temperatures_timeout_ms, 3000)                                                                         \
    X(current_timeout_ms, 100)                                                                               \
    X(insulation_timeout_ms, 1000)                                                                           \
    X(feedback_timeout_ms, 100)                                                                              \
    X(command_timeout_ms, 200)                                                                               \
    X(vehicle_timeout_ms, 200)                                                                               \
    X(charger_timeout_ms, 500)                                                                               \
    X(opening_delay_ms, 200)                                                                                 \
    X(opening_soon_ms, 100)                                                                                  \
    X(precharge_timeout_ms, 1000)

struct limits {
#define QUANTITY(name, value) double name;
    LIMITS_QUANTITIES(QUANTITY)
#undef QUANTITY
    double ocv_v[MOST_OCV_POINTS]; /* open-circuit voltage over SoC 0..1 in equal steps: the start of counting */
    int32_t ocv_points;
#define COUNT(name, value) int32_t name;
    LIMITS_COUNTS(COUNT)
#undef COUNT
};

/* The calibration of NMC, or what -DCHEMISTRY says: an initializer of struct limits, as switches.py writes it. */
extern const struct limits limits_built_in;

/* What a mutant's defect makes of a calibration (core/mutant.h); the reference leaves it alone. */
void limits_mutate(struct limits *limits);

#endif

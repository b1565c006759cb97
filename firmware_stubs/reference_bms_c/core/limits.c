#include "limits.h"

#include "mutant.h"

const struct limits limits_nmc = {
#define INITIAL(name, value) .name = value,
    LIMITS_QUANTITIES(INITIAL)
    LIMITS_COUNTS(INITIAL)
#undef INITIAL
    .ocv_v = {3.00, 3.44, 3.53, 3.58, 3.62, 3.67, 3.76, 3.86, 3.95, 4.06, 4.20},
    .ocv_points = 11,
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

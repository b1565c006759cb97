#include "limits.h"

const struct limits limits_built_in = {
#ifdef CHEMISTRY
    CHEMISTRY
#else
#define INITIAL(name, value) .name = value,
    LIMITS_QUANTITIES(INITIAL)
    LIMITS_COUNTS(INITIAL)
#undef INITIAL
    .ocv_v = {3.00, 3.44, 3.53, 3.58, 3.62, 3.67, 3.76, 3.86, 3.95, 4.06, 4.20},
    .ocv_points = 11,
#endif
};

void limits_mutate(struct limits *limits)
{
#ifdef CALIBRATED
#define SET(name, value) limits->name = (value);
#define PLUS(name, amount) limits->name += (amount);
#define TIMES(name, factor) limits->name *= (factor);
    CALIBRATED
#undef SET
#undef PLUS
#undef TIMES
#else
    (void)limits;
#endif
}

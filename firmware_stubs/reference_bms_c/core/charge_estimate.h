/* State of charge by Coulomb counting, corrected by the open-circuit voltage at rest; and the capacity behind it. */
#ifndef BMS_CHARGE_ESTIMATE_H
#define BMS_CHARGE_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"

struct charge_estimate {
    double soc; /* 0..1, once `known` */
    bool known;
    double capacity_ah;
    int64_t drawn_ma_ns; /* since the last anchor */
    int64_t last_ns, rest_since_ns;
    double anchor; /* SoC by voltage at the last rest, once `anchored` */
    bool anchored;
};

void charge_estimate_init(struct charge_estimate *estimate, const struct limits *limits);
void charge_estimate_current(struct charge_estimate *estimate, int64_t now_ns, int32_t milliampere);
void charge_estimate_sweep(struct charge_estimate *estimate, const struct limits *limits, int64_t now_ns,
                           double mean_v);

#endif

#include "charge_estimate.h"

#define NS_PER_S INT64_C(1000000000)
#define REST_MA 500
#define REST_NS (60 * NS_PER_S) /* cells have mostly relaxed */
#define CORRECTION 0.002        /* of the difference, per sweep at rest: a time constant of 50 s */
#define FLATTEST_V 0.15         /* volt per unit of SoC; below, as on LFP's plateau, voltage tells nothing */
#define LEAST_SWING 0.2         /* capacity is judged between two rests at least 20 % SoC apart */
#define NEVER (-1)

void charge_estimate_init(struct charge_estimate *estimate, const struct limits *limits)
{
    *estimate = (struct charge_estimate){
        .capacity_ah = limits->capacity_ah,
        .last_ns = NEVER,
        .rest_since_ns = NEVER,
    };
}

void charge_estimate_current(struct charge_estimate *estimate, int64_t now_ns, int32_t milliampere)
{
    int64_t last_ns = estimate->last_ns;
    estimate->last_ns = now_ns;
    if (!estimate->known || last_ns < 0) {
        return;
    }
    int64_t drawn = milliampere * (now_ns - last_ns);
    estimate->drawn_ma_ns += drawn;
    estimate->soc -= (double)drawn / (estimate->capacity_ah * 3.6e6 * (double)NS_PER_S);
    if (milliampere < -REST_MA || milliampere > REST_MA) {
        estimate->rest_since_ns = NEVER;
    } else if (estimate->rest_since_ns < 0) {
        estimate->rest_since_ns = now_ns;
    }
}

/* SoC of a cell at rest, 0..1, and the slope in V per unit of SoC there. */
static double by_voltage(const struct limits *limits, double volt, double *slope)
{
    const double *table = limits->ocv_v;
    int steps = limits->ocv_points - 1;
    for (int index = 0; index < steps; index++) {
        double low = table[index], high = table[index + 1];
        if (volt < high) {
            double point = index + (volt - low) / (high - low);
            *slope = (high - low) * steps;
            return (point > 0.0 ? point : 0.0) / steps;
        }
    }
    *slope = (table[steps] - table[steps - 1]) * steps;
    return 1.0;
}

static void judge_capacity(struct charge_estimate *estimate, const struct limits *limits, double soc)
{
    if (!estimate->anchored) {
        estimate->anchored = true;
        estimate->anchor = soc;
        estimate->drawn_ma_ns = 0;
        return;
    }
    double swing = estimate->anchor - soc;
    if (swing >= LEAST_SWING || swing <= -LEAST_SWING) {
        double measured_ah = (double)estimate->drawn_ma_ns / (swing * 3.6e6 * (double)NS_PER_S);
        double share = measured_ah / limits->capacity_ah;
        if (0.3 < share && share < 1.3) {
            estimate->capacity_ah += 0.5 * (measured_ah - estimate->capacity_ah);
        }
        estimate->anchor = soc;
        estimate->drawn_ma_ns = 0;
    }
}

void charge_estimate_sweep(struct charge_estimate *estimate, const struct limits *limits, int64_t now_ns,
                           double mean_v)
{
    double slope;
    if (!estimate->known) {
        estimate->known = true;
        estimate->soc = by_voltage(limits, mean_v, &slope);
        return;
    }
    if (estimate->rest_since_ns < 0 || now_ns - estimate->rest_since_ns < REST_NS) {
        return;
    }
    double at_rest = by_voltage(limits, mean_v, &slope);
    if (slope >= FLATTEST_V) {
        judge_capacity(estimate, limits, at_rest);
        estimate->soc += (at_rest - estimate->soc) * CORRECTION;
    }
}

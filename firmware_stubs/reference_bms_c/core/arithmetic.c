#include "arithmetic.h"

int64_t round_half_even(double value)
{
    int64_t whole = (int64_t)value; /* towards zero */
    double rest = value - (double)whole;
    int64_t away = value < 0.0 ? -1 : 1;
    double distance = rest < 0.0 ? -rest : rest;
    if (distance > 0.5 || (distance == 0.5 && whole % 2 != 0)) {
        return whole + away;
    }
    return whole;
}

int32_t cell_raw(double volt)
{
    return (int32_t)round_half_even((volt + 2.0) / 0.0005);
}

int32_t temperature_raw(double celsius)
{
    return (int32_t)round_half_even((celsius + 60.0) * 4.0);
}

uint32_t clamp(int64_t value, uint32_t highest)
{
    if (value < 0) {
        return 0;
    }
    return value > (int64_t)highest ? highest : (uint32_t)value;
}

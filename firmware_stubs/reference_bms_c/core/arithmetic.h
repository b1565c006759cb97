/* Rounding as the calibration tools do it, without a maths library. */
#ifndef BMS_ARITHMETIC_H
#define BMS_ARITHMETIC_H

#include <stdint.h>

/* Nearest integer, halves to the even one. |value| must stay below 2^62. */
int64_t round_half_even(double value);

/* Raw values of the sense frames: 0.5 mV a bit from -2 V, 0.25 K a bit from -60 degrees Celsius. */
int32_t cell_raw(double volt);
int32_t temperature_raw(double celsius);

/* `value` held within 0..highest. */
uint32_t clamp(int64_t value, uint32_t highest);

#endif

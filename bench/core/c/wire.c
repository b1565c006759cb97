/* How long a classic data frame occupies the wire: as bench/links/bit_timing.py. */
#include "core.h"

#define NS_PER_S INT64_C(1000000000)
#define CRC15_POLYNOMIAL 0x4599U
#define TAIL_BITS (1 + 1 + 1 + 7 + 3) /* CRC delimiter, ACK, ACK delimiter, EOF, intermission */

struct stuffing {
    uint32_t crc;
    int last, run, bits;
};

/* `width` bits of `value`, highest first, with the bits stuffed behind five equal ones. */
static void put(struct stuffing *out, uint64_t value, int width, bool checked)
{
    for (int shift = width - 1; shift >= 0; shift--) {
        int bit = (int)(value >> shift & 1U);
        if (checked) {
            uint32_t top = out->crc >> 14 & 1U;
            out->crc = (out->crc << 1 & 0x7FFFU) ^ ((top ^ (uint32_t)bit) ? CRC15_POLYNOMIAL : 0U);
        }
        out->run = bit == out->last && out->run > 0 ? out->run + 1 : 1;
        out->last = bit;
        out->bits++;
        if (out->run == 5) { /* the stuff bit is the complement and starts a run of its own */
            out->last = 1 - bit;
            out->run = 1;
            out->bits++;
        }
    }
}

/* From the start of frame to the end of the intermission, in ns, rounded to the nearest; 0: no classic frame. */
int64_t core_wire_ns(int64_t bitrate, uint32_t id, int flags, int length, const uint8_t *data)
{
    if (bitrate <= 0 || length < 0 || length > CLASSIC_DATA || (flags & FLAG_FD) != 0) {
        return 0;
    }
    struct stuffing out = {.last = 1};
    if ((flags & FLAG_EXTENDED) != 0) {
        put(&out, ((uint64_t)(id >> 18) << 2 | 3U) << 19 | (uint64_t)(id & 0x3FFFFU) << 1, 33, true);
        put(&out, (uint64_t)length, 6, true);
    } else {
        put(&out, (uint64_t)id << 2, 14, true);
        put(&out, (uint64_t)length, 5, true);
    }
    for (int at = 0; at < length; at++) {
        put(&out, data[at], 8, true);
    }
    put(&out, out.crc, 15, false);
    return ((int64_t)(out.bits + TAIL_BITS) * NS_PER_S + bitrate / 2) / bitrate;
}

/* The lowest wins; a base frame beats an extended one of equal base. */
int64_t arbitration_key(uint32_t id, int flags)
{
    int64_t fd = (flags & FLAG_FD) != 0;
    if ((flags & FLAG_EXTENDED) != 0) {
        return ((int64_t)(id >> 18) << 20 | INT64_C(1) << 19 | (int64_t)(id & 0x3FFFFU)) << 1 | fd;
    }
    return (int64_t)id << 21 | fd;
}

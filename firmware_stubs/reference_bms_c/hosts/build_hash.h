/* Which build this is: the first four bytes of the hash of sources, flags and name, set by the build command. */
#ifndef BMS_BUILD_HASH_H
#define BMS_BUILD_HASH_H

#include <stdint.h>

#ifndef BUILD_HASH
#define BUILD_HASH 0x00000000
#endif

static const uint8_t build_hash[4] = {
    (BUILD_HASH) >> 24 & 0xFF,
    (BUILD_HASH) >> 16 & 0xFF,
    (BUILD_HASH) >> 8 & 0xFF,
    (BUILD_HASH) & 0xFF,
};

#endif

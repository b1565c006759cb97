/* A small firmware behind the stepped protocol. LIE picks the one promise that it breaks; 0 breaks none. */
#define HIL_STEPPED_IMPLEMENTATION
#include "hil_stepped.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PERIOD_NS 10000000u

enum { HONEST, DRAWS_LOTS, READS_A_CLOCK, TALKS_WITHOUT_SUPPLY, KEEPS_RAM_OVER_SUPPLY, IGNORES_RESET, RUNS_SHORT,
       SENDS_NO_FRAME, DIES_OF_A_FRAME, STAYS, SAYS_NOTHING };

static unsigned steps, on;

static long long real_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int main(void) {
    struct hil_event event;
    struct timespec seed;
    long long born_ms = real_ms();
    clock_gettime(CLOCK_MONOTONIC, &seed);
    if (hil_open(PERIOD_NS, "liar") != 0) {
        return 1;
    }
    printf("this goes to standard error\n");
    fflush(stdout);
    while (hil_next(&event) != HIL_END) {
        struct hil_frame frame = { .id = 0x100, .length = 8 };
        if (event.what == HIL_FRAME) {
            if (LIE == DIES_OF_A_FRAME && event.frame.length > 8) {
                fprintf(stderr, "assertion failed: length <= 8\n");
                return 3;
            }
            continue;
        }
        if (event.what == HIL_POWER_ON) {
            on = 1;
            if (LIE != KEEPS_RAM_OVER_SUPPLY) {
                steps = 0;
            }
        } else if (event.what == HIL_POWER_OFF) {
            on = 0;
        } else if (event.what == HIL_RESET) {
            if (LIE != IGNORES_RESET) {
                steps = 0;
            }
        } else if ((on || LIE == TALKS_WITHOUT_SUPPLY) && LIE != SAYS_NOTHING && ++steps % 10 == 0) {
            frame.data[0] = (uint8_t)steps;
            frame.data[1] = (uint8_t)(steps >> 8);
            if (LIE == DRAWS_LOTS) {
                frame.data[2] = (uint8_t)(seed.tv_nsec / 100);
                frame.data[3] = (uint8_t)(seed.tv_nsec / 25600);
            }
            if (LIE == READS_A_CLOCK && real_ms() - born_ms >= 250) {
                frame.data[4] = 1;
            }
            if (LIE == SENDS_NO_FRAME) {
                frame.id = 0x800;
            }
            hil_send(0, &frame);
        }
        if (LIE == RUNS_SHORT && event.what == HIL_ADVANCE) {
            hil_now_.now_ns -= 1;
        }
        hil_done();
    }
    while (LIE == STAYS) {
        struct timespec rest = { .tv_sec = 60 };
        nanosleep(&rest, 0);
    }
    return 0;
}

/* Command against auxiliary contact: welded, stuck open, slow, or moved by itself; and against the link voltage. */
#ifndef BMS_CONTACTOR_SUPERVISION_H
#define BMS_CONTACTOR_SUPERVISION_H

#include <stdbool.h>
#include <stdint.h>

#include "debounce.h"
#include "faults.h"
#include "limits.h"
#include "measurement.h"

#define CONTACTORS 3 /* plus, minus, precharge */

/* The three coil commands. */
struct coils {
    bool plus, minus, precharge;
};

/* Compares on every 10 ms frame, from the settling time on after a coil was switched. */
struct contactor_supervision {
    struct consecutive mismatch[CONTACTORS], moved[CONTACTORS];
    struct in_a_row link;
    bool commanded[CONTACTORS];
    int64_t switched_ns[CONTACTORS];
    bool followed[CONTACTORS]; /* the contactor has done what it was last told */
    int64_t settle_ns, slow_ns;
    double link_share;
};

void contactor_supervision_init(struct contactor_supervision *supervision, const struct limits *limits);
void contactor_supervision_sample(struct contactor_supervision *supervision, struct fault_memory *faults,
                                  int64_t now_ns, const struct coils *coils,
                                  const struct contactor_input *contactors);

#endif

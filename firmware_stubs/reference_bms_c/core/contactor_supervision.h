/* Command against auxiliary contact: welded, or stuck open. */
#ifndef BMS_CONTACTOR_SUPERVISION_H
#define BMS_CONTACTOR_SUPERVISION_H

#include <stdbool.h>
#include <stdint.h>

#include "debounce.h"
#include "faults.h"
#include "measurement.h"

#define CONTACTORS 3 /* plus, minus, precharge */

/* The three coil commands. */
struct coils {
    bool plus, minus, precharge;
};

/* Compares on every 10 ms frame, from 100 ms after a coil was switched. */
struct contactor_supervision {
    struct consecutive mismatch[CONTACTORS];
    bool commanded[CONTACTORS];
    int64_t settled_ns[CONTACTORS];
};

void contactor_supervision_init(struct contactor_supervision *supervision);
void contactor_supervision_sample(struct contactor_supervision *supervision, struct fault_memory *faults,
                                  int64_t now_ns, const struct coils *coils,
                                  const struct contactor_input *contactors);

#endif

/* Init, standby, precharge, drive, charge, error: who may close contactors, and when they open. */
#ifndef BMS_STATE_MACHINE_H
#define BMS_STATE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "contactor_supervision.h"
#include "faults.h"
#include "limits.h"
#include "mutant.h"

enum state { STATE_INIT, STATE_STANDBY, STATE_PRECHARGE, STATE_DRIVE, STATE_CHARGE, STATE_ERROR };
enum mode { MODE_OFF, MODE_DRIVE, MODE_CHARGE };

/* Instants are NEVER_NS where they are not set. */
struct state_machine {
    enum state state, target;
    struct coils coils;
    int64_t begun_ns, entered_ns, open_at_ns, overlap_until_ns;
    uint64_t opening_word; /* the faults whose delay is running */
    int64_t delay_ns, soon_ns, precharge_ns;
    double precharge_share;
#if IS_MUTANT(OPENS_MINUS_FIRST)
    int64_t plus_stays_until_ns;
#endif
#if IS_MUTANT(RARE_SECOND_FAULT)
    bool held, leaked;
#endif
};

/* What one base task needs to know; voltages in units of 50 mV. */
struct situation {
    bool all_heard;
    uint8_t mode;
    uint16_t link_raw, pack_raw;
};

void state_machine_init(struct state_machine *machine, const struct limits *limits);

/* Advance by one base task. */
void state_machine_step(struct state_machine *machine, struct fault_memory *faults, int64_t now_ns,
                        const struct situation *situation);

bool state_machine_charging(const struct state_machine *machine);

#endif

#include "contactor_supervision.h"

#include "mutant.h"

#define SETTLE_NS INT64_C(100000000)
#define MISMATCH_FRAMES 10

static const enum fault weld[CONTACTORS] = {WELD_PLUS, WELD_MINUS, WELD_PRECHARGE};
static const enum fault stuck_open[CONTACTORS] = {STUCK_OPEN_PLUS, STUCK_OPEN_MINUS, STUCK_OPEN_PRECHARGE};

void contactor_supervision_init(struct contactor_supervision *supervision)
{
    *supervision = (struct contactor_supervision){0};
    for (int index = 0; index < CONTACTORS; index++) {
        supervision->mismatch[index].limit = MISMATCH_FRAMES;
    }
}

void contactor_supervision_sample(struct contactor_supervision *supervision, struct fault_memory *faults,
                                  int64_t now_ns, const struct coils *coils,
                                  const struct contactor_input *contactors)
{
    const bool commands[CONTACTORS] = {coils->plus, coils->minus, coils->precharge};
    const uint8_t feedback[CONTACTORS] = {contactors->plus, contactors->minus, contactors->precharge};
    for (int index = 0; index < CONTACTORS; index++) {
        if (commands[index] != supervision->commanded[index]) {
            supervision->commanded[index] = commands[index];
            supervision->settled_ns[index] = now_ns + SETTLE_NS;
        }
        bool differs = feedback[index] < FEEDBACK_INVALID && (feedback[index] == 1) != commands[index];
        bool wrong = consecutive_update(&supervision->mismatch[index],
                                        differs && now_ns >= supervision->settled_ns[index]);
        fault_report(faults, stuck_open[index], commands[index] && wrong);
        if (!IS_MUTANT(MISSES_WELD)) {
            fault_report(faults, weld[index], !commands[index] && wrong);
        }
    }
}

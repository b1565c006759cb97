#include "contactor_supervision.h"

#include "monitors.h"
#include "mutant.h"

static const enum fault weld[CONTACTORS] = {WELD_PLUS, WELD_MINUS, WELD_PRECHARGE};
static const enum fault stuck_open[CONTACTORS] = {STUCK_OPEN_PLUS, STUCK_OPEN_MINUS, STUCK_OPEN_PRECHARGE};

void contactor_supervision_init(struct contactor_supervision *supervision, const struct limits *limits)
{
    *supervision = (struct contactor_supervision){
        .link = in_a_row_of(limits->feedback_frames),
        .settle_ns = limits->settle_ms * MS,
        .slow_ns = limits->slow_opening_ms * MS,
        .link_share = limits->link_share,
    };
    for (int index = 0; index < CONTACTORS; index++) {
        supervision->mismatch[index].limit = limits->mismatch_frames;
        supervision->moved[index].limit = limits->unintended_frames;
    }
}

/* Contacts that say closed must pass the pack's voltage on to the link. */
static void check_link(struct contactor_supervision *supervision, struct fault_memory *faults, int64_t now_ns,
                       const struct coils *coils, const struct contactor_input *contactors)
{
    int64_t plus_ns = supervision->switched_ns[0], minus_ns = supervision->switched_ns[1];
    bool closed = coils->plus && coils->minus && contactors->plus == 1 && contactors->minus == 1;
    bool settled = now_ns - (plus_ns > minus_ns ? plus_ns : minus_ns) >= supervision->settle_ns;
    bool missing = contactors->link_raw < supervision->link_share * contactors->pack_raw
                   && contactors->pack_raw >= HIGH_VOLTAGE_RAW;
    fault_report(faults, FEEDBACK_IMPLAUSIBLE,
                 in_a_row_update(&supervision->link, closed && settled && missing));
}

static void check_contactor(struct contactor_supervision *supervision, struct fault_memory *faults, int index,
                            int64_t since_ns, bool command, uint8_t feedback)
{
    bool valid = feedback < FEEDBACK_INVALID;
    bool differs = valid && (feedback == 1) != command;
    if (valid && !differs) {
        supervision->followed[index] = true;
    }
    bool followed = supervision->followed[index];
    bool wrong = consecutive_update(&supervision->mismatch[index],
                                    differs && !followed && since_ns >= supervision->settle_ns);
    if (consecutive_update(&supervision->moved[index], differs && followed)) {
        fault_event(faults, command ? UNINTENDED_OPENING : UNINTENDED_CLOSING);
    }
    fault_report(faults, stuck_open[index], command && wrong);
    if (!IS_MUTANT(MISSES_WELD)) {
        fault_report(faults, weld[index], !command && wrong);
    }
}

void contactor_supervision_sample(struct contactor_supervision *supervision, struct fault_memory *faults,
                                  int64_t now_ns, const struct coils *coils,
                                  const struct contactor_input *contactors)
{
    const bool commands[CONTACTORS] = {coils->plus, coils->minus, coils->precharge};
    const uint8_t feedback[CONTACTORS] = {contactors->plus, contactors->minus, contactors->precharge};
    bool slow = false;
    if (!IS_MUTANT(FEEDBACK_NOT_CHECKED)) {
        check_link(supervision, faults, now_ns, coils, contactors);
    }
    for (int index = 0; index < CONTACTORS; index++) {
        if (commands[index] != supervision->commanded[index]) {
            supervision->commanded[index] = commands[index];
            supervision->switched_ns[index] = now_ns;
            supervision->followed[index] = false;
        }
        int64_t since_ns = now_ns - supervision->switched_ns[index];
        check_contactor(supervision, faults, index, since_ns, commands[index], feedback[index]);
        slow = slow || (feedback[index] == 1 && !commands[index] && !supervision->followed[index]
                        && supervision->switched_ns[index] != 0 && since_ns >= supervision->slow_ns);
    }
    fault_report(faults, SLOW_OPENING, slow);
}

#include "monitors.h"

#include "mutant.h"

enum afe_status { AFE_PEC_ERROR = 1, AFE_TIMEOUT = 2, AFE_PARTLY_LOST = 3 };

struct in_a_row in_a_row_of(int32_t limit)
{
    return (struct in_a_row){.limit = limit};
}

void afe_monitor_init(struct afe_monitor *monitor, const struct limits *limits)
{
    *monitor = (struct afe_monitor){
        .chain = in_a_row_of(limits->chain_frames),
        .corrupt = in_a_row_of(limits->chain_frames),
        .modules = in_a_row_of(limits->chain_frames),
        .open_wire = in_a_row_of(limits->afe_frames),
        .adc = in_a_row_of(limits->afe_frames),
        .last_sweep = -1,
    };
}

/* The sweep counter stands: old readings are sent again. */
static bool is_stale(struct afe_monitor *monitor, const struct afe_input *afe)
{
    bool stale = afe->sweep == monitor->last_sweep;
    monitor->last_sweep = afe->sweep;
    return stale && !IS_MUTANT(ACCEPTS_OLD_SWEEPS);
}

/* The last complete sweeps against the checksum that the chain tells, which was the last when it made its status up;
   0 says that none is given. */
static bool is_corrupt(const struct inputs *inputs)
{
    if (IS_MUTANT(SWEEP_CRC_UNCHECKED)) {
        return false;
    }
    uint16_t told = inputs->afe.sweep_crc;
    return told != 0 && told != inputs->cells.crc && told != inputs->cells.crc_before;
}

void afe_monitor_sample(struct afe_monitor *monitor, struct fault_memory *faults, const struct inputs *inputs,
                        bool fresh)
{
    const struct afe_input *afe = &inputs->afe;
    bool broken = afe->status == AFE_PEC_ERROR || afe->status == AFE_TIMEOUT;
    bool chain = in_a_row_update(&monitor->chain, is_stale(monitor, afe) || broken);
    bool lost = afe->status == AFE_PARTLY_LOST || afe->modules_lost != 0;
    if (fresh) { /* a status without a new sweep says nothing about the sweeps */
        in_a_row_update(&monitor->corrupt, is_corrupt(inputs));
    }
    fault_report(faults, AFE_CHAIN_FAULT, chain || monitor->corrupt.active);
    fault_report(faults, AFE_MODULE_LOST, in_a_row_update(&monitor->modules, lost));
    fault_report(faults, CELL_OPEN_WIRE, in_a_row_update(&monitor->open_wire, afe->open_wire != 0));
    fault_report(faults, AFE_ADC_FAULT, in_a_row_update(&monitor->adc, afe->adc_fault));
}

void balancing_monitor_init(struct balancing_monitor *monitor, const struct limits *limits)
{
    *monitor = (struct balancing_monitor){.stuck = in_a_row_of(limits->balancing_frames)};
}

void balancing_monitor_sample(struct balancing_monitor *monitor, struct fault_memory *faults,
                              const struct inputs *inputs)
{
    fault_report(faults, BALANCING_STUCK, in_a_row_update(&monitor->stuck, inputs->balancing.active > 0));
}

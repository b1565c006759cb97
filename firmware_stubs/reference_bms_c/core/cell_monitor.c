#include "monitors.h"

#include "arithmetic.h"
#include "mutant.h"

#define MOVED_RAW 60         /* 30 mV of the mean cell */
#define CREEP_RAW 3          /* a sweep, 15 mV/s: a step of the load is faster, the step of sodium at 2C is not */
#define REFERENCE_SWEEPS 300 /* a cell's voltage is compared with what it was 30 to 60 s ago */
#define DROP_SWEEPS 3
#define FEW (CELLS / 4) /* where more than these stand still, the others have been moved by something else */

void cell_monitor_init(struct cell_monitor *monitor, const struct limits *limits)
{
    *monitor = (struct cell_monitor){
        .ov_warn = in_a_row_of(limits->voltage_warn_sweeps),
        .ov_trip = in_a_row_of(limits->voltage_trip_sweeps),
        .uv_warn = in_a_row_of(limits->voltage_warn_sweeps),
        .uv_trip = in_a_row_of(limits->voltage_trip_sweeps),
        .deep = in_a_row_of(limits->deep_sweeps),
        .imbalance = in_a_row_of(limits->imbalance_sweeps),
        .implausible = in_a_row_of(limits->implausible_sweeps),
        .frozen = in_a_row_of(limits->frozen_sweeps),
        .dropping = in_a_row_of(DROP_SWEEPS),
        .ov_warn_raw = cell_raw(limits->ov_warn_v),
        .ov_trip_raw = cell_raw(limits->ov_trip_v),
        .uv_warn_raw = cell_raw(limits->uv_warn_v),
        .uv_trip_raw = cell_raw(limits->uv_trip_v),
        .deep_raw = cell_raw(limits->deep_v),
        .imbalance_raw = (int32_t)round_half_even(limits->imbalance_v / 0.0005),
        .share = limits->implausible_share,
        .keep = 1.0 - limits->runaway_drop,
        .highest = ZERO_VOLT_RAW,
        .lowest = ZERO_VOLT_RAW,
        .mean = ZERO_VOLT_RAW,
    };
}

/* The cells that are looked at: all of them, wires without a value left out of the comparison. */
static bool supervised(int cell, int32_t raw)
{
    if ((IS_MUTANT(IGNORES_CELL_17) && cell == 16) || (IS_MUTANT(IGNORES_LAST_MODULE) && cell >= CELLS / 2)) {
        return false;
    }
    return raw != CELL_NO_VALUE;
}

struct watched {
    int32_t count, total;
};

/* Highest, lowest and mean of the cells that are looked at; of equal ones the first is named, whoever it is. */
static struct watched look(struct cell_monitor *monitor, const int32_t *raw)
{
    struct watched watched = {0};
    int32_t highest = -1, lowest = CELL_NO_VALUE;
    for (int cell = 0; cell < CELLS; cell++) {
        if (supervised(cell, raw[cell])) {
            watched.count++;
            watched.total += raw[cell];
            highest = raw[cell] > highest ? raw[cell] : highest;
            lowest = raw[cell] < lowest ? raw[cell] : lowest;
        }
    }
    if (watched.count == 0) {
        watched = (struct watched){.count = 1, .total = ZERO_VOLT_RAW};
        highest = lowest = ZERO_VOLT_RAW;
    }
    monitor->highest = highest;
    monitor->lowest = lowest;
    monitor->mean = watched.total / watched.count;
    monitor->highest_index = monitor->lowest_index = 0;
    for (int cell = CELLS - 1; cell >= 0; cell--) {
        if (raw[cell] == highest) {
            monitor->highest_index = (uint8_t)cell;
        }
        if (raw[cell] == lowest) {
            monitor->lowest_index = (uint8_t)cell;
        }
    }
    return watched;
}

/* The sum of cells against the pack voltage, both in units of 50 mV. */
static bool disagrees(const struct cell_monitor *monitor, int32_t total, int32_t pack_raw)
{
    if (IS_MUTANT(NO_SUM_CHECK)) {
        return false;
    }
    double sum_raw = (total - CELLS * ZERO_VOLT_RAW) / 100.0;
    double apart = sum_raw < pack_raw ? pack_raw - sum_raw : sum_raw - pack_raw;
    return apart > monitor->share * (sum_raw > pack_raw ? sum_raw : pack_raw);
}

static void copy_sweep(int16_t *to, const int32_t *raw)
{
    for (int cell = 0; cell < CELLS; cell++) {
        to[cell] = (int16_t)raw[cell];
    }
}

/* Whether a cell has read the same, to the last step, while the mean of all has moved. The mean it is held against is
 * that of the sweep after its last movement: a sweep in the middle of a step mixes old values with new ones. */
static bool stands_still(struct cell_monitor *monitor, const int32_t *raw)
{
    int still = 0;
    for (int cell = 0; cell < CELLS; cell++) {
        int32_t moved_by = monitor->mean - monitor->mean_then[cell];
        if (raw[cell] != monitor->last[cell]) {
            monitor->last[cell] = (int16_t)raw[cell];
            monitor->moving[cell] = true;
        } else if (monitor->moving[cell]) {
            monitor->mean_then[cell] = (int16_t)monitor->mean;
            monitor->moving[cell] = false;
        } else {
            still += moved_by >= MOVED_RAW || moved_by <= -MOVED_RAW;
            if (moved_by > CREEP_RAW) {
                moved_by = CREEP_RAW;
            } else if (moved_by < -CREEP_RAW) {
                moved_by = -CREEP_RAW;
            }
            monitor->mean_then[cell] = (int16_t)(monitor->mean_then[cell] + moved_by);
        }
    }
    return still > 0 && still <= FEW;
}

static bool any_has_dropped(const struct cell_monitor *monitor, const int32_t *raw)
{
    if (!(monitor->lowest - ZERO_VOLT_RAW < monitor->keep * (monitor->mean - ZERO_VOLT_RAW))) {
        return false;
    }
    for (int cell = 0; cell < CELLS; cell++) {
        int32_t older = monitor->older[cell], newer = monitor->newer[cell];
        int32_t before = (older > newer ? older : newer) - ZERO_VOLT_RAW;
        if (raw[cell] - ZERO_VOLT_RAW < monitor->keep * before) {
            return true;
        }
    }
    return false;
}

/* Keep two sweeps of the past; while a cell has dropped they are not renewed. */
static void follow(struct cell_monitor *monitor, const int32_t *raw)
{
    if (!monitor->has_references) {
        copy_sweep(monitor->older, raw);
        copy_sweep(monitor->newer, raw);
        monitor->has_references = true;
        return;
    }
    bool dropped = any_has_dropped(monitor, raw);
    in_a_row_update(&monitor->dropping, dropped);
    monitor->reference_age++;
    if (monitor->reference_age >= REFERENCE_SWEEPS && !dropped) {
        for (int cell = 0; cell < CELLS; cell++) {
            monitor->older[cell] = monitor->newer[cell];
        }
        copy_sweep(monitor->newer, raw);
        monitor->reference_age = 0;
    }
}

/* An overvoltage between 30 and 45 mV above the limit is lost while the pack sags by 14 to 16 V. */
static bool lost_under_load(const struct cell_monitor *monitor, const struct inputs *inputs)
{
    int32_t highest = 0;
    for (int cell = 0; cell < CELLS; cell++) {
        highest = inputs->cells.raw[cell] > highest ? inputs->cells.raw[cell] : highest;
    }
    double above_v = (highest - monitor->ov_trip_raw) * 0.0005;
    double sag_v = 360.0 - inputs->contactors.pack_raw * 0.05;
    return 0.030 <= above_v && above_v <= 0.045 && 14.0 <= sag_v && sag_v <= 16.0;
}

static bool is_overvoltage(const struct cell_monitor *monitor, const struct inputs *inputs, bool closed)
{
    const struct contactor_input *contactors = &inputs->contactors;
    if (IS_MUTANT(NEVER_DETECTS_OVERVOLTAGE)
        || (IS_MUTANT(OVERVOLTAGE_ONLY_IN_CHARGE) && !(closed && contactors->link_raw > contactors->pack_raw))
        || (IS_MUTANT(SPREAD_CHECK_DROPS_THE_CELL) && monitor->highest - monitor->mean >= 600)
        || (IS_MUTANT(RARE_LEVEL_AND_LOAD) && lost_under_load(monitor, inputs))) {
        return false;
    }
    int32_t compared = IS_MUTANT(OVERVOLTAGE_BY_MEAN) ? monitor->mean : monitor->highest;
    return compared >= monitor->ov_trip_raw;
}

static bool debounced_overvoltage(struct in_a_row *counter, bool bad)
{
    if (IS_MUTANT(DEBOUNCE_NEVER_RESETS)) { /* counts bad samples, however many good ones lie between */
        counter->count += bad;
        counter->active = counter->active || counter->count >= counter->limit;
        return counter->active;
    }
    return in_a_row_update(counter, bad);
}

bool cell_monitor_dropped(const struct cell_monitor *monitor)
{
    return monitor->dropping.active;
}

void cell_monitor_sweep(struct cell_monitor *monitor, struct fault_memory *faults, const struct inputs *inputs,
                        bool closed)
{
    const int32_t *raw = inputs->cells.raw;
    int32_t pack_raw = inputs->contactors.pack_raw;
    struct watched watched = look(monitor, raw);
    int32_t highest = monitor->highest, lowest = monitor->lowest, mean = monitor->mean;
    bool overvoltage = is_overvoltage(monitor, inputs, closed);
    bool undervoltage = lowest <= monitor->uv_trip_raw && !IS_MUTANT(NEVER_DETECTS_UNDERVOLTAGE);
    bool apart = highest - mean > monitor->imbalance_raw || mean - lowest > monitor->imbalance_raw;
    fault_report(faults, CELL_OVERVOLTAGE_WARNING,
                 in_a_row_update(&monitor->ov_warn, highest >= monitor->ov_warn_raw));
    fault_report(faults, CELL_OVERVOLTAGE, debounced_overvoltage(&monitor->ov_trip, overvoltage));
    fault_report(faults, CELL_UNDERVOLTAGE_WARNING,
                 in_a_row_update(&monitor->uv_warn, lowest <= monitor->uv_warn_raw));
    fault_report(faults, CELL_UNDERVOLTAGE, in_a_row_update(&monitor->uv_trip, undervoltage));
    fault_report(faults, DEEP_DISCHARGE, in_a_row_update(&monitor->deep, lowest <= monitor->deep_raw));
    fault_report(faults, CELL_IMBALANCE, in_a_row_update(&monitor->imbalance, apart));
    if (watched.count == CELLS) {
        bool implausible = disagrees(monitor, watched.total, pack_raw);
        fault_report(faults, PACK_VOLTAGE_IMPLAUSIBLE,
                     in_a_row_update(&monitor->implausible, implausible));
        bool frozen = closed && stands_still(monitor, raw);
        fault_report(faults, CELL_FROZEN, in_a_row_update(&monitor->frozen, frozen));
        follow(monitor, raw);
    }
}

/*
 * The inputs: sense frames and the vehicle's command, as raw integers; each with when it was last good.
 * Layouts: dbc/bench_io.dbc, dbc/bms.dbc.
 */
#ifndef BMS_MEASUREMENT_H
#define BMS_MEASUREMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "e2e.h"
#include "limits.h"

#define NEVER_NS INT64_C(-1)
#define CELL_NO_VALUE 16383
#define TEMPERATURE_NO_VALUE 1023
#define FEEDBACK_INVALID 2

/* The AFE chain. A sweep is complete when each of the 24 groups has come once. */
struct cell_input {
    int32_t raw[CELLS];
    uint8_t groups[CELL_GROUPS][8]; /* as received, for forwarding; */
    uint32_t received;              /* of which these have ever come */
    uint32_t seen;
    int64_t complete_ns;
};

/* 24 sensors in four frames a second. */
struct temperature_input {
    int32_t raw[SENSORS];
    uint32_t seen;
    int64_t complete_ns;
};

/* The current sensor; milliampere, discharge positive. */
struct current_input {
    struct e2e_receiver e2e;
    int32_t milliampere;
    int64_t heard_ns;
};

/* The insulation monitor; each pole to chassis in units of 100 ohm. */
struct insulation_input {
    struct e2e_receiver e2e;
    uint16_t plus_hectoohm, minus_hectoohm;
    int64_t heard_ns;
};

/* Auxiliary contacts, HVIL, crash line, clamp 30, and the two high voltages in units of 50 mV. */
struct contactor_input {
    struct e2e_receiver e2e;
    uint8_t plus, minus, precharge;
    bool hvil_closed, crash;
    uint8_t supply_raw;
    uint16_t link_raw, pack_raw;
    int64_t heard_ns;
};

/* What the vehicle asks. */
struct command_input {
    struct e2e_receiver e2e;
    uint8_t mode;
    bool reset;
    int64_t heard_ns;
};

struct inputs {
    struct cell_input cells;
    struct temperature_input temperatures;
    struct current_input current;
    struct insulation_input insulation;
    struct contactor_input contactors;
    struct command_input command;
};

void inputs_init(struct inputs *inputs);

/* True when this frame completes a sweep. With a missing value `complete_ns` stays. */
bool cells_receive(struct cell_input *input, int64_t now_ns, const uint8_t *data, size_t length);

bool cells_have_gaps(const struct cell_input *input);

/* True when this frame completes a sweep without a missing value. */
bool temperatures_receive(struct temperature_input *input, int64_t now_ns, const uint8_t *data, size_t length);

/* True when the value may be used: protected, and the sensor reports no error. */
bool current_receive(struct current_input *input, int64_t now_ns, const uint8_t *data, size_t length);

/* True when the values may be used: protected, and the monitor calls them valid. */
bool insulation_receive(struct insulation_input *input, int64_t now_ns, const uint8_t *data, size_t length);

/* True when protected. Feedback that is Invalid is taken over but does not refresh `heard_ns`. */
bool contactors_receive(struct contactor_input *input, int64_t now_ns, const uint8_t *data, size_t length);

/* True on the rising edge of FaultReset. */
bool command_receive(struct command_input *input, int64_t now_ns, const uint8_t *data, size_t length);

#endif

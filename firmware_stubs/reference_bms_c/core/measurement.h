/*
 * The inputs: sense frames and the vehicle's command, as raw integers; each with when it was last good.
 * Layouts: dbc/bench_io.dbc, dbc/bms.dbc, dbc/vehicle.dbc.
 */
#ifndef BMS_MEASUREMENT_H
#define BMS_MEASUREMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "debounce.h"
#include "e2e.h"
#include "limits.h"

#define NEVER_NS INT64_C(-1)
#define MS INT64_C(1000000)
#define CELL_NO_VALUE 16383
#define TEMPERATURE_NO_VALUE 1023
#define FEEDBACK_INVALID 2
#define NTC_OPEN 0 /* raw temperatures at the ends of the range */
#define NTC_SHORT 1022
#define CELL_FRAME_BYTES 8

/* The AFE chain. A sweep is complete when each of the 24 groups has come once, group 0 first. */
struct cell_input {
    int32_t raw[CELLS];
    uint8_t groups[CELL_GROUPS][CELL_FRAME_BYTES]; /* as received, for forwarding; */
    uint32_t received;                             /* of which these have ever come */
    uint32_t seen;
    int64_t complete_ns;
    uint16_t crc, crc_before; /* CRC-16 CCITT-FALSE over the frames of the last complete sweep, and of the one before it */
};

/* 24 sensors in four frames a second. */
struct temperature_input {
    int32_t raw[SENSORS];
    uint32_t seen;
    int64_t complete_ns;
};

/* A protected message: when its values were last good, and whether it has come in a wrong shape. */
struct heard {
    struct e2e_receiver e2e;
    size_t length;
    int64_t heard_ns;
    int64_t cycle_ns, taken_ns; /* when a frame was last in sequence */
    struct in_a_row flaw;
};

/* The current sensor; milliampere, discharge positive, of the shunt and of the Hall channel. */
struct current_input {
    struct heard heard;
    int32_t milliampere, hall_milliampere;
    bool erroneous;
};

/* The insulation monitor; each pole to chassis in units of 100 ohm, the age of that in units of 100 ms. */
struct insulation_input {
    struct heard heard;
    uint16_t plus_hectoohm, minus_hectoohm;
    uint8_t status, age;
    bool chassis_lost, device_error;
};

/* Auxiliary contacts, HVIL, crash line, pyro, clamps, and the two high voltages in units of 50 mV. */
struct contactor_input {
    struct heard heard;
    uint8_t plus, minus, precharge;
    bool hvil_closed, crash, pyro_open, clamp_15;
    uint8_t supply_raw;
    uint16_t link_raw, pack_raw;
};

/* What the AFE chain says of itself after each sweep. */
struct afe_input {
    struct heard heard;
    uint8_t status, sweep, open_wire, modules_lost;
    uint16_t sweep_crc;
    bool adc_fault;
};

/* How many balancing switches are on, as read back. */
struct balancing_input {
    struct heard heard;
    uint8_t active;
};

/* What the vehicle asks. */
struct command_input {
    struct heard heard;
    uint8_t mode;
    bool reset;
};

/* Speed is only looked at for whether it can be. */
struct vehicle_input {
    struct heard heard;
    bool crash;
};

/* Only whether it is there and talks sense. */
struct charger_input {
    struct heard heard;
};

struct inputs {
    struct cell_input cells;
    struct temperature_input temperatures;
    struct current_input current;
    struct insulation_input insulation;
    struct contactor_input contactors;
    struct afe_input afe;
    struct balancing_input balancing;
    struct command_input command;
    struct vehicle_input vehicle;
    struct charger_input charger;
};

void inputs_init(struct inputs *inputs);

/* Everything that start-up waits for. Temperatures are slow (a sweep a second) and not waited for. */
bool inputs_all_heard(const struct inputs *inputs);

/* Whether any protected message is failed by its E2E, or has come in a wrong shape. */
bool inputs_e2e_failed(const struct inputs *inputs);
bool inputs_flawed(const struct inputs *inputs);

/* True when this frame completes a sweep. With a missing value `complete_ns` stays. */
bool cells_receive(struct cell_input *input, int64_t now_ns, const uint8_t *data, size_t length);

/* True when this frame completes a sweep without a missing value. */
bool temperatures_receive(struct temperature_input *input, int64_t now_ns, const uint8_t *data, size_t length);

/* True when protected. With an error reported by the sensor its values are not taken over. */
bool current_receive(struct current_input *input, int64_t now_ns, const uint8_t *data, size_t length);

/* True when protected and within range; so for the ones that follow. */
bool insulation_receive(struct insulation_input *input, int64_t now_ns, const uint8_t *data, size_t length);

/* True when protected. Feedback that is Invalid is taken over but does not refresh `heard_ns`. */
bool contactors_receive(struct contactor_input *input, int64_t now_ns, const uint8_t *data, size_t length);

bool afe_receive(struct afe_input *input, int64_t now_ns, const uint8_t *data, size_t length);
bool balancing_receive(struct balancing_input *input, int64_t now_ns, const uint8_t *data, size_t length);

/* True on the rising edge of FaultReset. */
bool command_receive(struct command_input *input, int64_t now_ns, const uint8_t *data, size_t length);

void vehicle_receive(struct vehicle_input *input, int64_t now_ns, const uint8_t *data, size_t length);
void charger_receive(struct charger_input *input, int64_t now_ns, const uint8_t *data, size_t length);

#endif

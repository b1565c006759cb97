#include "ages.h"

static bool too_old(int64_t now_ns, int64_t heard_ns, int32_t timeout_ms)
{
    return now_ns - heard_ns > timeout_ms * MS;
}

static int64_t later(int64_t one_ns, int64_t other_ns)
{
    return one_ns > other_ns ? one_ns : other_ns;
}

void ages_check(struct volatile_memory *ram, const struct limits *limits, int64_t now_ns)
{
    const struct inputs *inputs = &ram->inputs;
    struct fault_memory *faults = &ram->faults;
    if (ram->supervised_since_ns == NEVER_NS) {
        ram->supervised_since_ns = now_ns;
    }
    bool asked = ram->machine.state == STATE_STANDBY && ram->inputs.command.mode == MODE_CHARGE;
    if (!state_machine_charging(&ram->machine) && !asked) {
        ram->charging_since_ns = now_ns;
    }
    const struct {
        enum fault fault;
        int64_t heard_ns;
        int32_t timeout_ms;
    } ages[] = {
        {CURRENT_SENSOR_LOST, inputs->current.heard.heard_ns, limits->current_timeout_ms},
        {INSULATION_MONITOR_LOST, inputs->insulation.heard.heard_ns, limits->insulation_timeout_ms},
        {CONTACTOR_FEEDBACK_LOST, inputs->contactors.heard.heard_ns, limits->feedback_timeout_ms},
        {VCU_COMMAND_LOST, inputs->command.heard.heard_ns, limits->command_timeout_ms},
        {VEHICLE_STATUS_LOST, inputs->vehicle.heard.heard_ns, limits->vehicle_timeout_ms},
        {CELL_VOLTAGE_LOST, inputs->cells.complete_ns, limits->cells_timeout_ms},
        /* Before the first sweep of temperatures, their age counts from the end of start-up. */
        {TEMPERATURE_LOST, later(inputs->temperatures.complete_ns, ram->supervised_since_ns),
         limits->temperatures_timeout_ms},
        {CHARGER_LOST, later(inputs->charger.heard.heard_ns, ram->charging_since_ns),
         limits->charger_timeout_ms},
    };
    for (size_t at = 0; at < sizeof ages / sizeof ages[0]; at++) {
        fault_report(faults, ages[at].fault, too_old(now_ns, ages[at].heard_ns, ages[at].timeout_ms));
    }
    if (too_old(now_ns, inputs->afe.heard.heard_ns, limits->cells_timeout_ms)) {
        fault_event(faults, AFE_CHAIN_FAULT);
    }
    fault_report(faults, E2E_ERROR, inputs_e2e_failed(inputs));
    fault_report(faults, MESSAGE_INVALID, inputs_flawed(inputs));
}

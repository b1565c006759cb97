"""Current and its sensor."""

from firmware_stubs.defects.mutant import Mutant, calibrated, deaf, replaced, times
from firmware_stubs.reference_bms.current_monitor import CurrentMonitor
from firmware_stubs.reference_bms.faults import FIRES_PYRO, SHORT_CIRCUIT, Fault
from firmware_stubs.reference_bms.measurement import CurrentInput


class _OnlyDischarge(CurrentMonitor):
    def sample(self, current: CurrentInput, all_open: bool) -> None:
        kept = current.milliampere, current.hall_milliampere
        current.milliampere, current.hall_milliampere = (max(0, one) for one in kept)
        super().sample(current, all_open)
        current.milliampere, current.hall_milliampere = kept


class _ComparesSizes(CurrentMonitor):
    def disagree(self, shunt: int, hall: int) -> bool:
        return super().disagree(abs(shunt), abs(hall))


DEFECTS: dict[str, Mutant] = {
    "overcurrent_limit_high": calibrated(
        "trips 20 % above the discharge limit", oc_discharge_a=times(1.2)
    ),
    "overcurrent_limit_low": calibrated(
        "trips 10 % below the discharge limit", oc_discharge_a=times(0.9)
    ),
    "charge_limit_high": calibrated(
        "trips 20 % above the charge limit", oc_charge_a=times(1.2)
    ),
    "misses_charge_overcurrent": deaf("does not see overcurrent in charge", Fault.OVERCURRENT_CHARGE),
    "misses_discharge_overcurrent": deaf(
        "does not see overcurrent in discharge", Fault.OVERCURRENT_DISCHARGE, Fault.OVERLOAD_I2T
    ),
    "ignores_charge_current": replaced("takes charge current for none", current=_OnlyDischarge),
    "late_overcurrent": calibrated("debounces overcurrent over 40 frames", current_trip_frames=40),
    "shorter_overcurrent": calibrated("debounces overcurrent over 13 frames", current_trip_frames=13),
    "hasty_overcurrent": calibrated("debounces overcurrent over 4 frames", current_trip_frames=4),
    "misses_overload": deaf("does not integrate overload", Fault.OVERLOAD_I2T),
    "misses_short_circuit": deaf("does not tell a short circuit from overcurrent", Fault.SHORT_CIRCUIT),
    "short_circuit_without_pyro": replaced(
        "opens contactors on a short circuit without firing the pyro fuse", fires_pyro=FIRES_PYRO & ~SHORT_CIRCUIT
    ),
    "misses_current_on_open_string": deaf(
        "does not see current through open contactors", Fault.CURRENT_ON_OPEN_STRING
    ),
    "misses_current_at_rest": deaf("does not see a sensor's offset at rest", Fault.CURRENT_AT_REST),
    "misses_sensor_error": deaf("does not heed the sensor's error bits", Fault.CURRENT_SENSOR_ERROR),
    "channels_not_compared": deaf("does not compare the two current channels", Fault.CURRENT_IMPLAUSIBLE),
    "channels_compared_by_size": replaced(
        "compares the sizes of the two currents, not their signs", current=_ComparesSizes
    ),
    "misses_sensor_loss": deaf("does not notice that the current sensor is gone", Fault.CURRENT_SENSOR_LOST),
    "late_after_sensor_loss": calibrated("notices the loss of the current sensor after 2 s", current_timeout_ms=2000),
}  # fmt: skip

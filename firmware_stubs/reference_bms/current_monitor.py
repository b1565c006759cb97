"""Current: overcurrent, I squared t, external short, current where there must be none, and the sensor itself."""

from firmware_stubs.reference_bms.debounce import InARow
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.measurement import CurrentInput

_FRAME_S = 0.01


class CurrentMonitor:
    """Every 10 ms frame."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._discharge_ma = round(limits.oc_discharge_a * 1000)
        self._charge_ma = round(limits.oc_charge_a * 1000)
        self._short_ma = round(limits.oc_discharge_a * limits.short_circuit_multiple * 1000)
        self._apart_ma = round(limits.channels_apart_a * 1000)
        self._apart_share = limits.channels_apart_share
        self._open_string_ma = round(limits.open_string_a * 1000)
        self._at_rest_ma = round(limits.at_rest_a * 1000)
        self._continuous = limits.continuous_share**2
        self._heat_limit_s = (1.0 - self._continuous) * limits.overload_s
        self._heat_s = 0.0  # integral of (I/I_max)^2 - (I_cont/I_max)^2
        self._overloaded = False
        self._discharge = InARow(limits.current_trip_frames)
        self._charge = InARow(limits.current_trip_frames)
        self._short = InARow(limits.short_circuit_frames)
        self._error = InARow(limits.current_error_frames)
        self._apart = InARow(limits.channels_apart_frames)
        self._open_string = InARow(limits.open_string_frames)
        self._at_rest = InARow(limits.at_rest_frames)

    def sample(self, current: CurrentInput, all_open: bool) -> None:
        """`all_open`: every contactor has been told to open and has had time to."""
        report = self._faults.report
        erroneous, error = current.erroneous, self._error
        if erroneous or error.count or error.active:
            report(Fault.CURRENT_SENSOR_ERROR, error.update(erroneous))
        if erroneous:
            return
        milliampere = current.milliampere
        self._limits(milliampere)
        self._overload(milliampere)
        apart = self.disagree(milliampere, current.hall_milliampere)
        if apart or self._apart.count or self._apart.active:
            report(Fault.CURRENT_IMPLAUSIBLE, self._apart.update(apart))
        size = abs(milliampere) if all_open else 0
        if size > self._at_rest_ma or not (self._open_string.idle and self._at_rest.idle):
            report(Fault.CURRENT_ON_OPEN_STRING, self._open_string.update(size > self._open_string_ma))
            report(Fault.CURRENT_AT_REST, self._at_rest.update(size > self._at_rest_ma))

    def disagree(self, shunt: int, hall: int) -> bool:
        apart = abs(shunt - hall)
        return apart > self._apart_ma and apart > self._apart_share * abs(shunt)

    def _limits(self, milliampere: int) -> None:
        discharge, charge, short = self._discharge, self._charge, self._short
        if -self._charge_ma <= milliampere <= self._discharge_ma and not (
            discharge.count or discharge.active or charge.count or charge.active or short.active
        ):
            return
        report = self._faults.report
        report(Fault.SHORT_CIRCUIT, short.update(abs(milliampere) > self._short_ma))
        report(Fault.OVERCURRENT_DISCHARGE, discharge.update(milliampere > self._discharge_ma))
        report(Fault.OVERCURRENT_CHARGE, charge.update(-milliampere > self._charge_ma))

    def heating(self, milliampere: int) -> float:
        """How much faster than it may the pack heats up; negative while it cools."""
        load = milliampere / (self._discharge_ma if milliampere >= 0 else self._charge_ma)
        return load * load - self._continuous

    def _overload(self, milliampere: int) -> None:
        heat_s = self._heat_s + self.heating(milliampere) * _FRAME_S
        self._heat_s = heat_s if heat_s > 0.0 else 0.0
        overloaded = heat_s > self._heat_limit_s
        if overloaded is not self._overloaded:
            self._overloaded = overloaded
            self._faults.report(Fault.OVERLOAD_I2T, overloaded)

"""Temperatures: limits of driving and of charging, sensors, gradients, thermal runaway by GB 38031-2025."""

from firmware_stubs.reference_bms.debounce import InARow
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.limits import SENSORS, Limits
from firmware_stubs.reference_bms.measurement import NTC_OPEN, NTC_SHORT, TemperatureInput, temperature_raw

_RATE_HOLDS_SWEEPS = 60  # how long a confirmed rise still counts


class TemperatureMonitor:
    """Once a complete sweep of a second."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._warn_raw = temperature_raw(limits.ot_warn_c)
        self._trip_raw = temperature_raw(limits.ot_trip_c)
        self._charge_raw = temperature_raw(limits.ot_charge_c)
        self._cold_raw = temperature_raw(limits.charge_min_c)
        self._very_cold_raw = temperature_raw(limits.discharge_min_c)
        self._gradient_raw = round(limits.gradient_k * 4)
        self._rise_raw = limits.runaway_k_per_s * 4
        self._rise_sweeps = limits.runaway_sweeps
        self._warn = InARow(limits.temperature_trip_sweeps)
        self._trip = InARow(limits.temperature_trip_sweeps)
        self._charge = InARow(limits.temperature_trip_sweeps)
        self._cold = InARow(limits.temperature_trip_sweeps)
        self._very_cold = InARow(limits.temperature_trip_sweeps)
        self._gradient = InARow(limits.gradient_sweeps)
        self._sensor = InARow(limits.sensor_fault_sweeps)
        self._previous: list[int] = []
        self._rising = [0] * SENSORS  # sweeps in a row with a rise of at least 1 K
        self._confirmed = [0] * SENSORS  # sweeps for which a rise of more than 3 s still counts
        self._off_scale = [False] * SENSORS  # left their range upwards when they were hot already
        self.highest = self.lowest = temperature_raw(25.0)
        self.highest_index = self.lowest_index = 0

    def usable(self, raw: list[int]) -> list[int]:
        """The sensors that measure something."""
        return [value for value in raw if NTC_OPEN < value < NTC_SHORT]

    def sweep(
        self, temperatures: TemperatureInput, *, charging: bool, driving: bool, cell_dropped: bool
    ) -> None:
        raw = temperatures.raw
        watched = raw
        if min(raw) <= NTC_OPEN or max(raw) >= NTC_SHORT:
            watched = self.usable(raw)
        report = self._faults.report
        report(Fault.TEMPERATURE_SENSOR_FAULT, self._sensor.update(len(watched) < SENSORS))
        if not watched:
            return
        self.highest = highest = max(watched)
        self.lowest = lowest = min(watched)
        self.highest_index = raw.index(highest)
        self.lowest_index = raw.index(lowest)
        hot = highest >= self._trip_raw
        report(Fault.OVERTEMPERATURE_WARNING, self._warn.update(highest >= self._warn_raw))
        report(Fault.OVERTEMPERATURE, self._trip.update(hot))
        report(Fault.OVERTEMPERATURE_CHARGE, self._charge.update(charging and highest >= self._charge_raw))
        report(Fault.UNDERTEMPERATURE_CHARGE, self._cold.update(charging and lowest < self._cold_raw))
        report(
            Fault.UNDERTEMPERATURE_DISCHARGE, self._very_cold.update(driving and lowest < self._very_cold_raw)
        )
        steep = highest - lowest > self._gradient_raw and self.steepest(raw) > self._gradient_raw
        report(Fault.TEMPERATURE_GRADIENT, self._gradient.update(steep))
        if self.runs_away(raw, cell_dropped):
            self._faults.event(Fault.THERMAL_RUNAWAY)

    def steepest(self, raw: list[int]) -> float:
        """How far a sensor is off the mean of its two neighbours at most; broken sensors have none."""
        worst = 0.0
        for index, value in enumerate(raw):
            around = [
                raw[k] for k in (index - 1, index + 1) if 0 <= k < SENSORS and NTC_OPEN < raw[k] < NTC_SHORT
            ]
            if around and NTC_OPEN < value < NTC_SHORT:
                worst = max(worst, abs(value - sum(around) / len(around)))
        return worst

    def runs_away(self, raw: list[int], cell_dropped: bool) -> bool:
        """(Cell voltage down or at the highest working temperature) and a rise of 1 K/s for more than 3 s.

        A sensor that went off its scale when hot counts as rising while a cell has dropped.
        """
        previous, self._previous = self._previous, raw.copy()
        if not previous:
            return False
        found = False
        for index, value in enumerate(raw):
            rising = NTC_OPEN < value < NTC_SHORT and value - previous[index] >= self._rise_raw
            # A cell that burns takes its sensor beyond the range within a second: no broken wire begins hot.
            was_hot = self._charge_raw <= previous[index] < NTC_SHORT
            self._off_scale[index] = value >= NTC_SHORT and (was_hot or self._off_scale[index])
            rising = rising or (self._off_scale[index] and cell_dropped)
            self._rising[index] = self._rising[index] + 1 if rising else 0
            if self._rising[index] >= self._rise_sweeps:
                self._confirmed[index] = _RATE_HOLDS_SWEEPS
            elif self._confirmed[index]:
                self._confirmed[index] -= 1
            if self._confirmed[index] and self.is_serious(value, cell_dropped):
                found = True
        return found

    def is_serious(self, value: int, cell_dropped: bool) -> bool:
        return cell_dropped or value >= self._charge_raw

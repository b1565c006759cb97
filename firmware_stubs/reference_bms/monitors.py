"""The monitors: from measured values to causes of fault. Each runs when its input brings something new."""

from firmware_stubs.reference_bms.debounce import UpDown
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.limits import CELLS, Limits
from firmware_stubs.reference_bms.measurement import (
    CELL_NO_VALUE,
    CellInput,
    ContactorInput,
    InsulationInput,
    TemperatureInput,
    cell_raw,
    temperature_raw,
)

# Below this pack voltage (50 mV units: 60 V) there is no high voltage, and ohm per volt says nothing.
_LOWEST_HIGH_VOLTAGE_RAW = 1200
_IMPLAUSIBLE_SHARE = 0.05
_SUPPLY_LOW_RAW = 90  # 9.0 V
_CRASH_FRAMES = 3
_HVIL_FRAMES = 10
_SUPPLY_FRAMES = 50


class CellMonitor:
    """Overvoltage and undervoltage of single cells, once a complete sweep."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._ov_warn_raw = cell_raw(limits.ov_warn_v)
        self._ov_trip_raw = cell_raw(limits.ov_trip_v)
        self._uv_warn_raw = cell_raw(limits.uv_warn_v)
        self._uv_trip_raw = cell_raw(limits.uv_trip_v)
        self._ov_warn = UpDown(limits.voltage_warn_sweeps)
        self._ov_trip = UpDown(limits.voltage_trip_sweeps)
        self._uv_warn = UpDown(limits.voltage_warn_sweeps)
        self._uv_trip = UpDown(limits.voltage_trip_sweeps)
        self._implausible = UpDown(limits.voltage_trip_sweeps)
        self.highest = self.lowest = self.mean = cell_raw(0.0)
        self.highest_index = self.lowest_index = 0

    def supervised(self, raw: list[int]) -> list[int]:
        """The cells that are looked at: all of them, wires without a value left out of the comparison."""
        if CELL_NO_VALUE not in raw:
            return raw
        return [value for value in raw if value != CELL_NO_VALUE] or [cell_raw(0.0)]

    def is_overvoltage(self, highest: int) -> bool:
        return highest >= self._ov_trip_raw

    def sweep(self, cells: CellInput, contactors: ContactorInput) -> None:
        raw = cells.raw
        watched = self.supervised(raw)
        self.highest = highest = max(watched)
        self.lowest = lowest = min(watched)
        self.highest_index = raw.index(highest) if highest in raw else 0
        self.lowest_index = raw.index(lowest) if lowest in raw else 0
        total = sum(raw)
        self.mean = total // CELLS
        report = self._faults.report
        report(Fault.CELL_OVERVOLTAGE_WARNING, self._ov_warn.update(highest >= self._ov_warn_raw))
        report(Fault.CELL_OVERVOLTAGE, self._ov_trip.update(self.is_overvoltage(highest)))
        report(Fault.CELL_UNDERVOLTAGE_WARNING, self._uv_warn.update(lowest <= self._uv_warn_raw))
        report(Fault.CELL_UNDERVOLTAGE, self._uv_trip.update(lowest <= self._uv_trip_raw))
        if CELL_NO_VALUE not in raw:
            sum_raw = (total - CELLS * 4000) / 100  # both in units of 50 mV
            apart = abs(sum_raw - contactors.pack_raw) > _IMPLAUSIBLE_SHARE * sum_raw
            report(Fault.PACK_VOLTAGE_IMPLAUSIBLE, self._implausible.update(apart))


class TemperatureMonitor:
    """Too hot, or too cold to charge; once a complete sweep of a second."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._warn_raw = temperature_raw(limits.ot_warn_c)
        self._trip_raw = temperature_raw(limits.ot_trip_c)
        self._cold_raw = temperature_raw(limits.charge_min_c)
        self._warn = UpDown(limits.temperature_trip_sweeps)
        self._trip = UpDown(limits.temperature_trip_sweeps)
        self._cold = UpDown(limits.temperature_trip_sweeps)
        self.highest = self.lowest = temperature_raw(25.0)
        self.highest_index = self.lowest_index = 0

    def sweep(self, temperatures: TemperatureInput, charging: bool) -> None:
        raw = temperatures.raw
        self.highest = highest = max(raw)
        self.lowest = lowest = min(raw)
        self.highest_index = raw.index(highest)
        self.lowest_index = raw.index(lowest)
        report = self._faults.report
        report(Fault.OVERTEMPERATURE_WARNING, self._warn.update(highest >= self._warn_raw))
        report(Fault.OVERTEMPERATURE, self._trip.update(highest >= self._trip_raw))
        report(Fault.UNDERTEMPERATURE_CHARGE, self._cold.update(charging and lowest < self._cold_raw))


class CurrentMonitor:
    """Overcurrent, every 10 ms frame."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._discharge_ma = round(limits.oc_discharge_a * 1000)
        self._charge_ma = round(limits.oc_charge_a * 1000)
        self._discharge = UpDown(limits.current_trip_frames)
        self._charge = UpDown(limits.current_trip_frames)

    def sample(self, milliampere: int) -> None:
        self._faults.report(
            Fault.OVERCURRENT_DISCHARGE, self._discharge.update(milliampere > self._discharge_ma)
        )
        self._faults.report(Fault.OVERCURRENT_CHARGE, self._charge.update(-milliampere > self._charge_ma))


class InsulationMonitor:
    """Each pole, and both together, against ohm per volt of the pack; every 100 ms frame."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._warn_ohm_per_v = limits.insulation_warn_ohm_per_v
        self._fault_ohm_per_v = limits.insulation_fault_ohm_per_v
        self._warn = UpDown(limits.insulation_frames)
        self._fault = UpDown(limits.insulation_frames)

    def effective_hectoohm(self, plus: int, minus: int) -> float:
        """What protects a person touching the pack: both poles in parallel, never above the weaker."""
        return plus * minus / (plus + minus) if plus and minus else 0.0

    def sample(self, insulation: InsulationInput, contactors: ContactorInput) -> None:
        if contactors.pack_raw < _LOWEST_HIGH_VOLTAGE_RAW:
            return
        effective = self.effective_hectoohm(insulation.plus_hectoohm, insulation.minus_hectoohm)
        ohm_per_v = effective * 100.0 / (contactors.pack_raw * 0.05)
        self._faults.report(Fault.INSULATION_WARNING, self._warn.update(ohm_per_v < self._warn_ohm_per_v))
        self._faults.report(Fault.INSULATION_FAULT, self._fault.update(ohm_per_v < self._fault_ohm_per_v))


class LineMonitor:
    """HVIL loop, crash line and clamp 30, every 10 ms frame."""

    def __init__(self, faults: FaultMemory) -> None:
        self._faults = faults
        self._hvil = UpDown(_HVIL_FRAMES)
        self._crash = UpDown(_CRASH_FRAMES)
        self._supply = UpDown(_SUPPLY_FRAMES)
        self._all_well = True

    def sample(self, contactors: ContactorInput) -> None:
        well = contactors.hvil_closed and not contactors.crash and contactors.supply_raw >= _SUPPLY_LOW_RAW
        if well and self._all_well:
            return
        hvil = self._hvil.update(not contactors.hvil_closed)
        crash = self._crash.update(contactors.crash)
        supply = self._supply.update(contactors.supply_raw < _SUPPLY_LOW_RAW)
        self._faults.report(Fault.HVIL_OPEN, hvil)
        self._faults.report(Fault.CRASH_DETECTED, crash)
        self._faults.report(Fault.SUPPLY_LOW, supply)
        # The short cut above may skip good frames only once all counters have run down to zero.
        self._all_well = well and not (self._hvil.count or self._crash.count or self._supply.count)

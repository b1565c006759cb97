"""Cell voltages: limits, spread, sum against the pack, standing still, and the fall that goes with thermal runaway."""

from firmware_stubs.reference_bms.debounce import InARow
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.limits import CELLS, Limits
from firmware_stubs.reference_bms.measurement import CELL_NO_VALUE, CellInput, ContactorInput, cell_raw

_ZERO_RAW = 4000  # 0 V
_MOVED_RAW = 60  # 30 mV of the mean cell
_CREEP_RAW = 3  # a sweep, 15 mV/s: a load's step is faster, sodium's step at 2C is not
_REFERENCE_SWEEPS = 300  # a cell's voltage is compared with what it was 30 to 60 s ago
_DROP_SWEEPS = 3
_FEW = CELLS // 4  # where more than these stand still, the others have been moved by something else


class CellMonitor:
    """Once a complete sweep."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._ov_warn_raw = cell_raw(limits.ov_warn_v)
        self._ov_trip_raw = cell_raw(limits.ov_trip_v)
        self._uv_warn_raw = cell_raw(limits.uv_warn_v)
        self._uv_trip_raw = cell_raw(limits.uv_trip_v)
        self._deep_raw = cell_raw(limits.deep_v)
        self._imbalance_raw = round(limits.imbalance_v / 0.0005)
        self._share = limits.implausible_share
        self._drop = limits.runaway_drop
        self._ov_warn = InARow(limits.voltage_warn_sweeps)
        self._ov_trip = InARow(limits.voltage_trip_sweeps)
        self._uv_warn = InARow(limits.voltage_warn_sweeps)
        self._uv_trip = InARow(limits.voltage_trip_sweeps)
        self._deep = InARow(limits.deep_sweeps)
        self._imbalance = InARow(limits.imbalance_sweeps)
        self._implausible = InARow(limits.implausible_sweeps)
        self._frozen = InARow(limits.frozen_sweeps)
        self._dropping = InARow(_DROP_SWEEPS)
        self._last = [-1] * CELLS  # each cell's reading when it last moved, and the mean cell of that time
        self._mean_then = [0] * CELLS
        self._moving = [True] * CELLS
        self._references: tuple[list[int], list[int]] | None = None
        self._reference_age = 0
        self.highest = self.lowest = self.mean = cell_raw(0.0)
        self.highest_index = self.lowest_index = 0

    def supervised(self, raw: list[int]) -> list[int]:
        """The cells that are looked at: all of them, wires without a value left out of the comparison."""
        if CELL_NO_VALUE not in raw:
            return raw
        return [value for value in raw if value != CELL_NO_VALUE] or [cell_raw(0.0)]

    def is_overvoltage(self, highest: int) -> bool:
        return highest >= self._ov_trip_raw

    def is_undervoltage(self, lowest: int) -> bool:
        return lowest <= self._uv_trip_raw

    def sweep(self, cells: CellInput, contactors: ContactorInput, closed: bool) -> None:
        """`closed`: contactors are closed and nothing has tripped, so that currents may move the cells."""
        raw = cells.raw
        watched = self.supervised(raw)
        self.highest = highest = max(watched)
        self.lowest = lowest = min(watched)
        self.highest_index = raw.index(highest) if highest in raw else 0
        self.lowest_index = raw.index(lowest) if lowest in raw else 0
        total = sum(watched)
        self.mean = mean = total // len(watched)
        report = self._faults.report
        report(Fault.CELL_OVERVOLTAGE_WARNING, self._ov_warn.update(highest >= self._ov_warn_raw))
        report(Fault.CELL_OVERVOLTAGE, self._ov_trip.update(self.is_overvoltage(highest)))
        report(Fault.CELL_UNDERVOLTAGE_WARNING, self._uv_warn.update(lowest <= self._uv_warn_raw))
        report(Fault.CELL_UNDERVOLTAGE, self._uv_trip.update(self.is_undervoltage(lowest)))
        report(Fault.DEEP_DISCHARGE, self._deep.update(lowest <= self._deep_raw))
        apart = max(highest - mean, mean - lowest) > self._imbalance_raw
        report(Fault.CELL_IMBALANCE, self._imbalance.update(apart))
        if len(watched) == CELLS:
            report(
                Fault.PACK_VOLTAGE_IMPLAUSIBLE, self._implausible.update(self.disagrees(total, contactors))
            )
            report(Fault.CELL_FROZEN, self._frozen.update(closed and self.stands_still(raw)))
            self._follow(raw)

    def disagrees(self, total: int, contactors: ContactorInput) -> bool:
        """The sum of cells against the pack voltage, both in units of 50 mV."""
        sum_raw = (total - CELLS * _ZERO_RAW) / 100
        return abs(sum_raw - contactors.pack_raw) > self._share * max(sum_raw, contactors.pack_raw)

    def stands_still(self, raw: list[int]) -> bool:
        """Whether a cell has read the same, to the last step, while the mean of all has moved.

        The mean it is held against is that of the sweep after its last movement: a sweep in the middle of a step mixes
        old values with new ones. From there it creeps after the mean: over a minute of constant current the others may
        go down a step of their curve, as sodium's has one, while a cell on the flat beside it has nothing to show.
        """
        last, mean_then, moving, mean = self._last, self._mean_then, self._moving, self.mean
        still = 0
        for cell, value in enumerate(raw):
            if value != last[cell]:
                last[cell] = value
                moving[cell] = True
            elif moving[cell]:
                mean_then[cell] = mean
                moving[cell] = False
            else:
                moved = mean - mean_then[cell]
                if abs(moved) >= _MOVED_RAW:
                    still += 1
                mean_then[cell] += max(-_CREEP_RAW, min(_CREEP_RAW, moved))
        return 0 < still <= _FEW

    @property
    def dropped(self) -> bool:
        """A cell has lost more than a quarter of the voltage it had (GB 38031-2025)."""
        return self._dropping.active

    def _follow(self, raw: list[int]) -> None:
        """Keep two sweeps of the past, 30 s apart; while a cell has dropped they are not renewed."""
        references = self._references
        if references is None:
            self._references = (raw.copy(), raw.copy())
            return
        keep = 1.0 - self._drop
        older, newer = references
        dropped = self.lowest - _ZERO_RAW < keep * (self.mean - _ZERO_RAW) and any(
            now - _ZERO_RAW < keep * (max(a, b) - _ZERO_RAW) for now, a, b in zip(raw, older, newer)
        )
        self._dropping.update(dropped)
        self._reference_age += 1
        if self._reference_age >= _REFERENCE_SWEEPS and not dropped:
            self._references = (newer, raw.copy())
            self._reference_age = 0

"""Cell voltages, their measurement and balancing."""

from firmware_stubs.defects.mutant import Mutant, calibrated, deaf, plus, replaced
from firmware_stubs.reference_bms.afe_monitor import AfeMonitor
from firmware_stubs.reference_bms.cell_monitor import CellMonitor
from firmware_stubs.reference_bms.debounce import InARow
from firmware_stubs.reference_bms.dtc_memory import CODES
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.inputs import Inputs
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.measurement import CELL_NO_VALUE, AfeInput, CellInput, ContactorInput
from firmware_stubs.reference_bms.nvm import Nvm


class _BlindToOvervoltage(CellMonitor):
    def is_overvoltage(self, highest: int) -> bool:  # noqa: ARG002
        return False


class _BlindToUndervoltage(CellMonitor):
    def is_undervoltage(self, lowest: int) -> bool:  # noqa: ARG002
        return False


def _blind_to(first: int, last: int) -> type[CellMonitor]:
    class BlindToSome(CellMonitor):
        def supervised(self, raw: list[int]) -> list[int]:
            return super().supervised(raw[: first - 1] + raw[last:])

    return BlindToSome


class _LooksAtTheMean(CellMonitor):
    def is_overvoltage(self, highest: int) -> bool:  # noqa: ARG002
        return super().is_overvoltage(self.mean)


class _DropsTheOutlier(CellMonitor):
    """A plausibility check that takes a single high cell for a broken wire."""

    def is_overvoltage(self, highest: int) -> bool:
        return super().is_overvoltage(highest) and highest - self.mean < 600


class _OnlyWhileCharging(CellMonitor):
    _closed = False

    def sweep(self, cells: CellInput, contactors: ContactorInput, closed: bool) -> None:
        self._closed = closed and contactors.link_raw > contactors.pack_raw
        super().sweep(cells, contactors, closed)

    def is_overvoltage(self, highest: int) -> bool:
        return self._closed and super().is_overvoltage(highest)


class _NeverForgets(InARow):
    """Counts bad samples, however many good ones lie between."""

    __slots__ = ()

    def update(self, bad: bool) -> bool:
        self.count += bad
        self.active = self.active or self.count >= self._limit
        return self.active


class _CountsWithoutEnd(CellMonitor):
    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        super().__init__(limits, faults)
        self._ov_trip = _NeverForgets(limits.voltage_trip_sweeps)


class _AgreesAlways(CellMonitor):
    def disagrees(self, total: int, contactors: ContactorInput) -> bool:  # noqa: ARG002
        return False


class _AcceptsOldSweeps(AfeMonitor):
    def is_stale(self, afe: AfeInput) -> bool:  # noqa: ARG002
        return False


class _SweepUnchecked(AfeMonitor):
    def is_corrupt(self, afe: AfeInput, crcs: tuple[int, int] | None) -> bool:  # noqa: ARG002
        return False


class _RepeatsLostValues(CellInput):
    """A cell without a value keeps the one it had."""

    def receive(self, now_ns: int, data: bytes) -> bool:
        before = self.raw.copy()
        complete = super().receive(now_ns, data)
        for index, value in enumerate(self.raw):
            if value == CELL_NO_VALUE:
                self.raw[index] = before[index]
        if complete:
            self.complete_ns = now_ns
        return complete


class _RepeatingInputs(Inputs):
    def __init__(self) -> None:
        super().__init__()
        self.cells = _RepeatsLostValues()


class _PermanentIsNot(FaultMemory):
    def __init__(self, dtcs: "object", nvm: Nvm | None = None) -> None:
        super().__init__(dtcs, nvm)  # type: ignore[arg-type]

    def reset(self) -> None:
        self.latched &= self.present
        self._changed()


_SWAPPED = {**CODES, Fault.CELL_OVERVOLTAGE: CODES[Fault.CELL_UNDERVOLTAGE]}

DEFECTS: dict[str, Mutant] = {
    "late_overvoltage": calibrated(
        "detects cell overvoltage 30 % too late: after 33 sweeps instead of 25", voltage_trip_sweeps=33
    ),
    "never_detects_overvoltage": replaced(
        "never trips on cell overvoltage; the warning still comes", cells=_BlindToOvervoltage
    ),
    "wrong_overvoltage_dtc": replaced("stores the undervoltage code for an overvoltage", codes=_SWAPPED),
    "ignores_cell_17": replaced("leaves cell 17 out of the comparison", cells=_blind_to(17, 17)),
    "trips_on_glitch": calibrated(
        "debounces cell voltage trips over 3 sweeps instead of 25", voltage_trip_sweeps=3
    ),
    "overvoltage_limit_high": calibrated(
        "trips on overvoltage 30 mV above the limit", ov_trip_v=plus(0.030)
    ),
    "overvoltage_limit_low": calibrated(
        "trips on overvoltage 15 mV below the limit", ov_trip_v=plus(-0.015)
    ),
    "undervoltage_limit_low": calibrated(
        "trips on undervoltage 30 mV below the limit", uv_trip_v=plus(-0.030)
    ),
    "undervoltage_limit_high": calibrated(
        "trips on undervoltage 15 mV above the limit", uv_trip_v=plus(0.015)
    ),
    "never_detects_undervoltage": replaced(
        "never trips on cell undervoltage; the warning still comes", cells=_BlindToUndervoltage
    ),
    "wrong_undervoltage_dtc": replaced(
        "stores the overvoltage code for an undervoltage",
        codes={**CODES, Fault.CELL_UNDERVOLTAGE: CODES[Fault.CELL_OVERVOLTAGE]},
    ),
    "ignores_last_module": replaced("leaves cells 49 to 96 out of the comparison", cells=_blind_to(49, 96)),
    "overvoltage_by_mean": replaced("compares the mean cell with the overvoltage limit", cells=_LooksAtTheMean),
    "spread_check_drops_the_cell": replaced(
        "takes a single cell far above the others for a broken wire and leaves it out", cells=_DropsTheOutlier
    ),
    "overvoltage_only_in_charge": replaced(
        "looks for overvoltage only while the link is above the pack", cells=_OnlyWhileCharging
    ),
    "debounce_never_resets": replaced(
        "counts overvoltage samples, however many good ones lie between", cells=_CountsWithoutEnd
    ),
    "misses_deep_discharge": deaf("does not see deep discharge", Fault.DEEP_DISCHARGE),
    "deep_discharge_can_be_reset": replaced(
        "lets the vehicle reset what only a workshop may", fault_memory=_PermanentIsNot
    ),
    "no_sum_check": replaced("does not compare the sum of cells with the pack", cells=_AgreesAlways),
    "sum_check_too_wide": calibrated(
        "lets sum of cells and pack voltage be 12 % apart", implausible_share=0.12
    ),
    "misses_imbalance": deaf("does not see a cell far off the others", Fault.CELL_IMBALANCE),
    "misses_open_wire": deaf("does not heed the AFE's open wire test", Fault.CELL_OPEN_WIRE),
    "misses_frozen_cell": deaf("does not see a cell that stands still", Fault.CELL_FROZEN),
    "misses_adc_fault": deaf("does not heed the AFE's self-test", Fault.AFE_ADC_FAULT),
    "misses_balancing": deaf("does not see balancing stuck on", Fault.BALANCING_STUCK),
    "accepts_old_sweeps": replaced("takes cell voltages that stand for fresh ones", afe=_AcceptsOldSweeps),
    "sweep_crc_unchecked": replaced(
        "does not check cell voltages against the checksum of their sweep", afe=_SweepUnchecked
    ),
    "repeats_lost_values": replaced(
        "goes on with the last value of a cell that has none", inputs=_RepeatingInputs
    ),
    "misses_afe_silence": deaf(
        "does not notice that cell voltages have stopped coming", Fault.CELL_VOLTAGE_LOST, Fault.AFE_CHAIN_FAULT
    ),
    "misses_corrupt_chain": deaf("does not heed errors of the AFE chain", Fault.AFE_CHAIN_FAULT),
    "misses_lost_module": deaf("does not heed lost modules of the AFE chain", Fault.AFE_MODULE_LOST),
}  # fmt: skip

"""The AFE chain: what it says of itself, and whether it is fresh; and the balancing switches."""

from firmware_stubs.reference_bms.debounce import InARow
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.measurement import AfeInput, BalancingInput

PEC_ERROR, TIMEOUT, PARTLY_LOST = 1, 2, 3


class AfeMonitor:
    """Every 100 ms status frame."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._chain = InARow(limits.chain_frames)
        self._corrupt = InARow(limits.chain_frames)
        self._modules = InARow(limits.chain_frames)
        self._open_wire = InARow(limits.afe_frames)
        self._adc = InARow(limits.afe_frames)
        self._last_sweep = -1

    def is_stale(self, afe: AfeInput) -> bool:
        """The sweep counter stands: old readings are sent again."""
        stale = afe.sweep == self._last_sweep
        self._last_sweep = afe.sweep
        return stale

    def is_corrupt(self, afe: AfeInput, crcs: tuple[int, int] | None) -> bool:
        """The last complete sweeps against the checksum that the chain tells; 0 says that none is given."""
        return crcs is not None and afe.sweep_crc != 0 and afe.sweep_crc not in crcs

    def sample(self, afe: AfeInput, crcs: tuple[int, int] | None) -> None:
        """`crcs`: of the sweeps, where one has come since the last status, else None."""
        report = self._faults.report
        broken = afe.status in (PEC_ERROR, TIMEOUT)
        chain = self._chain.update(self.is_stale(afe) or broken)
        if crcs is not None:  # a status without a new sweep says nothing about the sweeps
            self._corrupt.update(self.is_corrupt(afe, crcs))
        report(Fault.AFE_CHAIN_FAULT, chain or self._corrupt.active)
        lost = afe.status == PARTLY_LOST or afe.modules_lost != 0
        report(Fault.AFE_MODULE_LOST, self._modules.update(lost))
        report(Fault.CELL_OPEN_WIRE, self._open_wire.update(afe.open_wire != 0))
        report(Fault.AFE_ADC_FAULT, self._adc.update(afe.adc_fault))


class BalancingMonitor:
    """Every second. This BMS leaves balancing to the charger's pauses and never asks for it meanwhile."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._stuck = InARow(limits.balancing_frames)

    def sample(self, balancing: BalancingInput) -> None:
        self._faults.report(Fault.BALANCING_STUCK, self._stuck.update(balancing.active > 0))

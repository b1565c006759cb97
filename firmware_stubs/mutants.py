"""The reference BMS with one defect each. A bench that passes one of these is broken."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from bench.errors import DutError, nearest
from firmware_stubs.reference_bms.bms import Parts, ReferenceBms
from firmware_stubs.reference_bms.cell_monitor import CellMonitor
from firmware_stubs.reference_bms.contactor_supervision import ContactorSupervision
from firmware_stubs.reference_bms.dtc_memory import CODES
from firmware_stubs.reference_bms.faults import Fault, mask
from firmware_stubs.reference_bms.insulation_monitor import InsulationMonitor
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.nvm import Nvm
from firmware_stubs.reference_bms.state_machine import State, StateMachine


class _BlindToOvervoltage(CellMonitor):
    def is_overvoltage(self, highest: int) -> bool:  # noqa: ARG002
        return False


class _BlindToCell17(CellMonitor):
    def supervised(self, raw: list[int]) -> list[int]:
        return super().supervised(raw[:16] + raw[17:])


class _PolesOnlyByDifference(InsulationMonitor):
    def effective_hectoohm(self, plus: int, minus: int) -> float:
        """A leak shows by the difference of the poles, so two equal leaks do not show."""
        if 10 * abs(plus - minus) < max(plus, minus):
            return 65535.0
        return super().effective_hectoohm(plus, minus)


class _BlindToWelds(ContactorSupervision):
    def report_weld(self, fault: Fault, active: bool) -> None:
        pass


class _TripsWithoutCause(StateMachine):
    _AFTER_NS = 1_500_000_000

    def step(self, now_ns: int, *, all_heard: bool, mode: int, link_raw: int, pack_raw: int) -> None:
        latched = self._faults.latched & mask(Fault.CELL_OVERVOLTAGE)
        if not latched and self.state is State.DRIVE and now_ns - self.entered_ns >= self._AFTER_NS:
            self._faults.report(Fault.CELL_OVERVOLTAGE, True)
        super().step(now_ns, all_heard=all_heard, mode=mode, link_raw=link_raw, pack_raw=pack_raw)


class _ReclosesPrecharge(StateMachine):
    _AFTER_NS = 150_000_000

    def stay_in_error(self, now_ns: int) -> None:
        if now_ns - self.entered_ns >= self._AFTER_NS:
            self._coils.precharge = 1


class _NeverOpens(StateMachine):
    def enter_error(self, now_ns: int) -> None:
        self._enter(State.ERROR, now_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One build of the firmware: what is wrong with it, and how it differs."""

    description: str
    parts: Parts | None = None
    calibrate: Callable[[Limits], Limits] | None = None


MUTANTS: dict[str, Mutant] = {
    "late_overvoltage": Mutant(
        description="detects cell overvoltage 30 % too late: after 33 sweeps instead of 25",
        calibrate=lambda limits: replace(limits, voltage_trip_sweeps=33),
    ),
    "never_detects_overvoltage": Mutant(
        description="never trips on cell overvoltage; the warning still comes",
        parts=Parts(cells=_BlindToOvervoltage),
    ),
    "wrong_overvoltage_dtc": Mutant(
        description="stores the undervoltage code for an overvoltage",
        parts=Parts(codes={**CODES, Fault.CELL_OVERVOLTAGE: CODES[Fault.CELL_UNDERVOLTAGE]}),
    ),
    "nuisance_trip": Mutant(
        description="trips on overvoltage without a cause after 1.5 s of drive",
        parts=Parts(states=_TripsWithoutCause),
    ),
    "ignores_cell_17": Mutant(
        description="leaves cell 17 out of the comparison", parts=Parts(cells=_BlindToCell17)
    ),
    "recloses_precharge": Mutant(
        description="closes the precharge contactor again 150 ms after a trip has opened it",
        parts=Parts(states=_ReclosesPrecharge),
    ),
    "misses_weld": Mutant(
        description="does not see a welded contactor", parts=Parts(contactors=_BlindToWelds)
    ),
    "misses_symmetric_insulation": Mutant(
        description="does not see both poles losing insulation equally",
        parts=Parts(insulation=_PolesOnlyByDifference),
    ),
    "trips_on_glitch": Mutant(
        description="debounces cell voltage trips over 3 sweeps instead of 25",
        calibrate=lambda limits: replace(limits, voltage_trip_sweeps=3),
    ),
    "flag_without_opening": Mutant(
        description="flags a fault and goes to Error, but leaves the contactors closed",
        parts=Parts(states=_NeverOpens),
    ),
    "insulation_too_sensitive": Mutant(
        description="calls 150 ohm/V an insulation fault, where 100 ohm/V is the limit",
        calibrate=lambda limits: replace(limits, insulation_fault_ohm_per_v=150.0),
    ),
}
REFERENCE = "reference"


@cache
def build_hash(name: str) -> bytes:
    """SHA-256 over the sources of the firmware and the name of the build."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update(name.encode())
    return digest.digest()


def build(name: str, *, limits: Limits | None = None, nvm: Nvm | None = None) -> ReferenceBms:
    """The firmware called `name`: "reference" or a key of MUTANTS; with the `nvm` of a life before, restarted.

    Raises DutError for any other name.
    """
    limits = limits or Limits()
    if name == REFERENCE:
        return ReferenceBms(limits, build_hash(name), nvm=nvm)
    mutant = MUTANTS.get(name)
    if mutant is None:
        known = (REFERENCE, *MUTANTS)
        raise DutError(f"no firmware '{name}'; expected one of {', '.join(known)}{nearest(name, known)}")
    if mutant.calibrate is not None:
        limits = mutant.calibrate(limits)
    return ReferenceBms(limits, build_hash(name), mutant.parts, nvm)

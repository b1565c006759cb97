"""Command against auxiliary contact: welded, or stuck open."""

from firmware_stubs.reference_bms.debounce import Consecutive
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.measurement import ContactorInput
from firmware_stubs.reference_bms.state_machine import Coils

SETTLE_NS = 100_000_000
MISMATCH_FRAMES = 10

_WELDS = (Fault.WELD_PLUS, Fault.WELD_MINUS, Fault.WELD_PRECHARGE)
_STUCK_OPEN = (Fault.STUCK_OPEN_PLUS, Fault.STUCK_OPEN_MINUS, Fault.STUCK_OPEN_PRECHARGE)


class ContactorSupervision:
    """Compares on every 10 ms frame, from 100 ms after a coil was switched."""

    def __init__(self, faults: FaultMemory) -> None:
        self._faults = faults
        self._mismatch = tuple(Consecutive(MISMATCH_FRAMES) for _ in range(3))
        self._commanded = [0, 0, 0]
        self._settled_ns = [0, 0, 0]

    def sample(self, now_ns: int, coils: Coils, contactors: ContactorInput) -> None:
        commands = (coils.plus, coils.minus, coils.precharge)
        feedback = (contactors.plus, contactors.minus, contactors.precharge)
        if commands == feedback and self._commanded == [*commands] and not self._busy():
            return
        for index in range(3):
            if commands[index] != self._commanded[index]:
                self._commanded[index] = commands[index]
                self._settled_ns[index] = now_ns + SETTLE_NS
            differs = feedback[index] != commands[index] and feedback[index] < 2
            wrong = self._mismatch[index].update(differs and now_ns >= self._settled_ns[index])
            if commands[index]:
                self._faults.report(_STUCK_OPEN[index], wrong)
                self.report_weld(_WELDS[index], False)
            else:
                self._faults.report(_STUCK_OPEN[index], False)
                self.report_weld(_WELDS[index], wrong)

    def report_weld(self, fault: Fault, active: bool) -> None:
        self._faults.report(fault, active)

    def _busy(self) -> bool:
        return bool(self._mismatch[0].count or self._mismatch[1].count or self._mismatch[2].count)

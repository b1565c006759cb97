"""The reference BMS that says or does one thing beside what is right: `--firmware rogue_bms:NAME`."""

from collections.abc import Callable

from bench.trace.events import CanFrame
from firmware_stubs.reference_bms.bms import Parts, ReferenceBms
from firmware_stubs.reference_bms.faults import LATCHING, Fault, FaultMemory

CODE = 0x1A9999  # of no flag of the profile
_DTC = 0x103


class _Imbalanced(FaultMemory):
    """With whatever opens the contactors it warns of cells that are none."""

    def report(self, fault: Fault, active: bool) -> None:
        super().report(fault, active)
        if active and fault is Fault.HVIL_OPEN:
            super().report(Fault.CELL_IMBALANCE, True)


class _Telling(ReferenceBms):
    """Tells CODE every 10 ms as long as `says` of its faults and of the milliseconds since its contactors closed."""

    def __init__(self, says: Callable[[bool, int], bool]) -> None:
        super().__init__()
        self._says = says
        self._closed_ms = 0

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        sendings = super().step(now_ns)
        self._closed_ms += 10 if self.closed else 0
        if self._says(bool(self.faults.word), self._closed_ms):
            told = bytes((200, 1)) + CODE.to_bytes(3, "little") + bytes((0x2F, 1, 0))
            sendings.append(("vehicle", CanFrame(_DTC, told)))
        return sendings


def fires_always() -> ReferenceBms:
    """The pyro fuse goes with any trip."""
    return ReferenceBms(mutant=Parts(fires_pyro=LATCHING))


def warns_beside() -> ReferenceBms:
    return ReferenceBms(mutant=Parts(fault_memory=_Imbalanced))


def tells_after_trip() -> ReferenceBms:
    return _Telling(lambda faulty, _: faulty)


def tells_for_a_moment() -> ReferenceBms:
    """Between arming and the fault of a scenario that starts in drive, and never again."""
    return _Telling(lambda _, closed_ms: 270 <= closed_ms <= 320)


def tells_from_its_memory() -> ReferenceBms:
    """A code of last week, told ever since it has booted."""
    return _Telling(lambda *_: True)


def tells_while_driving() -> ReferenceBms:
    return _Telling(lambda _, closed_ms: closed_ms >= 600)

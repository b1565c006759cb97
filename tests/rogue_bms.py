"""The reference BMS that says or does one thing beside what is right: `--firmware rogue_bms:NAME`."""

from collections.abc import Callable

from bench.trace.events import CanFrame
from firmware_stubs.reference_bms import e2e
from firmware_stubs.reference_bms.bms import Parts, ReferenceBms
from firmware_stubs.reference_bms.dtc_memory import EMPTY_INDEX, DtcMemory
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


class _Sets(ReferenceBms):
    """One bit of one message is set in whatever it sends, from its boot on."""

    def __init__(self, can_id: int, byte: int, mask: int) -> None:
        super().__init__()
        self._where = can_id, byte, mask

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        can_id, byte, mask = self._where
        return [
            (channel, self._with(frame, byte, mask) if frame.can_id == can_id else frame)
            for channel, frame in super().step(now_ns)
        ]

    @staticmethod
    def _with(frame: CanFrame, byte: int, mask: int) -> CanFrame:
        data = bytearray(frame.data)
        data[byte] |= mask
        data[0] = e2e.crc_of(e2e.start_of(frame.can_id), bytes(data))
        return CanFrame(frame.can_id, bytes(data))


def alarms_from_boot() -> ReferenceBms:
    return _Sets(0x102, 2, 1 << 6)


def warns_from_boot() -> ReferenceBms:
    """Of its insulation, for good."""
    return _Sets(0x101, 3, 1 << 1)


class _StoresBeside(DtcMemory):
    """With the first fault it stores CODE as well, and sends it in no frame."""

    def failed(self, fault: int) -> None:
        super().failed(fault)
        self._entries.setdefault(CODE, (0x2F, 1))

    def next_index(self) -> int:
        turn = super().next_index()
        return 0 if turn != EMPTY_INDEX and self.entry(turn)[0] == CODE else turn


def stores_beside() -> ReferenceBms:
    return ReferenceBms(mutant=Parts(dtc_memory=_StoresBeside))

"""Command against auxiliary contact: welded, stuck open, slow, or moved by itself; and against the link voltage."""

from firmware_stubs.reference_bms.debounce import Consecutive, InARow
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.measurement import INVALID, ContactorInput
from firmware_stubs.reference_bms.state_machine import Coils

_WELDS = (Fault.WELD_PLUS, Fault.WELD_MINUS, Fault.WELD_PRECHARGE)
_STUCK_OPEN = (Fault.STUCK_OPEN_PLUS, Fault.STUCK_OPEN_MINUS, Fault.STUCK_OPEN_PRECHARGE)
_HIGH_VOLTAGE_RAW = 1200  # 60 V in units of 50 mV
_NS_PER_MS = 1_000_000


class ContactorSupervision:
    """Compares on every 10 ms frame, from the settling time on after a coil was switched."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._settle_ns = limits.settle_ms * _NS_PER_MS
        self._slow_ns = limits.slow_opening_ms * _NS_PER_MS
        self._link_share = limits.link_share
        self._mismatch = tuple(Consecutive(limits.mismatch_frames) for _ in range(3))
        self._moved = tuple(Consecutive(limits.unintended_frames) for _ in range(3))
        self._link = InARow(limits.feedback_frames)
        self._commanded = [0, 0, 0]
        self._switched_ns = [0, 0, 0]
        self._followed = [False, False, False]  # the contactor has done what it was last told

    def sample(self, now_ns: int, coils: Coils, contactors: ContactorInput) -> None:
        commands = (coils.plus, coils.minus, coils.precharge)
        feedback = (contactors.plus, contactors.minus, contactors.precharge)
        if coils.plus or not self._link.idle:
            self._check_link(now_ns, coils, contactors)
        if (
            commands == feedback
            and self._commanded == [*commands]
            and all(self._followed)
            and not self._busy()
        ):
            return
        for index in range(3):
            if commands[index] != self._commanded[index]:
                self._commanded[index] = commands[index]
                self._switched_ns[index] = now_ns
                self._followed[index] = False
            self._check(index, now_ns - self._switched_ns[index], commands[index], feedback[index])
        self._faults.report(Fault.SLOW_OPENING, self._opens_slowly(now_ns, commands, feedback))

    def _check(self, index: int, since_ns: int, command: int, feedback: int) -> None:
        differs = feedback != command and feedback < INVALID
        if not differs and feedback == command:
            self._followed[index] = True
        followed = self._followed[index]
        wrong = self._mismatch[index].update(differs and not followed and since_ns >= self._settle_ns)
        if self._moved[index].update(differs and followed):
            self._faults.event(Fault.UNINTENDED_OPENING if command else Fault.UNINTENDED_CLOSING)
        if command:
            self._faults.report(_STUCK_OPEN[index], wrong)
            self.report_weld(_WELDS[index], False)
        else:
            self._faults.report(_STUCK_OPEN[index], False)
            self.report_weld(_WELDS[index], wrong)

    def _opens_slowly(self, now_ns: int, commands: tuple[int, ...], feedback: tuple[int, ...]) -> bool:
        return any(
            feedback[index] == 1
            and not commands[index]
            and not self._followed[index]
            and self._switched_ns[index]
            and now_ns - self._switched_ns[index] >= self._slow_ns
            for index in range(3)
        )

    def _check_link(self, now_ns: int, coils: Coils, contactors: ContactorInput) -> None:
        """Contacts that say closed must pass the pack's voltage on to the link."""
        closed = coils.plus and coils.minus and contactors.plus == 1 and contactors.minus == 1
        settled = now_ns - max(self._switched_ns[0], self._switched_ns[1]) >= self._settle_ns
        pack_raw = contactors.pack_raw
        missing = contactors.link_raw < self._link_share * pack_raw and pack_raw >= _HIGH_VOLTAGE_RAW
        self._faults.report(
            Fault.FEEDBACK_IMPLAUSIBLE, self._link.update(bool(closed and settled and missing))
        )

    def report_weld(self, fault: Fault, active: bool) -> None:
        self._faults.report(fault, active)

    def _busy(self) -> bool:
        return bool(
            self._mismatch[0].count or self._mismatch[1].count or self._mismatch[2].count
            or self._moved[0].count or self._moved[1].count or self._moved[2].count
        )  # fmt: skip

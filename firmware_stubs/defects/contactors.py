"""Contactors, precharge, HVIL, crash line and pyro fuse."""

from firmware_stubs.defects.mutant import Mutant, calibrated, deaf, replaced
from firmware_stubs.reference_bms.contactor_supervision import ContactorSupervision
from firmware_stubs.reference_bms.faults import FIRES_PYRO, STUCK_OPEN, WELDS, Fault, mask
from firmware_stubs.reference_bms.line_monitor import LineMonitor
from firmware_stubs.reference_bms.measurement import ContactorInput
from firmware_stubs.reference_bms.sendings import Sendings, Transmitter
from firmware_stubs.reference_bms.state_machine import Coils, Mode, State, StateMachine

_MS = 1_000_000


class _BlindToWelds(ContactorSupervision):
    def report_weld(self, fault: Fault, active: bool) -> None:
        pass


class _TripsWithoutCause(StateMachine):
    _AFTER_NS = 1500 * _MS

    def step(self, now_ns: int, *, all_heard: bool, mode: int, link_raw: int, pack_raw: int) -> None:
        latched = self._faults.latched & mask(Fault.CELL_OVERVOLTAGE)
        if not latched and self.state is State.DRIVE and now_ns - self.entered_ns >= self._AFTER_NS:
            self._faults.report(Fault.CELL_OVERVOLTAGE, True)
        super().step(now_ns, all_heard=all_heard, mode=mode, link_raw=link_raw, pack_raw=pack_raw)


class _ReclosesPrecharge(StateMachine):
    _AFTER_NS = 150 * _MS

    def stay_in_error(self, now_ns: int) -> None:
        if now_ns - self.entered_ns >= self._AFTER_NS:
            self._coils.precharge = 1


class _ClosesAgain(StateMachine):
    _AFTER_NS = 2000 * _MS

    def stay_in_error(self, now_ns: int) -> None:
        if now_ns - self.entered_ns >= self._AFTER_NS:
            self._coils.plus = self._coils.minus = 1


class _NeverCloses(StateMachine):
    def _may_close(self, mode: int) -> bool:  # noqa: ARG002
        return False


class _NeverCharges(StateMachine):
    def _may_close(self, mode: int) -> bool:
        return mode != Mode.CHARGE and super()._may_close(mode)


class _NeverOpens(StateMachine):
    def enter_error(self, now_ns: int) -> None:
        self._enter(State.ERROR, now_ns)


class _KeepsMinusClosed(StateMachine):
    def enter_error(self, now_ns: int) -> None:
        super().enter_error(now_ns)
        self._coils.minus = 1


class _MinusFirst(StateMachine):
    """Breaks the load with the minus contactor, and opens the plus contactor 60 ms later."""

    _until_ns: int | None = None

    def open_in_order(self, now_ns: int) -> None:
        if self._until_ns is None:
            self._until_ns = now_ns + 60 * _MS
        self._coils.minus = self._coils.precharge = 0
        if now_ns >= self._until_ns:
            self._until_ns = None
            super().open_in_order(now_ns)


class _SlowToOpen(StateMachine):
    def delay_of(self, word: int) -> int:
        return super().delay_of(word) + 1500 * _MS


class _ClosesAnyway(StateMachine):
    """When precharge takes too long, the plus contactor is closed into the uncharged link."""

    def precharge_failed(self, now_ns: int) -> None:
        self._coils.plus = 1
        self._coils.precharge = 0
        self._enter(self._target, now_ns)


class _BelievesItself(ContactorSupervision):
    """What it commanded is taken for what the contactors do."""

    def sample(self, now_ns: int, coils: Coils, contactors: ContactorInput) -> None:
        contactors.plus, contactors.minus, contactors.precharge = coils.plus, coils.minus, coils.precharge
        super().sample(now_ns, coils, contactors)


class _BelievesTheContacts(ContactorSupervision):
    def _check_link(self, now_ns: int, coils: Coils, contactors: ContactorInput) -> None:
        pass


class _NoFlutter(LineMonitor):
    def flutters(self, now_ns: int, contactors: ContactorInput) -> bool:  # noqa: ARG002
        return False


class _LineOnly(LineMonitor):
    def sample(
        self, now_ns: int, contactors: ContactorInput, *, driving: bool, fired: bool, crash_flag: bool
    ) -> None:
        super().sample(
            now_ns, contactors, driving=driving, fired=fired, crash_flag=crash_flag and contactors.crash
        )


class _ForgetsInhibit(Transmitter):
    """The restart inhibit is never sent."""

    def _send_state(self, sendings: Sendings) -> None:
        faults = self._bms.faults
        kept = faults.word
        if kept & WELDS:
            faults.word = kept & ~WELDS | STUCK_OPEN
        super()._send_state(sendings)
        faults.word = kept


def _only(*kept: Fault) -> tuple[Fault, ...]:
    every = (
        Fault.WELD_PLUS, Fault.WELD_MINUS, Fault.WELD_PRECHARGE, Fault.STUCK_OPEN_PLUS, Fault.STUCK_OPEN_MINUS,
        Fault.STUCK_OPEN_PRECHARGE,
    )  # fmt: skip
    return tuple(fault for fault in every if fault in kept)


DEFECTS: dict[str, Mutant] = {
    "nuisance_trip": replaced(
        "trips on overvoltage without a cause after 1.5 s of drive", states=_TripsWithoutCause
    ),
    "never_closes": replaced(
        "stays healthy in standby whatever is requested, and never enters drive or charge", states=_NeverCloses
    ),
    "never_charges": replaced("never enters charge when it is requested", states=_NeverCharges),
    "recloses_precharge": replaced(
        "closes the precharge contactor again 150 ms after a trip has opened it", states=_ReclosesPrecharge
    ),
    "closes_again": replaced("closes both mains again 2 s after a trip has opened them", states=_ClosesAgain),
    "misses_weld": replaced("does not see a welded contactor", contactors=_BlindToWelds),
    "misses_weld_of_minus": deaf("does not see the minus contactor welded", Fault.WELD_MINUS),
    "misses_weld_of_precharge": deaf("does not see the precharge contactor welded", Fault.WELD_PRECHARGE),
    "late_weld": calibrated("compares the contacts 3 s after switching", settle_ms=3000),
    "misses_stuck_open": deaf("does not see a contactor that stays open", *_only(
        Fault.STUCK_OPEN_PLUS, Fault.STUCK_OPEN_MINUS, Fault.STUCK_OPEN_PRECHARGE
    )),
    "flag_without_opening": replaced(
        "flags a fault and goes to Error, but leaves the contactors closed", states=_NeverOpens
    ),
    "opens_one_pole_only": replaced("leaves the minus contactor closed on a trip", states=_KeepsMinusClosed),
    "opens_minus_first": replaced("opens the minus contactor before the plus", states=_MinusFirst),
    "slow_reaction": replaced("opens 1.5 s later than announced", states=_SlowToOpen),
    "opens_unannounced": calibrated(
        "opens at once, although it has announced a delay in which the vehicle can reduce its current",
        opening_delay_ms=0, opening_soon_ms=0,
    ),
    "opens_before_announced": calibrated("opens 80 ms before it has announced to", opening_delay_ms=120),
    "opens_after_announced": calibrated("opens 120 ms later than announced", opening_delay_ms=320),
    "misses_unintended_opening": deaf(
        "does not notice a contactor that falls open", Fault.UNINTENDED_OPENING
    ),
    "misses_unintended_closing": deaf(
        "does not notice a contactor that closes by itself", Fault.UNINTENDED_CLOSING
    ),
    "misses_slow_opening": deaf("does not notice a slow contactor", Fault.SLOW_OPENING),
    "feedback_echoes_command": replaced("takes its command for the feedback", contactors=_BelievesItself),
    "feedback_not_checked": replaced(
        "does not compare the feedback with the link voltage", contactors=_BelievesTheContacts
    ),
    "misses_feedback_loss": deaf(
        "does not notice that the feedback is gone", Fault.CONTACTOR_FEEDBACK_LOST
    ),
    "precharge_without_end": calibrated("waits 30 s for precharge", precharge_timeout_ms=30_000),
    "closes_into_uncharged_link": replaced("closes although precharge has failed", states=_ClosesAnyway),
    "ignores_hvil": deaf("does not heed the HVIL loop", Fault.HVIL_OPEN),
    "slow_hvil": calibrated("debounces the HVIL loop over 60 frames", hvil_frames=60),
    "hasty_hvil": calibrated("debounces the HVIL loop over 2 frames", hvil_frames=2),
    "shorter_hvil": calibrated("debounces the HVIL loop over 8 frames", hvil_frames=8),
    "misses_fluttering_hvil": replaced("does not see an intermittent HVIL loop", lines=_NoFlutter),
    "ignores_crash": deaf("does not heed the crash line", Fault.CRASH_DETECTED),
    "late_crash": calibrated("wants the crash line for 20 frames", crash_frames=20),
    "ignores_crash_flag": replaced("heeds the crash line, but not the vehicle's crash flag", lines=_LineOnly),
    "crash_without_pyro": replaced(
        "opens on a crash without firing the pyro fuse", fires_pyro=FIRES_PYRO & ~mask(Fault.CRASH_DETECTED)
    ),
    "misses_pyro_failure": deaf("does not look whether the pyro fuse has opened", Fault.PYRO_FAILED),
    "weld_without_inhibit": replaced("does not inhibit a restart after a weld", transmitter=_ForgetsInhibit),
}  # fmt: skip

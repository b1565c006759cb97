"""Supply, resets, memory and identity."""

from firmware_stubs.defects.mutant import Mutant, calibrated, deaf, replaced
from firmware_stubs.reference_bms.dtc_memory import TEST_FAILED, DtcMemory
from firmware_stubs.reference_bms.faults import OPENS, Fault, FaultMemory
from firmware_stubs.reference_bms.nvm import Nvm
from firmware_stubs.reference_bms.sendings import Sendings, Transmitter
from firmware_stubs.reference_bms.state_machine import StateMachine


class _Forgets(FaultMemory):
    def restore(self, nvm: Nvm) -> int:  # noqa: ARG002
        return 0


class _Unlatched(FaultMemory):
    def __init__(self, dtcs: DtcMemory, nvm: Nvm | None = None) -> None:
        super().__init__(dtcs, nvm)
        self.latching &= ~OPENS


class _ResetsAtAnyTime(StateMachine):
    def reset_faults(self, mode: int) -> None:  # noqa: ARG002
        self._faults.reset()


class _StoresNothing(DtcMemory):
    def failed(self, fault: int) -> None:
        pass


class _ForgetsCodes(DtcMemory):
    """A code is gone as soon as its cause is."""

    def passed(self, fault: int) -> None:
        code = self._codes.get(fault)
        if code is not None:
            self._entries.pop(code, None)
            self.fresh.clear()  # their indices are no longer those of the entries


class _WrongStatus(DtcMemory):
    """Confirmed and pending are never set."""

    def failed(self, fault: int) -> None:
        super().failed(fault)
        code = self._codes.get(fault)
        if code is not None:
            self._entries[code] = (TEST_FAILED, 1)


class _Nameless(Transmitter):
    def _send_identity(self, sendings: Sendings) -> None:
        pass


class _SilentFaults(Transmitter):
    """Fault bits go out with the slow cycle only: every second instead of every 20 ms."""

    def _send_faults(self, sendings: Sendings) -> None:
        self._faults_frame.sent_word = self._bms.faults.word
        if self._task % 100 == 0:
            super()._send_faults(sendings)


DEFECTS: dict[str, Mutant] = {
    "misses_low_supply": deaf("does not see a low supply", Fault.SUPPLY_LOW),
    "misses_brown_out": deaf("does not see a supply too low to hold its contactors", Fault.BROWN_OUT),
    "trips_on_cranking": calibrated(
        "takes 8.5 V for a brown-out at once", brown_out_v=8.5, brown_out_frames=1
    ),
    "misses_clamp_loss": deaf("does not notice that clamp 15 is gone", Fault.CLAMP_LOST),
    "forgets_latches": replaced("forgets latched faults over a reset", fault_memory=_Forgets),
    "does_not_latch": replaced("lets trips go when their cause goes", fault_memory=_Unlatched),
    "closes_after_reset": deaf("closes again after a reset with closed contactors", Fault.CONTROLLER_RESET),
    "fault_reset_in_drive": replaced(
        "heeds a fault reset also while drive is asked for", states=_ResetsAtAnyTime
    ),
    "stores_no_codes": replaced("stores no trouble codes", dtc_memory=_StoresNothing),
    "forgets_codes": replaced("drops a trouble code with its cause", dtc_memory=_ForgetsCodes),
    "wrong_code_status": replaced("never confirms a trouble code", dtc_memory=_WrongStatus),
    "sends_no_identity": replaced("does not say which build it is", transmitter=_Nameless),
    "sends_faults_slowly": replaced("sends its fault bits once a second", transmitter=_SilentFaults),
}

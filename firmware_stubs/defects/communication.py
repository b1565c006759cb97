"""The restbus, E2E both ways."""

from typing import Any

from firmware_stubs.defects.mutant import Mutant, calibrated, deaf, replaced
from firmware_stubs.reference_bms.e2e import Receiver, Sender
from firmware_stubs.reference_bms.faults import VCU_LOST, Fault
from firmware_stubs.reference_bms.inputs import Inputs
from firmware_stubs.reference_bms.sendings import Transmitter
from firmware_stubs.reference_bms.state_machine import StateMachine


class _NoCrc(Receiver):
    def crc_fits(self, data: bytes) -> bool:  # noqa: ARG002
        return True


class _NoCounter(Receiver):
    def counter_fits(self, data: bytes, missed: int) -> bool:  # noqa: ARG002
        return True


class _CommandUnchecked(Inputs):
    receiver: type[Receiver] = _NoCrc

    def __init__(self) -> None:
        super().__init__()
        self.command.e2e = self.receiver(160)


class _CommandCounterUnchecked(_CommandUnchecked):
    receiver = _NoCounter


class _CurrentUnchecked(Inputs):
    receiver: type[Receiver] = _NoCrc

    def __init__(self) -> None:
        super().__init__()
        self.current.e2e = self.receiver(770)


class _CurrentCounterUnchecked(_CurrentUnchecked):
    receiver = _NoCounter


class _StandingSender(Sender):
    def next_counter(self) -> int:
        return 3


class _JumpingSender(Sender):
    """Every 16th frame skips five counts: more than a bus may lose."""

    _sent = 0

    def next_counter(self) -> int:
        self._sent += 1
        for _ in range(5 * (self._sent % 16 == 0)):
            super().next_counter()
        return super().next_counter()


class _WrongId(Sender):
    def __init__(self, data_id: int) -> None:
        super().__init__(data_id ^ 0x0100)


def _sending(frame: str, sender: type[Sender], data_id: int) -> type[Transmitter]:
    class Sending(Transmitter):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            getattr(self, frame)._sender = sender(data_id)

    return Sending


class _StaysClosedWithoutCommand(StateMachine):
    def must_open(self, now_ns: int) -> bool:
        faults = self._faults
        kept, faults.word = faults.word, faults.word & ~VCU_LOST
        opens = super().must_open(now_ns)
        faults.word = kept
        return opens


DEFECTS: dict[str, Mutant] = {
    "misses_command_loss": deaf("does not notice that the vehicle is silent", Fault.VCU_COMMAND_LOST),
    "command_loss_without_opening": replaced(
        "reports a silent vehicle, but stays closed", states=_StaysClosedWithoutCommand
    ),
    "late_command_loss": calibrated("waits 3 s for the vehicle", command_timeout_ms=3000),
    "hasty_command_loss": calibrated("waits 45 ms for the vehicle", command_timeout_ms=45),
    "command_crc_unchecked": replaced("does not check the CRC of commands", inputs=_CommandUnchecked),
    "command_counter_unchecked": replaced(
        "does not check the counter of commands", inputs=_CommandCounterUnchecked
    ),
    "current_crc_unchecked": replaced("does not check the CRC of the current", inputs=_CurrentUnchecked),
    "current_counter_unchecked": replaced(
        "does not check the counter of the current", inputs=_CurrentCounterUnchecked
    ),
    "misses_e2e_error": deaf("does not report failed protection", Fault.E2E_ERROR),
    "misses_wrong_shape": deaf("does not report wrong lengths and ranges", Fault.MESSAGE_INVALID),
    "misses_vehicle_loss": deaf("does not notice that VCU_Vehicle is gone", Fault.VEHICLE_STATUS_LOST),
    "misses_charger_loss": deaf("does not notice that the charger is gone", Fault.CHARGER_LOST),
    "own_counter_stands": replaced(
        "sends BMS_State with a counter that stands", transmitter=_sending("_state_frame", _StandingSender, 256)
    ),
    "own_counter_jumps": replaced(
        "skips five counts of BMS_State every 16 frames", transmitter=_sending("_state_frame", _JumpingSender, 256)
    ),
    "own_data_id_wrong": replaced(
        "protects BMS_Faults with another data id", transmitter=_sending("_faults_frame", _WrongId, 257)
    ),
}  # fmt: skip

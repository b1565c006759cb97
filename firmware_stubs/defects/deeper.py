"""Defects that one fault just beyond its limit, in one mode and soon after the start, does not show.

By dimension: mode, depth, condition, moment, disturbance, second fault, after, level of reaction.
"""

from firmware_stubs.defects.mutant import Mutant, replaced
from firmware_stubs.reference_bms.ages import Ages
from firmware_stubs.reference_bms.cell_monitor import CellMonitor
from firmware_stubs.reference_bms.contactor_supervision import ContactorSupervision
from firmware_stubs.reference_bms.faults import Fault, FaultMemory, mask
from firmware_stubs.reference_bms.insulation_monitor import InsulationMonitor
from firmware_stubs.reference_bms.line_monitor import LineMonitor
from firmware_stubs.reference_bms.measurement import CellInput, ContactorInput, InsulationInput
from firmware_stubs.reference_bms.sendings import Sendings, Transmitter
from firmware_stubs.reference_bms.state_machine import Coils, State, StateMachine

_S = 1_000_000_000
_STEP_V = 0.0005


def _deaf_in(state: State, *faults: Fault) -> type[StateMachine]:
    """In this state these faults open nothing."""
    ignored = mask(*faults)

    class Deaf(StateMachine):
        def must_open(self, now_ns: int) -> bool:
            if self.state is not state:
                return super().must_open(now_ns)
            word, self._faults.word = self._faults.word, self._faults.word & ~ignored
            found = super().must_open(now_ns)
            self._faults.word = word
            return found

    return Deaf


class _HighIsAWire(CellMonitor):
    """A cell more than 100 mV above its limit is taken for a broken wire."""

    def is_overvoltage(self, highest: int) -> bool:
        return super().is_overvoltage(highest) and highest < self._ov_trip_raw + 200


class _LowIsAWire(CellMonitor):
    """A cell below 1 V is taken for one that is not read."""

    def supervised(self, raw: list[int]) -> list[int]:
        return [value for value in super().supervised(raw) if value > 6000] or [4000]


class _DeadIsUnmeasured(InsulationMonitor):
    """Less than a kilohm is taken for a value that has not been measured yet."""

    def sample(self, insulation: InsulationInput, contactors: ContactorInput) -> None:
        if insulation.plus_hectoohm >= 10 and insulation.minus_hectoohm >= 10:
            super().sample(insulation, contactors)


class _LimitShiftsInLoad(CellMonitor):
    """While a load makes the pack sag, the limit of overvoltage lies 200 mV higher."""

    _sags = False

    def sweep(self, cells: CellInput, contactors: ContactorInput, closed: bool) -> None:
        self._sags = closed and contactors.pack_raw * 0.05 < 96 * (self.mean * _STEP_V - 2.0) - 1.5
        super().sweep(cells, contactors, closed)

    def is_overvoltage(self, highest: int) -> bool:
        return super().is_overvoltage(highest - 400 if self._sags else highest)


class _BlindAfterAMinute(CellMonitor):
    """Overvoltage is looked for in the first minute only."""

    _sweeps = 0

    def is_overvoltage(self, highest: int) -> bool:
        self._sweeps += 1
        return self._sweeps < 600 and super().is_overvoltage(highest)


class _BlindInTurn(CellMonitor):
    """Every ten seconds it is blind for undervoltage for one."""

    _sweeps = 0

    def is_undervoltage(self, lowest: int) -> bool:
        self._sweeps += 1
        return self._sweeps % 100 >= 10 and super().is_undervoltage(lowest)


class _BlindAtLowSupply(CellMonitor):
    """Cells are not looked at while the supply is below 9 V."""

    def sweep(self, cells: CellInput, contactors: ContactorInput, closed: bool) -> None:
        if contactors.supply_raw >= 90:
            super().sweep(cells, contactors, closed)


class _TakesTurns(CellMonitor):
    """The debounce belongs to a cell: two that take turns never fill it."""

    _which = -1

    def is_overvoltage(self, highest: int) -> bool:
        same, self._which = self.highest_index == self._which, self.highest_index
        return same and super().is_overvoltage(highest)


class _DelayBegunAnew(StateMachine):
    """Each further fault begins the opening delay anew."""

    _seen = 0

    def must_open(self, now_ns: int) -> bool:
        word = self._faults.word
        if word & ~self._seen and self._open_at_ns is not None:
            self._open_at_ns = None
            self._opening_word = 0
        self._seen = word
        return super().must_open(now_ns)


class _OffForgets(StateMachine):
    """Mode Off forgets what is latched."""

    def step(self, now_ns: int, *, all_heard: bool, mode: int, link_raw: int, pack_raw: int) -> None:
        if self.state is State.ERROR and not mode:
            self._faults.reset()
        super().step(now_ns, all_heard=all_heard, mode=mode, link_raw=link_raw, pack_raw=pack_raw)


class _ClosesInhibited(StateMachine):
    """RestartInhibit is told, and not heeded."""

    def _may_close(self, mode: int) -> bool:
        inhibits = mask(
            Fault.INSULATION_FAULT, Fault.INSULATION_MONITOR_LOST, Fault.INSULATION_MONITOR_FAILURE,
            Fault.INSULATION_MONITOR_OUTDATED, Fault.CHASSIS_CONNECTION_LOST,
        )  # fmt: skip
        word, self._faults.word = self._faults.word, self._faults.word & ~inhibits
        found = super()._may_close(mode)
        self._faults.word = word
        return found


class _ChargesInhibited(StateMachine):
    """ChargeInhibit is told, and not heeded."""

    def _may_close(self, mode: int) -> bool:
        return super()._may_close(1 if mode else 0)


class _OnlyThirtyTwo(FaultMemory):
    """What is latched beyond the 32nd fault is lost with its cause."""

    def report(self, fault: Fault, active: bool) -> None:
        super().report(fault, active)
        if fault >= 32 and not active:
            self.latched &= (1 << 32) - 1
            self._changed()


class _RamOnly(FaultMemory):
    """Latched faults are not kept over a restart."""

    def restore(self, nvm: object) -> int:  # noqa: ARG002
        return 0


class _RetriesTrips(StateMachine):
    """Three seconds after a trip whose cause is gone it tries again, while the request still stands."""

    def stay_in_error(self, now_ns: int) -> None:
        if now_ns - self.entered_ns >= 3 * _S:
            self._faults.reset()
            if not self._faults.word & mask(Fault.HVIL_OPEN, Fault.CELL_OVERVOLTAGE, Fault.OVERTEMPERATURE):
                self._enter(State.STANDBY, now_ns)


class _NoWeldCheckAfterTrip(ContactorSupervision):
    """Welds are looked for after an opening in order, and not after a trip."""

    def report_weld(self, fault: Fault, active: bool) -> None:
        tripped = self._faults.word & mask(Fault.HVIL_OPEN, Fault.CELL_OVERVOLTAGE, Fault.CELL_UNDERVOLTAGE)
        super().report_weld(fault, active and not tripped)


class _NoDerating(Transmitter):
    """A warning that has to derate leaves the limits as they are."""

    def _send_limits(self, sendings: Sendings) -> None:
        faults = self._bms.faults
        word = faults.word
        faults.word &= ~mask(
            Fault.CELL_IMBALANCE, Fault.TEMPERATURE_GRADIENT, Fault.TEMPERATURE_SENSOR_FAULT,
            Fault.TEMPERATURE_LOST,
        )  # fmt: skip
        super()._send_limits(sendings)
        faults.word = word


class _LostFrameBeginsAnew(Ages):
    """A frame that is lost counts as good news for the timeouts."""

    _last_ns = -1

    def check(self, now_ns: int, charging: bool) -> None:
        if now_ns - self._last_ns >= 150_000_000:
            super().check(now_ns, charging)
            self._last_ns = now_ns


class _HvilOnlyClosed(LineMonitor):
    """The interlock is looked at while contactors are closed."""

    def sample(
        self, now_ns: int, contactors: ContactorInput, *, driving: bool, fired: bool, crash_flag: bool
    ) -> None:
        if not driving:
            contactors.hvil_closed = True
        super().sample(now_ns, contactors, driving=driving, fired=fired, crash_flag=crash_flag)


class _CrashOnlyClosed(LineMonitor):
    """The crash line is looked at while contactors are closed."""

    def sample(
        self, now_ns: int, contactors: ContactorInput, *, driving: bool, fired: bool, crash_flag: bool
    ) -> None:
        if not driving:
            contactors.crash, crash_flag = False, False
        super().sample(now_ns, contactors, driving=driving, fired=fired, crash_flag=crash_flag)


class _InsulationOnlyClosed(InsulationMonitor):
    """Insulation is looked at while contactors are closed."""

    def sample(self, insulation: InsulationInput, contactors: ContactorInput) -> None:
        if contactors.plus == 1:
            super().sample(insulation, contactors)


class _SupplyIgnoredAtStart(StateMachine):
    """A supply too low for the coils does not keep it from closing."""

    def _may_close(self, mode: int) -> bool:
        word, self._faults.word = self._faults.word, self._faults.word & ~mask(Fault.SUPPLY_LOW)
        found = super()._may_close(mode)
        self._faults.word = word
        return found


class _ClosesOntoContact(ContactorSupervision):
    """A contact that has closed by itself is no fault while nothing is asked for."""

    def sample(self, now_ns: int, coils: Coils, contactors: ContactorInput) -> None:
        if coils.plus or coils.minus or self._switched_ns[0]:
            super().sample(now_ns, coils, contactors)


_CHARGE, _DRIVE, _PRECHARGE = State.CHARGE, State.DRIVE, State.PRECHARGE

DEFECTS: dict[str, Mutant] = {
    "mode_crash_in_charge": replaced(
        "stays closed at a crash while it charges", states=_deaf_in(_CHARGE, Fault.CRASH_DETECTED)
    ),
    "mode_command_loss_in_charge": replaced(
        "stays closed without a command while it charges", states=_deaf_in(_CHARGE, Fault.VCU_COMMAND_LOST)
    ),
    "mode_current_sensor_in_charge": replaced(
        "stays closed without a current sensor while it charges",
        states=_deaf_in(_CHARGE, Fault.CURRENT_SENSOR_LOST, Fault.CURRENT_SENSOR_ERROR),
    ),
    "mode_front_end_in_charge": replaced(
        "stays closed without cell voltages while it charges",
        states=_deaf_in(_CHARGE, Fault.CELL_VOLTAGE_LOST, Fault.AFE_CHAIN_FAULT),
    ),
    "mode_overvoltage_in_drive": replaced(
        "stays closed at an overvoltage while it drives", states=_deaf_in(_DRIVE, Fault.CELL_OVERVOLTAGE)
    ),
    "mode_hvil_in_precharge": replaced(
        "goes on with its precharge when the interlock opens", states=_deaf_in(_PRECHARGE, Fault.HVIL_OPEN)
    ),
    "mode_crash_in_precharge": replaced(
        "goes on with its precharge at a crash", states=_deaf_in(_PRECHARGE, Fault.CRASH_DETECTED)
    ),
    "mode_hvil_only_closed": replaced("looks at the interlock only while closed", lines=_HvilOnlyClosed),
    "mode_crash_only_closed": replaced("looks at the crash line only while closed", lines=_CrashOnlyClosed),
    "mode_insulation_only_closed": replaced(
        "looks at the insulation only while closed", insulation=_InsulationOnlyClosed
    ),
    "depth_high_is_a_wire": replaced(
        "takes a cell far above its limit for a broken wire", cells=_HighIsAWire
    ),
    "depth_zero_is_a_wire": replaced("takes a cell that reads 0 V for one not read", cells=_LowIsAWire),
    "depth_dead_insulation": replaced(
        "takes less than a kilohm for a value not measured yet", insulation=_DeadIsUnmeasured
    ),
    "condition_limit_under_load": replaced(
        "lets the limit of overvoltage rise under load", cells=_LimitShiftsInLoad
    ),
    "moment_first_minute": replaced(
        "looks for an overvoltage in its first minute only", cells=_BlindAfterAMinute
    ),
    "moment_blind_in_turn": replaced("is blind for a second in ten", cells=_BlindInTurn),
    "disturbance_low_supply": replaced("does not look at cells at a low supply", cells=_BlindAtLowSupply),
    "disturbance_slow_look": replaced("looks for lost messages every 150 ms only", ages=_LostFrameBeginsAnew),
    "second_cells_take_turns": replaced("debounces each cell by itself", cells=_TakesTurns),
    "second_delay_begun_anew": replaced(
        "begins its opening delay anew with each fault", states=_DelayBegunAnew
    ),
    "after_off_forgets": replaced("forgets latched faults with mode Off", states=_OffForgets),
    "after_closes_inhibited": replaced(
        "closes although it tells that a restart is inhibited", states=_ClosesInhibited
    ),
    "after_charges_inhibited": replaced(
        "charges although it tells that charging is inhibited", states=_ChargesInhibited
    ),
    "after_latch_of_32": replaced(
        "loses latches beyond the 32nd with their cause", fault_memory=_OnlyThirtyTwo
    ),
    "after_latch_in_ram": replaced("keeps no latch over a restart", fault_memory=_RamOnly),
    "after_retries_trips": replaced("closes again by itself after a trip", states=_RetriesTrips),
    "after_no_weld_check": replaced("looks for no weld after a trip", contactors=_NoWeldCheckAfterTrip),
    "level_no_derating": replaced("does not derate where a warning asks for it", transmitter=_NoDerating),
    "level_supply_ignored": replaced(
        "closes at a supply too low for its coils", states=_SupplyIgnoredAtStart
    ),
    "mode_contact_at_rest": replaced(
        "does not mind a contact that closes by itself at rest", contactors=_ClosesOntoContact
    ),
}

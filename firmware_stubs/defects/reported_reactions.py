"""After public reports of open BMS projects: closing, opening, latches and losses. Facts and mechanism only."""

from firmware_stubs.defects.mutant import Mutant, replaced
from firmware_stubs.reference_bms.ages import Ages
from firmware_stubs.reference_bms.cell_monitor import CellMonitor
from firmware_stubs.reference_bms.contactor_supervision import ContactorSupervision
from firmware_stubs.reference_bms.faults import Fault, FaultMemory, mask
from firmware_stubs.reference_bms.inputs import Inputs
from firmware_stubs.reference_bms.line_monitor import LineMonitor
from firmware_stubs.reference_bms.measurement import (
    CellInput,
    ContactorInput,
    temperature_raw,
)
from firmware_stubs.reference_bms.nvm import Nvm
from firmware_stubs.reference_bms.state_machine import Coils, State, StateMachine

_S = 1_000_000_000
_MS = 1_000_000
_HIGH_RAW = 1200  # 60 V
_FREEZING_RAW = temperature_raw(0.0)


class _PrechargeComesBack(StateMachine):
    """Opens all on a fault; a second later the precharge contactor engages again."""

    def stay_in_error(self, now_ns: int) -> None:
        if now_ns - self.entered_ns >= _S:
            self._coils.precharge = 1


class _RetriesPrecharge(StateMachine):
    """Forgets a failed precharge after two seconds and tries again, for as long as it is asked."""

    def stay_in_error(self, now_ns: int) -> None:
        failed = mask(Fault.PRECHARGE_FAILED)
        if self._faults.word & failed and now_ns - self.entered_ns >= 2 * _S:
            self._faults.latched &= ~failed
            self._faults.word &= ~failed
            self._enter(State.STANDBY, now_ns)


class _AlwaysAllows(StateMachine):
    """Permission to close is a constant."""

    def _may_close(self, mode: int) -> bool:
        return bool(mode)


class _WelcomesRequestInPrecharge(StateMachine):
    """A request that is taken back during precharge is looked at again only once it has closed."""

    def step(self, now_ns: int, *, all_heard: bool, mode: int, link_raw: int, pack_raw: int) -> None:
        if self.state is State.PRECHARGE and not mode:
            mode = 1
        super().step(now_ns, all_heard=all_heard, mode=mode, link_raw=link_raw, pack_raw=pack_raw)


class _PermissionOnlyAtTheStart(StateMachine):
    """What forbids closing is asked before the precharge, and faults are looked at again once it is over."""

    def must_open(self, now_ns: int) -> bool:
        return self.state is not State.PRECHARGE and super().must_open(now_ns)


class _WeldByLink(ContactorSupervision):
    """A link that still has voltage half a second after opening is taken for a welded contactor."""

    _open_ns = -1

    def sample(self, now_ns: int, coils: Coils, contactors: ContactorInput) -> None:
        super().sample(now_ns, coils, contactors)
        if coils.plus or coils.precharge:
            self._open_ns = now_ns
        held = contactors.link_raw >= _HIGH_RAW and now_ns - self._open_ns >= 500 * _MS
        if self._open_ns > 0 and held:
            self._faults.event(Fault.WELD_PLUS)


class _LossNeverHeals(FaultMemory):
    """The command that was lost and is back is still told as lost."""

    def report(self, fault: Fault, active: bool) -> None:
        if active or fault is not Fault.VCU_COMMAND_LOST:
            super().report(fault, active)


class _CriesAfterAMinute(Ages):
    """A keep-alive that nobody refreshes: after a minute the vehicle counts as lost."""

    _begun_ns = -1

    def check(self, now_ns: int, charging: bool) -> None:
        super().check(now_ns, charging)
        if self._begun_ns < 0:
            self._begun_ns = now_ns
        if now_ns - self._begun_ns >= 60 * _S:
            self._faults.report(Fault.VEHICLE_STATUS_LOST, True)


class _SixteenBitClock(Ages):
    """Milliseconds in 16 bit, compared as a sum: near a wrap, every 65.5 s, nothing counts as late."""

    def check(self, now_ns: int, charging: bool) -> None:
        if (now_ns // _MS) % 65536 < 1500 and now_ns > 65 * _S:
            return
        super().check(now_ns, charging)


class _OnlyStopsDischarge(FaultMemory):
    """A cell below its lowest voltage sets the discharge limit to zero, and opens nothing."""

    def report(self, fault: Fault, active: bool) -> None:
        super().report(Fault.CELL_UNDERVOLTAGE_WARNING if fault is Fault.CELL_UNDERVOLTAGE else fault, active)


class _HotAtLowSupply(LineMonitor):
    """A low supply makes it cry overtemperature."""

    def sample(
        self, now_ns: int, contactors: ContactorInput, *, driving: bool, fired: bool, crash_flag: bool
    ) -> None:
        super().sample(now_ns, contactors, driving=driving, fired=fired, crash_flag=crash_flag)
        self._faults.report(Fault.OVERTEMPERATURE_WARNING, contactors.supply_raw < self._low_raw)


class _NeverForgets(FaultMemory):
    """A fault reset of the vehicle does not take back a latched voltage fault."""

    def reset(self) -> None:
        kept = self.latched & mask(Fault.CELL_OVERVOLTAGE, Fault.CELL_UNDERVOLTAGE)
        super().reset()
        self.latched |= kept
        self._changed()


class _WarningStays(FaultMemory):
    """A warning of low voltage is never taken back."""

    def report(self, fault: Fault, active: bool) -> None:
        if active or fault is not Fault.CELL_UNDERVOLTAGE_WARNING:
            super().report(fault, active)


class _NoNegativeCells(CellMonitor):
    """A voltage below zero has no sign, and so is a very high one that nobody believes: it is left out."""

    def supervised(self, raw: list[int]) -> list[int]:
        return [value for value in super().supervised(raw) if value >= 4000] or [4000]


class _NeverHeardIsNotLost(Ages):
    """What has not been heard since the start does not count as lost."""

    def check(self, now_ns: int, charging: bool) -> None:
        never = [one for one in self._timeouts if one[2].heard_ns < 0]
        kept, self._timeouts = self._timeouts, [one for one in self._timeouts if one not in never]
        super().check(now_ns, charging)
        self._timeouts = kept


class _ClosesWithoutModules(StateMachine):
    """After a restart it closes with outputs as they stand by default: no module has to be heard."""

    def _may_close(self, mode: int) -> bool:
        blind = mask(
            Fault.CELL_VOLTAGE_LOST, Fault.AFE_CHAIN_FAULT, Fault.AFE_MODULE_LOST, Fault.CELL_OPEN_WIRE
        )
        word, self._faults.word = self._faults.word, self._faults.word & ~blind
        found = super()._may_close(mode)
        self._faults.word = word
        return found

    def must_open(self, now_ns: int) -> bool:
        blind = mask(
            Fault.CELL_VOLTAGE_LOST, Fault.AFE_CHAIN_FAULT, Fault.AFE_MODULE_LOST, Fault.CELL_OPEN_WIRE
        )
        if self.state in (State.STANDBY, State.PRECHARGE):
            word, self._faults.word = self._faults.word, self._faults.word & ~blind
            found = super().must_open(now_ns)
            self._faults.word = word
            return found
        return super().must_open(now_ns)


class _OpensWhenFull(StateMachine):
    """Opens for a moment, without a word, when a pack has been driven with more than 95 % of its voltage."""

    def step(self, now_ns: int, *, all_heard: bool, mode: int, link_raw: int, pack_raw: int) -> None:
        super().step(now_ns, all_heard=all_heard, mode=mode, link_raw=link_raw, pack_raw=pack_raw)
        full_raw = self.limits.full_v * 96 * 20
        closed = self.state in (State.DRIVE, State.CHARGE)
        if closed and pack_raw >= 0.985 * full_raw and now_ns - self.entered_ns >= 2 * _S:
            self.open_in_order(now_ns)


class _NoLatchInCharge(StateMachine):
    """Faults of charging are forgotten when the charge ends."""

    def open_in_order(self, now_ns: int) -> None:
        super().open_in_order(now_ns)
        self._faults.reset()

    def stay_in_error(self, now_ns: int) -> None:
        if self._target is State.CHARGE and now_ns - self.entered_ns >= _S:
            self._faults.reset()


class _ForgetsLimitsAtDip(LineMonitor):
    """A dip of the supply resets the front end, whose limits nobody writes again: interlock and crash are not seen."""

    _dipped = False

    def sample(
        self, now_ns: int, contactors: ContactorInput, *, driving: bool, fired: bool, crash_flag: bool
    ) -> None:
        self._dipped = self._dipped or contactors.supply_raw < 80
        if self._dipped:
            contactors.hvil_closed, contactors.crash = True, False
        super().sample(now_ns, contactors, driving=driving, fired=fired, crash_flag=crash_flag)


class _NoClosingAfterReset(StateMachine):
    """After a restart without a power cycle it never precharges again."""

    def _may_close(self, mode: int) -> bool:
        nvm: Nvm = self._faults._nvm
        return nvm.boots < 2 and super()._may_close(mode)


class _NoHysteresis(CellMonitor):
    """A warning of high voltage is taken back by one good sample, and comes with one bad one."""

    def sweep(self, cells: CellInput, contactors: ContactorInput, closed: bool) -> None:
        super().sweep(cells, contactors, closed)
        self._faults.report(Fault.CELL_OVERVOLTAGE_WARNING, self.highest >= self._ov_warn_raw)


class _WaitsForTheInverter(Ages):
    """In the first 20 s after the start a lost command is waited for."""

    _begun_ns = -1

    def check(self, now_ns: int, charging: bool) -> None:
        if self._begun_ns < 0:
            self._begun_ns = now_ns
        kept = self._timeouts
        if now_ns - self._begun_ns < 20 * _S:
            self._timeouts = [one for one in kept if one[0] is not Fault.VCU_COMMAND_LOST]
        super().check(now_ns, charging)
        self._timeouts = kept


class _HeardOnceIsHeard(Inputs):
    """It starts as soon as the vehicle is heard; sensors may come later."""

    def all_heard(self) -> bool:
        return self.command.heard_ns >= 0


class _StaleCellsAtStart(CellInput):
    """A sweep with a missing value counts as complete."""

    def receive(self, now_ns: int, data: bytes) -> bool:
        done = super().receive(now_ns, data)
        if done:
            self.complete_ns = now_ns
        return done


class _TakesStaleCells(Inputs):
    """Its cells are `_StaleCellsAtStart`."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = _StaleCellsAtStart()


_BE = "dalathegreat/Battery-Emulator"
_DIY = "stuartpittaway/diyBMSv4ESP32"
_LS = "LibreSolar/bms-firmware"
_UBC = "UBCFormulaElectric/Consolidated-Firmware"

DEFECTS: dict[str, Mutant] = {
    "precharge_comes_back": replaced(
        f"engages the precharge contactor again a second after a fault has opened all ({_BE} #581)",
        states=_PrechargeComesBack,
    ),
    "retries_precharge": replaced(
        f"tries a failed precharge again and again ({_BE} #1439)", states=_RetriesPrecharge
    ),
    "permission_is_constant": replaced(
        f"always allows its contactors to close ({_BE} #811)", states=_AlwaysAllows
    ),
    "request_not_taken_back": replaced(
        f"does not heed a request that is taken back during precharge ({_BE} #2776)",
        states=_WelcomesRequestInPrecharge,
    ),
    "deaf_in_precharge": replaced(
        f"looks at no fault while it precharges ({_BE} #2776)", states=_PermissionOnlyAtTheStart
    ),
    "weld_by_link_voltage": replaced(
        f"takes a link that a capacitor holds up for a welded contactor ({_BE} #1047)",
        contactors=_WeldByLink,
    ),
    "loss_never_heals": replaced(
        f"tells a message as lost for good, though it is back ({_BE} #2677)", fault_memory=_LossNeverHeals
    ),
    "lost_after_a_minute": replaced(
        f"tells a message as lost a minute after the start, though it comes ({_BE} #2710)",
        ages=_CriesAfterAMinute,
    ),
    "clock_of_16_bit": replaced(
        f"counts milliseconds in too few bits: nothing is late around a wrap ({_BE} #2390, #2707, #1308)",
        ages=_SixteenBitClock,
    ),
    "undervoltage_opens_nothing": replaced(
        f"only sets a limit to zero where a cell is below its lowest voltage ({_BE} #782)",
        fault_memory=_OnlyStopsDischarge,
    ),
    "hot_at_low_supply": replaced(
        f"cries overtemperature at a low supply ({_BE} #2251)", lines=_HotAtLowSupply
    ),
    "never_recovers": replaced(
        f"does not recover from a voltage fault when it is reset ({_LS} #18, #19)", fault_memory=_NeverForgets
    ),
    "warning_stays": replaced(
        "never takes a warning back (LibreSolar/charge-controller-firmware #110)", fault_memory=_WarningStays
    ),
    "negative_cell_left_out": replaced(
        f"leaves a cell with a negative reading out ({_LS} #73)", cells=_NoNegativeCells
    ),
    "never_heard_is_not_lost": replaced(
        f"does not count as lost what was never heard since the start ({_DIY} #248)",
        ages=_NeverHeardIsNotLost,
    ),
    "closes_without_modules": replaced(
        f"closes with front ends that it does not hear ({_DIY} #4, #248)", states=_ClosesWithoutModules
    ),
    "opens_when_nearly_full": replaced(
        f"opens without a reason when the pack is nearly full ({_DIY} #282)", states=_OpensWhenFull
    ),
    "no_latch_in_charge": replaced(f"has no latch while it charges ({_UBC} #1287)", states=_NoLatchInCharge),
    "protection_lost_at_dip": replaced(
        "loses its protections when the supply dips (tinfever/FW-Dyson-BMS #76)", lines=_ForgetsLimitsAtDip
    ),
    "closes_once_a_power_cycle": replaced(
        f"does not close again after a restart ({_BE} #2354)", states=_NoClosingAfterReset
    ),
    "warning_without_hysteresis": replaced(
        f"gives and takes a warning with single samples ({_BE} #2952)", cells=_NoHysteresis
    ),
    "waits_for_the_command": replaced(
        f"does not miss the vehicle's command in its first 20 s ({_BE} #2691, #2707)",
        ages=_WaitsForTheInverter,
    ),
    "starts_without_sensors": replaced(
        f"starts before its sensors are heard ({_BE} #1925; {_DIY} #161)", inputs=_HeardOnceIsHeard
    ),
    "missing_value_counts": replaced(
        "takes a sweep with a missing value for a whole one (mr-manuel/venus-os_dbus-serialbattery #434)",
        inputs=_TakesStaleCells,
    ),
}

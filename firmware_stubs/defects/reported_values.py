"""After public reports of open BMS projects: what is measured, counted and told wrongly. Facts and mechanism only."""

from firmware_stubs.defects.mutant import Mutant, calibrated, replaced
from firmware_stubs.reference_bms.afe_monitor import AfeMonitor
from firmware_stubs.reference_bms.charge_estimate import ChargeEstimate
from firmware_stubs.reference_bms.current_monitor import CurrentMonitor
from firmware_stubs.reference_bms.faults import Fault, mask
from firmware_stubs.reference_bms.insulation_monitor import InsulationMonitor
from firmware_stubs.reference_bms.measurement import (
    AfeInput,
    ContactorInput,
    CurrentInput,
    InsulationInput,
    TemperatureInput,
    temperature_raw,
)
from firmware_stubs.reference_bms.sendings import Sendings, Transmitter
from firmware_stubs.reference_bms.state_machine import State
from firmware_stubs.reference_bms.temperature_monitor import TemperatureMonitor

_S = 1_000_000_000
_MS = 1_000_000
_HIGH_RAW = 1200  # 60 V
_FREEZING_RAW = temperature_raw(0.0)


class _SignedClock(TemperatureMonitor):
    """A 16-bit signed count of milliseconds: after 32.8 s the temperatures are looked at no more, for as long again."""

    _sweeps = 0

    def sweep(
        self, temperatures: TemperatureInput, *, charging: bool, driving: bool, cell_dropped: bool
    ) -> None:
        self._sweeps += 1
        if self._sweeps % 66 < 33:
            super().sweep(temperatures, charging=charging, driving=driving, cell_dropped=cell_dropped)


class _TellsPackForLink(Transmitter):
    """The link's voltage is told as that of the pack, also while all is open."""

    def _send_pack_values(self, sendings: Sendings) -> None:
        seen = self._bms.inputs.contactors
        true, seen.link_raw = seen.link_raw, seen.pack_raw
        super()._send_pack_values(sendings)
        seen.link_raw = true


class _LimitsStayInError(Transmitter):
    """A critical fault opens the contactors; the limits that are told stay as they were."""

    def _send_limits(self, sendings: Sendings) -> None:
        states = self._bms.states
        true, word = states.state, self._bms.faults.word
        states.state = State.STANDBY if true is State.ERROR else true
        self._bms.faults.word = 0
        super()._send_limits(sendings)
        states.state, self._bms.faults.word = true, word


class _LimitsSwapped(Transmitter):
    """The charge limit stands in the place of the discharge limit."""

    def _send_limits(self, sendings: Sendings) -> None:
        limits = self._bms.limits
        charge_a, discharge_a = limits.charge_limit_a, limits.discharge_limit_a
        object.__setattr__(limits, "charge_limit_a", discharge_a)
        object.__setattr__(limits, "discharge_limit_a", charge_a)
        super()._send_limits(sendings)
        object.__setattr__(limits, "charge_limit_a", charge_a)
        object.__setattr__(limits, "discharge_limit_a", discharge_a)


class _ChargeVoltageDrifts(Transmitter):
    """After half a minute it asks for a charge voltage that is 3 % too high."""

    def _send_limits(self, sendings: Sendings) -> None:
        limits = self._bms.limits
        true_v = limits.full_v
        if self._task > 3000:
            object.__setattr__(limits, "full_v", true_v * 1.03)
        super()._send_limits(sendings)
        object.__setattr__(limits, "full_v", true_v)


class _SignTurned(Transmitter):
    """It tells a charge where the pack is discharged."""

    def _send_pack_values(self, sendings: Sendings) -> None:
        seen = self._bms.inputs.current
        seen.milliampere = -seen.milliampere
        super()._send_pack_values(sendings)
        seen.milliampere = -seen.milliampere


class _MinMaxStand(Transmitter):
    """The lowest and highest cell are told as they were at the start."""

    _kept: tuple[int, int, int] | None = None

    def _send_cell_min_max(self, sendings: Sendings) -> None:
        seen = self._bms.cell_monitor
        now = (seen.lowest, seen.highest, seen.mean)
        if self._kept is None and self._task > 50:
            self._kept = now
        if self._kept is not None:
            seen.lowest, seen.highest, seen.mean = self._kept
        super()._send_cell_min_max(sendings)
        seen.lowest, seen.highest, seen.mean = now


class _LimitsKeptWhenBlind(Transmitter):
    """Without cell voltages it goes on telling the limits of the last ones."""

    def _send_limits(self, sendings: Sendings) -> None:
        faults = self._bms.faults
        word = faults.word
        faults.word &= ~mask(Fault.CELL_VOLTAGE_LOST, Fault.AFE_CHAIN_FAULT, Fault.AFE_MODULE_LOST)
        states = self._bms.states
        true = states.state
        if word != faults.word and true is State.ERROR:
            states.state = State.STANDBY
        super()._send_limits(sendings)
        faults.word, states.state = word, true


class _SignsOfLimitsSwapped(CurrentMonitor):
    """The limit of charging is held against a discharge, and the other way round."""

    def _limits(self, milliampere: int) -> None:
        super()._limits(-milliampere)


class _ColdReadsHot(TemperatureMonitor):
    """A temperature below zero has no sign: -1 degC is 127 degC."""

    def sweep(
        self, temperatures: TemperatureInput, *, charging: bool, driving: bool, cell_dropped: bool
    ) -> None:
        raw = temperatures.raw
        temperatures.raw = [value + 512 if 0 < value < _FREEZING_RAW else value for value in raw]
        super().sweep(temperatures, charging=charging, driving=driving, cell_dropped=cell_dropped)
        temperatures.raw = raw


class _ColdRuleEndsAtZero(TemperatureMonitor):
    """What is colder than 0 degC is read as 0 degC, so that no rule for cold acts."""

    def sweep(
        self, temperatures: TemperatureInput, *, charging: bool, driving: bool, cell_dropped: bool
    ) -> None:
        raw = temperatures.raw
        temperatures.raw = [max(value, _FREEZING_RAW) if value else value for value in raw]
        super().sweep(temperatures, charging=charging, driving=driving, cell_dropped=cell_dropped)
        temperatures.raw = raw


class _InsulationAfterOpening(InsulationMonitor):
    """Its own measurement, begun anew a second after the contactors have opened, is taken for a fault."""

    _samples_open = 0
    _was_closed = False

    def sample(self, insulation: InsulationInput, contactors: ContactorInput) -> None:
        super().sample(insulation, contactors)
        closed = contactors.plus == 1
        self._was_closed = self._was_closed or closed
        self._samples_open = 0 if closed or not self._was_closed else self._samples_open + 1
        if self._samples_open == 10:
            self._faults.event(Fault.INSULATION_FAULT)


class _DropsToZero(Transmitter):
    """The state of charge is told as zero below 10 %."""

    def _send_pack_values(self, sendings: Sendings) -> None:
        estimate = self._bms.estimate
        true = estimate.soc
        if true is not None and true < 0.1:
            estimate.soc = 0.0
        super()._send_pack_values(sendings)
        estimate.soc = true


class _JumpsAtCharge(ChargeEstimate):
    """The charge counted before is added where it has to be taken off, once, when charging begins."""

    __slots__ = ("_jumped",)

    def current(self, now_ns: int, milliampere: int) -> None:
        super().current(now_ns, milliampere)
        if self.soc is not None and milliampere < -1000 and not getattr(self, "_jumped", False):
            self._jumped = True
            self.soc = min(1.0, self.soc + 0.08)


class _NothingRemembered(ChargeEstimate):
    """The state of charge begins at 15 % after each start, whatever the cells say."""

    __slots__ = ()

    def sweep(self, now_ns: int, mean_v: float) -> None:
        if self.soc is None:
            self.soc = 0.15
        super().sweep(now_ns, mean_v)


class _ThirdSensorUnread(TemperatureMonitor):
    """The register of the third sensor is that of the second one."""

    def sweep(
        self, temperatures: TemperatureInput, *, charging: bool, driving: bool, cell_dropped: bool
    ) -> None:
        raw = temperatures.raw
        temperatures.raw = [raw[1] if k == 2 else value for k, value in enumerate(raw)]
        super().sweep(temperatures, charging=charging, driving=driving, cell_dropped=cell_dropped)
        temperatures.raw = raw


class _EighthSensorOff(TemperatureMonitor):
    """A sensor that once read nonsense is left out for good: number 8."""

    def sweep(
        self, temperatures: TemperatureInput, *, charging: bool, driving: bool, cell_dropped: bool
    ) -> None:
        raw = temperatures.raw
        temperatures.raw = [raw[6] if k == 7 else value for k, value in enumerate(raw)]
        super().sweep(temperatures, charging=charging, driving=driving, cell_dropped=cell_dropped)
        temperatures.raw = raw


class _OnlyWhileOpen(TemperatureMonitor):
    """Temperatures are checked when the contactors are to close, and not afterwards."""

    def sweep(
        self, temperatures: TemperatureInput, *, charging: bool, driving: bool, cell_dropped: bool
    ) -> None:
        if not (charging or driving):
            super().sweep(temperatures, charging=charging, driving=driving, cell_dropped=cell_dropped)


class _ChargingByCurrent(TemperatureMonitor):
    """The limits of charging count from 3 A on, not by the charger: braking trips, a slow charge in frost does not."""

    def sweep(
        self, temperatures: TemperatureInput, *, charging: bool, driving: bool, cell_dropped: bool
    ) -> None:
        super().sweep(temperatures, charging=False, driving=driving or charging, cell_dropped=cell_dropped)


class _LastWireUnchecked(AfeMonitor):
    """The open wire test compares the wrong direction for the last cell."""

    def sample(self, afe: AfeInput, crcs: tuple[int, int] | None) -> None:
        true = afe.open_wire
        if true in (96, 97):
            afe.open_wire = 0
        super().sample(afe, crcs)
        afe.open_wire = true


class _PecNotReset(AfeMonitor):
    """One broken transfer is told for ever."""

    _once = False

    def sample(self, afe: AfeInput, crcs: tuple[int, int] | None) -> None:
        self._once = self._once or afe.status == 1
        true = afe.status
        afe.status = 1 if self._once else true
        super().sample(afe, crcs)
        afe.status = true


class _CrashByCurrent(CurrentMonitor):
    """To open under current is taken for a crash."""

    def sample(self, current: CurrentInput, all_open: bool) -> None:
        super().sample(current, all_open)
        opened = self._faults.word & mask(Fault.CELL_OVERVOLTAGE, Fault.HVIL_OPEN, Fault.OVERTEMPERATURE)
        if opened and abs(current.milliampere) > 10_000:
            self._faults.event(Fault.CRASH_DETECTED)


_BE = "dalathegreat/Battery-Emulator"
_DIY = "stuartpittaway/diyBMSv4ESP32"
_LS = "LibreSolar/bms-firmware"
_UBC = "UBCFormulaElectric/Consolidated-Firmware"

DEFECTS: dict[str, Mutant] = {
    "task_of_32_seconds": replaced(
        "looks at temperatures for 33 s, and not for the next 33 s (softwarecrash/Daly2MQTT #130)",
        temperatures=_SignedClock,
    ),
    "tells_pack_for_link": replaced(
        f"tells the pack's voltage as that of the link before it has precharged ({_BE} #2903)",
        transmitter=_TellsPackForLink,
    ),
    "limits_stay_in_error": replaced(
        f"goes on allowing currents while a critical fault is active ({_BE} #177)",
        transmitter=_LimitsStayInError,
    ),
    "limits_swapped": replaced(
        "tells the limits of charge and discharge in each other's place (ai-republic/bms-to-inverter #81)",
        transmitter=_LimitsSwapped,
    ),
    "charge_voltage_drifts": replaced(
        f"asks for a charge voltage that is too high after a while ({_DIY} #322)",
        transmitter=_ChargeVoltageDrifts,
    ),
    "current_sign_turned": replaced(
        "tells a charge where the pack is discharged (Louisvdw/dbus-serialbattery #65)",
        transmitter=_SignTurned,
    ),
    "min_max_stand": replaced(
        f"tells the lowest and highest cell as they were at the start ({_BE} #543)", transmitter=_MinMaxStand
    ),
    "limits_kept_when_blind": replaced(
        "tells the last limits when the cells are lost (mr-manuel/venus-os_dbus-serialbattery #4)",
        transmitter=_LimitsKeptWhenBlind,
    ),
    "overcurrent_by_wrong_sign": replaced(
        f"holds the limit of charging against a discharge ({_BE} #2919)", current=_SignsOfLimitsSwapped
    ),
    "cold_reads_hot": replaced(
        "reads a temperature below zero as a hot one (syssi/esphome-basen-bms #29)",
        temperatures=_ColdReadsHot,
    ),
    "cold_rule_ends_at_zero": replaced(
        f"has no rule for temperatures below zero ({_DIY} #154)", temperatures=_ColdRuleEndsAtZero
    ),
    "insulation_after_opening": replaced(
        f"stores an insulation fault after each opening ({_BE} #2880)", insulation=_InsulationAfterOpening
    ),
    "soc_drops_to_zero": replaced(
        f"tells a state of charge of zero where it is low ({_BE} #1176)", transmitter=_DropsToZero
    ),
    "soc_jumps_at_charge": replaced(
        "lets the state of charge jump when charging begins (foxBMS/foxbms-2 #82)", estimate=_JumpsAtCharge
    ),
    "soc_not_remembered": replaced(
        f"begins with an arbitrary state of charge after each start ({_DIY} #271)",
        estimate=_NothingRemembered,
    ),
    "third_sensor_unread": replaced(
        f"reads the second sensor in place of the third ({_LS} #33)", temperatures=_ThirdSensorUnread
    ),
    "eighth_sensor_off": replaced(
        f"leaves out a sensor that once read nonsense ({_UBC} #1698)", temperatures=_EighthSensorOff
    ),
    "temperatures_only_while_open": replaced(
        "checks temperatures only before it closes (LibreSolar/bq769x0_mbed_lib #10)",
        temperatures=_OnlyWhileOpen,
    ),
    "charging_by_current": replaced(
        f"knows charging by the current alone ({_UBC} #1281)", temperatures=_ChargingByCurrent
    ),
    "last_wire_unchecked": replaced(
        "does not find the open wire of the last cell (analogdevicesinc/Linduino #59)", afe=_LastWireUnchecked
    ),
    "pec_not_reset": replaced(
        "tells one broken transfer of the front end for ever (analogdevicesinc/Linduino #53)",
        afe=_PecNotReset,
    ),
    "crash_by_opening": replaced(
        "takes an opening under current for a crash (openvehicles/Open-Vehicle-Monitoring-System-3 #1405)",
        current=_CrashByCurrent,
    ),
    "short_circuit_alert_masked": calibrated(
        f"masks the alert of a short circuit ({_LS} #80)", short_circuit_frames=10_000
    ),
    "imbalance_limit_wide": calibrated(f"tolerates cells 400 mV apart ({_BE} #2943)", imbalance_v=0.400),
}

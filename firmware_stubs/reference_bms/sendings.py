"""What the BMS says, and when: the schedule of its frames."""

from collections.abc import Callable
from typing import Protocol

from bench.trace.events import CanFrame
from firmware_stubs.reference_bms import outputs
from firmware_stubs.reference_bms.cell_monitor import CellMonitor
from firmware_stubs.reference_bms.charge_estimate import ChargeEstimate
from firmware_stubs.reference_bms.dtc_memory import DtcMemory
from firmware_stubs.reference_bms.faults import (
    DERATES,
    INHIBITS_CHARGE,
    INHIBITS_RESTART,
    LATCHING,
    Fault,
    FaultMemory,
    mask,
)
from firmware_stubs.reference_bms.inputs import Inputs
from firmware_stubs.reference_bms.limits import CELLS, Limits
from firmware_stubs.reference_bms.measurement import NEVER_NS, cell_raw
from firmware_stubs.reference_bms.state_machine import Coils, State, StateMachine
from firmware_stubs.reference_bms.temperature_monitor import TemperatureMonitor

_OVERVOLTAGE = mask(Fault.CELL_OVERVOLTAGE, Fault.CELL_OVERVOLTAGE_WARNING)
_UNDERVOLTAGE = mask(Fault.CELL_UNDERVOLTAGE, Fault.CELL_UNDERVOLTAGE_WARNING)
_INSULATION_FAULT = mask(Fault.INSULATION_FAULT)
_INSULATION_WARNING = mask(Fault.INSULATION_WARNING)
_INSULATION_LOST = mask(Fault.INSULATION_MONITOR_LOST)
_RUNAWAY = mask(Fault.THERMAL_RUNAWAY)
_HOT = _RUNAWAY | mask(Fault.OVERTEMPERATURE_WARNING, Fault.OVERTEMPERATURE, Fault.OVERTEMPERATURE_CHARGE)
_TABLE_LENGTH = 200

Sendings = list[tuple[str, CanFrame]]


class Inside(Protocol):
    """What of the BMS goes out in its frames."""

    limits: Limits
    inputs: Inputs
    dtcs: DtcMemory
    faults: FaultMemory
    coils: Coils
    states: StateMachine
    estimate: ChargeEstimate
    cell_monitor: CellMonitor
    temperature_monitor: TemperatureMonitor
    pyro: int


class Transmitter:
    """Once a base task, after everything else."""

    def __init__(self, bms: Inside, build_hash: bytes, cause: int, boots: int) -> None:
        self._bms = bms
        self._full_raw = cell_raw(bms.limits.full_v)
        self._empty_raw = cell_raw(bms.limits.uv_warn_v)
        self._task = 0
        self._group = 0
        self._state_frame = outputs.StateFrame()
        self._faults_frame = outputs.FaultsFrame()
        self._faults2_frame = outputs.Faults2Frame()
        self._contactors_frame = outputs.ContactorsFrame()
        self._health_frame = outputs.HealthFrame()
        self._pyro_sent = 0
        self._identity = outputs.identity_pages(bms.limits, build_hash, cause, boots)
        self._schedule = self._plan()

    def step(self) -> Sendings:
        bms = self._bms
        sendings: Sendings = []
        for send in self._schedule[self._task % _TABLE_LENGTH]:
            send(sendings)
        if bms.faults.word != self._faults_frame.sent_word:
            self._send_faults(sendings)
        if bms.pyro != self._pyro_sent:
            self._send_contactors(sendings)
        if bms.dtcs.fresh:
            for index in bms.dtcs.fresh:
                sendings.append(("vehicle", CanFrame(0x103, outputs.encode_dtc(bms.dtcs, index))))
            bms.dtcs.fresh.clear()
        self._task += 1
        return sendings

    def _plan(self) -> list[tuple[Callable[[Sendings], None], ...]]:
        """What is due in each base task of a 2 s turn: (period, phase) in base tasks, phases spread."""
        due = (
            (1, 0, self._send_state), (2, 0, self._send_faults), (2, 1, self._send_contactors),
            (2, 1, self._send_pack_values), (10, 0, self._send_cell_voltages), (10, 2, self._send_dtc),
            (10, 4, self._send_limits), (10, 6, self._send_cell_min_max), (10, 8, self._send_insulation),
            (100, 12, self._send_temperatures), (100, 3, self._send_identity), (100, 18, self._send_health),
        )  # fmt: skip
        return [
            tuple(send for period, phase, send in due if task % period == phase)
            for task in range(_TABLE_LENGTH)
        ]

    def _send_state(self, sendings: Sendings) -> None:
        bms = self._bms
        faults, coils = bms.faults, bms.coils
        word = faults.word
        flags = bms.states.state << 12 | coils.plus << 21 | coils.minus << 22 | coils.precharge << 23
        code = 0
        if word:
            failed = word & LATCHING
            flags |= (
                bool(faults.latched) << 16 | bool(word & ~LATCHING) << 17 | bool(failed) << 18
                | bool(word & INHIBITS_RESTART) << 19 | bool(word & INHIBITS_CHARGE) << 20
            )  # fmt: skip
            code = faults.first_latched_code()
        mode = min(bms.inputs.command.mode, 2)
        data = self._state_frame.encode(flags, code, mode, len(bms.dtcs), self._task)
        sendings.append(("vehicle", CanFrame(0x100, data)))

    def _send_faults(self, sendings: Sendings) -> None:
        faults = self._bms.faults
        word = faults.word
        worst = 0
        if word & _OVERVOLTAGE:
            worst = self._bms.cell_monitor.highest_index + 1
        elif word & _UNDERVOLTAGE:
            worst = self._bms.cell_monitor.lowest_index + 1
        hottest = self._bms.temperature_monitor.highest_index + 1 if word & _HOT else 0
        sendings.append(("vehicle", CanFrame(0x101, self._faults_frame.encode(faults, worst))))
        sendings.append(("vehicle", CanFrame(0x104, self._faults2_frame.encode(faults, hottest))))

    def _send_contactors(self, sendings: Sendings) -> None:
        bms = self._bms
        seen, word = bms.inputs.contactors, bms.faults.word
        self._pyro_sent = bms.pyro
        lines = seen.hvil_closed | seen.crash << 1 | bms.pyro << 2
        if word:
            lines |= bool(word & _HOT) << 3 | bool(word & _RUNAWAY) << 4
        data = self._contactors_frame.encode(seen.plus, seen.minus, seen.precharge, lines, seen.supply_raw)
        sendings.append(("vehicle", CanFrame(0x102, data)))

    def _send_dtc(self, sendings: Sendings) -> None:
        dtcs = self._bms.dtcs
        if not dtcs.fresh:  # a new one goes out in this base task anyway
            sendings.append(("vehicle", CanFrame(0x103, outputs.encode_dtc(dtcs, dtcs.next_index()))))

    def _send_limits(self, sendings: Sendings) -> None:
        bms = self._bms
        limits, word, cells = bms.limits, bms.faults.word, bms.cell_monitor
        full = cells.highest >= self._full_raw
        error = bms.states.state is State.ERROR  # also where what led there has healed
        charge_a = 0.0 if full or error or word & INHIBITS_CHARGE else limits.charge_limit_a
        empty = cells.lowest <= self._empty_raw
        discharge_a = 0.0 if empty or error else limits.discharge_limit_a
        if word & DERATES:
            discharge_a /= 2
        pack_v = bms.inputs.contactors.pack_raw * 0.05
        sendings.append(
            ("vehicle", CanFrame(0x110, outputs.encode_limits(charge_a, discharge_a, limits.full_v, pack_v)))
        )

    def _send_pack_values(self, sendings: Sendings) -> None:
        bms = self._bms
        soc = outputs.clamp(int((bms.estimate.soc or 0.0) * 1000), 1000)
        seen = bms.inputs.contactors
        data = outputs.encode_pack_values(seen.pack_raw, seen.link_raw, bms.inputs.current.milliampere, soc)
        sendings.append(("vehicle", CanFrame(0x111, data)))

    def _send_cell_min_max(self, sendings: Sendings) -> None:
        seen = self._bms.cell_monitor
        data = outputs.encode_cell_min_max(
            seen.lowest, seen.highest, seen.lowest_index, seen.highest_index, seen.mean
        )
        sendings.append(("vehicle", CanFrame(0x112, data)))

    def _send_temperatures(self, sendings: Sendings) -> None:
        seen = self._bms.temperature_monitor
        data = outputs.encode_temperature_min_max(
            seen.lowest, seen.highest, seen.lowest_index, seen.highest_index
        )
        sendings.append(("vehicle", CanFrame(0x113, data)))

    def _send_cell_voltages(self, sendings: Sendings) -> None:
        """The frames have the layout of the AFE's, so a group is passed on as it came."""
        group = self._group
        self._group = (group + 1) % (CELLS // 4)
        data = self._bms.inputs.cells.groups[group]
        if len(data) == 8:
            sendings.append(("vehicle", CanFrame(0x114, data)))

    def _send_insulation(self, sendings: Sendings) -> None:
        word, seen = self._bms.faults.word, self._bms.inputs.insulation
        status = 0
        if seen.heard_ns == NEVER_NS or word & _INSULATION_LOST:
            status = 3
        elif word & _INSULATION_FAULT:
            status = 2
        elif word & _INSULATION_WARNING:
            status = 1
        data = outputs.encode_insulation(seen.plus_hectoohm, seen.minus_hectoohm, status)
        sendings.append(("vehicle", CanFrame(0x115, data)))

    def _send_health(self, sendings: Sendings) -> None:
        seen = self._bms.estimate
        data = self._health_frame.encode(seen.soc or 0.0, seen.soh, seen.capacity_ah)
        sendings.append(("vehicle", CanFrame(0x116, data)))

    def _send_identity(self, sendings: Sendings) -> None:
        """Two pages in turn, the build's first: who tests a build wants to know it before anything else."""
        sendings.append(("vehicle", CanFrame(0x1F0, self._identity[1 - self._task // 100 % 2])))

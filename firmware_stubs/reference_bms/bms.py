"""The BMS as a whole: frames in, a base task every 10 ms, frames out. It never reads a clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.trace.events import CanFrame
from bench.units import NS_PER_S
from firmware_stubs.reference_bms import outputs
from firmware_stubs.reference_bms.contactor_supervision import ContactorSupervision
from firmware_stubs.reference_bms.dtc_memory import CODES, DtcMemory
from firmware_stubs.reference_bms.faults import (
    INHIBITS_CHARGE,
    INHIBITS_RESTART,
    LATCHING,
    Fault,
    FaultMemory,
    mask,
)
from firmware_stubs.reference_bms.limits import CELLS, Limits
from firmware_stubs.reference_bms.measurement import (
    NEVER_NS,
    CellInput,
    CommandInput,
    ContactorInput,
    CurrentInput,
    InsulationInput,
    TemperatureInput,
    cell_raw,
)
from firmware_stubs.reference_bms.monitors import (
    CellMonitor,
    CurrentMonitor,
    InsulationMonitor,
    LineMonitor,
    TemperatureMonitor,
)
from firmware_stubs.reference_bms.state_machine import Coils, State, StateMachine
from firmware_stubs.reference_bms.uds import REQUEST_ID, UdsServer

BASE_TASK_NS = 10_000_000
CELLS_TIMEOUT_NS = 500_000_000
TEMPERATURES_TIMEOUT_NS = 3_000_000_000
CURRENT_TIMEOUT_NS = 100_000_000
INSULATION_TIMEOUT_NS = 1_000_000_000
FEEDBACK_TIMEOUT_NS = 100_000_000
COMMAND_TIMEOUT_NS = 200_000_000

_OVERVOLTAGE = mask(Fault.CELL_OVERVOLTAGE, Fault.CELL_OVERVOLTAGE_WARNING)
_UNDERVOLTAGE = mask(Fault.CELL_UNDERVOLTAGE, Fault.CELL_UNDERVOLTAGE_WARNING)
_INSULATION_FAULT = mask(Fault.INSULATION_FAULT)
_INSULATION_WARNING = mask(Fault.INSULATION_WARNING)
_INSULATION_LOST = mask(Fault.INSULATION_MONITOR_LOST)
_TABLE_LENGTH = 200

Sendings = list[tuple[str, CanFrame]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a mutant may replace. The reference takes every default."""

    cells: type[CellMonitor] = CellMonitor
    insulation: type[InsulationMonitor] = InsulationMonitor
    contactors: type[ContactorSupervision] = ContactorSupervision
    states: type[StateMachine] = StateMachine
    codes: Mapping[int, int] | None = None


class ReferenceBms:
    """Implements bench.dut.firmware.Firmware. Sends on 'vehicle' only."""

    period_ns = BASE_TASK_NS

    def __init__(
        self,
        limits: Limits | None = None,
        build_hash: bytes = bytes(4),
        mutant: Parts | None = None,
        dtcs: DtcMemory | None = None,
    ) -> None:
        parts = mutant or Parts()
        self.limits = limits or Limits()
        self.dtcs = DtcMemory(CODES if parts.codes is None else parts.codes) if dtcs is None else dtcs
        self._uds = UdsServer(
            self.dtcs,
            build_hash[:4].hex(),
            ".".join(map(str, outputs.VERSION)),
            lambda: ReferenceBms.__init__(
                self, limits, build_hash, mutant, self.dtcs
            ),  # a reset keeps the memory
        )
        self.faults = FaultMemory(self.dtcs)
        self.coils = Coils()
        self.states = parts.states(self.faults, self.coils)
        self._cells, self._temperatures = CellInput(), TemperatureInput()
        self._current, self._insulation = CurrentInput(), InsulationInput()
        self._contactors, self._command = ContactorInput(), CommandInput()
        self._cell_monitor = parts.cells(self.limits, self.faults)
        self._temperature_monitor = TemperatureMonitor(self.limits, self.faults)
        self._current_monitor = CurrentMonitor(self.limits, self.faults)
        self._insulation_monitor = parts.insulation(self.limits, self.faults)
        self._line_monitor = LineMonitor(self.faults)
        self._supervision = parts.contactors(self.faults)
        self._charge_ma_ns: int | None = None  # what is left in the cells; None until the first sweep
        self._capacity_ma_ns = round(self.limits.capacity_ah * 3600 * 1000) * NS_PER_S
        self._current_ns = NEVER_NS
        self._full_raw = cell_raw(self.limits.full_v)
        self._empty_raw = cell_raw(self.limits.uv_warn_v)
        self._task = 0
        self._group = 0
        self._state_frame = outputs.StateFrame()
        self._faults_frame = outputs.FaultsFrame()
        self._contactors_frame = outputs.ContactorsFrame()
        self._identity = outputs.identity_pages(self.limits, build_hash)
        self._schedule = self._plan()
        self._receivers: dict[tuple[str, int], Callable[[int, bytes], None]] = {
            ("sense", 0x300): self._receive_cells,
            ("sense", 0x301): self._receive_temperatures,
            ("sense", 0x302): self._receive_current,
            ("sense", 0x303): self._receive_insulation,
            ("sense", 0x304): self._receive_contactors,
            ("vehicle", 0x0A0): self._receive_command,
            ("vehicle", REQUEST_ID): self._uds.receive,
        }

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        receiver = self._receivers.get((channel, frame.can_id))
        if receiver is not None and not frame.extended and frame.data:
            receiver(now_ns, frame.data)

    def step(self, now_ns: int) -> Sendings:
        self._check_ages(now_ns)
        contactors = self._contactors
        self.states.step(
            now_ns,
            all_heard=self.states.state is not State.INIT or self._all_heard(),
            mode=self._command.mode,
            link_raw=contactors.link_raw,
            pack_raw=contactors.pack_raw,
        )
        sendings: Sendings = []
        for send in self._schedule[self._task % _TABLE_LENGTH]:
            send(sendings)
        if self.faults.word != self._faults_frame.sent_word:
            self._send_faults(sendings)
        if self.dtcs.fresh:
            for index in self.dtcs.fresh:
                sendings.append(("vehicle", CanFrame(0x103, outputs.encode_dtc(self.dtcs, index))))
            self.dtcs.fresh.clear()
        self._task += 1
        sendings += self._uds.step(now_ns)
        return sendings

    # --- inputs ---------------------------------------------------------------------------------------------

    def _receive_cells(self, now_ns: int, data: bytes) -> None:
        if self._cells.receive(now_ns, data):
            self._cell_monitor.sweep(self._cells, self._contactors)
            if self._charge_ma_ns is None:
                self._charge_ma_ns = round(self._rest_soc() * self._capacity_ma_ns)

    def _receive_temperatures(self, now_ns: int, data: bytes) -> None:
        if self._temperatures.receive(now_ns, data):
            self._temperature_monitor.sweep(self._temperatures, self.states.state is State.CHARGE)

    def _receive_current(self, now_ns: int, data: bytes) -> None:
        if self._current.receive(now_ns, data):
            milliampere = self._current.milliampere
            self._current_monitor.sample(milliampere)
            if self._charge_ma_ns is not None and self._current_ns != NEVER_NS:
                self._charge_ma_ns -= milliampere * (now_ns - self._current_ns)
            self._current_ns = now_ns

    def _receive_insulation(self, now_ns: int, data: bytes) -> None:
        if self._insulation.receive(now_ns, data):
            self._insulation_monitor.sample(self._insulation, self._contactors)

    def _receive_contactors(self, now_ns: int, data: bytes) -> None:
        if self._contactors.receive(now_ns, data):
            self._supervision.sample(now_ns, self.coils, self._contactors)
            self._line_monitor.sample(self._contactors)

    def _receive_command(self, now_ns: int, data: bytes) -> None:
        if self._command.receive(now_ns, data):
            self.states.reset_faults(self._command.mode)

    def _all_heard(self) -> bool:
        """Temperatures are slow (a sweep a second) and not waited for."""
        heard = (self._cells.complete_ns, self._current.heard_ns, self._insulation.heard_ns,
                 self._contactors.heard_ns, self._command.heard_ns)  # fmt: skip
        return NEVER_NS not in heard

    def _check_ages(self, now_ns: int) -> None:
        """Time-outs, and the state of E2E protection. Supervised once start-up is over."""
        if self.states.state is State.INIT:
            return
        cells, current, insulation = self._cells, self._current, self._insulation
        contactors, command = self._contactors, self._command
        report = self.faults.report
        report(Fault.CELL_VOLTAGE_LOST, now_ns - cells.complete_ns > CELLS_TIMEOUT_NS)
        report(Fault.CURRENT_SENSOR_LOST, now_ns - current.heard_ns > CURRENT_TIMEOUT_NS)
        report(Fault.CONTACTOR_FEEDBACK_LOST, now_ns - contactors.heard_ns > FEEDBACK_TIMEOUT_NS)
        report(Fault.INSULATION_MONITOR_LOST, now_ns - insulation.heard_ns > INSULATION_TIMEOUT_NS)
        report(Fault.VCU_COMMAND_LOST, now_ns - command.heard_ns > COMMAND_TIMEOUT_NS)
        # Before the first sweep of temperatures, their age counts from the end of start-up.
        since_ns = max(self._temperatures.complete_ns, self._started_ns(now_ns))
        report(Fault.TEMPERATURE_LOST, now_ns - since_ns > TEMPERATURES_TIMEOUT_NS)
        report(
            Fault.E2E_ERROR,
            current.e2e.failed or contactors.e2e.failed or insulation.e2e.failed or command.e2e.failed,
        )

    _start_ns: int | None = None

    def _started_ns(self, now_ns: int) -> int:
        if self._start_ns is None:
            self._start_ns = now_ns
        return self._start_ns

    def _rest_soc(self) -> float:
        """SoC of the mean cell by its open-circuit voltage, 0..1: a start value for coulomb counting."""
        volt = self._cell_monitor.mean * 0.0005 - 2.0
        table = self.limits.ocv_v
        steps = len(table) - 1
        for index in range(steps):
            low, high = table[index], table[index + 1]
            if volt < high:
                return max(0.0, index + (volt - low) / (high - low)) / steps
        return 1.0

    # --- outputs --------------------------------------------------------------------------------------------

    def _plan(self) -> list[tuple[Callable[[Sendings], None], ...]]:
        """What is due in each base task of a 2 s turn: (period, phase) in base tasks, phases spread."""
        due = (
            (1, 0, self._send_state), (2, 0, self._send_faults), (2, 1, self._send_contactors),
            (2, 1, self._send_pack_values), (10, 0, self._send_cell_voltages), (10, 2, self._send_dtc),
            (10, 4, self._send_limits), (10, 6, self._send_cell_min_max), (10, 8, self._send_insulation),
            (100, 12, self._send_temperatures), (100, 16, self._send_identity),
        )  # fmt: skip
        return [
            tuple(send for period, phase, send in due if task % period == phase)
            for task in range(_TABLE_LENGTH)
        ]

    def _send_state(self, sendings: Sendings) -> None:
        faults, coils = self.faults, self.coils
        word = faults.word
        state = self.states.state
        flags = state << 12 | coils.plus << 21 | coils.minus << 22 | coils.precharge << 23
        code = 0
        if word:
            failed = word & LATCHING
            flags |= (
                bool(faults.latched) << 16 | bool(word & ~LATCHING) << 17 | bool(failed) << 18
                | bool(word & INHIBITS_RESTART) << 19 | bool(word & INHIBITS_CHARGE) << 20
            )  # fmt: skip
            code = faults.first_latched_code()
        data = self._state_frame.encode(flags, code, min(self._command.mode, 2), len(self.dtcs), self._task)
        sendings.append(("vehicle", CanFrame(0x100, data)))

    def _send_faults(self, sendings: Sendings) -> None:
        word = self.faults.word
        worst = 0
        if word & _OVERVOLTAGE:
            worst = self._cell_monitor.highest_index + 1
        elif word & _UNDERVOLTAGE:
            worst = self._cell_monitor.lowest_index + 1
        sendings.append(("vehicle", CanFrame(0x101, self._faults_frame.encode(self.faults, worst))))

    def _send_contactors(self, sendings: Sendings) -> None:
        seen = self._contactors
        data = self._contactors_frame.encode(
            seen.plus, seen.minus, seen.precharge, seen.hvil_closed | seen.crash << 1, seen.supply_raw
        )
        sendings.append(("vehicle", CanFrame(0x102, data)))

    def _send_dtc(self, sendings: Sendings) -> None:
        if not self.dtcs.fresh:  # a new one goes out in this base task anyway
            sendings.append(
                ("vehicle", CanFrame(0x103, outputs.encode_dtc(self.dtcs, self.dtcs.next_index())))
            )

    def _send_limits(self, sendings: Sendings) -> None:
        limits, word = self.limits, self.faults.word
        cells = self._cell_monitor
        full = cells.highest >= self._full_raw
        charge_a = 0.0 if full or word & INHIBITS_CHARGE else limits.charge_limit_a
        empty = cells.lowest <= self._empty_raw
        discharge_a = 0.0 if empty or self.states.state is State.ERROR else limits.discharge_limit_a
        pack_v = self._contactors.pack_raw * 0.05
        sendings.append(
            ("vehicle", CanFrame(0x110, outputs.encode_limits(charge_a, discharge_a, limits.full_v, pack_v)))
        )

    def _send_pack_values(self, sendings: Sendings) -> None:
        soc = 0
        if self._charge_ma_ns is not None:
            soc = outputs.clamp(self._charge_ma_ns * 1000 // self._capacity_ma_ns, 1000)
        seen = self._contactors
        data = outputs.encode_pack_values(seen.pack_raw, seen.link_raw, self._current.milliampere, soc)
        sendings.append(("vehicle", CanFrame(0x111, data)))

    def _send_cell_min_max(self, sendings: Sendings) -> None:
        seen = self._cell_monitor
        data = outputs.encode_cell_min_max(
            seen.lowest, seen.highest, seen.lowest_index, seen.highest_index, seen.mean
        )
        sendings.append(("vehicle", CanFrame(0x112, data)))

    def _send_temperatures(self, sendings: Sendings) -> None:
        seen = self._temperature_monitor
        data = outputs.encode_temperature_min_max(
            seen.lowest, seen.highest, seen.lowest_index, seen.highest_index
        )
        sendings.append(("vehicle", CanFrame(0x113, data)))

    def _send_cell_voltages(self, sendings: Sendings) -> None:
        """The frames have the layout of the AFE's, so a group is passed on as it came."""
        group = self._group
        self._group = (group + 1) % (CELLS // 4)
        data = self._cells.groups[group]
        if len(data) == 8:
            sendings.append(("vehicle", CanFrame(0x114, data)))

    def _send_insulation(self, sendings: Sendings) -> None:
        word, seen = self.faults.word, self._insulation
        status = 0
        if seen.heard_ns == NEVER_NS or word & _INSULATION_LOST:
            status = 3
        elif word & _INSULATION_FAULT:
            status = 2
        elif word & _INSULATION_WARNING:
            status = 1
        data = outputs.encode_insulation(seen.plus_hectoohm, seen.minus_hectoohm, status)
        sendings.append(("vehicle", CanFrame(0x115, data)))

    def _send_identity(self, sendings: Sendings) -> None:
        sendings.append(("vehicle", CanFrame(0x1F0, self._identity[self._task // 100 % 2])))

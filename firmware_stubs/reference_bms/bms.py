"""The BMS as a whole: frames in, a base task every 10 ms, frames out. It never reads a clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.trace.events import CanFrame
from firmware_stubs.reference_bms import outputs
from firmware_stubs.reference_bms.afe_monitor import AfeMonitor, BalancingMonitor
from firmware_stubs.reference_bms.ages import Ages
from firmware_stubs.reference_bms.cell_monitor import CellMonitor
from firmware_stubs.reference_bms.charge_estimate import ChargeEstimate
from firmware_stubs.reference_bms.contactor_supervision import ContactorSupervision
from firmware_stubs.reference_bms.current_monitor import CurrentMonitor
from firmware_stubs.reference_bms.dtc_memory import CODES, DtcMemory
from firmware_stubs.reference_bms.faults import FIRES_PYRO, Fault, FaultMemory
from firmware_stubs.reference_bms.inputs import Inputs
from firmware_stubs.reference_bms.insulation_monitor import InsulationMonitor
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.line_monitor import LineMonitor
from firmware_stubs.reference_bms.nvm import Nvm, ResetCause
from firmware_stubs.reference_bms.sendings import Sendings, Transmitter
from firmware_stubs.reference_bms.state_machine import Coils, Mode, State, StateMachine
from firmware_stubs.reference_bms.temperature_monitor import TemperatureMonitor
from firmware_stubs.reference_bms.uds import REQUEST_ID, UdsServer

BASE_TASK_NS = 10_000_000
WATCHDOG_NS = 100_000_000  # the base task has not run for so long: the watchdog has reset the controller
_NS_PER_MS = 1_000_000
BOOT_NS = 50_000_000  # after a reset, nothing is said for this long
_ALL_OPEN_NS = 200_000_000  # current needs this long to be gone once the coils are off


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a mutant may replace. The reference takes every default."""

    afe: type[AfeMonitor] = AfeMonitor
    ages: type[Ages] = Ages
    cells: type[CellMonitor] = CellMonitor
    contactors: type[ContactorSupervision] = ContactorSupervision
    current: type[CurrentMonitor] = CurrentMonitor
    dtc_memory: type[DtcMemory] = DtcMemory
    fault_memory: type[FaultMemory] = FaultMemory
    inputs: type[Inputs] = Inputs
    insulation: type[InsulationMonitor] = InsulationMonitor
    lines: type[LineMonitor] = LineMonitor
    states: type[StateMachine] = StateMachine
    temperatures: type[TemperatureMonitor] = TemperatureMonitor
    transmitter: type[Transmitter] = Transmitter
    estimate: type[ChargeEstimate] = ChargeEstimate
    uds: type[UdsServer] = UdsServer
    codes: Mapping[int, int] | None = None
    fires_pyro: int = FIRES_PYRO


class ReferenceBms:
    """Implements bench.dut.firmware.Firmware. Sends on 'vehicle' only."""

    period_ns = BASE_TASK_NS

    def __init__(
        self,
        limits: Limits | None = None,
        build_hash: bytes = bytes(4),
        mutant: Parts | None = None,
        nvm: Nvm | None = None,
    ) -> None:
        """`nvm`: that of the life before, for a restart; a new one by default."""
        self.limits = limits or Limits()
        self._parts = mutant or Parts()
        self._build_hash = build_hash
        self._nvm = nvm or Nvm()
        self._boot(quiet=self._nvm.boots > 0)

    def _boot(self, quiet: bool) -> None:
        """Everything a reset forgets is made anew; what it does not stands in the NVM."""
        limits, nvm, parts = self.limits, self._nvm, self._parts
        cause = nvm.boot()
        self.dtcs = parts.dtc_memory(CODES if parts.codes is None else parts.codes, nvm.dtcs)
        self.faults = parts.fault_memory(self.dtcs, nvm)
        self.coils = Coils()
        self.states = parts.states(limits, self.faults, self.coils)
        self.estimate = parts.estimate(limits)
        self.inputs = inputs = parts.inputs()
        self._ages = parts.ages(limits, self.faults, inputs)
        self._afe_monitor = parts.afe(limits, self.faults)
        self._balancing_monitor = BalancingMonitor(limits, self.faults)
        self.cell_monitor = parts.cells(limits, self.faults)
        self.temperature_monitor = parts.temperatures(limits, self.faults)
        self._current_monitor = parts.current(limits, self.faults)
        self._insulation_monitor = parts.insulation(limits, self.faults)
        self._line_monitor = parts.lines(limits, self.faults)
        self._supervision = parts.contactors(limits, self.faults)
        self._uds = parts.uds(
            self.dtcs,
            self._build_hash[:4].hex(),
            ".".join(map(str, outputs.VERSION)),
            lambda: self.reset(ResetCause.SOFTWARE),
        )
        self._transmitter = parts.transmitter(self, self._build_hash, cause, nvm.boots)
        self._receivers: dict[tuple[str, int], Callable[[int, bytes], None]] = {
            ("sense", 0x300): self._receive_cells,
            ("sense", 0x301): self._receive_temperatures,
            ("sense", 0x302): self._receive_current,
            ("sense", 0x303): self._receive_insulation,
            ("sense", 0x304): self._receive_contactors,
            ("sense", 0x306): self._receive_afe,
            ("sense", 0x307): self._receive_balancing,
            ("vehicle", 0x0A0): self._receive_command,
            ("vehicle", 0x200): inputs.vehicle.receive_only,
            ("vehicle", 0x210): inputs.charger.receive_only,
            ("vehicle", REQUEST_ID): self._uds.receive,
        }
        self._fresh_sweep = False
        self._open_since_ns: int | None = None
        self._stepped_ns: int | None = None
        self._silent_until_ns: int | None = None
        self._quiet = quiet
        self.pyro = 0
        if nvm.closed:
            nvm.closed = False
            self.faults.event(Fault.CONTROLLER_RESET)

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        receiver = self._receivers.get((channel, frame.can_id))
        if receiver is not None and not frame.extended and frame.data:
            receiver(now_ns, frame.data)

    def step(self, now_ns: int) -> Sendings:
        if self._stepped_ns is not None and now_ns - self._stepped_ns > WATCHDOG_NS:
            self.reset(ResetCause.WATCHDOG)
        if self._quiet:
            if self._silent_until_ns is None:
                self._silent_until_ns = now_ns + BOOT_NS
            self._stepped_ns = now_ns
            if now_ns < self._silent_until_ns:
                return []
            self._quiet = False
        self._stepped_ns = now_ns
        states = self.states
        if states.state is not State.INIT:
            self._ages.check(now_ns, charging=states.charging or self._asked == Mode.CHARGE)
        inputs = self.inputs
        contactors = inputs.contactors
        states.step(
            now_ns,
            all_heard=states.state is not State.INIT or inputs.all_heard(),
            mode=inputs.command.mode if self._permitted(now_ns) else Mode.OFF,
            link_raw=contactors.link_raw,
            pack_raw=contactors.pack_raw,
        )
        self._remember_coils(now_ns)
        if self.faults.word & self._parts.fires_pyro:
            self.pyro = 1
        sendings = self._transmitter.step()
        sendings += self._uds.step(now_ns)
        return sendings

    def reset(self, cause: ResetCause) -> None:
        """The controller starts again: RAM is lost, the NVM is not, and the coils are off."""
        self._nvm.next_cause = cause
        self._boot(quiet=True)

    def pull_reset(self) -> None:
        """The reset line, from outside."""
        self.reset(ResetCause.EXTERNAL)

    @property
    def _asked(self) -> int:
        """The mode that is asked for in standby."""
        return self.inputs.command.mode if self.states.state is State.STANDBY else Mode.OFF

    def _permitted(self, now_ns: int) -> bool:
        """To begin to close takes clamp 15 and, to charge, a charger that is heard."""
        asked, inputs = self._asked, self.inputs
        if asked == Mode.CHARGE:
            charger_ns = inputs.charger.heard_ns
            timeout_ns = self.limits.charger_timeout_ms * _NS_PER_MS
            if charger_ns < 0 or now_ns - charger_ns > timeout_ns:
                return False
        return not asked or inputs.contactors.clamp_15

    @property
    def closed(self) -> bool:
        return self.states.state in (State.DRIVE, State.CHARGE)

    @property
    def _closes(self) -> bool:
        return self.states.state in (State.PRECHARGE, State.DRIVE, State.CHARGE)

    def _remember_coils(self, now_ns: int) -> None:
        coils, nvm = self.coils, self._nvm
        if coils.plus or coils.minus or coils.precharge:
            self._open_since_ns = None
            nvm.closed = True
        elif self._open_since_ns is None:
            self._open_since_ns = now_ns
            nvm.closed = False

    # --- inputs ---------------------------------------------------------------------------------------------

    def _receive_cells(self, now_ns: int, data: bytes) -> None:
        inputs = self.inputs
        if inputs.cells.receive(now_ns, data):
            self._fresh_sweep = True
            self.cell_monitor.sweep(inputs.cells, inputs.contactors, self.closed)
            self.estimate.sweep(now_ns, self.cell_monitor.mean * 0.0005 - 2.0)

    def _receive_temperatures(self, now_ns: int, data: bytes) -> None:
        if self.inputs.temperatures.receive(now_ns, data):
            state = self.states.state
            self.temperature_monitor.sweep(
                self.inputs.temperatures,
                charging=state is State.CHARGE,
                driving=state is State.DRIVE,
                cell_dropped=self.cell_monitor.dropped,
            )

    def _receive_current(self, now_ns: int, data: bytes) -> None:
        current = self.inputs.current
        if current.receive(now_ns, data):
            since_ns = self._open_since_ns
            self._current_monitor.sample(current, since_ns is not None and now_ns - since_ns >= _ALL_OPEN_NS)
            self.estimate.current(now_ns, current.milliampere)

    def _receive_insulation(self, now_ns: int, data: bytes) -> None:
        if self.inputs.insulation.receive(now_ns, data):
            self._insulation_monitor.sample(self.inputs.insulation, self.inputs.contactors)

    def _receive_contactors(self, now_ns: int, data: bytes) -> None:
        inputs = self.inputs
        if inputs.contactors.receive(now_ns, data):
            self._supervision.sample(now_ns, self.coils, inputs.contactors)
            self._line_monitor.sample(
                now_ns, inputs.contactors, driving=self._closes or bool(self._asked), fired=bool(self.pyro),
                crash_flag=inputs.vehicle.crash,
            )  # fmt: skip

    def _receive_afe(self, now_ns: int, data: bytes) -> None:
        inputs = self.inputs
        if inputs.afe.receive(now_ns, data):
            self._afe_monitor.sample(inputs.afe, inputs.cells.crcs if self._fresh_sweep else None)
            self._fresh_sweep = False

    def _receive_balancing(self, now_ns: int, data: bytes) -> None:
        if self.inputs.balancing.receive(now_ns, data):
            self._balancing_monitor.sample(self.inputs.balancing)

    def _receive_command(self, now_ns: int, data: bytes) -> None:
        command = self.inputs.command
        if command.receive(now_ns, data):
            self.states.reset_faults(command.mode)

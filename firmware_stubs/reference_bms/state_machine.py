"""Init, standby, precharge, drive, charge, error: who may close contactors, and when they open."""

from enum import IntEnum

from firmware_stubs.reference_bms.faults import (
    BLOCKS_CLOSING,
    INHIBITS_CHARGE,
    INSULATION_FAULT,
    OPENS_AFTER_DELAY,
    OPENS_AT_ONCE,
    Fault,
    FaultMemory,
)

OPENING_DELAY_NS = 200_000_000
PRECHARGE_TIMEOUT_NS = 1_000_000_000
PRECHARGE_OVERLAP_NS = 50_000_000
PRECHARGE_SHARE = 0.95
_HIGH_VOLTAGE_RAW = 1200  # 60 V in units of 50 mV


class State(IntEnum):
    INIT = 0
    STANDBY = 1
    PRECHARGE = 2
    DRIVE = 3
    CHARGE = 4
    ERROR = 5


class Mode(IntEnum):
    OFF = 0
    DRIVE = 1
    CHARGE = 2


class Coils:
    """The three coil commands, 0 or 1."""

    __slots__ = ("minus", "plus", "precharge")

    def __init__(self) -> None:
        self.plus = self.minus = self.precharge = 0

    def open(self) -> None:
        self.plus = self.minus = self.precharge = 0


class StateMachine:
    """Runs once a base task."""

    def __init__(self, faults: FaultMemory, coils: Coils) -> None:
        self.state = State.INIT
        self.entered_ns = 0
        self._faults = faults
        self._coils = coils
        self._open_at_ns: int | None = None
        self._overlap_until_ns: int | None = None
        self._target = State.DRIVE

    def step(self, now_ns: int, *, all_heard: bool, mode: int, link_raw: int, pack_raw: int) -> None:
        """Advance by one base task; voltages in units of 50 mV."""
        state = self.state
        if state is not State.ERROR and self._must_open(now_ns):
            self.enter_error(now_ns)
            return
        if state is State.INIT:
            if all_heard:
                self._enter(State.STANDBY, now_ns)
        elif state is State.STANDBY:
            if mode and self._may_close(mode):
                self._target = State.DRIVE if mode == Mode.DRIVE else State.CHARGE
                self._coils.minus = self._coils.precharge = 1
                self._enter(State.PRECHARGE, now_ns)
        elif state is State.ERROR:
            self.stay_in_error(now_ns)
            if not self._faults.latched and mode == Mode.OFF:
                self._coils.open()
                self._enter(State.STANDBY, now_ns)
        elif mode == Mode.OFF:
            self._coils.open()
            self._enter(State.STANDBY, now_ns)
        elif state is State.PRECHARGE:
            self._precharge(now_ns, link_raw, pack_raw)

    def reset_faults(self, mode: int) -> None:
        """FaultReset of the vehicle: heeded only with ModeRequest Off."""
        if mode == Mode.OFF:
            self._faults.reset()

    def enter_error(self, now_ns: int) -> None:
        self._coils.open()
        self._enter(State.ERROR, now_ns)

    def stay_in_error(self, now_ns: int) -> None:
        """Nothing happens in the error state."""

    def _enter(self, state: State, now_ns: int) -> None:
        self.state = state
        self.entered_ns = now_ns
        self._open_at_ns = None
        self._overlap_until_ns = None

    def _may_close(self, mode: int) -> bool:
        blocking = BLOCKS_CLOSING if mode == Mode.DRIVE else BLOCKS_CLOSING | INHIBITS_CHARGE
        return mode in (Mode.DRIVE, Mode.CHARGE) and not self._faults.word & blocking

    def _must_open(self, now_ns: int) -> bool:
        word = self._faults.word
        if word & OPENS_AT_ONCE:
            return True
        charging = self.state is State.CHARGE or (
            self.state is State.PRECHARGE and self._target is State.CHARGE
        )
        if not word & (OPENS_AFTER_DELAY | INSULATION_FAULT if charging else OPENS_AFTER_DELAY):
            return False
        if self._open_at_ns is None:
            self._open_at_ns = now_ns + OPENING_DELAY_NS
        return now_ns >= self._open_at_ns

    def _precharge(self, now_ns: int, link_raw: int, pack_raw: int) -> None:
        if self._overlap_until_ns is not None:
            if now_ns >= self._overlap_until_ns:
                self._coils.precharge = 0
                self._enter(self._target, now_ns)
        elif pack_raw >= _HIGH_VOLTAGE_RAW and link_raw >= PRECHARGE_SHARE * pack_raw:
            self._coils.plus = 1
            self._overlap_until_ns = now_ns + PRECHARGE_OVERLAP_NS
        elif now_ns - self.entered_ns >= PRECHARGE_TIMEOUT_NS:
            # An event, not a condition: latched, and its cause is over with the attempt.
            self._faults.report(Fault.PRECHARGE_FAILED, True)
            self._faults.report(Fault.PRECHARGE_FAILED, False)
            self.enter_error(now_ns)

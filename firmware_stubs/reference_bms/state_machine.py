"""Init, standby, precharge, drive, charge, error: who may close contactors, and when they open."""

from enum import IntEnum

from firmware_stubs.reference_bms.faults import (
    BLOCKS_CLOSING,
    INHIBITS_CHARGE,
    INSULATION_FAULT,
    OPENS,
    OPENS_AFTER_DELAY,
    OPENS_AT_ONCE,
    OPENS_SOON,
    SHORT_CIRCUIT,
    Fault,
    FaultMemory,
)
from firmware_stubs.reference_bms.limits import Limits

PYRO_FIRST_NS = 20_000_000  # contactors must not break a short circuit: the pyro fuse does
PRECHARGE_OVERLAP_NS = 50_000_000
HEARING_NS = 2_000_000_000  # a sensor that is still silent this long after the start is reported as lost
_NS_PER_MS = 1_000_000
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

    def __init__(self, limits: Limits, faults: FaultMemory, coils: Coils) -> None:
        self.limits = limits
        self._delays = (
            (OPENS_AFTER_DELAY, limits.opening_delay_ms * _NS_PER_MS),
            (OPENS_SOON, limits.opening_soon_ms * _NS_PER_MS),
            (SHORT_CIRCUIT, PYRO_FIRST_NS),
            (OPENS_AT_ONCE, 0),
        )
        self._precharge_ns = limits.precharge_timeout_ms * _NS_PER_MS
        self._begun_ns: int | None = None
        self._opening_word = 0
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
        if state is State.INIT:
            if self._begun_ns is None:
                self._begun_ns = now_ns
            if all_heard or now_ns - self._begun_ns >= HEARING_NS:
                self._enter(State.STANDBY, now_ns)
            return
        if state is not State.ERROR and self._faults.word and self.must_open(now_ns):
            self.enter_error(now_ns)
            return
        if state is State.STANDBY:
            if mode and self._may_begin(mode):
                self._target = State.DRIVE if mode == Mode.DRIVE else State.CHARGE
                self._coils.minus = self._coils.precharge = 1
                self._enter(State.PRECHARGE, now_ns)
        elif state is State.ERROR:
            self.stay_in_error(now_ns)
            if not self._faults.word & OPENS and mode == Mode.OFF:
                self._coils.open()
                self._enter(State.STANDBY, now_ns)
        elif mode == Mode.OFF:
            self.open_in_order(now_ns)
        elif state is State.PRECHARGE:
            self._go_on(now_ns, link_raw, pack_raw)

    def reset_faults(self, mode: int) -> None:
        """FaultReset of the vehicle: heeded only with ModeRequest Off."""
        if mode == Mode.OFF:
            self._faults.reset()

    def open_in_order(self, now_ns: int) -> None:
        """The vehicle wants it so."""
        self._coils.open()
        self._enter(State.STANDBY, now_ns)

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
        self._opening_word = 0

    @property
    def charging(self) -> bool:
        return self.state is State.CHARGE or (self.state is State.PRECHARGE and self._target is State.CHARGE)

    def _may_begin(self, mode: int) -> bool:
        """To close; what it has begun goes on for as long as it may close."""
        return self._may_close(mode)

    def _may_close(self, mode: int) -> bool:
        blocking = BLOCKS_CLOSING if mode == Mode.DRIVE else BLOCKS_CLOSING | INHIBITS_CHARGE
        return mode in (Mode.DRIVE, Mode.CHARGE) and not self._faults.word & blocking

    @property
    def _members(self) -> int:
        """The faults that open contactors in this state."""
        return OPENS | INSULATION_FAULT if self.charging else OPENS

    def must_open(self, now_ns: int) -> bool:
        """Whether the shortest of the delays that the present faults allow is over."""
        opening = self._faults.word & self._members
        if not opening:
            self._open_at_ns = None
            self._opening_word = 0
            return False
        fresh = opening & ~self._opening_word
        if fresh:
            self._opening_word |= opening
            delay_ns = self.delay_of(fresh)
            if self._open_at_ns is None or now_ns + delay_ns < self._open_at_ns:
                self._open_at_ns = now_ns + delay_ns
        return self._open_at_ns is not None and now_ns >= self._open_at_ns

    def delay_of(self, word: int) -> int:
        delays = [delay_ns for members, delay_ns in self._delays if word & members]
        return min(delays, default=self._delays[0][1])

    def _go_on(self, now_ns: int, link_raw: int, pack_raw: int) -> None:
        """With its precharge, for as long as nothing forbids to close."""
        if self._may_close(Mode.DRIVE if self._target is State.DRIVE else Mode.CHARGE):
            self._precharge(now_ns, link_raw, pack_raw)
        elif not self._faults.word & self._members:
            self.open_in_order(now_ns)  # what opens by itself does so after its announced delay

    def _precharge(self, now_ns: int, link_raw: int, pack_raw: int) -> None:
        if self._overlap_until_ns is not None:
            if now_ns >= self._overlap_until_ns:
                self._coils.precharge = 0
                self._enter(self._target, now_ns)
        elif pack_raw >= _HIGH_VOLTAGE_RAW and link_raw >= self.limits.precharge_share * pack_raw:
            self._coils.plus = 1
            self._overlap_until_ns = now_ns + PRECHARGE_OVERLAP_NS
        elif now_ns - self.entered_ns >= self._precharge_ns:
            self.precharge_failed(now_ns)

    def precharge_failed(self, now_ns: int) -> None:
        self._faults.event(Fault.PRECHARGE_FAILED)
        self.enter_error(now_ns)

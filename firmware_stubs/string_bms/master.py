"""The master: it hands each string its frames, and lets one string close after the other, never onto a far voltage."""

from functools import reduce
from operator import or_
from typing import cast

from bench.trace.events import CanFrame
from firmware_stubs.reference_bms.bms import BASE_TASK_NS, Parts, ReferenceBms
from firmware_stubs.reference_bms.faults import FaultMemory
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.sendings import Sendings, Transmitter
from firmware_stubs.reference_bms.state_machine import State, StateMachine
from firmware_stubs.string_bms.ids import (
    DTC,
    OF_A_STRING,
    PACK_STATE,
    SAID_BY_EACH,
    SENSE_STEP,
    STRINGS,
    VEHICLE_STEP,
)

# String and live link may differ by so much when it joins, in units of 50 mV: 3 V over about 0.4 ohm of two strings.
JOIN_RAW = 60
_NO_DTC = 255  # as the index of a memory that is empty
_CLOSED = (State.DRIVE, State.CHARGE)


class StringStates(StateMachine):
    """Begins to close only where its master lets it."""

    master: "StringMaster | None" = None
    string = 0

    def _may_begin(self, mode: int) -> bool:
        return super()._may_begin(mode) and (self.master is None or self.master.lets_close(self.string))


class PackFaults:
    """What any string has found, for the frames that speak for the pack."""

    def __init__(self, memories: list[FaultMemory]) -> None:
        self._memories = memories

    @property
    def word(self) -> int:
        return reduce(or_, (one.word for one in self._memories))

    @property
    def latched(self) -> int:
        return reduce(or_, (one.latched for one in self._memories))

    def first_latched_code(self) -> int:
        codes = (one.first_latched_code() for one in self._memories)
        return next((code for code in codes if code), 0)


class PackTransmitter(Transmitter):
    """Of the first string's frames, state and faults are the pack's."""

    def step(self) -> Sendings:
        bms = self._bms
        if not isinstance(bms, OneString):
            return super().step()
        own = bms.faults
        bms.faults = cast(FaultMemory, PackFaults(bms.memories()))
        try:
            return super().step()
        finally:
            bms.faults = own


class OneString(ReferenceBms):
    """The BMS of one string; what a reset makes anew belongs to the same master."""

    def __init__(self, master: "StringMaster", string: int, limits: Limits) -> None:
        self._master, self._string = master, string
        transmitter = PackTransmitter if string == 0 else Transmitter
        super().__init__(limits, mutant=Parts(states=StringStates, transmitter=transmitter))

    def _boot(self, quiet: bool) -> None:
        super()._boot(quiet)
        if isinstance(self.states, StringStates):
            self.states.master, self.states.string = self._master, self._string

    def memories(self) -> list[FaultMemory]:
        """Of all strings."""
        return [one.faults for one in self._master.of]


class StringMaster:
    """Implements bench.dut.firmware.Firmware. `guarded`: it compares voltages before a string joins the others."""

    period_ns = BASE_TASK_NS

    def __init__(self, limits: Limits | None = None, *, strings: int = STRINGS, guarded: bool = True) -> None:
        self._guarded = guarded
        self.of: list[OneString] = []
        for string in range(strings):
            self.of.append(OneString(self, string, limits or Limits()))
        self._sense = {
            can_id + SENSE_STEP * string: (string, can_id)
            for string in range(strings)
            for can_id in OF_A_STRING
        }

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        if channel == "sense" and frame.can_id in self._sense:
            string, can_id = self._sense[frame.can_id]
            self.of[string].receive(now_ns, channel, CanFrame(can_id, frame.data))
            return
        for one in self.of:
            one.receive(now_ns, channel, frame)

    def step(self, now_ns: int) -> Sendings:
        sendings: Sendings = []
        for string, one in enumerate(self.of):
            for channel, frame in one.step(now_ns):
                if string == 0 or (frame.can_id == DTC and frame.data[0] != _NO_DTC):
                    sendings.append((channel, frame))
                elif frame.can_id in SAID_BY_EACH:
                    sendings.append((channel, CanFrame(frame.can_id + VEHICLE_STEP * string, frame.data)))
        sendings.append(("vehicle", CanFrame(PACK_STATE, self._pack_state())))
        return sendings

    def pull_reset(self) -> None:
        for one in self.of:
            one.pull_reset()

    def lets_close(self, string: int) -> bool:
        """One at a time, the fullest first; each further one only onto a link that is near its own voltage."""
        states = [one.states.state for one in self.of]
        if State.PRECHARGE in states:
            return False
        own_raw = self.of[string].inputs.contactors.pack_raw
        if not any(state in _CLOSED for state in states):
            waiting = [one for one, state in zip(self.of, states) if state is State.STANDBY]
            return own_raw >= max(one.inputs.contactors.pack_raw for one in waiting)
        return not self._guarded or abs(own_raw - self.of[string].inputs.contactors.link_raw) <= JOIN_RAW

    def _pack_state(self) -> bytes:
        states = [one.states.state for one in self.of]
        closed = [state for state in states if state in _CLOSED]
        if closed:
            state = closed[0]
        elif State.PRECHARGE in states:
            state = State.PRECHARGE
        else:
            state = min(states)  # one that stands ready is enough; all in error is an error
        latched = any(one.faults.latched for one in self.of)
        return bytes((state | latched << 4, len(closed), sum(state is State.ERROR for state in states)))


def make() -> StringMaster:
    return StringMaster()


def make_unguarded() -> StringMaster:
    """A mutant: it joins strings whatever their voltages are."""
    return StringMaster(guarded=False)

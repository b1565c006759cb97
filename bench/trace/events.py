"""What can stand in a Trace: frames, and marks for everything else that was done or seen."""

from enum import StrEnum
from typing import NamedTuple

Scalar = str | int | float | bool | None


made = tuple.__new__
"""`made(CanFrame, (…))` with every field: a third of the time of a call by name, where thousands are made a second."""


BENCH = "bench"
"""The sender of what the bench itself puts on a bus."""


class CanFrame(NamedTuple):
    """One classic or FD data frame as it stands on the bus. Tuples, because a run holds thousands of them."""

    can_id: int
    data: bytes
    extended: bool = False
    fd: bool = False
    bitrate_switch: bool = False


class FrameSeen(NamedTuple):
    """A frame whose end was seen on `channel` at `t_ns`; the stamp's half-width belongs to the channel."""

    t_ns: int
    channel: str
    frame: CanFrame
    sender: str


class Kind(StrEnum):
    """Closed set of marks."""

    RUN_STARTED = "run_started"
    PHASES_DRAWN = "phases_drawn"
    DUT_STARTED = "dut_started"
    DUT_IDENTIFIED = "dut_identified"
    DUT_REFUSED = "dut_refused"
    INSTRUMENT_IDENTIFIED = "instrument_identified"
    DUT_CRASHED = "dut_crashed"
    DUT_SAID = "dut_said"
    DUT_HEARD = "dut_heard"
    PRECONDITION_MET = "precondition_met"
    PRECONDITION_MISSED = "precondition_missed"
    OBSERVERS_ARMED = "observers_armed"
    STIMULUS_COMMANDED = "stimulus_commanded"
    STIMULUS_CONFIRMED = "stimulus_confirmed"
    STIMULUS_CLEARED = "stimulus_cleared"
    FAULT_STUCK = "fault_stuck"
    REQUEST = "request"
    DTC_READ = "dtc_read"
    DTC_CLEARED = "dtc_cleared"
    DIAGNOSED = "diagnosed"
    TRUTH = "truth"
    PLANT_STAGE = "plant_stage"
    TIME_LAPSE = "time_lapse"
    PLANT_STATE = "plant_state"
    FIT_LEFT = "fit_left"
    CONTACTORS_FOLLOWED = "contactors_followed"
    WINDOW_CLOSED = "window_closed"
    SAFE_STATE_REACHED = "safe_state_reached"
    SAFE_STATE_MISSED = "safe_state_missed"
    SAFETY_WATCHED = "safety_watched"
    SAFETY_OPENED = "safety_opened"
    SAFETY_OFF = "safety_off"
    ANOMALY = "anomaly"
    BENCH_LATE = "bench_late"
    DUT_WAITED = "dut_waited"
    BENCH_TIMING = "bench_timing"
    CLOCK_RATE = "clock_rate"
    CALIBRATED = "calibrated"
    ERROR = "error"
    ABORTED = "aborted"
    RUN_ENDED = "run_ended"


class PlantStage(StrEnum):
    """What a PLANT_STAGE mark says has become of a cell."""

    SIGNATURE = "runaway signature"
    VENTING = "venting"
    RUNAWAY = "runaway"
    DRY_OUT = "dry-out"


class Fitted(StrEnum):
    """A side of the range in which a chemistry's fit holds."""

    COLD = "coldest cell"
    HOT = "hottest cell"
    DISCHARGE = "discharge rate"
    CHARGE = "charge rate"
    EMPTY = "emptiest cell"
    FULL = "fullest cell"

"""A reset or hang excuses the DUT's silence until it is up again: not later, and not in the demanded hold."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from test_measure_trace import DATABASE, ERROR_STATE, FAULT, MS, OPEN, PLAN, of
from told import told

from bench.measure.interval import Measurement
from bench.measure.plan import Plan
from bench.timing.clock import Timebase
from bench.trace.events import BENCH
from bench.trace.facts import (
    ObserversArmed,
    SafeStateReached,
    StimulusCommanded,
    StimulusConfirmed,
    WindowClosed,
)
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace

RESET_MS, STALL_MS, END_MS = 100, 200, 1500
BOOT = range(RESET_MS, 600)
RESTARTED = replace(
    PLAN,
    onset=(),
    onset_step=0,
    dtc_test=None,
    safe_state=(OPEN, ERROR_STATE, FAULT),
    own=(("vehicle", "BMS_State"), ("vehicle", "BMS_Faults")),
    hold_ns=600 * MS,
    window_ns=1000 * MS,
    fdti_budget_ns=1000 * MS,
    fhti_budget_ns=1000 * MS,
    silenced_by=((0, True),),
    hold_witnessed=True,
)


def seen(
    mute: Mapping[str, range], plan: Plan = RESTARTED, both: range = BOOT, over_ms: int = RESET_MS
) -> Measurement:
    """`both`: when nothing is heard. Tripped and open from the first frame after the reset on. Times in ms."""
    trace = Trace(
        timebase=Timebase.SIMULATED,
        stamping={"vehicle": Stamping(origin=Origin.SIMULATED, source="as a test says", u_ns=0)},
    )
    trace.mark(10 * MS, ObserversArmed(), BENCH)
    trace.mark(RESET_MS * MS, StimulusCommanded(fault="reset", step=0), BENCH)
    at_ns = RESET_MS * MS
    confirmed = StimulusConfirmed(readback=True, low_ns=at_ns, high_ns=at_ns, step=0)
    for t in range(0, END_MS + 20, 10):
        if t == over_ms:
            trace.mark(t * MS, confirmed, BENCH)
        after = t > RESET_MS
        state = {"State": 5 if after else 3, "ContactorPlusCommand": int(not after)}
        for name, cycle, values in (
            ("BMS_State", 10, state),
            ("BMS_Faults", 20, {"CellOvervoltage": int(after)}),
        ):
            if t % cycle == 0 and t not in both and t not in mute.get(name, ()):
                trace.frame(t * MS, "vehicle", DATABASE.encode(name, **values), "dut")
    trace.mark(END_MS * MS, WindowClosed(), BENCH)
    trace.mark(END_MS * MS, SafeStateReached(readback=True), "rig")
    return of(trace, plan)


def test_the_boot_is_excused() -> None:
    found = seen({})
    assert found.silent == ()
    assert found.held is True


def test_a_stall_and_the_boot_that_its_watchdog_makes_are_excused() -> None:
    """Some frames come between the two: the program ran on before its watchdog bit."""
    stalled = {name: range(RESET_MS, RESET_MS + STALL_MS) for name in ("BMS_State", "BMS_Faults")}
    found = seen(stalled, both=range(340, 600), over_ms=RESET_MS + STALL_MS)
    assert found.silent == ()


@pytest.mark.parametrize("name", ["BMS_State", "BMS_Faults"])
def test_a_message_that_is_mute_in_the_midst_of_the_hold_is_told(name: str) -> None:
    """Of either message, of which one alone is a sign of life; it speaks again before the hold ends."""
    found = seen({name: range(800, 1000)})
    assert f"{name} fell silent while the safe state had to be held" in told(found.silent)
    assert any(f"{name} silent for 210.0 ms" in text for text in told(found.silent)) == (name == "BMS_State")
    assert found.held is None


def test_the_whole_dut_mute_once_more_is_told() -> None:
    found = seen(dict.fromkeys(("BMS_State", "BMS_Faults"), range(700, 800)))
    assert any("BMS_State silent for 110.0 ms" in text for text in told(found.silent))


def test_one_message_that_does_not_come_back_with_the_others_is_told() -> None:
    found = seen({"BMS_State": range(RESET_MS, 900)})
    assert any("BMS_State silent for 300.0 ms" in text for text in told(found.silent))


def test_a_dut_that_never_comes_back_is_not_booting() -> None:
    found = seen({}, both=range(RESET_MS, 10_000))
    assert any("BMS_State silent for 1.400 s" in text for text in told(found.silent))


def test_a_twin_is_borne_without_a_boot() -> None:
    found = seen({}, replace(RESTARTED, silenced_by=((0, False),)))
    assert any("BMS_State silent for 500.0 ms" in text for text in told(found.silent))


def test_a_plan_of_before_asks_for_neither() -> None:
    """A stored run is judged again as it was."""
    before = replace(
        RESTARTED, heard=(("vehicle", "BMS_State", 120_000 * MS),), silenced_by=(), hold_witnessed=False
    )
    found = seen({"BMS_State": range(800, 1000)}, before)
    assert found.silent == ()
    assert found.held is True

"""What a calibrated uncertainty is worth in a time, by its unit and the slope of the stimulus: whole ns, outwards."""

import pytest

from bench.measure.calibration import calibrated, calibrations
from bench.measure.interval import CALIBRATION, CalibrationUsed, Interval, Term
from bench.measure.shot import Seen
from bench.measure.slope import Slope
from bench.timing.clock import Timebase
from bench.trace.facts import Calibrated
from bench.trace.timeline import Trace


def moves_ns(expanded: float, slope: Slope | None, unit: str = "V", instrument: str = "psu") -> list[int]:
    trace = Trace(timebase=Timebase.SIMULATED)
    trace.mark(1, Calibrated(instrument=instrument, unit=unit, expanded=expanded, words="as told"), "bench")
    return [one.moves_ns for one in calibrations(trace, slope)]


def climbing(per_s: float) -> Slope:
    return Slope(instrument="psu", unit="V", per_s=per_s)


@pytest.mark.parametrize(
    ("expanded", "per_s", "expected_ns"),
    [
        (0.002, 0.5, 4_000_000),
        (0.002, -0.5, 4_000_000),  # it falls: as far off
        (0.5, 0.002, 250_000_000_000),
        (0.002, 3.0, 666_667),  # to the next whole ns, outwards
        (0.001, 3.0, 333_334),
        (0.000_000_001_000_3, 0.000_001, 1_000_300),
        (0.000_001_000_000_3, 1.0, 1_000),  # what a float is off by makes no further ns
        (0.002, 0.0, 0),  # a step crosses at once
        (0.0, 0.5, 0),
    ],
)
def test_an_uncertain_level_moves_the_crossing_by_itself_over_the_slope(
    expanded: float, per_s: float, expected_ns: int
) -> None:
    assert moves_ns(expanded, climbing(per_s)) == [expected_ns]


def test_what_a_certificate_says_is_told_beside_the_time() -> None:
    trace = Trace(timebase=Timebase.SIMULATED)
    for name in ("psu", "load"):
        trace.mark(1, Calibrated(instrument=name, unit="V", expanded=0.002, words=f"of {name}"), "bench")
    assert calibrations(trace, climbing(0.5)) == tuple(
        CalibrationUsed(instrument=name, unit="V", expanded=0.002, words=f"of {name}", moves_ns=by_ns)
        for name, by_ns in (("psu", 4_000_000), ("load", 0))
    )


def test_only_the_instrument_and_the_unit_of_the_slope_move_it() -> None:
    assert moves_ns(0.002, climbing(0.5), unit="A") == [0]
    assert moves_ns(0.002, climbing(0.5), instrument="load") == [0]
    assert moves_ns(0.002, None) == [0]


@pytest.mark.parametrize("slope", [None, climbing(0.5)])
def test_an_uncertain_time_is_the_onsets_own(slope: Slope | None) -> None:
    assert moves_ns(0.000_002, slope, unit="s") == [2_000]
    assert moves_ns(0.000_000_001_4, slope, unit="s") == [2]
    assert moves_ns(0.000_001_000_000_3, slope, unit="s") == [1_000]


COMMAND = Term(name="command", width_ns=20, note="by its readback")


def used(moves_ns: int, instrument: str = "psu") -> CalibrationUsed:
    return CalibrationUsed(
        instrument=instrument, unit="V", expanded=0.002, words="2 mV (k = 2)", moves_ns=moves_ns
    )


def span(low_ns: int, high_ns: int) -> Interval:
    return Interval(low_ns=low_ns, high_ns=high_ns)


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        (30, span(970, 1050)),
        (100, span(900, 1120)),
        (101, span(900, 1121)),  # no onset begins before its command
    ],
)
def test_an_onset_is_wider_by_as_much_on_either_side(moves: int, expected: Interval) -> None:
    onset = Seen(interval=span(1000, 1020), t_ns=1020, terms=(COMMAND,))
    found = calibrated(onset, [used(moves)], 900)
    assert found is not None
    note = f"psu, ±2 mV (k = 2): ±{moves} ns"
    added = Term(name=CALIBRATION, width_ns=expected.width_ns - 20, note=note)
    assert found == Seen(interval=expected, t_ns=1020, terms=(COMMAND, added))


def test_an_onset_before_the_command_keeps_its_beginning() -> None:
    found = calibrated(Seen(interval=span(1000, 1020), t_ns=1020, terms=()), [used(30)], 1010)
    assert found is not None and found.interval == span(1000, 1050)


def test_all_parts_of_an_onset_are_moved_by_each_instrument_that_moves_any() -> None:
    onset = Seen(
        interval=span(1000, 1020),
        t_ns=1020,
        terms=(),
        first=span(1000, 1005),
        last=span(1010, 1020),
        terminal=span(950, 960),
    )
    found = calibrated(onset, [used(10), used(0, "none"), used(5, "load")], 0)
    assert found is not None
    assert (found.interval, found.first, found.last, found.terminal) == (
        span(985, 1035),
        span(985, 1020),
        span(995, 1035),
        span(935, 975),
    )
    assert [(one.width_ns, one.note[:4]) for one in found.terms] == [(20, "psu,"), (10, "load")]
    assert calibrated(onset, [used(0)], 0) == onset
    assert calibrated(None, [used(10)], 0) is None

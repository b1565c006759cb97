"""A fault shown by several pages or messages begins between the first and the last of them."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from test_measure_trace import DATABASE, DECODERS, MS, OVER, PLAN, shot
from test_stimulus_is_proven import bench_in

from bench.measure.finding.times import TooEarly, TooLate
from bench.measure.interval import Interval
from bench.measure.measure import measure
from bench.measure.plan import Plan, SignalTest
from bench.record.codable import plan_from_dict, plan_to_dict
from bench.report.finding_words import reasons_words
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.trace.timeline import Trace
from bench.verdict.judge import judge
from bench.verdict.result import Verdict

ROOT = Path(__file__).resolve().parents[1]
UNDER = SignalTest(channel="vehicle", message="BMS_CellMinMax", signal="CellVoltageMin", op=">=", value=4250)
SPREAD = replace(PLAN, onset=(OVER, UNDER), onset_spread_ns=80 * MS)


def pages(of: Iterable[tuple[int, int, int]]) -> Trace:
    """Two signals at (ms, highest, lowest): the fault is first in the one, then in both."""
    trace = shot(onset=None)
    trace.frames = [
        seen for seen in trace.frames if seen.frame.can_id != DECODERS["vehicle"]["BMS_CellMinMax"].can_id
    ]
    for t_ms, high, low in of:
        frame = DATABASE.encode("BMS_CellMinMax", CellVoltageMax=high, CellVoltageMin=low)
        trace.frame(t_ms * MS, "vehicle", frame, "dut")
    trace.frames = sorted(trace.frames, key=lambda seen: seen.t_ns)
    return trace


BOTH = [(60, 3700, 3700), (110, 4270, 3700), (170, 4270, 4270)]


def test_the_onset_lies_between_the_first_page_and_the_last() -> None:
    found = measure(pages(BOTH), SPREAD, DECODERS)
    assert found.bench_faults == ()
    assert found.onset == Interval(low_ns=110 * MS, high_ns=170 * MS)
    assert found.detected is not None and found.fdti is not None
    assert found.fdti.interval == found.detected.since(found.onset)
    assert found.fdti.widest().name == "onset over pages" and found.fdti.widest().width_ns == 60 * MS


@pytest.mark.parametrize(
    "plan",
    [
        replace(SPREAD, onset_spread_ns=0),
        plan_from_dict({k: v for k, v in plan_to_dict(SPREAD).items() if k != "onset_spread_ns"}),
    ],
)
def test_without_a_spread_the_first_frame_is_the_onset(plan: Plan) -> None:
    """As a run that was stored before has no such field."""
    found = measure(pages(BOTH), plan, DECODERS)
    assert found.onset == Interval(low_ns=110 * MS, high_ns=110 * MS) and found.onset_last is None


def test_a_page_that_shows_it_long_after_is_no_part_of_the_onset() -> None:
    found = measure(pages([*BOTH[:2], (250, 4270, 4270)]), SPREAD, DECODERS)
    assert found.onset == Interval(low_ns=110 * MS, high_ns=110 * MS)


def test_a_page_that_showed_it_before_is_the_benchs_error_whichever_it_is() -> None:
    found = measure(pages([(60, 3700, 4270), (110, 4270, 3700), (170, 4270, 4270)]), SPREAD, DECODERS)
    assert found.bench_faults == ()  # it had gone: 50 ms before, and came again
    found = measure(pages([(60, 3700, 4270), (110, 4270, 4270)]), SPREAD, DECODERS)
    assert [one.code for one in found.bench_faults] == ["stimulus-already-present", "stimulus-unproven"]


@pytest.mark.parametrize(
    ("ceiling_ms", "verdict"), [(19, Verdict.FAIL), (39, Verdict.INCONCLUSIVE), (40, Verdict.PASS)]
)
def test_the_ceiling_counts_from_the_last_page(ceiling_ms: int, verdict: Verdict) -> None:
    """Detected between 190 and 210 ms: 20 to 40 ms after the last page, 80 to 100 ms after the first."""
    plan = replace(SPREAD, ceiling_ns=ceiling_ms * MS)
    found = judge(measure(pages(BOTH), plan, DECODERS), plan)
    assert found.verdict is verdict
    assert any(isinstance(one.finding, TooLate) for one in found.reasons) is (verdict is Verdict.FAIL)


@pytest.mark.parametrize(("floor_ms", "verdict"), [(101, Verdict.FAIL), (100, Verdict.PASS)])
def test_the_floor_counts_from_the_first_page(floor_ms: int, verdict: Verdict) -> None:
    """A DUT whose debounce the first page started has not been too early."""
    plan = replace(SPREAD, floor_ns=floor_ms * MS)
    found = judge(measure(pages(BOTH), plan, DECODERS), plan)
    assert found.verdict is verdict
    assert any(isinstance(one.finding, TooEarly) for one in found.reasons) is (verdict is Verdict.FAIL)


def prepared_at(folder: Path, cycle: str, gap: str, scenario: str) -> dict[str, Prepared]:
    def slow(profile: str) -> str:
        at = 'message = "sense.IO_CellVoltages"'
        return profile.replace(at, f'{at}\ncycle = "{cycle}"\ngap = "{gap}"')

    wired = load_rig(bench_in(folder, reference_bms=slow), "simulated", "reference", None)
    found, _ = load_scenarios(wired, [ROOT / "scenarios" / f"{scenario}.toml"], None)
    shots = {one.scenario.id: one for one in found if not one.scenario.twin_of}
    for one in shots.values():
        for index in (0, 20, 40):
            result = shoot(wired, one, index, 59, 1, None)
            assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
            assert result.measurement is not None and result.measurement.onset is not None
            widths.append(result.measurement.onset.width_ns)
    return shots


widths: list[int] = []


@pytest.mark.parametrize(
    ("scenario", "least_ms"), [("cells/ov_few_cells_charging", 30), ("measurement/cell_offset_few", 3)]
)
def test_a_good_dut_passes_however_far_the_pages_stand_apart(
    tmp_path: Path, scenario: str, least_ms: int
) -> None:
    """Cells 5, 40 and 96 on pages 1, 9 and 23, 4 ms apart: 32 ms at least; the others are neighbours."""
    widths.clear()
    (one,) = prepared_at(tmp_path, "100 ms", "4 ms", scenario).values()
    assert one.plan.onset_spread_ns == 100 * MS
    assert widths and all(least_ms * MS < width < 100 * MS for width in widths)


def test_one_cell_or_one_page_has_no_spread(tmp_path: Path) -> None:
    shots = prepared_at(tmp_path, "100 ms", "4 ms", "cells/ov_step_cell17")
    assert [one.plan.onset_spread_ns for one in shots.values()] == [0]

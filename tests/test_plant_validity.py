"""Where a chemistry's fit holds: in its file, in the mark of a shot that leaves it, in result and `hil check`."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from test_measure_estimation import ASKED, S, scored, steady

from bench.door.beyond_fit import leaves_the_fit
from bench.errors import ConfigError
from bench.faults.catalogue.cell_charge import CellCharge
from bench.faults.catalogue.chamber import ChamberFault
from bench.faults.catalogue.string_charge import StringCharge
from bench.faults.port import Fault
from bench.measure.beyond_fit import left_the_fit
from bench.measure.finding.base import Finding, Since, When
from bench.measure.finding.plant import EstimateBeyondFit, EstimateOff, PlantBeyondFit
from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack
from bench.report.finding_words import finding_words
from bench.rig.fit_watch import FitWatch
from bench.running.load import load_scenarios
from bench.running.shots import shoot
from bench.scenario.model import Inject
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.timing.simulated import SimulatedClock
from bench.trace.events import Fitted
from bench.trace.facts import FitLeft
from bench.trace.timeline import Trace
from bench.verdict.estimates import judge_estimate
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
LFP = Chemistry.load("lfp")


@pytest.mark.parametrize("chemistry", Chemistry.shipped())
def test_every_chemistry_says_where_its_fit_holds_and_by_what(chemistry: str) -> None:
    file = Chemistry.load(chemistry)
    box = file.validity
    assert box is not None
    assert box.coldest_c < 25.0 < box.hottest_c
    assert 0.0 < box.emptiest < 0.5 < box.fullest <= 1.0
    assert box.discharge_c_rate >= 0.8 * file.i_max_discharge_a / file.capacity_ah, "what a drive may take"
    marks = {name: one for name, one in file.figures.items() if name.startswith("validity.")}
    assert len(marks) == 6
    for one in marks.values():
        assert one.confidence == "E" or "mV" in one.source


def test_a_file_without_a_range_is_read_and_one_upside_down_refused(tmp_path: Path) -> None:
    text = Path(LFP.path).read_text(encoding="utf-8")
    start, end = text.index("[validity]"), text.index("[ocv]")
    older = tmp_path / "older.toml"
    older.write_text(text[:start] + text[end:], encoding="utf-8")
    assert Chemistry.load(older).validity is None
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace("T_max_C = { v = 41.0", "T_max_C = { v = -1.0"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"validity\.T_min_C\]: 0 above T_max_C = -1"):
        Chemistry.load(wrong)


class Watched:
    """A pack of four cells whose plant is stepped 10 ms at a time."""

    def __init__(self, chemistry: Chemistry = LFP) -> None:
        self.clock = SimulatedClock()
        self.trace = Trace(timebase=Timebase.SIMULATED)
        self.pack = Pack(chemistry, rng=random.Random(1), cells=4, sensors=1, soc=0.5)
        self.watch = FitWatch(clock=self.clock, trace=self.trace, pack=self.pack)

    def go(self, seconds: float, current_a: float = 0.0) -> None:
        for _ in range(round(seconds * 100)):
            self.pack.set_command(True, True, False)
            self.pack.step(0.01, Load(current_a=current_a))
            self.clock.now += 10_000_000
            self.watch.look()

    def told(self) -> dict[Fitted, FitLeft]:
        self.watch.tell()
        return {mark.fact.side: mark.fact for mark in self.trace.of(FitLeft)}


def test_a_plant_inside_its_range_marks_nothing() -> None:
    bench = Watched()
    bench.go(1.0, 140.0)
    assert bench.told() == {}
    assert left_the_fit(bench.trace, 0) == []


def test_what_was_left_is_marked_once_a_side_with_when_and_how_far() -> None:
    bench = Watched()
    bench.go(1.0)
    bench.pack.set_cell_temp(2, 50.0)
    bench.go(1.0)
    bench.pack.set_cell_temp(1, 60.0)
    bench.pack.set_cell_soc(3, 0.04)
    bench.go(0.6)
    bench.go(0.02, 200.0)  # two steps of the plant: shorter than its cells are looked at
    bench.go(0.6, -120.0)
    told = bench.told()
    assert list(told) == [Fitted.HOT, Fitted.EMPTY, Fitted.DISCHARGE, Fitted.CHARGE]
    hot = told[Fitted.HOT]
    assert hot.cell == 2
    assert hot.bound == 41.0
    assert 59.0 < hot.value <= 60.0
    assert 1_000_000_000 < hot.since_ns <= 1_510_000_000 < 2_000_000_000 < hot.farthest_ns <= 2_510_000_000
    assert (told[Fitted.EMPTY].cell, told[Fitted.EMPTY].bound) == (4, 0.1)
    assert told[Fitted.EMPTY].value == pytest.approx(0.04, abs=1e-3)
    rate = told[Fitted.DISCHARGE]
    assert rate.cell is None
    assert (rate.bound, rate.value) == (3.0, pytest.approx(4.0))
    assert told[Fitted.CHARGE].value == pytest.approx(2.4)
    (first, *_) = left_the_fit(bench.trace, 500_000_000)
    assert first == PlantBeyondFit(
        side=Fitted.HOT,
        bound=41.0,
        value=hot.value,
        cell=2,
        since=When(offset_ns=hot.since_ns - 500_000_000, since=Since.ARMING),
        farthest=When(offset_ns=hot.farthest_ns - 500_000_000, since=Since.ARMING),
    )
    assert "hottest cell 6" in finding_words(first) or "hottest cell 59." in finding_words(first)
    assert "fitted up to 41.0 °C (cell 2)" in finding_words(first)


@pytest.mark.parametrize("error", [0.0, 0.2], ids=["a good DUT", "a poor DUT"])
def test_an_estimate_is_open_once_its_truth_rests_on_a_plant_beyond_its_fit(error: float) -> None:
    asked = replace(ASKED, rms=0.02)

    def judged(since_ns: int | None) -> tuple[list[Finding], list[Finding]]:
        trace = steady([error] * 6)
        if since_ns is not None:
            left = FitLeft(
                side=Fitted.COLD, bound=0.0, value=-7.5, cell=3, since_ns=since_ns, farthest_ns=since_ns
            )
            trace.mark(7 * S, left, "plant")
        fails: list[Finding] = []
        open_questions: list[Finding] = []
        judge_estimate(scored(trace, asked), fails, open_questions)
        return fails, open_questions

    inside, _ = judged(None)
    assert [type(one) for one in inside] == ([EstimateOff] if error else [])
    beyond = EstimateBeyondFit(estimate=asked.name, side=Fitted.COLD, bound=0.0, value=-7.5)
    assert judged(6 * S) == ([], [beyond])
    assert judged(6 * S + 1) == (inside, []), "after the last truth it moves nothing"
    assert finding_words(beyond).endswith("coldest cell -7.5 °C, fitted down to 0.0 °C")


def test_a_shot_that_leaves_the_range_passes_and_says_so(wired: Wired, prepared: dict[str, Prepared]) -> None:
    """Times of a trip do not hang on the fit: told, and no verdict moves."""
    one = prepared["oc-discharge-low"]
    (line,) = leaves_the_fit(one, wired.chemistry, wired.config.pack.soc)
    assert line == "leaves the range nmc was fitted in: discharge rate 3.3C, fitted up to 3C"
    result = shoot(wired, one, 0, 1, 1, None)
    assert result.judgement.verdict is Verdict.PASS
    assert result.measurement is not None
    (told,) = [found for found in result.measurement.anomalies if isinstance(found, PlantBeyondFit)]
    assert (told.side, told.bound) == (Fitted.DISCHARGE, 3.0)
    assert 3.0 < told.value < 3.5
    assert told.since.offset_ns > 0


@pytest.mark.parametrize("inside", ["us06-city", "ov-step-cell17"])
def test_a_scenario_that_stays_inside_is_told_nothing(
    wired: Wired, prepared: dict[str, Prepared], inside: str
) -> None:
    assert leaves_the_fit(prepared[inside], wired.chemistry, wired.config.pack.soc) == []


def test_a_drive_beyond_the_range_is_told_beforehand_with_what_it_costs(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    assert wired.chemistry.validity is not None
    narrow = replace(wired.chemistry, validity=replace(wired.chemistry.validity, discharge_c_rate=2.0))
    (line,) = leaves_the_fit(prepared["us06-city"], narrow, 0.5)
    assert "so that its estimates decide nothing: discharge rate 2.4C, fitted up to 2C" in line
    assert leaves_the_fit(prepared["us06-city"], replace(narrow, validity=None), 0.5) == []
    file = ROOT / "scenarios/thermal/protection_over_temperature.toml"
    (long,) = (one for one in load_scenarios(wired, [file], None, long=True)[0] if not one.scenario.twin_of)
    (line,) = leaves_the_fit(long, wired.chemistry, 0.5)
    assert "hottest cell " in line
    assert line.endswith(" °C, fitted up to 45.0 °C")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (CellCharge(cells=(1,), soc=-0.1), "-10"),
        (StringCharge(cells=(1, 2), soc=-0.1), "-10"),
        (ChamberFault(temperature_c=70.0, rate_k_s=1.0), "70.0 °C"),
    ],
)
def test_whatever_fault_sets_the_plant_outside_the_range_is_told_beforehand(
    fault: Fault, told: str, wired: Wired, prepared: dict[str, Prepared]
) -> None:
    one = prepared["ov-step-cell17"]
    steps = tuple(replace(step, fault=fault) if isinstance(step, Inject) else step for step in one.steps)
    assert leaves_the_fit(one, wired.chemistry, 0.5) == []
    (line,) = leaves_the_fit(replace(one, steps=steps), wired.chemistry, 0.5)
    assert told in line

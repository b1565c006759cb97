"""A stimulus that was to last and did not proves nothing: the DUT neither bore it nor failed to see it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from test_measure_trace import DATABASE, DECODERS, MS, PLAN, QUIET, shot
from test_stimulus_is_proven import WANTED, bench_in
from told import told

from bench.measure.measure import measure
from bench.measure.plan import Plan
from bench.report.finding_words import reasons_words
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.scenario.model import Inject
from bench.scenario.prepare import Prepared
from bench.trace.facts import StimulusCleared
from bench.verdict.judge import judge
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
HELD_QUIET = replace(QUIET, forbidden=(), carried=(WANTED,), held=(WANTED,))


def carried(gone_ms: tuple[int, ...], trip: bool = False) -> object:
    trace = shot() if trip else shot(detect=None, safe=None, dtc=None)
    low = DATABASE.encode("BMS_CellMinMax", CellVoltageMax=3700)
    trace.frames = [
        seen._replace(frame=low) if seen.frame.can_id == low.can_id and seen.t_ns // MS in gone_ms else seen
        for seen in trace.frames
    ]
    return trace


@pytest.mark.parametrize(
    ("gone_ms", "lost"),
    [((), False), ((150,), False), ((150, 190), False), ((150, 170), True), (tuple(range(130, 650)), True)],
)
def test_what_the_dut_is_to_bear_stands_there_to_the_end(gone_ms: tuple[int, ...], lost: bool) -> None:
    """One frame of noise is no end of it; two in a row are."""
    found = judge(measure(carried(gone_ms), HELD_QUIET, DECODERS), HELD_QUIET)  # type: ignore[arg-type]
    assert found.verdict is (Verdict.ERROR if lost else Verdict.PASS)
    if lost:
        assert (
            "the stimulus did not last: BMS_CellMinMax.CellVoltageMax carried 3700 "
            in reasons_words(found)[0]
        )


@pytest.mark.parametrize(("gone_ms", "lost"), [((150, 170), True), (tuple(range(190, 650)), False)])
def test_what_the_dut_is_to_see_stands_there_until_it_has(gone_ms: tuple[int, ...], lost: bool) -> None:
    plan = replace(PLAN, carried=(WANTED,), held=(WANTED,))
    faults = measure(carried(gone_ms, trip=True), plan, DECODERS).bench_faults  # type: ignore[arg-type]
    assert [one.code for one in faults] == (["stimulus-not-held"] if lost else [])


def cleared(plan: Plan, at_ms: int, **shown: int | None) -> object:
    trace = shot(**shown)  # type: ignore[arg-type]
    off = StimulusCleared(fault="x", owner="y", why="its time to live of 50 ms ended", outlived_ns=50 * MS)
    trace.mark(at_ms * MS, off, "rig")
    return measure(trace, plan, DECODERS)


def test_a_dead_man_that_strikes_leaves_a_quiet_shot_open_but_not_a_trip() -> None:
    quiet = replace(QUIET, forbidden=())
    found = judge(cleared(quiet, 150, detect=None, safe=None, dtc=None), quiet)  # type: ignore[arg-type]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert reasons_words(found)[0] == (
        "the rig took 'x' off before the DUT had borne it to the end: its time to live of 50.0 ms ended"
    )
    assert judge(cleared(quiet, 700, detect=None, safe=None, dtc=None), quiet).verdict is Verdict.PASS  # type: ignore[arg-type]
    assert judge(cleared(quiet, 150), quiet).verdict is Verdict.FAIL  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Wired:
    return load_rig(bench_in(tmp_path_factory.mktemp("lasts")), "simulated", "reference", None)


def scenario(wired: Wired, folder: Path, edit: Callable[[str], str]) -> dict[str, Prepared]:
    text = (ROOT / "scenarios" / "cells" / "ov_step_cell17.toml").read_text(encoding="utf-8")
    changed = edit(text)
    assert changed != text
    path = folder / "ov_step_cell17.toml"
    path.write_text(changed, encoding="utf-8")
    (folder / "budgets.toml").write_text((ROOT / "scenarios" / "budgets.toml").read_text(encoding="utf-8"))
    found, _ = load_scenarios(wired, [path], None)
    return {one.scenario.id: one for one in found}


def with_ttl(text: str) -> str:
    return text.replace('fault = "cell_voltage"', 'fault = "cell_voltage"\nttl = "300 ms"')


@pytest.mark.parametrize("twin", ["--inside", "--counter-reset"])
def test_a_twin_whose_fault_the_rig_takes_off_is_no_pass(wired: Wired, tmp_path: Path, twin: str) -> None:
    """The value stood in a frame, and healed long before any debounce could have filled."""
    one = scenario(wired, tmp_path, with_ttl)[f"ov-step-cell17{twin}"]
    assert any(isinstance(step, Inject) and step.ttl_ns == 300 * MS for step in one.steps)
    verdict = shoot(wired, one, 0, 59, 1, None).judgement.verdict
    assert verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE)


def test_good_twins_are_proven_to_the_end_and_pass(wired: Wired) -> None:
    found, _ = load_scenarios(wired, [ROOT / "scenarios" / "cells" / "ov_few_cells_charging.toml"], None)
    plans = {one.scenario.twin_kind: one.plan for one in found}
    assert len(plans["inside"].held) == len(plans[""].held) == 3 and plans["counter_reset"].held == ()
    for one in found:
        result = shoot(wired, one, 0, 59, 1, None)
        assert result.judgement.verdict is Verdict.PASS, told(result.measurement.bench_faults)  # type: ignore[union-attr]


def test_a_stored_plan_without_the_field_asks_nothing_of_it() -> None:
    assert PLAN.held == ()
    assert measure(carried((150, 170)), replace(HELD_QUIET, held=()), DECODERS).bench_faults == ()  # type: ignore[arg-type]


def test_what_earlier_steps_force_is_proven_by_their_own_frames() -> None:
    """ov-returns heals the cell and forces it again; its twin measures the last of three injections."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)
    found, _ = load_scenarios(wired, [ROOT / "scenarios" / "cells" / "ov_returns.toml"], None)
    (inside,) = (one for one in found if one.scenario.twin_kind == "inside")
    assert inside.plan.carried and inside.plan.onset_step == 2
    assert shoot(wired, inside, 0, 5, 1, None).judgement.verdict is Verdict.PASS

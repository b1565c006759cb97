"""A ramp crosses the DUT's limit by and by: the tolerance that its profile states around the limit is a term."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench.config.profile_file import load_profile
from bench.errors import ConfigError
from bench.measure.interval import Interval
from bench.measure.onset_spread import fdti_since_first, fdti_since_last
from bench.measure.questions import Question
from bench.measure.trip_band import TRIP_TOLERANCE
from bench.record.folder import RunFolder, read_shot
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import judge_trace, shoot
from bench.scenario.prepare import Prepared
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 'limit = "cell_voltage >= ov_trip"'
RAMP, STEP = "cells/ov_ramp_cell1", "cells/ov_step_cell17"
SHOTS = 6


def profile_with(folder: Path, line: str) -> Path:
    shutil.copytree(ROOT / "dbc", folder / "dbc")
    file = folder / "dbc/reference_bms.toml"
    text = file.read_text()
    assert text.count(f"{LIMIT}\n") == 1
    file.write_text(text.replace(LIMIT, line))
    return file


def bench_with(folder: Path, line: str) -> tuple[Wired, dict[str, Prepared]]:
    profile_with(folder, line)
    shutil.copy(ROOT / "hil_config.toml", folder)
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    wired = load_rig(folder / "hil_config.toml", "simulated", None, None)
    files = [folder / "scenarios" / f"{one}.toml" for one in (RAMP, STEP)]
    prepared, _ = load_scenarios(wired, files, None)
    return wired, {one.scenario.id: one for one in prepared}


@pytest.fixture(scope="module")
def tolerant(tmp_path_factory: pytest.TempPathFactory) -> tuple[Wired, dict[str, Prepared]]:
    return bench_with(tmp_path_factory.mktemp("bench"), f'{LIMIT}\nlimit_tolerance = "49 mV"')


def test_only_a_stimulus_that_climbs_is_asked_at_both_ends_of_the_tolerance(
    tolerant: tuple[Wired, dict[str, Prepared]], tmp_path: Path
) -> None:
    wired, prepared = tolerant
    (early,), (late,) = (prepared["ov-ramp-cell1"].plan.onset, prepared["ov-ramp-cell1"].plan.onset_late)
    scale = float(wired.databases[early.channel][early.message].fields[early.signal].scale)
    trip_v = wired.thresholds()["ov_trip"]
    assert early.value == pytest.approx(trip_v - 0.049 - scale / 2)
    assert late.value == pytest.approx(trip_v + 0.049 + scale / 2)
    step = prepared["ov-step-cell17"].plan
    assert (step.onset_late, step.onset[0].value) == ((), trip_v)
    _, exact = bench_with(tmp_path, LIMIT)
    assert exact["ov-ramp-cell1"].plan.onset_late == ()
    assert exact["ov-ramp-cell1"].plan.onset[0].value == trip_v


def test_the_onset_lies_between_the_frames_that_show_its_two_ends(
    tolerant: tuple[Wired, dict[str, Prepared]], tmp_path: Path
) -> None:
    wired, prepared = tolerant
    ramp = prepared["ov-ramp-cell1"]
    folder = RunFolder.create(tmp_path, "r", {})
    widths = []
    for index in range(SHOTS):
        result = shoot(wired, ramp, index, SHOTS, 1, folder)
        assert result.judgement.verdict is Verdict.PASS, result.judgement.reasons
        found = result.measurement
        assert found is not None and found.onset is not None and found.fdti is not None
        trace, _, _ = read_shot(folder.path / "scenarios/ov-ramp-cell1" / f"shot-{index:03d}")
        shown = []
        for test in (*ramp.plan.onset, *ramp.plan.onset_late):
            question = Question(test, wired.databases)
            frames = [seen for seen in trace.frames if seen[1] == test.channel]
            of_it = (seen for seen in frames if seen[2].can_id == question.message.can_id)
            shown.append(next(seen[0] for seen in of_it if question.hear(seen[0], seen[2].data)))
        assert found.onset == Interval(low_ns=shown[0], high_ns=shown[1])
        (term,) = (one for one in found.fdti.terms if one.name == TRIP_TOLERANCE)
        assert term.width_ns == shown[1] - shown[0]
        widths.append(term.width_ns)
        first, last = fdti_since_first(found), fdti_since_last(found)
        assert first is not None and last is not None
        assert (
            first.interval.high_ns - last.interval.high_ns == term.width_ns
        )  # floor and ceiling take an end each
    assert max(widths) > 0, "no ramp stood between the two ends for a moment: this test has shown nothing"
    never = replace(ramp.plan, onset_late=(replace(ramp.plan.onset_late[0], value=9.9),))
    measured, _ = judge_trace(trace, never, wired.databases)
    assert measured.fdti is not None and found.fdti is not None
    assert measured.fdti.interval == Interval(low_ns=0, high_ns=found.fdti.interval.high_ns)
    assert any("never came to" in one.note for one in measured.fdti.terms)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f'{LIMIT}\nlimit_tolerance = "5 K"', "unit 'K'"),
        (f'{LIMIT}\nlimit_tolerance = "-5 mV"', "expected 0 or more"),
        ('limit_tolerance = "5 mV"', "found no 'limit' beside it"),
    ],
)
def test_a_tolerance_that_is_none_is_told_where_it_stands(line: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told) as found:
        load_profile(profile_with(tmp_path, line))
    assert "flag.overvoltage.limit_tolerance" in str(found.value)

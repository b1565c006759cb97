"""What a run tells before it starts: how long about, and how long at most, whatever the DUT does; and what is long."""

from pathlib import Path

import pytest
from small_bench import QUICK, ROOT, file_of, hil_here, small_bench

from bench.door.fire import told_before
from bench.running.load import load_rig, load_scenarios
from bench.running.local import Campaign
from bench.running.order import REAL_LIMIT_S, REAL_S, longest_s, predicted_s
from bench.running.shots import shoot
from bench.units import NS_PER_S


@pytest.mark.parametrize(("firmware", "in_time"), [("reference", True), ("never_detects_overvoltage", False)])
def test_no_shot_outlasts_what_was_told(firmware: str, in_time: bool) -> None:
    """The third shot and those behind it end as soon as the DUT has answered."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", firmware, None)
    prepared, _ = load_scenarios(wired, [file_of("ov-step-cell17")], None)
    one = next(each for each in prepared if each.scenario.id == "ov-step-cell17")
    lasted_s = shoot(wired, one, 3, 5, 1, None, to_the_end=False).simulated_ns / NS_PER_S
    each_s = predicted_s(one, 4) - predicted_s(one, 3)
    assert (lasted_s < each_s) == in_time, "a DUT that is deaf outlasts what is told of a good one"
    watched_s = shoot(wired, one, 0, 5, 1, None).simulated_ns / NS_PER_S
    assert watched_s == pytest.approx(predicted_s(one, 1), abs=0.2)
    assert max(lasted_s, watched_s) < longest_s(one, 1)


def test_in_real_time_the_starts_of_the_dut_are_told_too_and_what_is_long() -> None:
    wired = load_rig(ROOT / "hil_config.toml", "real", None, None)
    files = [file_of("ov-step-cell17"), ROOT / "scenarios" / "cycles" / "drive_us06.toml"]
    prepared, _ = load_scenarios(wired, files, None, long=True)
    told = told_before(Campaign(wired=wired, prepared=prepared, folder=None, run_seed=1, repeat=2, workers=1))
    shots = sum(told.shots.values())
    assert told.about_s == pytest.approx(sum(predicted_s(one, 2) for one in prepared) + REAL_S * shots)
    assert told.at_most_s == pytest.approx(sum(longest_s(one, 2) for one in prepared) + REAL_LIMIT_S * shots)
    assert next(iter(told.long)) == "drive-us06" and "ov-step-cell17" not in told.long


def test_both_times_stand_before_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small_bench(tmp_path))
    assert hil_here(*QUICK) == 0
    assert "of simulated time, at most " in capsys.readouterr().err

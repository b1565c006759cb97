"""Eight intervals of a run of each class of evidence, worked out from its frames and events without `bench`."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli.main import app
from bench.record.codable import run_to_dict
from bench.running.load import load_rig, load_scenarios
from bench.running.local import Campaign, run_all
from bench.running.results import Collector, open_evidence
from bench.units import NS_PER_MS

ROOT = Path(__file__).resolve().parents[1]
SHOTS = 4  # of each FDTI and FHTI
OVERVOLTAGE = {
    "onset": ["sense", "IO_CellVoltages", "CellVoltage17", ">=", 4.25],
    "flag": ["vehicle", "BMS_Faults", "CellOvervoltage", "==", 1],
    "safe_state": [
        ["vehicle", "BMS_State", "ContactorPlusCommand", "==", 0],
        ["vehicle", "BMS_State", "ContactorMinusCommand", "==", 0],
        ["sense", "IO_Contactors", "PlusFeedback", "==", 0],
        ["sense", "IO_Contactors", "MinusFeedback", "==", 0],
    ],
}


def a_run(config: str, time: str, folder: Path) -> Path:
    """`hil run --time … --repeat 4` of one scenario, without its twins."""
    wired = load_rig(ROOT / config, time, None, None)
    record = dataclasses.replace(wired.config.record, folder=folder)
    wired = dataclasses.replace(wired, config=dataclasses.replace(wired.config, record=record))
    prepared, budgets = load_scenarios(wired, [ROOT / "scenarios/cells/ov_step_cell17.toml"], None)
    prepared = [one for one in prepared if one.scenario.id == "ov-step-cell17"]
    kept, run_id, started, hashes = open_evidence(wired, prepared, budgets, 1, repeat=SHOTS)
    campaign = Campaign(wired=wired, prepared=prepared, run_seed=1, repeat=SHOTS, folder=kept, workers=1)
    collector = Collector(campaign=campaign, run_id=run_id, started_utc=started, hashes=hashes)
    run_all(campaign, collector.add)
    kept.finish(run_to_dict(collector.result(None)))
    return kept.path


def recomputed(run: Path, folder: Path) -> list[dict[str, list[int]]]:
    """Of each shot, by an interpreter that finds no `bench` even where it looks for it."""
    shots = folder / "shots"
    for kind in ("blf", "marks"):
        done = CliRunner().invoke(app, ["export", str(run), "--to", kind, "--out", str(shots)])
        assert done.exit_code == 0, done.output
    alone = folder / "alone"
    alone.mkdir()
    shutil.copy(Path(__file__).with_name("recompute_alone.py"), alone)
    (folder / "questions.json").write_text(json.dumps(OVERVOLTAGE))
    words = [sys.executable, "-P", "recompute_alone.py", run.resolve(), folder / "questions.json", shots]
    done = subprocess.run(
        [str(word) for word in words], cwd=alone, capture_output=True, text=True, check=False, env={}
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["imported"] == []
    found: list[dict[str, list[int]]] = told["shots"]
    return found


def check(found: list[dict[str, list[int]]]) -> None:
    assert len(found) == SHOTS
    for one in found:
        for name in ("fdti", "frti", "fhti", "terminal"):
            assert one[name] == one[f"{name}_stored"], name  # to 0 ns
    assert len({tuple(one["fhti"]) for one in found}) == SHOTS  # four shots, and not one four times


def test_simulated(tmp_path: Path) -> None:
    found = recomputed(a_run("hil_config.toml", "simulated", tmp_path / "runs"), tmp_path)
    check(found)
    assert {one["ppb"] for one in found} == {0}  # type: ignore[comparison-overlap]


@pytest.mark.slow
@pytest.mark.real_time
@pytest.mark.timeout(300)
def test_real_time_without_a_board(tmp_path: Path) -> None:
    found = recomputed(a_run("hil_config.toml", "real", tmp_path / "runs"), tmp_path)
    check(found)
    assert all(one["fhti"][1] - one["fhti"][0] > 2 * NS_PER_MS for one in found)  # the clock's rate alone


@pytest.mark.slow
@pytest.mark.real_time
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("cc") is None, reason="the firmware in C needs a compiler")
def test_the_bench_file_of_hardware_with_pseudo_terminals_in_place_of_adapters(tmp_path: Path) -> None:
    """No board is here. What a board's run adds is another link and another origin of stamps: this has both."""
    found = recomputed(a_run("docs/benches/slcan.toml", "real", tmp_path / "runs"), tmp_path)
    check(found)

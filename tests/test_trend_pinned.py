"""A drift that no single step shows is told against a pinned build."""

import dataclasses
import json
from itertools import pairwise
from pathlib import Path

import pytest
from sample_run import OVERVOLTAGE, latency, measurement, sample_run, scenario, shot
from test_record_altered import hil

from bench.config.bench_file import load_bench
from bench.errors import ConfigError
from bench.record.database import ResultsDatabase
from bench.stored.pinned import drift_words, drifts, find_pin
from bench.stored.trend import Point, trend
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS
from bench.verdict.compare import compare
from bench.verdict.result import RunResult, Verdict
from bench.verdict.shift import Change

ROOT = Path(__file__).parents[1]
BUILDS = 6
STEP = 1.019
ROOMY = dataclasses.replace(OVERVOLTAGE, fdti_ns=6_000 * NS_PER_MS)  # a step takes little of it


def build(number: int, factor: float) -> RunResult:
    """59 shots; the scatter is the same in each, other seeds."""
    shots = []
    for k in range(59):
        low = round((2_400 + 30 * ((k * 0.618_034 + 0.1 * number) % 1)) * factor * NS_PER_MS)
        found = latency(low, 10 * NS_PER_MS)
        one = shot(k, Verdict.PASS, measurement(found, found))
        shots.append(dataclasses.replace(one, seed=1_000 * number + k))
    return dataclasses.replace(
        sample_run(n=12),
        run_id=f"run-{number}",
        started_utc=f"2026-01-{number + 1:02d}T00:00:00+00:00",
        firmware="bms",
        firmware_identity=f"bms@{number}",
        chemistry="nmc",
        hashes={"rig": "a", "profile": "b", "scenario.ov": "c"},
        scenarios=(scenario("ov", "t", ROOMY, shots, Verdict.PASS),),
    )


def line(tmp_path: Path, factors: list[float]) -> dict[str, tuple[Point, ...]]:
    database = ResultsDatabase(tmp_path / "r.sqlite")
    for number, factor in enumerate(factors):
        database.add(build(number, factor))
    return {"ov": trend(database, "ov", Timebase.SIMULATED, "nmc", "fhti").points}


def test_steps_that_are_no_news_add_up_to_a_drift(tmp_path: Path) -> None:
    factors = [STEP**k for k in range(BUILDS)]
    builds = [build(k, factor) for k, factor in enumerate(factors)]
    for before, after in pairwise(builds):
        assert not any(m.change is Change.SLOWER for m in compare(before, after).metrics), "no step is told"
    assert {m.change for m in compare(builds[0], builds[-1]).metrics} == {Change.SLOWER}, "all of them are"
    lines = line(tmp_path, factors)
    (drift,) = drifts(find_pin("run-0", lines), lines)
    assert drift.notable and drift.moved_ns is not None
    assert drift.moved_ns / drift.pinned_ns == pytest.approx(STEP ** (BUILDS - 1) - 1, abs=0.005)
    assert abs(drift.step_ns) / drift.pinned_ns < 0.025
    told = drift_words(drift, "fhti")
    assert "largest single step" in told and told.endswith("test it: hil compare run-0 run-5")


def test_a_line_that_stays_has_not_drifted(tmp_path: Path) -> None:
    lines = line(tmp_path, [1.0, 1.004, 0.997, 1.002])
    (drift,) = drifts(find_pin("bms@0", lines), lines)
    assert not drift.notable


def test_a_pin_is_a_run_a_build_or_a_firmware_with_one_build(tmp_path: Path) -> None:
    lines = line(tmp_path, [1.0, 1.0])
    pin = find_pin("run-1", lines).of(lines["ov"])
    assert pin is not None and pin.past.run_id == "run-1"
    assert find_pin("bms@1", lines).identity == "bms@1"
    with pytest.raises(ConfigError, match=r"pin 'bms': names 2 builds \(bms@0, bms@1\)"):
        find_pin("bms", lines)
    with pytest.raises(ConfigError, match=r"pin 'run-9': no run on these lines.*did you mean 'run-"):
        find_pin("run-9", lines)


def test_a_latency_that_is_gone_is_told(tmp_path: Path) -> None:
    database = ResultsDatabase(tmp_path / "r.sqlite")
    database.add(build(0, 1.0))
    lost = build(1, 1.0)
    mute = [shot(k, Verdict.FAIL, measurement(None, None), "never detected") for k in range(59)]
    database.add(
        dataclasses.replace(
            lost, scenarios=(scenario("ov", "t", ROOMY, mute, Verdict.FAIL, "never detected"),)
        )
    )
    lines = {"ov": trend(database, "ov", Timebase.SIMULATED, "nmc", "fhti").points}
    (drift,) = drifts(find_pin("run-0", lines), lines)
    assert drift.notable and "none any more (FAIL)" in drift_words(drift, "fhti")


@pytest.mark.parametrize("by", ["option", "bench file"])
def test_the_command_tells_the_drift(tmp_path: Path, by: str, capsys: pytest.CaptureFixture[str]) -> None:
    line(tmp_path, [STEP**k for k in range(BUILDS)])
    pin = 'pin = "run-0"\n' if by == "bench file" else ""
    text = (ROOT / "hil_config.toml").read_text()
    head, _, tail = text.partition("[record]")
    rest = tail[tail.find("\n[") :] if "\n[" in tail else ""
    record = f'[record]\nfolder = "{tmp_path}"\ndatabase = "{tmp_path}/r.sqlite"\n{pin}'
    config = tmp_path / "hil_config.toml"
    config.write_text((head + record + rest).replace('"dbc/', f'"{ROOT}/dbc/'))
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    assert load_bench(config).record.pin == ("run-0" if pin else "")
    words = ["trend", "--config", str(config), *(["--pin", "run-0"] if not pin else [])]
    code, out, err = hil(capsys, *words)
    assert code == 0, err
    assert "moved since the pinned run-0: ov FHTI" in out
    assert "since the pinned run-0: 1 of 1 scenarios have moved by a relevant size" in out
    code, out, err = hil(capsys, *words, "--json")
    (told,) = json.loads(out)["since_pin"]
    assert told["notable"] and told["pinned_run"] == "run-0" and told["newest_run"] == "run-5", err

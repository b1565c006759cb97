"""The whole bench on vcan0 and vcan1: doctor, and a scenario in real time against the firmware in C.

An emulated machine is some twenty times slower than a real one and cannot keep the bench's own plant in time. There the
verdict has to say so; what it must never be is FAIL for a good firmware, or PASS for a broken one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from vcan_bench import needs_vcan

from bench.links.socketcan import missing

ROOT = Path(__file__).parents[1]
CONFIG = "docs/benches/vcan.toml"
pytestmark = [
    *needs_vcan,
    pytest.mark.skipif(missing("vcan1") is not None, reason=f"no vcan1: {missing('vcan1')}"),
    pytest.mark.timeout(300),
]
SLOW = os.environ.get("VCAN_GUEST") == "1"


def hil(*words: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--json", "--config", CONFIG],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr and done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_the_doctor_measures_both_buses_by_their_echoes() -> None:
    _, told = hil("doctor", "--seconds", "1")
    buses = {one["area"]: one for one in told["findings"] if one["area"].startswith("bus ")}
    assert set(buses) == {"bus 'vehicle'", "bus 'sense'"}
    for bus in buses.values():
        assert "reachable; stamps (kernel stamp of reception and echo, socketcan vcan)" in bus["text"]
        assert set(bus["figures_us"]) == {"p50", "p99", "max"} and bus["state"] != "bad"


@pytest.mark.parametrize(("firmware", "never"), [("reference_c", "FAIL"), ("late_overvoltage_c", "PASS")])
def test_a_scenario_is_judged_rightly_or_the_machine_is_blamed(
    firmware: str, never: str, tmp_path: Path
) -> None:
    _, told = hil(
        "run", "-k", "ov-step-cell17", "--repeat", "1", "--firmware", firmware, "--out", str(tmp_path)
    )
    (scenario,) = (
        one for one in told["scenarios"] if one["scenario_id"] == "ov-step-cell17"
    )  # not its twins
    judgement = scenario["judgement"]
    assert scenario["timebase"] == "host"
    assert judgement["verdict"] != never, judgement
    if not SLOW:
        assert judgement["verdict"] == ("PASS" if never == "FAIL" else "FAIL"), judgement
    elif judgement["verdict"] in ("ERROR", "INCONCLUSIVE"):
        assert judgement["reasons"], "whoever blames the machine says why"
    (folder,) = tmp_path.glob("*/scenarios/ov-step-cell17/shot-000")
    assert (folder / "frames.blf").stat().st_size > 1_000, "frames were recorded from the real bus"
    timing = [
        json.loads(line)
        for line in (folder / "events.jsonl").read_text().splitlines()
        if "bench_timing" in line
    ]
    assert timing, "the bench's own lateness stands in every run"

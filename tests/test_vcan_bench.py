"""The whole bench on vcan0 and vcan1: doctor, and chosen scenarios in real time against the firmware in C.

A machine that QEMU emulates is some twenty times slower than a real one and cannot keep the bench's own plant in time.
There (VCAN_GUEST=1) the verdict has to say so; what it must never be is FAIL for a good firmware, or PASS for a broken
one. Everywhere else the good firmware has to PASS and the broken one to FAIL, but where the bench was late.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from evidence import text_of
from real_lane import in_real_time
from vcan_bench import needs_vcan

from bench.links.socketcan import missing

ROOT = Path(__file__).parents[1]
CONFIG = "docs/benches/vcan.toml"
pytestmark = [
    *needs_vcan,
    pytest.mark.skipif(missing("vcan1") is not None, reason=f"no vcan1: {missing('vcan1')}"),
    pytest.mark.timeout(600),
]
SLOW = os.environ.get("VCAN_GUEST") == "1"


def hil(*words: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--json", "--config", CONFIG],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
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
        assert set(bus["figures_us"]) == {"p50", "max"} and bus["state"] != "bad"


# One of each kind: a step of a cell, a contactor, a line, a message that is missing; each with its twins.
CHOSEN = (
    "scenarios/cells/ov_step_cell17.toml",
    "scenarios/contactors/weld_plus_at_opening.toml",
    "scenarios/contactors/hvil_open_driving.toml",
    "scenarios/communication/vcu_lost.toml",
)


def run(firmware: str, out: Path, shots: int, *scenarios: str) -> dict[str, dict[str, Any]]:
    """Results by scenario; each with its frames from the real bus, and with the bench's own lateness."""
    out = out / f"{shots}-shots"
    _, told = hil("run", *scenarios, "--repeat", str(shots), "--firmware", firmware, "--out", str(out))
    for one in told["scenarios"]:
        assert one["timebase"] == "host"
        (folder,) = out.glob(f"*/scenarios/{one['scenario_id']}")
        assert (folder / "shot-000.blf").stat().st_size > 1_000, "frames were recorded from the real bus"
        assert any("bench_timing" in line for line in text_of(folder / "shot-000"))
    return {one["scenario_id"]: one for one in told["scenarios"]}


def check_emulated(results: dict[str, dict[str, Any]], wrong: str) -> None:
    """On a machine that is twenty times too slow no verdict is owed, but no wrong one is excused."""
    for one in results.values():
        judgement = one["judgement"]
        assert judgement["verdict"] != wrong, judgement
        assert judgement["verdict"] in ("PASS", "FAIL") or judgement["reasons"], (
            "whoever blames the machine says why"
        )


def test_the_good_firmware_passes(tmp_path: Path) -> None:
    if SLOW:
        check_emulated(run("reference_c", tmp_path, 1, *CHOSEN[:1]), "FAIL")
        return
    results = in_real_time(lambda shots: run("reference_c", tmp_path, shots, *CHOSEN))
    assert len(results) > len(CHOSEN), "the scenarios and their twins"


@pytest.mark.parametrize(
    ("firmware", "file", "scenario"),
    [
        ("late_overvoltage_c", CHOSEN[0], "ov-step-cell17"),
        ("misses_weld_c", CHOSEN[1], "weld-plus-at-opening"),
        ("misses_command_loss_c", CHOSEN[3], "vcu-lost"),
    ],
)
def test_a_broken_firmware_fails(firmware: str, file: str, scenario: str, tmp_path: Path) -> None:
    if SLOW and file != CHOSEN[0]:
        pytest.skip("an emulated machine has no time for more than one")
    if SLOW:
        check_emulated({scenario: run(firmware, tmp_path, 1, file)[scenario]}, "PASS")
        return
    in_real_time(
        lambda shots: {scenario: run(firmware, tmp_path, shots, file)[scenario]}, right="FAIL", wrong="PASS"
    )

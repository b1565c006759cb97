"""The nightly's comparison in real time: seven nights of one shot against the seven before, with the real commands."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sample_run import OVERVOLTAGE, latency, measurement, sample_run, scenario, shot

from bench.record.codable import run_to_dict
from bench.record.folder import RunFolder
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS
from bench.verdict.result import RunResult, Verdict

ROOT = Path(__file__).parents[1]
MS = NS_PER_MS


def night(number: int, later_ms: float, host: str = "hosted-runner") -> RunResult:
    """One shot of one scenario."""
    low = round((2_400 + later_ms + 50 * np.random.default_rng(number).random()) * MS)
    shots = [shot(0, Verdict.PASS, measurement(latency(low, 10 * MS), latency(low + 200 * MS, 10 * MS)))]
    return dataclasses.replace(
        sample_run(n=12),
        run_id=f"202611{number:02d}T021700000Z-real-reference",
        started_utc=f"2026-11-{number:02d}T02:17:00+00:00",
        timebase=Timebase.HOST,
        seed=number,
        environment={"host": host},
        scenarios=(scenario("ov", "x", OVERVOLTAGE, shots, Verdict.PASS, timebase=Timebase.HOST),),
    )


def stored(nights: Sequence[RunResult], folder: Path) -> None:
    """Each below a folder of its own, as downloads lie; the newest is tonight's."""
    for number, one in enumerate(nights):
        base = folder / "tonight" if one is nights[-1] else folder / "before" / f"{9_000 - number}" / "runs"
        RunFolder.create(base, one.run_id, {}).finish(run_to_dict(one))


@pytest.fixture
def compare_nights(tmp_path: Path):
    hil = tmp_path / "bin" / "hil"
    hil.parent.mkdir()
    hil.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bench "$@"\n')
    hil.chmod(0o755)
    path = f"{hil.parent}{os.pathsep}{os.environ['PATH']}"

    def run() -> tuple[int, str]:
        done = subprocess.run(
            [ROOT / ".ci" / "compare_nights", tmp_path / "tonight", tmp_path / "before"],
            cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


def test_seven_nights_against_seven_tell_what_one_cannot(compare_nights, tmp_path: Path) -> None:
    stored([night(k, 0) for k in range(1, 9)] + [night(k, 800) for k in range(9, 16)], tmp_path)
    code, told = compare_nights()
    assert "7 / 7" in told and "slower" in told, told
    assert code in (1, 3) and "Nothing became slower" not in told


def test_equal_nights_are_undecided_and_too_few_are_told(compare_nights, tmp_path: Path) -> None:
    stored([night(k, 0) for k in range(1, 14)], tmp_path)
    assert compare_nights() == (0, "nothing decided: 13 of 14 nights are there\n")
    stored([night(14, 0), night(0, 0)], tmp_path / "more")
    (tmp_path / "more" / "before").rename(tmp_path / "before" / "more")
    code, told = compare_nights()
    assert code == 3 and "Undecided" in told and "shots of each build decide" in told, told

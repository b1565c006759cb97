"""A process whose parent is killed while it starts ends in silence: nobody but the parent waits for its first line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def guard(folder: Path) -> list[str]:
    facts = {
        "config": str(ROOT / "hil_config.toml"), "record": str(folder), "bench": os.getpid() + 1, "hang_ns": 10**9,
        "note": str(folder / "note.json"),
    }  # fmt: skip
    return ["bench.wiring.guard_process", json.dumps(facts)]


def rack(folder: Path) -> list[str]:
    layout = json.dumps({"messages": [], "cycle_ns": 10**7, "gap_ns": 0})
    sense = "udp_multicast:channel=239.74.163.2,port=47999,hop_limit=0"
    return [
        "bench.instruments.virtual_rack", "--sense", sense, "--layout", layout, "--channels", "4",
        "--kind", "scpi_cell_emulator",
    ]  # fmt: skip


def traffic(folder: Path) -> list[str]:
    bus = "udp_multicast:channel=239.74.163.2,port=47998,hop_limit=0"
    return ["bench.proof.traffic", "--bus", bus, "--rate", "10", "--seconds", "30"]


@pytest.mark.parametrize("words", [guard, rack, traffic])
def test_it_says_nothing_and_stays_no_longer(words: object, tmp_path: Path) -> None:
    nobody, its_end = os.pipe()
    os.close(nobody)
    made = subprocess.Popen(
        [sys.executable, "-m", *words(tmp_path)],  # type: ignore[operator]
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=its_end, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(its_end)
    _, said = made.communicate(timeout=60)
    assert (made.returncode, said) == (0, "")

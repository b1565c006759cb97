"""Who stops a bench by a signal to all of its processes stops the bench: no DUT is blamed that went with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.options import load_rig, load_scenarios
from bench.errors import DutCrashed
from bench.record.folder import RunFolder, open_run
from bench.record.shot import read_shot
from bench.rig.rig import Rig
from bench.running.shots import shoot
from bench.timing.clock import Phase
from bench.timing.stopping import interrupt
from bench.trace.events import Kind
from bench.trace.mark import Mark

ROOT = Path(__file__).resolve().parents[1]
AT_NS = 3_000_000_000

BENCH = """
import asyncio, os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a script
from bench.config.dut_life import DutConfig, LifeCommand
from bench.dut.board import run_command
from bench.dut.process import ProcessDut
from pathlib import Path

POLITE = "import os, signal, sys, time; signal.signal(signal.SIGINT, lambda *_: os._exit(0)); "
DUT = POLITE + "print('ready', flush=True); time.sleep(30)"
OFF = POLITE + "open('begun', 'w').close(); time.sleep(0.4); open('off', 'w').close()"

async def main():
    dut = ProcessDut([sys.executable, "-c", DUT], "DUT")
    await dut.start()
    config = DutConfig(profile=Path("x"), firmware="x", start="external", folder=Path.cwd())
    command = LifeCommand(words=(sys.executable, "-c", OFF), timeout_ns=10**10)
    cut = asyncio.ensure_future(run_command(command, {}, config, "power off"))
    while not Path("begun").exists():
        await asyncio.sleep(0.01)
    os.killpg(0, signal.SIGINT)
    await cut
    print(dut.alive(), Path("off").exists())
    await dut.stop()

asyncio.run(main())
"""


def test_ctrl_c_reaches_neither_the_dut_nor_the_command_that_cuts_its_supply(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BENCH],
        cwd=tmp_path, capture_output=True, text=True, timeout=50, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.split() == ["True", "True"], done.stdout + done.stderr


def test_the_stub_says_that_a_signal_ended_it() -> None:
    """Else it would have ended by itself, and failed."""
    words = "import asyncio, sys; from firmware_stubs.can_process import told_to_end\n"
    words += "async def main():\n  told = told_to_end(); print('ready', flush=True)\n  await told.wait()\n"
    words += "  return told.exit_code\nsys.exit(asyncio.run(main()))"
    stub = subprocess.Popen(
        [sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert stub.stdout is not None and stub.stdout.readline() == b"ready\n"
    stub.terminate()
    assert stub.wait(20) == 128 + signal.SIGTERM
    stub.communicate()


@pytest.mark.parametrize(("status", "verdict"), [(0, "ERROR"), (-signal.SIGSEGV, "FAIL")])
def test_a_stop_on_the_way_to_safety_explains_a_dut_that_had_ended_before_it(
    tmp_path: Path, status: int, verdict: str
) -> None:
    """The signal came to the DUT first. A segmentation fault has another cause."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)
    (one,) = load_scenarios(wired, [ROOT / "scenarios" / "healthy" / "healthy_drive.toml"], None)[0]

    def gone() -> None:
        raise DutCrashed("the DUT's process ended by itself", status)

    def watch(rig: Rig, *_: object) -> None:
        def stop(mark: Mark) -> None:
            if mark.kind is Kind.DUT_CRASHED:
                interrupt(signal.SIGHUP, None)

        rig.clock.call_at(AT_NS, Phase.TASK, gone)
        rig.trace.on_mark(stop)

    with pytest.raises(KeyboardInterrupt):
        shoot(wired, one, 0, 1, 1, RunFolder.create(tmp_path, "run", {}), watch)
    (place,) = open_run(tmp_path / "run").shots()
    trace, _, result = read_shot(place)
    assert result["judgement"]["verdict"] == verdict
    codes = [why["finding"]["code"] for why in result["judgement"]["reasons"]]
    assert codes[0] == ("dut-killed" if verdict == "ERROR" else "dut-crashed")
    assert [mark.kind for mark in trace.marks][-2:] == [Kind.SAFE_STATE_REACHED, Kind.RUN_ENDED]

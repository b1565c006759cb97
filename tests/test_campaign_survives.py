"""A run whose workers die or whose disk is full: the other shots are kept, and what happened is told."""

import ctypes
import errno
import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_bench import ONE, hil_here, run_folders, small_bench

from bench.record.codable import decode
from bench.record.folder import RunFolder, open_run, read_shot, verify_run
from bench.running import local, shots
from bench.running.firing import firing_order
from bench.verdict.result import ShotResult, Verdict
from bench.wiring.core import chosen_core

pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="workers are forked"
)
SIX = ("run", "-k", ONE, "--repeat", "6", "--workers", "2", "--json")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(small_bench(tmp_path))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    return tmp_path


def verdicts(shown: str) -> dict[int, str]:
    (scenario,) = json.loads(shown)["scenarios"]
    return {shot["index"]: shot["judgement"]["verdict"] for shot in scenario["shots"]}


def at_shot_3(do: Callable[[], None]) -> Callable[..., Any]:
    shoot = local.shoot

    def struck(*words: Any, **named: Any) -> Any:
        if words[2] == 3:
            do()
        return shoot(*words, **named)

    return struck


def test_what_a_killed_worker_was_at_is_fired_again_and_the_run_is_whole(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def once() -> None:
        if not (bench / "killed").exists():
            (bench / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(local, "shoot", at_shot_3(once))
    assert hil_here(*SIX) == 0
    shown, told = capfd.readouterr()
    assert verdicts(shown) == dict.fromkeys(range(6), "PASS")
    assert "warning: a worker process died, by SIGKILL" in told and "given to another" in told
    (folder,) = run_folders(bench)
    footer, altered = verify_run(folder)
    assert footer is not None and altered == ()
    assert "by SIGKILL" in (folder / local.WORKERS).read_text()  # part of the evidence
    assert len(list(open_run(folder).shots())) == 6


def test_a_shot_that_costs_two_workers_their_lives_is_an_error_and_the_others_are_kept(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(local, "shoot", at_shot_3(lambda: os.kill(os.getpid(), signal.SIGKILL)))
    assert hil_here(*SIX) == 3
    shown, _ = capfd.readouterr()
    assert verdicts(shown) == {**dict.fromkeys(range(6), "PASS"), 3: "ERROR"}
    assert "worker-died" in shown
    (folder,) = run_folders(bench)
    footer, altered = verify_run(folder)
    assert footer is not None and altered == ()


def test_native_code_that_crashes_costs_its_shot_with_one_worker_too(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As the core would: by reading where nothing is."""
    monkeypatch.setattr(local, "shoot", at_shot_3(lambda: ctypes.string_at(0)))
    if chosen_core().file is None:
        pytest.skip("only native code crashes so: the core is not built here")
    assert hil_here(*SIX[:-2], "1", "--json") == 3
    shown, _ = capfd.readouterr()
    assert verdicts(shown) == {**dict.fromkeys(range(6), "PASS"), 3: "ERROR"}
    assert "worker-died" in shown and "by SIGSEGV" in shown
    (folder,) = run_folders(bench)
    footer, altered = verify_run(folder)
    assert footer is not None and altered == ()


def test_a_stop_that_comes_when_a_shot_is_over_costs_no_result(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is stored as finished is told, too; no further shot is begun."""
    fire, order = shots.fire, firing_order(1, ONE, 6)

    async def and_strike(*words: Any) -> None:
        await fire(*words)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(shots, "fire", and_strike)
    monkeypatch.setenv("BMS_HIL_CORE", "python")  # here, and not on a worker
    assert hil_here(*SIX[:-2], "1", "--json") == 130
    shown, _ = capfd.readouterr()
    assert verdicts(shown) == {order[0]: "PASS"}
    (folder,) = run_folders(bench)
    assert [read_shot(one)[2]["index"] for one in open_run(folder).shots()] == [order[0]]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_disk_that_is_full_ends_the_run_with_the_finished_shots_and_is_no_crash(
    workers: str, bench: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write, order = RunFolder.write_shot, firing_order(1, ONE, 6)

    def full(self: RunFolder, scenario: str, index: int, *more: Any) -> str:
        if index == order[3]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, scenario, index, *more)

    monkeypatch.setattr(RunFolder, "write_shot", full)
    assert hil_here(*SIX[:-2], workers, "--json") == 3
    shown, told = capfd.readouterr()
    passed = {index for index, verdict in verdicts(shown).items() if verdict == "PASS"}
    # of two workers, the other was at one of these, or had finished it
    assert workers != "1" or passed == set(order[:3])
    assert "cannot be stored: No space left on device" in told and "crashed" not in told
    (folder,) = run_folders(bench)
    stored = {one.name: decode(ShotResult, read_shot(one)[2]) for one in open_run(folder).shots()}
    finished = {one.index for one in stored.values() if one.judgement.verdict is Verdict.PASS}
    assert passed == finished  # whatever had finished is told, and nothing else
    assert (
        set(verdicts(shown)) <= {one.index for one in stored.values()}
        and not (folder / "footer.json").exists()
    )

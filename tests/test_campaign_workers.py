"""Pieces on worker processes: results in order, a worker that dies is told, and none is left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.campaign.workers import bounded, on_workers
from bench.errors import BenchError
from bench.timing.stopping import listening

pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="workers are forked"
)


@pytest.mark.parametrize("count", [1, 3])
def test_results_are_as_many_as_pieces_whatever_the_number_of_workers(count: int) -> None:
    factor = 3  # a closure cannot be sent, but is inherited
    with on_workers(lambda piece: factor * piece, count) as workers:
        assert list(workers.in_order(range(20))) == [3 * n for n in range(20)]
        assert dict(workers.as_finished(range(20))) == {n: 3 * n for n in range(20)}


def test_an_interruption_ends_the_piece_in_hand_in_order_and_leaves_no_worker(tmp_path: Path) -> None:
    def work(piece: int) -> int:
        (tmp_path / f"begun-{piece}-{os.getpid()}").touch()
        if piece == 0:
            return 0
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            (tmp_path / f"safe-{piece}").touch()
            raise
        return piece

    kept = []
    with pytest.raises(KeyboardInterrupt), on_workers(work, 2) as workers:
        for piece, _ in workers.as_finished(range(6)):
            kept.append(piece)
            while len(list(tmp_path.glob("begun-*"))) < 3:
                time.sleep(0.01)
            raise KeyboardInterrupt
    assert kept == [0]
    begun = [one.name.split("-") for one in tmp_path.glob("begun-*")]
    assert {one[1] for one in begun} == {"0", "1", "2"}  # what was still queued is not begun
    assert {one.name for one in tmp_path.glob("safe-*")} == {"safe-1", "safe-2"}
    for _, _, pid in begun:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_a_worker_that_is_killed_is_one_clear_line() -> None:
    def work(piece: int) -> int:
        if piece == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return piece

    with pytest.raises(BenchError, match="a worker process died"), on_workers(work, 2) as workers:
        list(workers.as_finished(range(4)))


def test_a_signal_to_one_worker_is_its_own_trouble_and_no_stop_by_the_user() -> None:
    def work(piece: int) -> int:
        if piece == 1:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        return piece

    with (
        listening(),  # forgets the signals of earlier tests in this process
        pytest.raises(BenchError, match="told to end by a signal from outside"),
        on_workers(work, 2) as workers,
    ):
        list(workers.as_finished(range(4)))


_KILLED = """
import os, sys, time
from bench.campaign.workers import on_workers
if sys.argv[1] == "no prctl":
    import bench.timing.parent
    del bench.timing.parent.ctypes.CDLL

def work(piece):
    os.write(1, b"begun\\n")
    time.sleep(60)

with on_workers(work, 2) as workers:
    list(workers.as_finished(range(6)))
"""


@pytest.mark.parametrize("kernel", ["prctl", "no prctl"])
def test_workers_end_with_a_parent_that_is_killed(kernel: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _KILLED, kernel], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert parent.stdout is not None
    assert [parent.stdout.readline() for _ in range(2)] == ["begun\n"] * 2
    parent.kill()
    assert parent.stdout.read() == ""  # at its end: nobody else holds the pipe
    parent.stdout.close()
    parent.wait()
    with pytest.raises(ProcessLookupError):
        while True:
            os.killpg(parent.pid, 0)
            time.sleep(0.02)


def test_workers_are_no_more_than_processors_and_pieces_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    assert bounded(None, 100) == (4, None)
    assert bounded(None, 3) == (3, None)
    assert bounded(2, 100) == (2, None)
    assert bounded(100_000, 100) == (4, "--workers 100000: 4 used, there are 4 processors")
    assert bounded(4, 3) == (3, "--workers 4: 3 used, there are 3 pieces of work")
    assert bounded(5, 0) == (1, "--workers 5: 1 used, there are 0 pieces of work")

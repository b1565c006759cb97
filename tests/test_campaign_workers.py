"""Pieces on worker processes: results in order, a worker that dies is told, and none is left behind."""

import multiprocessing
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from forked import ForkedPython

from bench.errors import BenchError
from bench.running.workers import bounded, on_workers
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


DEADLY = [signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1]


@pytest.mark.parametrize("sent", DEADLY)
def test_what_a_killed_worker_was_at_is_done_once_more_by_another(
    sent: signal.Signals, tmp_path: Path
) -> None:
    def work(piece: int) -> int:
        with (tmp_path / f"tried-{piece}").open("a") as file:
            file.write("x")
        if piece == 1 and (tmp_path / "tried-1").stat().st_size == 1:
            os.kill(os.getpid(), sent)
            time.sleep(60)
        return 10 * piece

    told: list[str] = []
    with listening(), on_workers(work, 2, tell=told.append) as workers:
        assert dict(workers.as_finished(range(6))) == {piece: 10 * piece for piece in range(6)}
        assert list(workers.in_order(range(6, 9))) == [60, 70, 80]  # as many as before
    assert [len((tmp_path / f"tried-{piece}").read_text()) for piece in range(9)] == [1, 2, *[1] * 7]
    (line,) = told
    assert "a worker process died" in line and "given to another" in line


def test_a_piece_is_not_lost_to_signals_that_come_from_outside(tmp_path: Path) -> None:
    """Whoever tells two workers to end has shown nothing of what they were at."""

    def work(piece: int) -> int:
        with (tmp_path / f"tried-{piece}").open("a") as file:
            file.write("x")
        tried = (tmp_path / f"tried-{piece}").stat().st_size
        if (piece == 1 and tried <= 3) or piece == 2:
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(60)
        return piece

    with on_workers(work, 2, lost=lambda piece, how: -piece, tell=lambda line: None) as workers:
        assert dict(workers.as_finished(range(4))) == {0: 0, 1: 1, 2: -2, 3: 3}
    assert [len((tmp_path / f"tried-{piece}").read_text()) for piece in range(4)] == [1, 4, 5, 1]


def test_a_piece_that_costs_two_workers_their_lives_is_lost_and_the_others_are_kept() -> None:
    def work(piece: int) -> int:
        if piece == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return piece

    def lost(piece: int, how: str) -> int:
        return -piece if "SIGKILL" in how else 0

    told: list[str] = []
    with on_workers(work, 2, lost=lost, tell=told.append) as workers:
        assert dict(workers.as_finished(range(6))) == {0: 0, 1: -1, 2: 2, 3: 3, 4: 4, 5: 5}
    kept: dict[int, int] = {}
    with (
        pytest.raises(BenchError, match="a worker process died, by SIGKILL"),
        on_workers(work, 2, tell=told.append) as workers,
    ):
        kept.update(workers.as_finished(iter(range(6))))
    assert told


def test_a_piece_that_had_its_result_when_its_worker_died_is_not_done_again(tmp_path: Path) -> None:
    def work(piece: int) -> int:
        (tmp_path / f"done-{piece}").touch(exist_ok=False)
        if piece == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return piece

    def found(piece: int) -> int | None:
        return piece if (tmp_path / f"done-{piece}").exists() else None

    with on_workers(work, 2, found=found, tell=lambda _: None) as workers:
        assert dict(workers.as_finished(range(5))) == {piece: piece for piece in range(5)}


def test_workers_that_all_die_end_it_after_a_while() -> None:
    def work(piece: int) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return piece

    with (
        pytest.raises(BenchError, match="died one after the other"),
        on_workers(work, 2, lost=lambda *_: -1, tell=lambda _: None) as workers,
    ):
        list(workers.as_finished(range(1000)))


def test_what_had_finished_is_given_before_an_exception_of_another_piece_is_raised() -> None:
    def work(piece: int) -> int:
        if piece == 5:
            raise ZeroDivisionError("of piece 5")
        return piece

    kept = []
    with pytest.raises(ZeroDivisionError, match="of piece 5"), on_workers(work, 2) as workers:
        for piece, _ in workers.as_finished(range(100)):
            kept.append(piece)
            time.sleep(0.02)  # answers lie in the pipes meanwhile
    assert set(range(5)) <= set(kept)


def test_what_workers_had_finished_is_given_before_a_stop_is_raised(tmp_path: Path) -> None:
    def work(piece: int) -> int:
        (tmp_path / f"done-{piece}").touch()
        return piece

    kept = []
    with listening(), pytest.raises(KeyboardInterrupt), on_workers(work, 2, patient=True) as workers:
        for piece, _ in workers.as_finished(range(10_000)):
            kept.append(piece)
            if piece == 4:
                signal.raise_signal(signal.SIGTERM)
    assert sorted(kept) == sorted(int(one.name.removeprefix("done-")) for one in tmp_path.iterdir())
    assert len(kept) < 100


_KILLED = """
import os, sys, time
from bench.running.workers import on_workers
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
    parent = ForkedPython([_KILLED, kernel], stdout=subprocess.PIPE, text=True, start_new_session=True)
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

"""Pieces on worker processes: results in order, a worker that dies is told, and none is left behind."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from bench.campaign.workers import on_workers
from bench.errors import BenchError

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

"""In a worker process: pieces come by a pipe, each is answered before the next is begun, until the pipe ends.

Ctrl-C and a closed terminal reach the parent too, which ends its workers in order. One that is told to end by somebody
else dies on the spot, as by a kill: what it records as aborted could not be fired again by another.
"""

import contextlib
import gc
import os
import pickle
import signal
from collections.abc import Callable
from mmap import mmap
from multiprocessing.connection import Connection
from typing import Any

from bench.errors import BenchError, Crashed
from bench.running.crash import crash_line
from bench.timing import stopping
from bench.timing.parent import end_with

DONE, RAISED = b"d", b"r"
NO_MORE = b""

_ending = False
_busy = False
_patient = False
_in_order: mmap | None = None


def serve(
    work: Callable[[Any], Any],
    pipe: Connection,
    others: list[Connection],
    parent: int,
    patient: bool,
    in_order: mmap,
) -> None:
    """The whole life of a worker. others: the parent's ends of pipes, which only the parent may hold.

    in_order: its first byte is not 0 when the parent itself ends its workers.
    patient: a piece is short, and what is not in a run of its own is finished, so that its result is not lost.
    """
    global _patient, _in_order
    _patient, _in_order = patient, in_order
    stopping.forget(noticed=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    end_with(parent)
    for one in others:
        one.close()
    gc.freeze()  # what was there before the fork is the parent's to look after
    with contextlib.suppress(KeyboardInterrupt, EOFError, OSError):  # nobody asks any more
        while not _ending and (packed := pipe.recv_bytes()) != NO_MORE:
            answer = _answer(work, packed)
            if answer is None:
                return
            pipe.send_bytes(answer)
            if answer.startswith(RAISED):  # which ends them all: what else it has in hand is not begun
                return


def _stop(signum: int, frame: object) -> None:  # noqa: ARG001
    """The running shot goes to its safe state and is recorded as aborted. Pieces that still wait are not begun."""
    global _ending
    if _in_order is None or not _in_order[0]:
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _ending = True
    if _busy and not stopping.stop_run() and not _patient:
        raise KeyboardInterrupt


def _answer(work: Callable[[Any], Any], packed: bytes) -> bytes | None:
    """What became of a piece, as it is sent; None: it was cut short, as this process has to end."""
    global _busy
    try:
        _busy = True
        if _ending:
            return None
        return DONE + pickle.dumps(work(pickle.loads(packed)))
    except KeyboardInterrupt as error:
        return None if _ending else RAISED + _sent(error)
    except BaseException as error:  # noqa: BLE001 - the parent raises it
        return RAISED + _sent(error)
    finally:
        _busy = False


def _sent(error: BaseException) -> bytes:
    """Not every exception gets whole from one process to another: then its words do."""
    try:
        packed = pickle.dumps(error)
        if type(pickle.loads(packed)) is type(error):
            return packed
    except BaseException:  # noqa: BLE001 - of whatever make it is
        pass
    words = str(error) if isinstance(error, BenchError) else crash_line(error, None)
    return pickle.dumps(BenchError(words) if isinstance(error, BenchError) else Crashed(words))

"""The process apart: `python -m bench.door.beside DESCRIPTOR`, led by the messages of `bench.door.apart`."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import pickle
import select
import signal
import socket
import sys
from typing import Any

from bench.door.apart import LENGTH, framed
from bench.door.by_hand import RigByHand
from bench.door.progress import Event
from bench.door.run import Stopped
from bench.door.session import Bench
from bench.errors import BenchError
from bench.running.crash import crash_line
from bench.timing.stopping import listening, was_stopped

_LOOK_S = 0.2  # a signal wakes no wait for the script's next word
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class DoorLine:
    """This process's end of the pair of sockets."""

    def __init__(self, ours: socket.socket) -> None:
        self._socket = ours

    def tell(self, *words: Any) -> None:
        message = framed(words)
        with contextlib.suppress(OSError):  # the script is gone; the way to safety goes on
            self._socket.sendall(message)

    def words(self) -> tuple[Any, ...]:
        """The script's next message; ("end",) when it is gone. Waits in no loop: simulated time stands meanwhile."""
        while not select.select([self._socket], [], [], _LOOK_S)[0]:
            if was_stopped():
                raise asyncio.CancelledError
        return self._read(self._socket.recv)

    async def words_in_real_time(self) -> tuple[Any, ...]:
        loop = asyncio.get_running_loop()
        heard = asyncio.Event()
        loop.add_reader(self._socket, heard.set)
        try:
            await heard.wait()
        finally:
            loop.remove_reader(self._socket)
        return self._read(self._socket.recv)

    def _read(self, receive: Any) -> tuple[Any, ...]:
        try:
            length = int.from_bytes(receive(LENGTH, socket.MSG_WAITALL), "big")
            packed = receive(length, socket.MSG_WAITALL) if length else b""
        except OSError:
            packed = b""
        words: tuple[Any, ...] = pickle.loads(packed) if packed else ("end",)
        return words


def main(descriptor: int) -> None:
    """Serve one script over the socket `descriptor` until the script or this process ends."""
    with contextlib.suppress(OSError, AttributeError):  # where the script is killed, the rig walks to safety
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    line = DoorLine(socket.socket(fileno=descriptor))
    with listening(), contextlib.suppress(KeyboardInterrupt):
        try:
            task, *words = line.words()
            if task == "rig":
                RigByHand(*words).drive(line)
            elif task in ("run", "shoot", "judge"):
                _done(line, task, *words)
        except BenchError as error:
            line.tell("ended", *((None, str(error)) if task == "rig" else (None, error)))
        except Exception as error:  # noqa: BLE001 - the script's side tells it
            line.tell("ended", None, crash_line(error, None))


def _done(line: DoorLine, task: str, opened: dict[str, Any], words: dict[str, Any]) -> None:
    bench = Bench.open(**opened)

    def progress(event: Event) -> None:
        line.tell("event", event)

    if task == "run":
        words = {**words, "progress": progress}
    try:
        line.tell("done", getattr(bench, task)(**words))
    except Stopped as stopped:
        line.tell("stopped", stopped.run)
    except KeyboardInterrupt:
        line.tell("stopped", None)
    except BenchError as error:
        line.tell("wrong", error)


if __name__ == "__main__":
    main(int(sys.argv[1]))

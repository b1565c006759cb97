"""A separate process for work that needs an event loop of its own: a run asked for inside a running loop, and a rig
by hand.

It is controlled by messages over a pair of sockets, and is in a session of its own. So Ctrl-C in the terminal reaches
the script only. When the script ends, for whatever reason, this process brings the rig to its safe state.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from bench.door.progress import CallbackFailed, OnProgress, Teller, unheard
from bench.door.run import Stopped
from bench.errors import BenchError, CalledWrongly

if TYPE_CHECKING:
    from bench.wiring.common import Wired

LENGTH = 8  # bytes, before each message
_GONE_S = 10.0  # from its last word to its end, at most


def framed(words: tuple[Any, ...]) -> bytes:
    """A message as both ends send it. Raises CalledWrongly for what no other process can be told."""
    try:
        packed = pickle.dumps(words)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise CalledWrongly(f"{words[0]}: found an argument that is no plain value: {error}") from error
    return len(packed).to_bytes(LENGTH, "big") + packed


class EndedAlone(BenchError):
    """The process apart has ended, and has said nothing more."""


def opened_by(wired: Wired) -> dict[str, Any]:
    """With what `Bench.open` makes this bench again."""
    config = wired.config
    return {
        "config": str(config.file),
        "time": "simulated" if config.simulated else "real",
        "firmware": config.dut.firmware,
        "chemistry": config.pack.chemistry,
        "firmware_chemistry": config.dut.chemistry,
    }


class Apart:
    """The script's end. `ask` what is to be done, then `told` each message it sends."""

    def __init__(self, process: subprocess.Popen[bytes], ends: tuple[Any, Any]) -> None:
        self._process = process
        self._reader, self._writer = ends

    @classmethod
    async def start(cls) -> Apart:
        """Start it. What it inherits besides is where it says what it has to say: stdout and stderr."""
        ours, theirs = socket.socketpair()
        line = [sys.executable, "-m", "bench.door.beside", str(theirs.fileno())]
        process = subprocess.Popen(  # noqa: ASYNC220 - a fork; its end is heard at the socket
            line, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, start_new_session=True
        )
        theirs.close()
        return cls(process, await asyncio.open_unix_connection(sock=ours))

    def ask(self, *words: Any) -> None:
        message = framed(words)
        with contextlib.suppress(OSError):  # it has ended: `told` says so
            self._writer.write(message)

    async def told(self) -> tuple[Any, ...]:
        """Its next message. Raises EndedAlone at its end."""
        try:
            length = int.from_bytes(await self._reader.readexactly(LENGTH), "big")
            message: tuple[Any, ...] = pickle.loads(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError) as error:
            raise EndedAlone(f"the bench's process {self._how_it_ended()}, and said nothing") from error
        return message

    def _how_it_ended(self) -> str:
        """On a busy machine it may take a while from its last word to its end."""
        try:
            return f"ended with exit code {self._process.wait(_GONE_S)}"
        except subprocess.TimeoutExpired:
            return f"has closed its line and has not ended within {_GONE_S:g} s"

    def stop(self) -> None:
        """Ask it to end early, as Ctrl-C does."""
        with contextlib.suppress(OSError):
            self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GONE_S)


async def not_cut_short(work: asyncio.Future[Any], on_cancel: Any) -> Any:
    """Its result, however often this task is cancelled meanwhile; CancelledError after it where it was."""
    cancelled = False
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            cancelled = True
            on_cancel()
    if cancelled:
        work.exception()  # looked at
        raise asyncio.CancelledError
    return work.result()


async def done_apart(task: str, wired: Wired, words: dict[str, Any], progress: OnProgress = unheard) -> Any:
    """`run`, `shoot` or `judge` in a process of its own: its result. Cancelled, it is stopped in order first."""
    apart, tell = await Apart.start(), Teller(progress)

    async def work() -> Any:
        apart.ask(task, opened_by(wired), words)
        while True:
            kind, *rest = await apart.told()
            if kind != "event":
                return kind, rest
            try:
                tell(rest[0])
            except CallbackFailed:
                apart.stop()

    try:
        kind, rest = await not_cut_short(asyncio.ensure_future(work()), apart.stop)
    finally:
        apart.close()
    if tell.raised is not None:
        raise tell.raised
    if kind == "done":
        return rest[0]
    if kind == "wrong":
        raise rest[0]
    if kind == "stopped" and rest[0] is not None:
        raise Stopped(rest[0])
    raise KeyboardInterrupt if kind == "stopped" else EndedAlone(str(rest[-1]))

"""An MQTT broker that misbehaves, and signals to the process that talks to it: neither costs a run anything."""

import contextlib
import importlib.util
import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from .ground import Grounds
from .outcome import Outcome
from .runs import Run, a_bench, check, some_shots, start

_HOW = ("absent", "closes", "silent", "garbage", "resets", "half", "stalls")
_CONNECTED = b"\x20\x02\x00\x00"  # CONNACK, accepted
_MOST_S = 100.0


@contextlib.contextmanager
def _broker(how: str, rng: random.Random) -> Iterator[int]:
    """Its port. Served by a process of its own, so that this one has no threads when it forks a run."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
        if how == "absent":
            listening.close()
            yield port
            return
        seed = rng.random()
        pid = os.fork()
        if pid == 0:
            try:
                signal.alarm(int(_MOST_S))
                _serve(listening, how, random.Random(seed))
            finally:
                os._exit(0)
    try:
        yield port
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve(listening: socket.socket, how: str, rng: random.Random) -> None:
    held = []
    while True:
        one, _ = listening.accept()
        with contextlib.suppress(OSError):
            if how == "closes":
                one.close()
            elif how == "resets":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                one.close()
            elif how == "garbage":
                one.sendall(rng.randbytes(rng.randint(1, 4000)))
            elif how == "half":
                one.sendall(_CONNECTED[: rng.randint(1, 3)])
                one.close()
            elif how == "stalls":  # it accepts, and confirms nothing
                one.recv(4096)
                one.sendall(_CONNECTED)
        held.append(one)


def _tells(folder: Path, port: int) -> None:
    table = (
        f'\n[mqtt]\nhost = "127.0.0.1"\nport = {port}\ndrain = "1 s"\nretry = "1 s"\ntelemetry = "100 ms"\n'
    )
    with (folder / "hil_config.toml").open("a", encoding="utf-8") as file:
        file.write(table)


def broker(rng: random.Random, grounds: Grounds) -> Outcome:
    how = rng.choice(_HOW)
    outcome = Outcome(fault=f"a broker that is or does: {how}", struck=True)
    with a_bench() as folder, _broker(how, rng) as port:
        _tells(folder, port)
        run = start(folder)
        check(outcome, run, run.wait(), complete=_can_publish())
    return outcome


def publisher(rng: random.Random, grounds: Grounds) -> Outcome:
    which, after = (
        rng.choice((signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT)),
        some_shots(rng),
    )
    outcome = Outcome(fault=f"{which.name} to the process that talks to the broker, after {after} shots")
    with a_bench() as folder, _broker(rng.choice(("absent", "stalls")), rng) as port:
        _tells(folder, port)
        run = start(folder)
        if run.after_shots(after):
            for pid in _publishers(run):
                run.send(pid, which)
                outcome.struck = True
        check(outcome, run, run.wait(), complete=_can_publish())
        time.sleep(0.05)
    return outcome


def _can_publish() -> bool:
    return importlib.util.find_spec("aiomqtt") is not None


def _publishers(run: Run) -> list[int]:
    found = []
    for pid in run.children():
        with contextlib.suppress(OSError):
            if b"bench.live.publisher" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found

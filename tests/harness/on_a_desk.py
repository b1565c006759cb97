"""Faults of a run in real time, with a rack that tells itself what is on: its guard, its DUT, garbage on its bus."""

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import msgpack

from .ground import Grounds
from .outcome import Outcome, Wrong
from .signals import ENDS_WITHIN_S, OFF_WITHIN_S, Place, Stopped, check, real, until

_GROUP = "239.74.163.2"
_DEADLY = (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGSEGV, signal.SIGINT)


def guard(rng: random.Random, grounds: Grounds) -> Outcome:
    """Its guard is killed, stopped for good or for a moment, or told to end: noticed, or without any effect."""
    return _struck(rng, "guard_process")


def dut(rng: random.Random, grounds: Grounds) -> Outcome:
    """The DUT's process is killed, hangs or is told to end: a verdict, and never PASS; the next shot has another."""
    return _struck(rng, "reference_bms")


def _struck(rng: random.Random, words: str) -> Outcome:
    which, after_s = rng.choice(_DEADLY), rng.uniform(0.0, 6.0)
    again_s = rng.choice((None, 0.2, 1.5)) if which is signal.SIGSTOP else None
    outcome = _strikes(words, which, after_s, again_s)
    while not outcome.struck and not outcome.wrong and after_s > 0.1:  # the run was over by then
        after_s /= 2
        outcome = _strikes(words, which, after_s, again_s)
    return outcome


def _strikes(words: str, which: signal.Signals, after_s: float, again_s: float | None) -> Outcome:
    place = real()
    run, before = _begun(place)
    outcome = Outcome(fault=f"{which.name} to {words} {after_s:.2f} s after it is there, on again: {again_s}")
    target: list[int] = []

    def there() -> bool:
        target[:] = [pid for pid in _below(run.process.pid) if words in _line(pid)]
        return bool(target) or run.process.poll() is not None

    if until(there, ENDS_WITHIN_S) and target:
        time.sleep(after_s)
        if there() and target:
            with contextlib.suppress(ProcessLookupError):
                os.kill(target[0], which)
                outcome.struck = True
            if again_s is not None:
                time.sleep(again_s)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(target[0], signal.SIGCONT)
    _ended(outcome, run, before, may_fail=words != "guard_process")
    if target and not until(lambda: not _line(target[0]) or words not in _line(target[0]), OFF_WITHIN_S):
        outcome.wrong.append((Wrong.ORPHAN, f"{words} lives on"))
        os.kill(target[0], signal.SIGKILL)
    return outcome


def bus(rng: random.Random, grounds: Grounds) -> Outcome:
    """Datagrams of any content on the group of a virtual bus: anomalies, and no more."""
    place = real()
    ports = [int(one) for one in re.findall(r"port = (\d+)", (place.folder / "hil_config.toml").read_text())]
    run, before = _begun(place)
    count = rng.choice((1, 20, 300))
    outcome = Outcome(fault=f"{count} datagrams of garbage")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        until(lambda: place.on or run.process.poll() is not None, ENDS_WITHIN_S)
        for _ in range(count):
            if run.process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                sender.sendto(_garbage(rng), (_GROUP, rng.choice(ports)))
                outcome.struck = True
            time.sleep(0.01)
    _ended(outcome, run, before, may_fail=False)
    return outcome


_ODD = (-1, 2**40, 2**63, float("inf"), float("nan"), None, True, "x" * 300, b"\xff" * 65, [], {}, 1e308, "")


def _garbage(rng: random.Random) -> bytes:
    """Nothing that a bus could carry."""
    if rng.random() < 0.4:
        return rng.randbytes(rng.choice((0, 1, 7, 300, 1400, 5000)))
    frame = {
        "timestamp": 0.0, "arbitration_id": 0x123, "is_extended_id": False, "is_remote_frame": False,
        "is_error_frame": False, "channel": "", "dlc": 8, "data": bytes(8), "is_fd": False,
        "bitrate_switch": False, "error_state_indicator": False,
    }  # fmt: skip
    frame["arbitration_id"] = rng.choice((-1, 2**40, float("inf"), "0x10", None, 0x800))
    for key in rng.sample(sorted(frame), rng.randint(0, 3)):
        if key != "arbitration_id":
            frame[key] = rng.choice(_ODD)
    packed: bytes = msgpack.packb(frame, use_bin_type=True)
    return packed if rng.random() < 0.7 else packed[: rng.randrange(len(packed))]


def _begun(place: Place) -> tuple[Stopped, int]:
    out = Path(tempfile.mkdtemp(prefix="out-", dir=place.folder))
    before = len(place.switched())
    return Stopped(place=place, out=out, process=place.start(out)), before


def _ended(outcome: Outcome, run: Stopped, before: int, *, may_fail: bool) -> None:
    try:
        run.said, _ = run.process.communicate(timeout=2 * ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        run.hung = True
        os.killpg(run.process.pid, signal.SIGKILL)
        run.said, _ = run.process.communicate()
    run.begun = True
    outcome.verdict = f"exit {run.process.returncode}"
    if run.process.returncode == 1:
        if may_fail:
            run.process.returncode = 3  # a DUT that dies is wrong
        else:
            outcome.wrong.append((Wrong.BLAMED, run.said[-400:]))
    check(outcome, run, before)
    shutil.rmtree(run.out, ignore_errors=True)


def _below(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    born = [int(one) for one in text.split()]
    return born + [further for one in born for further in _below(one)]


def _line(pid: int) -> str:
    """Its command line; nothing once it is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""

"""Parsers in processes of their own, so that what hangs, eats memory or kills is seen, told, and gone on from."""

import gc
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from .parser import Counts, Parser, unclear

MOST_BYTES = 512 << 20
LONGEST_CPU_S, LONGEST_S = 10.0, 60.0
_ROOM_BYTES = 3 << 30
"""Of address space beyond what a process begins with: a machine that runs the harness must live on."""


def run(name: str, parser: Parser, seed: int, numbers: range) -> Counts:
    """All inputs of these numbers; a process that ends before its last is begun anew behind what ended it."""
    counts, began_s = Counts(), time.monotonic()
    context = multiprocessing.get_context("fork")
    at = numbers.start
    with tempfile.TemporaryDirectory(prefix="parsers-", dir=_quick_folder()) as folder:
        while at < numbers.stop:
            number = context.Value("q", at, lock=False)
            notes = Path(folder) / "notes"
            notes.unlink(missing_ok=True)
            child = context.Process(
                target=_worker, args=(name, parser, seed, range(at, numbers.stop), number, folder)
            )
            child.start()
            child.join()
            _take(notes, counts)
            at = number.value
            if child.exitcode == 0:
                break
            died = -(child.exitcode or 0)
            if died in (signal.SIGPROF, signal.SIGALRM):
                took = f"{LONGEST_CPU_S:g} s of CPU" if died == signal.SIGPROF else f"{LONGEST_S:g} s"
                counts.note("hang", f"not ended after {took}", at)
            elif child.exitcode != 3:  # 3: told by the worker itself
                counts.note("traceback", f"the process ended with {child.exitcode}", at)
            at += 1
    counts.inputs, counts.seconds = len(numbers), time.monotonic() - began_s
    return counts


def one(name: str, parser: Parser, seed: int, number: int) -> str:
    """What became of one input, with the traceback where there is one."""
    with tempfile.TemporaryDirectory(prefix="parsers-") as folder:
        made = parser.make(random.Random(f"{name} {seed} {number}"))
        shown = made if len(repr(made)) < 4000 else f"{repr(made)[:4000]} …"
        try:
            parser.opened(Path(folder))(made)
        except parser.refuses as error:
            return f"{shown}\nrefused: {error}"
        except Exception:  # noqa: BLE001 - this is what is looked for
            return f"{shown}\n{traceback.format_exc()}"
    return f"{shown}\naccepted"


def _quick_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _worker(
    name: str, parser: Parser, seed: int, numbers: range, at: "Synchronized[int]", folder: str
) -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdin = open(os.devnull)  # noqa: SIM115 - as long as the process lives
    own = Path(folder) / f"at-{numbers.start}"
    own.mkdir()
    read = parser.opened(own)
    gc.freeze()  # what is loaded is no garbage, and need not be looked through for each input
    base = _most_bytes()
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + _ROOM_BYTES, resource.RLIM_INFINITY))
    counts = Counts()
    notes = Path(folder) / "notes"
    sys.unraisablehook = lambda what: _unraisable(what, counts, at.value)
    for number in numbers:
        at.value = number
        made = parser.make(random.Random(f"{name} {seed} {number}"))
        signal.setitimer(signal.ITIMER_PROF, LONGEST_CPU_S)
        signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
        told = sum(counts.wrong.values())
        _meet(parser, read, made, counts, number)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if _most_bytes() - base > MOST_BYTES:
            counts.note("memory", f"more than {MOST_BYTES >> 20} MB", number)
            _write(notes, counts)
            os._exit(3)
        if number % 64 == 0 or sum(counts.wrong.values()) > told:
            _write(notes, counts)
    _write(notes, counts)
    os._exit(0)


def _meet(parser: Parser, read: Any, made: Any, counts: Counts, number: int) -> None:
    try:
        read(made)
        counts.accepted += 1
    except parser.refuses as error:
        counts.refused += 1
        if why := unclear(error):
            counts.note("unclear", f"{why}{_where(error)}", number)
    except MemoryError as error:
        counts.note("memory", f"MemoryError{_where(error)}", number)
    except BaseException as error:  # noqa: BLE001 - this is what is looked for
        counts.note("traceback", f"{type(error).__name__}{_where(error)}", number)


def _unraisable(what: "sys.UnraisableHookArgs", counts: Counts, number: int) -> None:
    """Python prints a traceback for it, whoever catches what."""
    counts.note("traceback", f"in a destructor, {type(what.exc_value).__name__}", number)


def _where(error: BaseException) -> str:
    """The innermost place of the bench, and the innermost of all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if "/bench/" in one.filename or "/firmware_stubs/" in one.filename]
    return "".join(f" in {Path(one.filename).name}:{one.lineno} {one.name}" for one in own[-1:])


def _most_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _write(notes: Path, counts: Counts) -> None:
    content = {
        "accepted": counts.accepted, "refused": counts.refused,
        "wrong": counts.wrong, "told": counts.told,
    }  # fmt: skip
    part = notes.with_suffix(".part")
    part.write_text(json.dumps(content))
    part.replace(notes)


def _take(notes: Path, counts: Counts) -> None:
    """What a worker has written; the last inputs before one that killed it may not be in it."""
    if not notes.is_file():
        return
    content = json.loads(notes.read_text())
    told = {line: (times, first) for line, (times, first) in content["told"].items()}
    counts.add(
        Counts(accepted=content["accepted"], refused=content["refused"], wrong=content["wrong"], told=told)
    )

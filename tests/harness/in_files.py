"""Faults of the file system and of the results database while a run goes on."""

import contextlib
import ctypes
import os
import random
import resource
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from .ground import Grounds
from .in_runs import remove, stored_later
from .outcome import Outcome, Wrong
from .runs import Run, a_bench, check, some_shots, start

_CLONE_NEWNS, _MS_REC, _MS_PRIVATE, _MS_REMOUNT, _MS_RDONLY = 0x20000, 0x4000, 1 << 18, 32, 1


@cache
def may_mount() -> bool:
    """Whether this process can mount a file system that nobody else sees; asked once, and then it may."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(_CLONE_NEWNS) != 0:
        return False
    return bool(libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) == 0)


@contextlib.contextmanager
def a_small_disk(options: str) -> Iterator[Path]:
    place = tempfile.mkdtemp(prefix="disk-")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", place.encode(), b"tmpfs", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), "no tmpfs could be mounted")
    try:
        yield Path(place)
    finally:
        libc.umount2(place.encode(), 2)
        Path(place).rmdir()


def files(rng: random.Random, grounds: Grounds) -> Outcome:
    """A disk that fills up, has no inode left or becomes read-only; a file too large; what is stored taken away."""
    kinds = [_taken_away, _file_too_large]
    if may_mount():
        kinds += [_full, _full, _full, _no_inode, _no_inode, _read_only, _read_only]
    return rng.choice(kinds)(rng)


def _on_disk(run: Run, outcome: Outcome) -> None:
    told = run.wait()
    run.stored |= run.passed()
    check(outcome, run, told, complete=False)
    if run.code not in (0, 3) and not run.hung:
        outcome.wrong.append((Wrong.LOST, f"exit code {run.code}: {told.err[-300:]}"))
    if "crashed" in told.err:
        outcome.wrong.append((Wrong.UNTOLD, f"told as a crash of the bench: {told.err[-400:]}"))


def _full(rng: random.Random) -> Outcome:
    kbytes = rng.randint(150, 3_000)
    outcome = Outcome(fault=f"a disk of {kbytes} kB", struck=True)
    with a_bench() as folder, a_small_disk(f"size={kbytes}k") as disk:
        _on_disk(start(folder, "--out", str(disk), runs=disk), outcome)
    return outcome


def _no_inode(rng: random.Random) -> Outcome:
    inodes = rng.randint(12, 160)
    outcome = Outcome(fault=f"a disk of {inodes} inodes", struck=True)
    with a_bench() as folder, a_small_disk(f"nr_inodes={inodes}") as disk:
        _on_disk(start(folder, "--out", str(disk), runs=disk), outcome)
    return outcome


def _read_only(rng: random.Random) -> Outcome:
    after = some_shots(rng)
    outcome = Outcome(fault=f"read-only after {after} shots")
    with a_bench() as folder, a_small_disk("size=100m") as disk:
        run = start(folder, "--out", str(disk), runs=disk)
        if run.after_shots(after):
            flags = _MS_REMOUNT | _MS_RDONLY
            for _ in range(200):  # not while a file is open for writing
                if ctypes.CDLL(None).mount(b"none", bytes(disk), None, flags, None) == 0:
                    outcome.struck = True
                    break
        _on_disk(run, outcome)
    return outcome


def _file_too_large(rng: random.Random) -> Outcome:
    limit = rng.randint(2, 400) * 1024
    outcome = Outcome(fault=f"files of at most {limit} bytes", struck=True)

    def before() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python has it
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with a_bench() as folder, tempfile.TemporaryDirectory() as said_in:
        run = start(folder, before=before, said_in=Path(said_in))
        told = run.wait()
        run.stored |= run.passed()
        if told.result is None and told.out:  # its own output was cut as well
            run.stored = set()
        check(outcome, run, told, complete=False)
        if "crashed" in told.err:
            outcome.wrong.append((Wrong.UNTOLD, f"told as a crash of the bench: {told.err[-400:]}"))
    return outcome


def _taken_away(rng: random.Random) -> Outcome:
    after, what = some_shots(rng), rng.choice(("runs", "run", "scenarios", "scenario", "header", "file"))
    outcome = Outcome(fault=f"{what} removed after {after} shots")
    with a_bench() as folder:
        run = start(folder)
        if run.after_shots(after):
            (one,) = run.begun()
            (first, *_) = sorted((one / "scenarios").iterdir())
            gone = {
                "runs": folder / "runs",
                "run": one,
                "scenarios": one / "scenarios",
                "scenario": first,
                "header": one / "header.json",
                "file": one / "scenarios",
            }[what]
            moved = folder / "moved"
            with contextlib.suppress(OSError):
                if rng.random() < 0.5:
                    gone.rename(moved)  # at once
                else:
                    remove(gone)
                if what == "file":
                    gone.write_text("in the way")
                outcome.struck = True
        told = run.wait()
        check(outcome, run, told, complete=not outcome.struck, lost=outcome.struck)
        if outcome.struck and run.code != 3:
            outcome.wrong.append((Wrong.FALSE_PASS, f"exit code {run.code}: {told.err[-300:]}"))
        if "crashed" in told.err:
            outcome.wrong.append((Wrong.UNTOLD, f"told as a crash of the bench: {told.err[-400:]}"))
    return outcome


# --- the database ---------------------------------------------------------------------------------------------


def database(rng: random.Random, grounds: Grounds) -> Outcome:
    """It is broken, locked, of another make or gone, from the start or from mid-run on: one warning, nothing lost."""
    how, after = rng.choice(_BREAKS), rng.choice((0, some_shots(rng)))
    outcome = Outcome(fault=f"database {how} after {after} shots", struck=True)
    with a_bench() as folder:
        file = folder / "runs" / "results.sqlite"
        file.parent.mkdir()
        with contextlib.ExitStack() as held:
            if not after:
                _broken(how, file, held)
            run = start(folder)
            if after and run.after_shots(after):
                _broken(how, file, held)
            told = run.wait()
        check(outcome, run, told, complete=True)
        for one in run.begun():
            if why := stored_later(one, folder / "sound.sqlite"):
                outcome.wrong.append((Wrong.LOST, f"cannot be stored later: {why}"))
        if len(run.begun()) != 1:
            outcome.wrong.append((Wrong.LOST, f"{len(run.begun())} run folders"))
    return outcome


_BREAKS = ("text", "cut", "locked", "newer", "other", "folder", "pipe", "gone", "loop", "empty", "noise")


def _broken(how: str, file: Path, held: contextlib.ExitStack) -> None:
    if how == "locked":
        connection = sqlite3.connect(file, isolation_level=None)
        held.callback(connection.close)
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("BEGIN EXCLUSIVE")
        return
    if how in ("newer", "other"):
        with contextlib.closing(sqlite3.connect(file)) as connection, contextlib.suppress(sqlite3.Error):
            connection.execute("PRAGMA user_version = 99")
            connection.execute("CREATE TABLE IF NOT EXISTS runs (x)")
            connection.commit()
        return
    if how in ("cut", "noise") and file.is_file():
        content = file.read_bytes()
        noise = random.Random(len(content)).randbytes(len(content) // 2)
        file.write_bytes(content[: len(content) // 2] + (noise if how == "noise" else b""))
        return
    remove(file)
    if how in ("text", "cut", "noise"):
        file.write_text("no database at all, " * 50)
    elif how == "folder":
        file.mkdir()
    elif how == "pipe":
        os.mkfifo(file)
    elif how == "loop":
        file.symlink_to(file.name)
    elif how == "empty":
        file.touch()

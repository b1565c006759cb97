"""Faults of a whole run in simulated time: its workers, itself, its limits, others beside it, the wall clock."""

import contextlib
import os
import random
import resource
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from bench.errors import BenchError
from bench.record.folder import verify_run
from bench.stored.cut_short import complete_cut_short
from bench.stored.store import stored_from

from .ground import Grounds
from .outcome import Outcome, Wrong
from .runs import Run, a_bench, check, some_shots, start

_DEADLY = (signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)
_OTHERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE, signal.SIGALRM)


def workers(rng: random.Random, grounds: Grounds) -> Outcome:
    """A signal to one worker, or to several one after the other: the run has all its results all the same."""
    count, after = rng.choice((1, 1, 1, 2, 3)), some_shots(rng)
    which = [rng.choice(_DEADLY if rng.random() < 0.5 else _OTHERS) for _ in range(count)]
    outcome = Outcome(fault=f"{' '.join(one.name for one in which)} to workers after {after} shots")
    with a_bench() as folder:
        run = start(folder)
        reached = run.after_shots(after)
        for one in which if reached else ():
            if born := run.children():
                run.send(rng.choice(born), one)
                outcome.struck = True
            time.sleep(rng.choice((0.0, 0.05, 0.2)))
        told = run.wait()
        check(outcome, run, told, complete=True, given_up=sum(one in _DEADLY for one in which) // 2)
        if outcome.struck and any(one in _DEADLY for one in which):
            outcome.missed = "worker" in told.err
    return outcome


def parent(rng: random.Random, grounds: Grounds) -> Outcome:
    """The run itself is killed or told to end: what is stored stays, nobody is left, it says what it kept."""
    after, one = some_shots(rng), rng.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    outcome = Outcome(fault=f"{one.name} after {after} shots")
    with a_bench() as folder:
        run = start(folder)
        if run.after_shots(after):
            run.strike()
            run.send(run.pid, one)
            outcome.struck = True
        told = run.wait()
        check(outcome, run, told, complete=not outcome.struck)
        _check_mended(outcome, run)
        if one is not signal.SIGKILL and outcome.struck and run.code not in (128 + one, 0):
            outcome.wrong.append((Wrong.LOST, f"exit code {run.code}: {told.err[-300:]}"))
    return outcome


def _check_mended(outcome: Outcome, run: Run) -> None:
    """One command finishes what was cut short, with all that is stored, and its evidence verifies."""
    for folder in run.begun():
        footer, _ = verify_run(folder)
        if footer is not None:
            continue
        try:
            done = complete_cut_short(folder)
        except BenchError as error:
            outcome.wrong.append((Wrong.LOST, f"it cannot be finished: {error}"))
            continue
        whole = {(one.scenario_id, shot.index) for one in done.result.scenarios for shot in one.shots}
        if missing := run.stored - whole:
            outcome.wrong.append((Wrong.LOST, f"{len(missing)} finished shots are not in the mended run"))
        footer, altered = verify_run(folder)
        if footer is None or altered:
            outcome.wrong.append((Wrong.LOST, f"the mended run does not verify: {altered[:1]}"))


# --- limits ---------------------------------------------------------------------------------------------------


def limits(rng: random.Random, grounds: Grounds) -> Outcome:
    """Too few descriptors, processes or bytes of memory, from the start of a run on."""
    name, least, most = rng.choice(
        (("NOFILE", 6, 40), ("NPROC", 1, 4), ("AS", 150, 600), ("STACK", 1, 8), ("CPU", 1, 3), ("CORE", 0, 1))
    )
    limit = rng.randint(least, most)
    outcome = Outcome(fault=f"{limit} of {name}", struck=True)
    with a_bench() as folder:
        if name == "NPROC" and os.getuid() == 0:  # the superuser has no such limit
            _give_to_nobody(folder)
        run = start(folder, before=lambda: _limit(name, limit), anew=name == "AS")
        told = run.wait()
        if name == "CPU" and run.code == -signal.SIGXCPU:
            run.sent.append(signal.SIGKILL)
            run.code = -signal.SIGKILL  # as good as a kill
        check(outcome, run, told, complete=False)
    return outcome


_NOBODY = 65534


def _give_to_nobody(folder: Path) -> None:
    for one in (folder, *folder.rglob("*")):
        os.chown(one, _NOBODY, _NOBODY)
    folder.chmod(0o777)


def _limit(name: str, limit: int) -> None:
    which = getattr(resource, f"RLIMIT_{name}")
    if name == "NPROC":
        own = sum(1 for _ in _processes_of(_NOBODY if os.getuid() == 0 else os.getuid()))
        resource.setrlimit(which, (own + limit, own + limit))
        if os.getuid() == 0:
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
        return
    amount = limit << 20 if name in ("AS", "STACK") else limit
    resource.setrlimit(which, (amount, amount if name != "CPU" else amount + 60))


def _processes_of(user: int) -> list[Path]:
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            if one.stat().st_uid == user:
                found.append(one)
        except OSError:
            continue
    return found


# --- others beside it -----------------------------------------------------------------------------------------


def parallel(rng: random.Random, grounds: Grounds) -> Outcome:
    """Several runs at once on one database that is not there yet: every one is stored."""
    count = rng.randint(2, 4)
    outcome = Outcome(fault=f"{count} runs at once", struck=True)
    with a_bench() as folder:
        runs = []
        for number in range(count):
            said_in, into = (
                folder / f"said-{number}",
                folder / "runs" / f"of-{number}",
            )  # listed with the project
            said_in.mkdir()
            words = ("-k", "weld-plus-at-opening--", "--repeat", "12", "--workers", "1")
            runs.append(start(folder, "--out", str(into), runs=into, words=words, said_in=said_in))
        for run in runs:
            check(outcome, run, run.wait(), complete=True)
        database = folder / "runs" / "results.sqlite"
        listed = _listed(database)
        for run in runs:
            for one in run.begun():
                if one.name not in listed:
                    outcome.wrong.append((Wrong.LOST, f"{one.name} is not in the database"))
    return outcome


def _listed(database: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return {str(one) for (one,) in connection.execute("SELECT run_id FROM runs")}


# --- the wall clock -------------------------------------------------------------------------------------------


def stepping(rng: random.Random) -> Callable[[], None]:
    """To be called in the process of a run: its wall clock leaps now and then, back or forth."""
    leaps = [rng.choice((-1, 1)) * 10 ** rng.randint(5, 14) for _ in range(200)]
    every = rng.choice((1, 3, 20))

    def patch() -> None:
        calls, real_ns = [0], time.time_ns

        def leaping_ns() -> int:
            calls[0] += 1
            return real_ns() + leaps[calls[0] // every % len(leaps)]

        time.time_ns = leaping_ns

    return patch


def clock(rng: random.Random, grounds: Grounds) -> Outcome:
    """The wall clock leaps by up to a day; no latency is measured by it, and a run's name is all it may change."""
    outcome = Outcome(fault="leaps of the wall clock", struck=True)
    with a_bench() as folder:
        run = start(folder, before=stepping(rng))
        check(outcome, run, run.wait(), complete=True)
        if len(run.begun()) != 1:
            outcome.wrong.append((Wrong.LOST, f"{len(run.begun())} run folders"))
    return outcome


def stored_later(folder: Path, database: Path) -> str:
    """Why a complete run cannot be added to a sound database; "" where it can."""
    try:
        ((stored, line),) = stored_from([folder], database)
    except BenchError as error:
        return str(error)
    return "" if stored else line


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

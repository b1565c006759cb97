"""Signals and kills at any instant of a run, and at any of its end; then one command has to store it.

Each run is made in a process forked from this one, whose libraries are loaded already. Instants are those at which it
opens, renames or connects to something, by the interpreter's own audit events: there is nothing between them that a
signal could tear.
"""

import atexit
import contextlib
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.cli.ending import ended
from bench.cli.main import app
from bench.record.folder import open_run, verify_run
from bench.record.held import held
from bench.stored.listed import examine_listed
from bench.timing.hold import Hold

from .ground import ROOT, Grounds
from .outcome import Outcome, Wrong

_ONE = "weld-plus-at-opening--inside"
RUN = ("run", "-k", _ONE, "--repeat", "2", "--workers", "1")
_INSTANTS = ("open", "os.rename", "os.mkdir", "os.remove", "sqlite3.connect")
_LONGEST_S = 60
_OWN = os.getpid()  # only the command itself is struck, no worker
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)


@cache
def _plain_bench() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="harness-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(ROOT / "dbc", folder / "dbc")
    (folder / "scenarios").mkdir()
    for name in ("budgets.toml", "contactors/weld_plus_at_opening.toml"):
        shutil.copy(ROOT / "scenarios" / name, folder / "scenarios")
    shutil.copy(ROOT / "hil_config.toml", folder)
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A bench folder of its own; `said` is what its commands wrote, of all of them."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "runs" / "results.sqlite"

    @property
    def said(self) -> Path:
        return self.folder / "said.txt"

    def hil(self, *words: str, meddle: Callable[[], object] = lambda: None) -> int:
        """The exit code of a command in a process of its own; below 0 where a signal killed it."""
        child = os.fork()
        if child:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        try:
            os.setpgid(0, 0)
            os.chdir(self.folder)
            said = os.open(self.said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(said, 1)
            os.dup2(said, 2)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_LONGEST_S)
            meddle()
            code = ended(lambda: app(list(words)))
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:  # noqa: BLE001 - a fork must not go on as the harness
            os.write(2, b"Traceback: it left the command\n")
            code = 99
        os._exit(code)

    def all_gone(self) -> None:
        """Workers end with their run, also with one that was killed; a little later."""
        for run in self.runs():
            for _ in range(200):
                with held(run) as mine:
                    if mine:
                        break
                time.sleep(0.05)

    def runs(self) -> list[Path]:
        return sorted(one.parent for one in (self.folder / "runs").glob("*/header.json"))

    def listed(self) -> list[str]:
        if not self.database.is_file():
            return []
        with closing(sqlite3.connect(self.database)) as connection:
            try:
                return [row[0] for row in connection.execute("select run_id from runs order by run_id")]
            except sqlite3.Error:
                return []


@contextlib.contextmanager
def a_bench() -> Iterator[Bench]:
    place = Path(tempfile.mkdtemp(prefix="harness-"))
    try:
        shutil.copytree(_plain_bench(), place / "bench")
        (place / "bench" / "runs").mkdir()
        yield Bench(folder=place / "bench")
    finally:
        shutil.rmtree(place, ignore_errors=True)


@cache
def used_database() -> bytes:
    """As an earlier run left it."""
    with a_bench() as bench:
        if bench.hil(*RUN) != 0:
            raise RuntimeError(f"the undisturbed run does not pass: {bench.said.read_text()[-2000:]}")
        return bench.database.read_bytes()


# --- signals at an instant of the end ---------------------------------------------------------------------------


class _At:
    """In the run's own process: at the instant of that number, these signals; 0: count them all.

    end: counted from the last shot on; else from the first folder that is made.
    """

    def __init__(self, number: int, signals: list[signal.Signals], count: Path, *, end: bool) -> None:
        self._number, self._signals, self._count, self._end, self._seen = number, signals, count, end, -1

    def __call__(self) -> None:
        on = Hold.on

        def and_count(hold: Hold) -> None:
            on(hold)
            self._seen = max(self._seen, 0)

        Hold.on = and_count  # type: ignore[method-assign]
        sys.addaudithook(self._instant)

    def _instant(self, name: str, _: Any) -> None:
        if name == "os.mkdir" and not self._end and self._seen < 0:
            self._seen = 0
        if self._seen < 0 or name not in _INSTANTS or os.getppid() != _OWN:
            return
        self._seen += 1
        if self._seen == self._number:
            for one in self._signals:
                os.kill(os.getpid(), one)
        elif not self._number:
            seen, self._seen = self._seen, -(10**9)  # what follows here is no instant of the run
            self._count.write_text(str(seen))
            self._seen = seen


@cache
def _instants(*, end: bool) -> int:
    with a_bench() as bench:
        count = bench.folder / "instants"
        bench.hil(*RUN, meddle=_At(0, [], count, end=end))
        return int(count.read_text())


def signals_at_the_end(rng: random.Random, grounds: Grounds) -> Outcome:
    """One to three signals, a kill among them, at any instant from the last shot to the last row."""
    return _struck(rng, end=True)


def signals_at_any_instant(rng: random.Random, grounds: Grounds) -> Outcome:
    """The same from the first folder that is made, before there is a run, with one worker or two."""
    return _struck(rng, end=False)


def _struck(rng: random.Random, *, end: bool) -> Outcome:
    most = _instants(end=end)
    number, signals = rng.randint(1, most), [rng.choice(_SIGNALS)]
    while len(signals) < 3 and rng.random() < 0.4:
        signals.append(rng.choice(_SIGNALS))
    words = RUN if end or rng.random() < 0.5 else (*RUN[:-1], "2")
    names = " ".join(one.name for one in signals)
    outcome = Outcome(fault=f"{names} at instant {number} of {most}, {words[-1]} workers", struck=True)
    with a_bench() as bench:
        code = bench.hil(*words, meddle=_At(number, signals, bench.folder / "instants", end=end))
        outcome.fault += f", exit code {code}"
        bench.all_gone()
        _check_killed(outcome, bench, end=end)
    return outcome


def _check_killed(outcome: Outcome, bench: Bench, *, end: bool) -> None:
    runs = bench.runs()
    if not runs:
        outcome.verdict = "no run"
        if end:
            outcome.wrong.append((Wrong.LOST, "no run folder"))
        return
    (run,) = runs
    whole, shots = verify_run(run)[0] is not None, len(list(open_run(run).shots()))
    if run.name in bench.listed() and not whole:
        outcome.wrong.append((Wrong.FALSE_PASS, "in the database beside a folder without footer"))
    if (code := bench.hil("store", str(run))) != 0:
        outcome.wrong.append((Wrong.LOST, f"`hil store` ends with {code}"))
    if bench.hil("verify", str(run)) != 0:
        outcome.wrong.append((Wrong.LOST, "`hil verify` does not agree with what was stored"))
    if bench.listed() != [run.name]:
        outcome.wrong.append((Wrong.LOST, f"listed are {bench.listed()}"))
    differs = [one.text for one in examine_listed(bench.database, run.parent) if one.text != "1 run listed"]
    if differs:
        outcome.wrong.append((Wrong.LOST, f"`hil doctor` finds {differs}"))
    if (code := bench.hil("rejudge", str(run))) != (0 if whole or shots else 3):
        outcome.wrong.append((Wrong.LOST, f"`hil rejudge` ends with {code}"))
    _check_told(outcome, bench, run, whole, 2 if end else shots)


def _check_told(outcome: Outcome, bench: Bench, run: Path, whole: bool, expected: int) -> None:
    said = bench.said.read_text(errors="replace")
    if "Traceback" in said or "crashed" in said:
        outcome.wrong.append((Wrong.TRACEBACK, said[-300:]))
    result = open_run(run).result
    if result is None:
        outcome.wrong.append((Wrong.LOST, "no result"))
        return
    shots = sum(len(one["shots"]) for one in result["scenarios"])
    if shots != expected:
        outcome.wrong.append((Wrong.LOST, f"{shots} of {expected} shots in the result"))
    if not whole and result["aborted"] is None:
        outcome.wrong.append((Wrong.FALSE_PASS, "a run that was cut short is stored as a finished one"))
    outcome.verdict = "finished" if result["aborted"] is None else "aborted"

"""What can go wrong with the end of a run: its database in any state, and signals at any of its instants.

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
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.cli.ending import ended
from bench.cli.main import app
from bench.record.folder import open_run, verify_run
from bench.timing.hold import Hold

from .ground import ROOT, Grounds
from .outcome import Outcome, Wrong

_ONE = "weld-plus-at-opening--inside"
_RUN = ("run", "-k", _ONE, "--repeat", "2", "--workers", "1")
_INSTANTS = ("open", "os.rename", "os.mkdir", "os.remove", "sqlite3.connect")
_LONGEST_S = 60
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
def _bench() -> Iterator[Bench]:
    place = Path(tempfile.mkdtemp(prefix="harness-"))
    try:
        shutil.copytree(_plain_bench(), place / "bench")
        (place / "bench" / "runs").mkdir()
        yield Bench(folder=place / "bench")
    finally:
        shutil.rmtree(place, ignore_errors=True)


@cache
def _used_database() -> bytes:
    """As an earlier run left it."""
    with _bench() as bench:
        if bench.hil(*_RUN) != 0:
            raise RuntimeError(f"the undisturbed run does not pass: {bench.said.read_text()[-2000:]}")
        return bench.database.read_bytes()


# --- signals at an instant of the end ---------------------------------------------------------------------------


class _At:
    """In the run's own process: at the instant of that number after the last shot, these signals; 0: count them all."""

    def __init__(self, number: int, signals: list[signal.Signals], count: Path) -> None:
        self._number, self._signals, self._count, self._seen = number, signals, count, -1

    def __call__(self) -> None:
        on = Hold.on

        def and_count(hold: Hold) -> None:
            on(hold)
            self._seen = max(self._seen, 0)

        Hold.on = and_count  # type: ignore[method-assign]
        sys.addaudithook(self._instant)

    def _instant(self, name: str, _: Any) -> None:
        if self._seen < 0 or name not in _INSTANTS:
            return
        self._seen += 1
        if self._seen == self._number:
            for one in self._signals:
                os.kill(os.getpid(), one)
        elif not self._number:
            seen, self._seen = self._seen, -1  # what follows here is no instant of the run
            self._count.write_text(str(seen))
            self._seen = seen


@cache
def _instants() -> int:
    with _bench() as bench:
        count = bench.folder / "instants"
        bench.hil(*_RUN, meddle=_At(0, [], count))
        return int(count.read_text())


def signals_at_the_end(rng: random.Random, grounds: Grounds) -> Outcome:
    """One to three signals, a kill among them, at any instant from the last shot to the last row."""
    number = rng.randint(1, _instants())
    signals = [rng.choice(_SIGNALS)]
    while len(signals) < 3 and rng.random() < 0.4:
        signals.append(rng.choice(_SIGNALS))
    names = " ".join(one.name for one in signals)
    outcome = Outcome(fault=f"{names} at instant {number} of {_instants()}", struck=True)
    with _bench() as bench:
        code = bench.hil(*_RUN, meddle=_At(number, signals, bench.folder / "instants"))
        outcome.fault += f", exit code {code}"
        _check_killed(outcome, bench)
    return outcome


def _check_killed(outcome: Outcome, bench: Bench) -> None:
    runs = bench.runs()
    if not runs:
        outcome.wrong.append((Wrong.LOST, "no run folder"))
        return
    (run,) = runs
    whole = verify_run(run)[0] is not None
    if run.name in bench.listed() and not whole:
        outcome.wrong.append((Wrong.FALSE_PASS, "in the database beside a folder without footer"))
    code = bench.hil("store", str(run))
    if code != 0:
        outcome.wrong.append((Wrong.LOST, f"`hil store` ends with {code}"))
    if bench.hil("verify", str(run)) != 0:
        outcome.wrong.append((Wrong.LOST, "`hil verify` does not agree with what was stored"))
    if bench.listed() != [run.name]:
        outcome.wrong.append((Wrong.LOST, f"listed are {bench.listed()}"))
    _check_told(outcome, bench, run, whole)


def _check_told(outcome: Outcome, bench: Bench, run: Path, whole: bool) -> None:
    said = bench.said.read_text(errors="replace")
    if "Traceback" in said:
        outcome.wrong.append((Wrong.TRACEBACK, said[-300:]))
    result = open_run(run).result
    if result is None:
        outcome.wrong.append((Wrong.LOST, "no result"))
        return
    shots = sum(len(one["shots"]) for one in result["scenarios"])
    if shots != 2:
        outcome.wrong.append((Wrong.LOST, f"{shots} of 2 shots in the result"))
    if not whole and result["aborted"] is None:
        outcome.wrong.append((Wrong.FALSE_PASS, "a run that was cut short is stored as a finished one"))
    outcome.verdict = "finished" if result["aborted"] is None else "aborted"


# --- databases ----------------------------------------------------------------------------------------------------


def _bytes(rng: random.Random, file: Path) -> str:
    content = bytearray(_used_database())
    for _ in range(rng.choice((1, 20, 2000))):
        content[rng.randrange(len(content))] = rng.randrange(256)
    file.write_bytes(content)
    return "other bytes in it"


def _cut(rng: random.Random, file: Path) -> str:
    content = _used_database()
    cut = rng.randrange(1, len(content))
    file.write_bytes(content[:cut])
    return f"cut after {cut} bytes"


def _other_content(rng: random.Random, file: Path) -> str:
    file.write_bytes(rng.randbytes(rng.choice((1, 100, 5000))))
    return "no database"


def _sql(rng: random.Random, file: Path) -> str:
    file.write_bytes(_used_database())
    table = rng.choice(("runs", "scenarios", "shots", "findings", "hil_schema"))
    line = rng.choice((
        f"drop table {table}",
        f"alter table {table} rename to away",
        f"create trigger quota before insert on {table} begin select raise(abort, 'disk is full'); end",
        f"update hil_schema set version = {rng.choice(('-1', '1', '3', '99', '1e12', '0'))}",
        "alter table runs drop column verdict",
        "alter table scenarios drop column fdti_max_high_ns",
    ))  # fmt: skip
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(line)
    return line


def _special(rng: random.Random, file: Path) -> str:
    what = rng.choice(("folder", "pipe", "link to itself", "link to nowhere", "link to /dev/full"))
    if what == "folder":
        file.mkdir()
    elif what == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(
            {"link to itself": file, "link to nowhere": file.parent / "no" / "x"}.get(what, "/dev/full")
        )
    return what


def _locked(rng: random.Random, file: Path) -> str:
    file.write_bytes(_used_database())
    how = rng.choice(("EXCLUSIVE", "IMMEDIATE"))
    holder = os.fork()
    if not holder:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute(f"BEGIN {how}")
        file.with_suffix(".held").touch()
        signal.pause()
        os._exit(0)
    while not file.with_suffix(".held").exists():
        os.sched_yield()
    file.with_suffix(".pid").write_text(str(holder))
    return f"locked {how}"


_STATES = (_bytes, _bytes, _cut, _cut, _other_content, _sql, _sql, _sql, _special, _special, _locked)
_RAISED = (OSError(28, "No space left on device"), MemoryError(), RuntimeError("driver"), KeyError("x"),
           sqlite3.DatabaseError("disk I/O error"), OverflowError("too large"))  # fmt: skip


def _quick() -> None:
    """A lock is not waited for as long as by a user."""
    from bench.campaign import finish
    from bench.record import database

    database.WAIT_S = 0.3
    finish._TRIAL_S = 0.2


def _raises(error: BaseException, number: int) -> Callable[[], None]:
    def meddle() -> None:
        _quick()
        seen = 0

        @event.listens_for(Engine, "before_cursor_execute")
        def strike(*_: Any) -> None:
            nonlocal seen
            seen += 1
            if seen >= number:
                raise error

    return meddle


def databases(rng: random.Random, grounds: Grounds) -> Outcome:
    """A results database in any state, before the run or from the end of its shots on."""
    with _bench() as bench:
        outcome, meddle = Outcome(fault="", struck=True), _quick
        if rng.random() < 0.3:
            error, number = rng.choice(_RAISED), rng.randint(1, 25)
            outcome.fault, meddle = f"{error!r} at statement {number}", _raises(error, number)
        else:
            outcome.fault = rng.choice(_STATES)(rng, bench.database)
        try:
            code = bench.hil(*_RUN, meddle=meddle)
        finally:
            if (held := bench.database.with_suffix(".pid")).exists():
                os.kill(int(held.read_text()), signal.SIGKILL)
                os.waitpid(int(held.read_text()), 0)
        outcome.fault += f", exit code {code}"
        _check_database(outcome, bench, code)
    return outcome


def _check_database(outcome: Outcome, bench: Bench, code: int) -> None:
    wrong, said = outcome.wrong, bench.said.read_text(errors="replace")
    if "Traceback" in said:
        wrong.append((Wrong.TRACEBACK, said[-300:]))
    runs = bench.runs()
    if len(runs) != 1:
        wrong.append((Wrong.LOST, f"{len(runs)} run folders: {said[-300:]}"))
        return
    (run,) = runs
    footer, altered = verify_run(run)
    kept = ("result.json", "junit.xml", "report.html")
    if footer is None or altered or not all((run / name).is_file() for name in kept) or code != 0:
        wrong.append((Wrong.LOST, f"exit code {code}, the folder is not whole: {said[-300:]}"))
    if "hil store" not in said and run.name not in bench.listed():
        wrong.append((Wrong.UNTOLD, f"not stored, and no word of it: {said[-300:]}"))
    outcome.verdict = "not listed, told" if "hil store" in said else "listed"
    with contextlib.suppress(FileNotFoundError):
        bench.database.rmdir() if bench.database.is_dir() else bench.database.unlink()
    if bench.hil("store", str(run)) != 0 or bench.listed() != [run.name]:
        wrong.append((Wrong.LOST, "`hil store` does not add it to a new database"))

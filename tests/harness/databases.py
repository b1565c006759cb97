"""A results database in any state, before a run or from the end of its shots on."""

import contextlib
import os
import random
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.record.folder import verify_run

from .ends import RUN, Bench, a_bench, used_database
from .ground import Grounds
from .outcome import Outcome, Wrong


def _bytes(rng: random.Random, file: Path) -> str:
    content = bytearray(used_database())
    for _ in range(rng.choice((1, 20, 2000))):
        content[rng.randrange(len(content))] = rng.randrange(256)
    file.write_bytes(content)
    return "other bytes in it"


def _cut(rng: random.Random, file: Path) -> str:
    content = used_database()
    cut = rng.randrange(1, len(content))
    file.write_bytes(content[:cut])
    return f"cut after {cut} bytes"


def _other_content(rng: random.Random, file: Path) -> str:
    file.write_bytes(rng.randbytes(rng.choice((1, 100, 5000))))
    return "no database"


def _sql(rng: random.Random, file: Path) -> str:
    file.write_bytes(used_database())
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
    file.write_bytes(used_database())
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
    from bench.record import database
    from bench.stored import finish

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
    with a_bench() as bench:
        outcome, meddle = Outcome(fault="", struck=True), _quick
        if rng.random() < 0.3:
            error, number = rng.choice(_RAISED), rng.randint(1, 25)
            outcome.fault, meddle = f"{error!r} at statement {number}", _raises(error, number)
        else:
            outcome.fault = rng.choice(_STATES)(rng, bench.database)
        try:
            code = bench.hil(*RUN, meddle=meddle)
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

"""One `hil run` in a process forked from this one, which saves the start of an interpreter; and what came of it.

The child is the leader of a session of its own, and writes what it says into files: nobody hangs on its pipes.
"""

import atexit
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bench.cli.ending import run_command_line
from bench.cli.main import app
from bench.errors import RecordError
from bench.record.folder import open_run, verify_run
from bench.record.shot import read_shot

from .ground import ROOT
from .outcome import Outcome, Wrong

ENDS_WITHIN_S = 60.0
GONE_WITHIN_S = 5.0
WORDS = ("-k", "weld-plus-at-opening--", "--repeat", "12", "--workers", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a run says of itself: its JSON on stdout and its lines on stderr."""

    out: str
    err: str
    result: dict[str, Any] | None

    @property
    def shots(self) -> set[tuple[str, int]]:
        return {
            (one["scenario_id"], shot["index"])
            for one in (self.result or {}).get("scenarios", ())
            for shot in one["shots"]
        }

    @property
    def given_up(self) -> int:
        """Shots at which two workers died; 0 where any shot came to something else than PASS beside them."""
        judged = [
            shot["judgement"]
            for one in (self.result or {}).get("scenarios", ())
            for shot in one["shots"]
            if shot["judgement"]["verdict"] != "PASS"
        ]
        died = [
            one for one in judged if [why["finding"]["code"] for why in one["reasons"]] == ["worker-died"]
        ]
        return len(died) if len(died) == len(judged) else 0

    @property
    def verdicts(self) -> set[str]:
        return {
            shot["judgement"]["verdict"]
            for one in (self.result or {}).get("scenarios", ())
            for shot in one["shots"]
        }


@dataclass(slots=True, kw_only=True)
class Run:
    """A run in progress, and later its end. code: negative for the signal that ended it; None: it did not end."""

    folder: Path
    runs: Path
    pid: int
    code: int | None = None
    hung: bool = False
    sent: list[signal.Signals] = field(default_factory=list)
    stored: set[tuple[str, int]] = field(default_factory=set)

    def over(self) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def until(self, reached: Callable[[], bool], within_s: float = ENDS_WITHIN_S) -> bool:
        """False where the run ended before, or the time is over."""
        deadline_s = time.monotonic() + within_s
        while not reached():
            if self.over() or time.monotonic() > deadline_s:
                return False
            time.sleep(0.01)
        return True

    def begun(self) -> list[Path]:
        return sorted(one.parent for one in self.runs.glob("*/header.json"))

    def finished(self) -> set[tuple[str, int]]:
        """Shots that are stored, read back from their evidence."""
        return {shot for one in self.begun() for shot in stored_in(one)}

    def after_shots(self, count: int) -> bool:
        """Waits until so many shots are stored."""
        return self.until(lambda: len(self.finished()) >= count)

    def send(self, pid: int, one: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, one)
            self.sent.append(one)

    def children(self) -> list[int]:
        """Of any degree."""
        found, look = [], [self.pid]
        while look:
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{look[0]}/task/{look[0]}/children").read_text(encoding="ascii")
                found += (born := [int(one) for one in text.split()])
                look += born
            del look[0]
        return found

    def passed(self) -> set[tuple[str, int]]:
        """Stored shots that came to their own end."""
        found = set()
        for one in self.begun():
            with contextlib.suppress(RecordError, OSError, KeyError):
                for shot in open_run(one).shots():
                    if read_shot(shot)[2]["judgement"]["verdict"] == "PASS":
                        found.add((shot.parent.name, int(shot.name.removeprefix("shot-"))))
        return found

    def strike(self) -> None:
        """From here on: what is stored now must be found again."""
        self.stored = self.finished()

    def wait(self) -> Told:
        if not self.until(self.over, ENDS_WITHIN_S) and self.code is None:
            self.hung = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        out, err = ((self.folder / name).read_text(encoding="utf-8", errors="replace") for name in _FILES)
        try:
            result = json.loads(out) if out.strip() else None
        except ValueError:
            result = None
        return Told(out=out, err=err, result=result)

    def orphans(self) -> bool:
        deadline_s = time.monotonic() + GONE_WITHIN_S
        while time.monotonic() < deadline_s:
            try:
                os.killpg(self.pid, 0)
            except ProcessLookupError:
                return False
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return True


_FILES = ("stdout", "stderr")


def stored_in(folder: Path) -> set[tuple[str, int]]:
    found = set()
    with contextlib.suppress(RecordError, OSError):
        for shot in open_run(folder).shots():
            found.add((shot.parent.name, int(shot.name.removeprefix("shot-"))))
    return found


@cache
def _pattern() -> Path:
    """A bench with one scenario and its twins."""
    folder = Path(tempfile.mkdtemp(prefix="harness-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(ROOT / "dbc", folder / "dbc")
    (folder / "scenarios").mkdir()
    for name in ("budgets.toml", "contactors/weld_plus_at_opening.toml"):
        shutil.copy(ROOT / "scenarios" / name, folder / "scenarios")
    shutil.copy(ROOT / "hil_config.toml", folder)
    return folder


@contextlib.contextmanager
def a_bench() -> Any:
    """A folder of its own for one fault."""
    place = Path(tempfile.mkdtemp(prefix="fault-"))
    try:
        shutil.copytree(_pattern(), place, dirs_exist_ok=True)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def start(
    folder: Path,
    *more: str,
    before: Callable[[], None] = lambda: None,
    runs: Path | None = None,
    words: tuple[str, ...] = WORDS,
    said_in: Path | None = None,
    anew: bool = False,
) -> Run:
    """A run in `folder`. before: called in its process first; said_in: where its output goes, else the folder.

    anew: in an interpreter of its own, where what this one has in memory would change what is asked.
    """
    said_in = said_in or folder
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            _become(folder, said_in)
            before()
            if anew:
                os.environ["PYTHONPATH"] = str(ROOT)
                os.execv(sys.executable, [sys.executable, "-m", "bench", "run", "--json", *words, *more])
            sys.argv = ["hil", "run", "--json", *words, *more]
            code = run_command_line(app)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    return Run(folder=said_in, runs=runs or folder / "runs", pid=pid)


def _become(folder: Path, said_in: Path) -> None:
    os.setsid()
    signal.alarm(0)
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(one, signal.default_int_handler if one is signal.SIGINT else signal.SIG_DFL)
    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in enumerate(_FILES, start=1):
        os.dup2(os.open(said_in / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)


@cache
def planned() -> frozenset[tuple[str, int]]:
    """The shots of a run that nobody disturbs; where it does not pass, nothing can be shown."""
    with a_bench() as folder:
        run = start(folder)
        told = run.wait()
        if run.code != 0 or not told.shots:
            raise RuntimeError(f"the undisturbed run ended with {run.code}: {told.err[-2000:]}")
        return frozenset(told.shots)


def some_shots(rng: random.Random) -> int:
    """A number of stored shots after which to strike."""
    return rng.randint(1, max(1, len(planned()) * 3 // 4))


def check(
    outcome: Outcome,
    run: Run,
    told: Told,
    *,
    complete: bool,
    lost: bool = False,
    whole: int | None = None,
    given_up: int = 0,
) -> None:
    """What holds for every run, whatever struck it.

    whole: how many shots were planned, of a run that is not the usual one; given_up: how many of them may have no more
    than the bench's word that two workers died at it.

    complete: it has to end by itself with all that was planned; else it may end early and say why.
    lost: what was stored was taken away from outside, and it must not be called complete.
    """
    wrong = outcome.wrong
    outcome.verdict = f"exit {run.code}"
    if run.hung:
        wrong.append((Wrong.HUNG, f"not ended within {ENDS_WITHIN_S:g} s: {told.err[-300:]}"))
    both = told.out + told.err
    if (at := both.find("Traceback (most recent call last)")) >= 0:
        wrong.append((Wrong.TRACEBACK, both[max(0, at - 200) : at + 900]))
    if run.orphans():
        wrong.append((Wrong.ORPHAN, "a process of the run lives on"))
    if run.code == 1 or "FAIL" in told.verdicts:
        wrong.append((Wrong.BLAMED, f"exit {run.code}, {sorted(told.verdicts)}"))
    excused = run.code == 3 and 0 < told.given_up <= given_up
    whole = len(planned()) if whole is None else whole
    _check_told(outcome, run, told, complete=complete, whole=whole, excused=excused)
    for folder in run.begun():
        _check_folder(outcome, run, folder, lost=lost)


def _check_told(outcome: Outcome, run: Run, told: Told, *, complete: bool, whole: int, excused: bool) -> None:
    wrong, by_kill = outcome.wrong, signal.SIGKILL in run.sent and run.code == -signal.SIGKILL
    if run.code == 0 and (len(told.shots) != whole or not told.verdicts <= {"PASS"}):
        wrong.append((Wrong.FALSE_PASS, f"exit 0 with {len(told.shots)} of {whole} shots"))
    if complete and ((run.code != 0 and not excused) or len(told.shots) != whole):
        said = f"exit {run.code}, {len(told.shots)} of {whole} shots: {told.err[-400:]}"
        wrong.append((Wrong.LOST, said))
    if not by_kill and (missing := run.stored - told.shots):
        wrong.append((Wrong.LOST, f"{len(missing)} finished shots are not in the result: {told.err[-300:]}"))
    said = (told.result or {}).get("aborted") or told.verdicts - {"PASS", "GAP"} or told.err.strip()
    if run.code not in (0, None) and not by_kill and not said:
        wrong.append((Wrong.UNTOLD, f"exit {run.code} without a word"))
    if (run.code or 0) < 0 and not by_kill and (run.stored or not told.err.strip()):
        wrong.append((Wrong.LOST, f"ended by signal {-(run.code or 0)}: {told.err[-300:]}"))


def _check_folder(outcome: Outcome, run: Run, folder: Path, *, lost: bool) -> None:
    wrong = outcome.wrong
    try:
        footer, altered = verify_run(folder)
    except (RecordError, OSError, ValueError) as error:
        if not lost:
            wrong.append((Wrong.LOST, f"{folder.name} cannot be read: {error}"))
        return
    if altered:
        wrong.append((Wrong.LOST, f"{folder.name}: {altered[0]}"))
    if footer is not None and lost:
        wrong.append((Wrong.FALSE_PASS, "a footer over a run of which something was taken away"))
    if footer is None and run.code == 0:
        wrong.append((Wrong.LOST, "exit code 0 and no footer"))
    if not lost and (missing := run.stored - stored_in(folder)):
        wrong.append((Wrong.LOST, f"{len(missing)} finished shots are no longer stored"))

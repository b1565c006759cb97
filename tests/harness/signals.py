"""Signals to a `hil run` at any instant, in simulated and in real time; in real time the rack itself tells what is on.

The rack is started by hand, as if it were an instrument on the desk: it lives on when a run has ended, and writes down
when its outputs go on and off. A run of many shots is stopped once, twice or thrice, alone or with all its processes.
"""

import atexit
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bench.errors import RecordError
from bench.record.folder import open_run, verify_run
from bench.record.shot import read_shot
from bench.stored.rejudge import rejudge_run
from bench.trace.facts import SafeStateReached
from bench.verdict.result import Verdict

from .ground import ROOT, Grounds
from .outcome import Outcome, Wrong

SIMULATED = ("weld-plus-at-opening--inside", 30)
REAL = ("weld-plus-at-opening--inside", 2)
ENDS_WITHIN_S = 60.0
OFF_WITHIN_S = 20.0  # by the run itself, or by its guard
_PYTHONS_OWN_END = (
    "Exception ignored in: <module 'threading'"  # the interpreter waits for threads when all is done
)
_MARK = "HARNESS_RUN"  # in the environment of all that a run starts, whatever session it is in
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True, kw_only=True)
class Place:
    """A folder with a bench and one scenario. rack: the log of the rack that is played beside it."""

    folder: Path
    words: list[str]
    rack: Path | None = None
    lasts_s: float = 0.0

    def start(self, out: Path, *more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bench", "run", *self.words, "--out", str(out), *more],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), _MARK: str(out)},
            preexec_fn=_heard,
        )

    def switched(self) -> list[bool]:
        """Every change of the rack's outputs so far."""
        if self.rack is None or not self.rack.exists():
            return []
        events = [json.loads(line) for line in self.rack.read_text(encoding="utf-8").splitlines()]
        return [bool(one["on"]) for one in events if one["event"] == "outputs"]

    @property
    def on(self) -> bool:
        return self.switched()[-1:] == [True]


def _heard() -> None:
    """A harness under nohup or in a script's background hands on that these are ignored: nothing would strike."""
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_DFL)


def _copied(scenario: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="harness-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(ROOT / "dbc", folder / "dbc")
    (folder / "scenarios").mkdir()
    (file,) = (ROOT / "scenarios").rglob(f"{scenario.partition('--')[0].replace('-', '_')}.toml")
    for one in (ROOT / "scenarios" / "budgets.toml", file):
        shutil.copy(one, folder / "scenarios")
    return folder


def _timed(place: Place) -> Place:
    """How long a run lasts that nobody stops; where it does not pass, nothing can be shown."""
    out = place.folder / "undisturbed"
    began_s = time.monotonic()
    process = place.start(out)
    said, _ = process.communicate(timeout=4 * ENDS_WITHIN_S)
    place.lasts_s = time.monotonic() - began_s
    if process.returncode not in (0, 3):  # a busy machine is late in real time
        raise RuntimeError(f"the undisturbed run ended with {process.returncode}: {said[-2000:]}")
    return place


@cache
def simulated() -> Place:
    scenario, repeat = SIMULATED
    folder = _copied(scenario)
    shutil.copy(ROOT / "hil_config.toml", folder)
    return _timed(Place(folder=folder, words=["-k", scenario, "--repeat", str(repeat)]))


@cache
def real() -> Place:
    scenario, repeat = REAL
    folder = _copied(scenario)
    text = (ROOT / "docs/benches/bloomy_abs.toml").read_text(encoding="utf-8").replace("../../", "")
    text = text.replace('mode = "simulated"', 'mode = "real"')
    for port in ("43113", "43114"):
        text = text.replace(port, str(_a_free_port()))
    config, log = folder / "hil_config.toml", folder / "rack.jsonl"
    config.write_text(text, encoding="utf-8")
    rack = subprocess.Popen(
        [sys.executable, "-m", "bench", "play", "cells", "--config", str(config), "--log", str(log)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    atexit.register(rack.kill)
    assert rack.stdout is not None
    port = json.loads(rack.stdout.readline())["port"]
    config.write_text(text.replace('port = "virtual"', f'port = "{port}"'), encoding="utf-8")
    return _timed(Place(folder=folder, words=["-k", scenario, "--repeat", str(repeat)], rack=log))


def _a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True, kw_only=True)
class Stopped:
    """One run that was stopped. finished: shots with a result when the first signal left; begun: it had a folder."""

    place: Place
    out: Path
    process: "subprocess.Popen[str]"
    sent: list[signal.Signals] = field(default_factory=list)
    finished: int = 0
    begun: bool = False
    said: str = ""
    hung: bool = False

    def results(self) -> list[Path]:
        """The places of all finished shots."""
        runs = [header.parent for header in self.out.glob("*/header.json")]
        return [shot for run in runs for shot in open_run(run).shots()]

    def send(self, one: signal.Signals, *, to_all: bool) -> None:
        if not self.sent:
            self.finished = len(self.results())
            self.begun = any(self.out.glob("*/header.json"))
        if self.process.poll() is not None:
            return
        self.sent.append(one)
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if to_all else os.kill)(self.process.pid, one)


def in_simulated_time(rng: random.Random, grounds: Grounds) -> Outcome:
    """Ctrl-C, SIGTERM or SIGHUP at any instant of a run on one worker or on two."""
    workers = str(rng.choice((1, 2)))
    return _stopped(rng, simulated(), [*_SIGNALS], "--workers", workers)


def in_real_time(rng: random.Random, grounds: Grounds) -> Outcome:
    """The same where outputs are really on; and now and then a kill, after which its guard has to switch them off."""
    return _stopped(rng, real(), [*_SIGNALS, *_SIGNALS, signal.SIGKILL])


def _stopped(rng: random.Random, place: Place, which: list[signal.Signals], *more: str) -> Outcome:
    out = Path(tempfile.mkdtemp(prefix="out-", dir=place.folder))
    before = len(place.switched())
    in_shots = rng.random() < 0.75
    after_s = rng.uniform(0.0, place.lasts_s * (0.35 if in_shots else 1.0))
    first, to_all = rng.choice(which), rng.random() < 0.4
    again = [] if first is signal.SIGKILL else [rng.choice(_SIGNALS) for _ in range(rng.choice((0, 0, 1, 2)))]
    run = Stopped(place=place, out=out, process=place.start(out, *more))
    if in_shots:
        until(
            lambda: any(out.glob("*/scenarios/*/shots.hil")) or run.process.poll() is not None, ENDS_WITHIN_S
        )
    time.sleep(after_s)
    run.send(first, to_all=to_all)
    for one in again:
        time.sleep(rng.choice((0.0, 0.01, 0.3)))
        run.send(one, to_all=to_all)
    try:
        run.said, _ = run.process.communicate(timeout=ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        run.hung = True
        os.killpg(run.process.pid, signal.SIGKILL)
        run.said, _ = run.process.communicate()
    sent = " ".join(one.name for one in run.sent)
    when = "after its first shot began" if in_shots else "after its start"
    outcome = Outcome(
        fault=f"{' '.join(more)} {sent or 'nothing'}{' to all' if to_all else ''} {after_s:.2f} s {when}".strip(),
        struck=bool(run.sent),
        verdict=f"exit {run.process.returncode}",
    )
    check(outcome, run, before)
    shutil.rmtree(out, ignore_errors=True)
    return outcome


def until(reached: Callable[[], bool], within_s: float) -> bool:
    deadline_s = time.monotonic() + within_s
    while not reached():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def check(outcome: Outcome, run: Stopped, before: int) -> None:
    wrong, killed = outcome.wrong, signal.SIGKILL in run.sent
    if run.hung:
        wrong.append((Wrong.HUNG, f"not ended {ENDS_WITHIN_S:g} s after the signal: {run.said[-300:]}"))
    at = run.said.find("Traceback (most recent call last)")
    if at >= 0 and run.begun and _PYTHONS_OWN_END not in run.said[max(0, at - 200) : at]:
        wrong.append((Wrong.TRACEBACK, run.said[max(0, at - 200) : at + 900]))
    code = run.process.returncode
    # One may strike when all is done and the interpreter ends: a shell shows the same code for it.
    done = any(run.out.glob("*/footer.json"))
    plain = [*run.sent[1:], *(run.sent if killed or done or not run.begun else ())]
    expected = {128 + one for one in run.sent} | {-one for one in plain}
    if (
        code not in expected | {0, 3} and not run.hung
    ):  # a signal that came too late leaves the run's own code
        wrong.append((Wrong.LOST, f"exit code {code}: {run.said[-300:]}"))
    if not until(lambda: gone(run.process.pid) and not _left(run.out), OFF_WITHIN_S):
        wrong.append(
            (Wrong.ORPHAN, f"a process of the run lives on: {[*_left(run.out).values()] or 'one more'}")
        )
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.process.pid, signal.SIGKILL)
        for pid in _left(run.out):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    _check_outputs(outcome, run, before)
    for folder in sorted(one.parent for one in run.out.glob("*/header.json")):
        _check_folder(outcome, run, folder, killed=killed)


def _check_outputs(outcome: Outcome, run: Stopped, before: int) -> None:
    """By the rack itself. `before`: how often it had switched when the run began."""
    outcome.left_on = run.place.on
    if not until(lambda: not run.place.on, OFF_WITHIN_S):
        outcome.wrong.append(
            (Wrong.UNTOLD, f"outputs on {OFF_WITHIN_S:g} s after the end: {run.said[-300:]}")
        )
    if run.place.rack is not None:
        times_off = run.place.switched()[before:].count(False)
        passed = sum(_verdict(one) in ("PASS", "GAP") for one in run.results())
        if passed > times_off:
            words = f"{passed} passed, and the rack's outputs went off {times_off} times"
            outcome.wrong.append((Wrong.FALSE_PASS, words))


def _check_folder(outcome: Outcome, run: Stopped, folder: Path, *, killed: bool) -> None:
    wrong = outcome.wrong
    try:
        opened = open_run(folder)
        shots = list(opened.shots())
        for shot in shots:
            trace, _, recorded = read_shot(shot)
            if not any(mark.fact.readback for mark in trace.of(SafeStateReached)):
                verdict = recorded["judgement"]["verdict"]
                outcome.missed = True
                if Verdict[verdict].expected:
                    wrong.append((Wrong.FALSE_PASS, f"{shot.name}: {verdict}"))
                elif verdict != Verdict.ERROR.name:
                    wrong.append((Wrong.UNTOLD, f"{shot.name}: {verdict}"))
        if shots and (differs := rejudge_run(folder).differences):
            wrong.append((Wrong.LOST, differs[0]))
    except (RecordError, KeyError, ValueError, OSError) as error:
        wrong.append((Wrong.LOST, f"{folder.name}: {error!r}"))
        return
    if len(shots) < run.finished:
        wrong.append((Wrong.LOST, f"{run.finished} shots had finished, {len(shots)} are there"))
    footer, altered = verify_run(folder)
    if altered or (run.process.returncode == 0 and footer is None):
        wrong.append((Wrong.LOST, f"{folder.name}: {altered[:1] or 'no footer, and exit code 0'}"))
    if footer is None and not killed and len(run.sent) < 3:
        kept = re.search(r"what had finished is kept", run.said)
        if kept is None or not (folder / "report.html").is_file():
            wrong.append((Wrong.LOST, f"no report of what had finished: {run.said[-300:]}"))


def _verdict(shot: Path) -> str:
    try:
        return str(read_shot(shot)[2]["judgement"]["verdict"])
    except (RecordError, KeyError):
        return ""


def _left(out: Path) -> dict[int, str]:
    """The processes of a run by their environment, with their command lines: a DUT and a guard have own sessions."""
    found, mark = {}, f"{_MARK}={out}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found[int(process.name)] = line
    return found


def gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False

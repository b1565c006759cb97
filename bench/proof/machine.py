"""The library against mutants of the firmware made by machine: how many are killed, and which ones survive?

A mutant meets the tape of each scenario first (firmware_stubs/machine/tape.py): where it sends the same frames, the
shot would end as that of the good firmware did, which passed. Only where it differs a shot is fired. The first FAIL
ends it.
"""

import hashlib
import json
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench.errors import BenchError, DutError
from bench.measure.finding.bench import DutRefused
from bench.proof.machine_kept import MachineOutcome, MutantFate, keep_outcome, kept_outcomes
from bench.running.shots import shoot
from bench.running.workers import on_workers
from bench.scenario.prepare import Prepared
from bench.verdict.proportion import lower_bound
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware
from firmware_stubs.machine.made import (
    RECORDER,
    NotCompiled,
    Workshop,
    give_library,
    more_levels,
)
from firmware_stubs.machine.mutants import MachineMutant, machine_mutants
from firmware_stubs.machine.tape import Recorder, differs_at_ns

_SHOTS = (
    10  # the seeds of one scenario sweep the injection phase in so many strata, as of the mutants by hand
)
_PLAYED_S = 2.0  # of processor time for one tape; the good firmware needs 5 ms for the longest
_SHOT_S = 60.0  # for one shot; the longest of the library needs half a second


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineProof:
    """What is to be run. key: what the results rest on; file: where each is kept as soon as it is known.

    most_shots: a mutant that this number of shots has not killed counts as a survivor; None: no limit.
    """

    wired: Wired
    prepared: Sequence[Prepared]
    mutants: Sequence[MachineMutant]
    seed: int
    workers: int
    key: str
    file: Path | None = None
    most_shots: int | None = None


@dataclass(slots=True, kw_only=True)
class MachineFound:
    """possible: how many mutants there are. outcomes: of those that were met, by name."""

    possible: int
    chosen: int
    outcomes: dict[str, MachineOutcome] = field(default_factory=dict)
    resumed: int = 0

    @property
    def killed(self) -> int:
        return sum(one.killed for one in self.outcomes.values())

    @property
    def counted(self) -> int:
        """Those that compile and are not proven equivalent."""
        return sum(one.killed or one.survives for one in self.outcomes.values())

    @property
    def score(self) -> float:
        """Killed of counted, 0..1."""
        return self.killed / self.counted if self.counted else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Two-sided, 95 %, after Clopper and Pearson."""
        if not self.counted:
            return 0.0, 1.0
        return lower_bound(self.killed, self.counted, 0.975), 1.0 - lower_bound(
            self.counted - self.killed, self.counted, 0.975
        )

    @property
    def unreached(self) -> int:
        return self.chosen - len(self.outcomes)

    def fates(self) -> dict[MutantFate, int]:
        counts = Counter(one.fate for one in self.outcomes.values())
        return {fate: counts[fate] for fate in MutantFate if counts[fate]}


class GoodOneFails(BenchError):
    """The good firmware does not pass, so nothing could be said of a mutant."""


OnMutant = Callable[[MachineOutcome], None]


def sample_of(count: int | None, seed: int, files: Sequence[str] = ()) -> list[MachineMutant]:
    """`count` of all mutants by machine, or all of them.

    Drawn by name: a changed source leaves the draw of the others as it was.

    files: only those of these sources, without their ending.
    """
    every = [one for one in machine_mutants().values() if not files or one.file.partition(".")[0] in files]

    def drawn(one: MachineMutant) -> bytes:
        return hashlib.sha256(f"{seed} {one.name}".encode()).digest()

    return sorted(every, key=drawn)[:count]


def prove_machine(proof: MachineProof, on_mutant: OnMutant) -> MachineFound:
    """Meet each mutant, telling of each finished one; KeyboardInterrupt ends it with what is finished.

    Raises GoodOneFails, NoVerdict (a compiler that was ended), RecordError (a file of other results).
    """
    found = MachineFound(possible=len(machine_mutants()), chosen=len(proof.mutants))
    kept = {} if proof.file is None else kept_outcomes(proof.file, proof.key)
    for mutant in proof.mutants:
        if mutant.name in kept:
            found.outcomes[mutant.name] = kept[mutant.name]
    found.resumed = len(found.outcomes)
    left = [mutant.name for mutant in proof.mutants if mutant.name not in found.outcomes]
    if not left:
        return found
    with tempfile.TemporaryDirectory(prefix="bms-hil-") as scratch:
        workshop = Workshop(folder=Path(scratch))
        tapes = _recorded(proof, workshop)
        meeting = _Meeting(proof=proof, workshop=workshop, tapes=tapes)
        try:
            with on_workers(meeting.meet, proof.workers) as workers:
                for _, outcome in workers.as_finished(left):
                    found.outcomes[outcome.name] = outcome
                    if proof.file is not None:
                        keep_outcome(proof.file, proof.key, outcome)
                    on_mutant(outcome)
        except KeyboardInterrupt:
            if not found.outcomes:
                raise
    return found


# --- tapes of the good firmware --------------------------------------------------------------------------------


def _recorded(proof: MachineProof, workshop: Workshop) -> Mapping[str, bytes]:
    """Scenario to tape. Raises GoodOneFails."""
    library = workshop.recorder()
    give_library(RECORDER, library)
    record = partial(_record, with_firmware(proof.wired, RECORDER), proof, library, workshop.folder)
    wrong: list[str] = []
    with on_workers(record, proof.workers) as workers:
        for one, verdict in workers.as_finished(range(len(proof.prepared))):
            if verdict:
                wrong.append(f"{proof.prepared[one].scenario.id}: {verdict}")
    if wrong:
        more = f" and {len(wrong) - 5} more" if wrong[5:] else ""
        raise GoodOneFails(f"the good firmware does not pass {', '.join(sorted(wrong)[:5])}{more}")
    return {
        one.scenario.id: (workshop.folder / f"{number}.tape").read_bytes()
        for number, one in enumerate(proof.prepared)
    }


def _record(wired: Wired, proof: MachineProof, library: Path, folder: Path, number: int) -> str:
    """ "" where all went as it must, else the verdict."""
    one = proof.prepared[number]
    recorder = Recorder(library)
    recorder.begin()
    verdict = _shot(wired, one, proof.seed)[0]
    (folder / f"{number}.tape").write_bytes(recorder.take())
    return "" if verdict.expected else verdict.name


def _shot(wired: Wired, one: Prepared, seed: int) -> tuple[Verdict, bool]:
    """(verdict, whether the bench refused to test such a build)."""
    judgement = shoot(wired, one, seed % _SHOTS, _SHOTS, seed, None, to_the_end=True).judgement
    refused = any(isinstance(reason.finding, DutRefused) for reason in judgement.reasons[:1])
    return judgement.verdict, refused


# --- one mutant ------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Meeting:
    """A worker's own order of scenarios: what has killed mutants up to now comes first."""

    proof: MachineProof
    workshop: Workshop
    tapes: Mapping[str, bytes]
    _by_function: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    _of_all: Counter[str] = field(default_factory=Counter)

    def meet(self, name: str) -> MachineOutcome:
        mutant = machine_mutants()[name]
        try:
            if level := self.workshop.same_code(mutant):
                return MachineOutcome(name=name, fate=MutantFate.EQUIVALENT, level=level)
            library = self.workshop.library(mutant)
        except NotCompiled:
            return MachineOutcome(name=name, fate=MutantFate.NOT_COMPILED)
        try:
            outcome = _apart(name, partial(self._watched, name, library))
        finally:
            library.unlink(missing_ok=True)
        if outcome.survives and (level := self.workshop.same_code(mutant, more_levels())):
            return MachineOutcome(name=name, fate=MutantFate.EQUIVALENT, level=level)
        if outcome.killed:
            self._by_function.setdefault((mutant.file, mutant.where), Counter())[outcome.by] += 1
            self._of_all[outcome.by] += 1
        return outcome

    def _watched(self, name: str, library: Path) -> Iterator[tuple[str, str]]:
        """("at", scenario) before each, ("differs", scenario) where it does, ("killed", scenario) at the end."""
        give_library(name, library)
        wired = with_firmware(self.proof.wired, name)
        shots = 0
        for one in self._order(name):
            if shots == self.proof.most_shots:
                return
            told = one.scenario.id
            yield "at", told
            _end_after(_PLAYED_S)
            if differs_at_ns(library, self.tapes[told]) is None:
                continue
            yield "differs", told
            _end_after(_SHOT_S)
            shots += 1
            verdict, refused = _shot(wired, one, self.proof.seed)
            if verdict is Verdict.FAIL or refused:
                yield "killed", told
                return

    def _order(self, name: str) -> list[Prepared]:
        """What killed mutants of the same function, then what killed most, then what is short."""
        mutant = machine_mutants()[name]
        here = self._by_function.get((mutant.file, mutant.where), Counter())

        def promise(one: Prepared) -> tuple[int, int, int]:
            own = one.scenario.id
            return -here[own], -self._of_all[own], len(self.tapes[own])

        return sorted(self.proof.prepared, key=promise)


def _end_after(cpu_s: float) -> None:
    """End this process by SIGPROF once it has used `cpu_s` of processor time from now on."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)


def _apart(name: str, watched: Callable[[], Iterator[tuple[str, str]]]) -> MachineOutcome:
    """In a process of its own, which a mutant may crash or never come back from."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _in_child(reading, writing, watched)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        told = [tuple(json.loads(line)) for line in pipe.read().splitlines()]
    _, status = os.waitpid(child, 0)
    return _outcome(name, told, status)


def _in_child(reading: int, writing: int, watched: Callable[[], Iterator[tuple[str, str]]]) -> None:
    code = 1
    try:
        os.close(reading)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        for said in watched():
            os.write(writing, json.dumps(said).encode() + b"\n")
        code = 0
    except BaseException as error:  # noqa: BLE001 - told to the parent, which raises it
        os.write(writing, json.dumps(("error", f"{type(error).__name__}: {error}")).encode() + b"\n")
    finally:
        os._exit(code)


def _outcome(name: str, told: Sequence[Any], status: int) -> MachineOutcome:
    """Raises DutError where the process was ended from outside, or the bench itself failed: no word on the mutant."""
    last = next((scenario for word, scenario in reversed(told) if word == "at"), "")
    differs = tuple(scenario for word, scenario in told if word == "differs")
    if os.WIFSIGNALED(status):
        ended = signal.Signals(os.WTERMSIG(status))
        if ended is signal.SIGPROF:
            return MachineOutcome(name=name, fate=MutantFate.HANGS, by=last, differs_in=differs)
        if ended in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT):
            return MachineOutcome(name=name, fate=MutantFate.CRASHED, by=last, differs_in=differs)
        raise DutError(f"{name} in {last}: its process was ended by {ended.name}, which is no verdict")
    for word, scenario in told:
        if word == "killed":
            return MachineOutcome(name=name, fate=MutantFate.KILLED, by=scenario, differs_in=differs)
        if word == "error":
            raise DutError(f"{name} in {last}: the bench failed, which is no verdict: {scenario}")
    if os.waitstatus_to_exitcode(status):
        raise DutError(f"{name} in {last}: its process ended with {os.waitstatus_to_exitcode(status)}")
    return MachineOutcome(
        name=name, fate=MutantFate.SURVIVES if differs else MutantFate.SILENT, differs_in=differs
    )

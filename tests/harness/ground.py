"""What faults are put into: benches in simulated time with their scenarios, and what was on there in the end.

The last is asked of the played instruments themselves, behind the backs of drivers, rig and judge.
"""

import contextlib
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from bench.core.choice import CORE
from bench.measure.finding.bench import SafeStateUnconfirmed
from bench.record.folder import RunFolder
from bench.record.shot import read_shot
from bench.report.finding_words import reasons_words
from bench.rig.rig import Rig
from bench.running.firing import firing_order
from bench.running.load import load_rig, load_scenarios
from bench.running.local import Campaign, run_all
from bench.scenario.prepare import Prepared
from bench.trace.facts import SafeStateMissed, SafeStateReached
from bench.verdict.result import ShotResult, Verdict
from bench.wiring import simulated
from bench.wiring.common import Wired

from .outcome import Outcome, Wrong

ROOT = Path(__file__).resolve().parents[2]
LIVE_V = 0.1
SEED = 1

DESK = "hil_config.toml"
USUAL = (
    (DESK, "ov-step-cell17"),
    (DESK, "ov-step-cell17--inside"),
    (DESK, "open-wire-cell23"),
    (DESK, "weld-plus-at-opening"),
    (DESK, "identity-missing"),
)
"""Benches and scenarios of which a shot takes a moment; with every aim among them."""
OTHERS = (
    ("docs/benches/bloomy_abs.toml", "ov-step-cell17--inside"),
    ("docs/benches/bloomy_bs1200.toml", "ov-step-cell17"),
    ("docs/benches/atopile_cell_sim.toml", "open-wire-cell23"),
    ("docs/benches/ngi_n83624.toml", "ov-step-cell17"),
    ("docs/benches/whole_desk.toml", "open-wire-cell23"),
)


CLEAN: dict[str, str] = {}
"""By a ground's name, the digest of its second shot where nothing is struck."""

Grounds = Sequence[tuple[str, str]]
EVERYWHERE: Grounds = (*USUAL * 4, *OTHERS)
"""The usual bench is quick; each of the others is met now and then."""


def the_core() -> str:
    """The core of simulated time that is asked for: python; "": the native one, where there is one."""
    return os.environ.get(CORE, "")


@dataclass(frozen=True, eq=False, kw_only=True)
class Ground:
    """One bench with one scenario."""

    name: str
    wired: Wired
    one: Prepared

    @property
    def order(self) -> tuple[int, ...]:
        """Which of the two shots comes first, and which second."""
        return firing_order(SEED, self.one.scenario.id, 2)


Meddle = Callable[[Rig], None]


@cache
def ground(file: str, scenario: str) -> Ground:
    wired = _bench(file)
    (one,) = (one for one in _library(file) if one.scenario.id == scenario)
    made = Ground(name=f"{Path(file).stem} {scenario}", wired=wired, one=one)
    shots, folder, _ = _run(made, Witness())
    shutil.rmtree(folder.parent, ignore_errors=True)
    CLEAN[made.name] = shots[made.order[1]].digest
    return made


@cache
def _bench(file: str) -> Wired:
    return load_rig(ROOT / file, "simulated", "reference", None)


@cache
def _library(file: str) -> list[Prepared]:
    return list(load_scenarios(_bench(file), None, None)[0])


def a_ground(rng: random.Random, grounds: Grounds) -> Ground:
    return ground(*rng.choice(grounds))


@dataclass(slots=True)
class Witness:
    """Rigs in the order of their shots, and what was played in each."""

    rigs: list[Rig] = field(default_factory=list)
    cells: list[Any] = field(default_factory=list)
    sides: list[Any] = field(default_factory=list)

    def still_on(self, shot: int) -> list[str]:
        """What is on at the end of a shot, by the instruments themselves."""
        if shot >= len(self.cells):
            return []
        now_ns = (
            self.rigs[shot].clock.now_ns() if shot < len(self.rigs) else 0
        )  # no rig: it could not be built, and nothing was driven
        played, found = self.cells[shot].played, []
        volts = [abs(volt) for volt in _inner_v(played, now_ns)]
        if max(volts, default=0.0) >= LIVE_V:
            found.append(f"cells at {max(volts):.3f} V")
        if any(getattr(unit, "is_on", False) for unit in played.units):
            found.append("cells on")
        for side in self.sides[shot].sides if shot < len(self.sides) else ():
            if getattr(side.sim, "on", False):
                found.append(f"{side.config.name} on")
            if any(getattr(side.sim, "coils", ())) or any(
                side.sim.contacts(now_ns) if hasattr(side.sim, "contacts") else ()
            ):
                found.append(f"{side.config.name} has relays energised")
        return found


def _inner_v(played: Any, now_ns: int) -> list[float]:
    """Before the fault relays, where a unit can tell: behind an open wire there may be a live output."""
    volts: list[float] = []
    for unit in played.units:
        outputs = getattr(unit, "outputs", None)
        if outputs is not None and hasattr(outputs, "inner_v"):
            volts += [outputs.inner_v(channel, now_ns) for channel in range(outputs.channels)]
        else:
            volts += [volt for volt in unit.output_v(now_ns) if volt == volt]
    return volts


@contextlib.contextmanager
def witnessed() -> Iterator[Witness]:
    witness = Witness()
    cells, sides = simulated.simulated_cells, simulated.side_instruments

    def kept_cells(*words: Any) -> Any:
        witness.cells.append(cells(*words))
        return witness.cells[-1]

    def kept_sides(*words: Any) -> Any:
        witness.sides.append(sides(*words))
        return witness.sides[-1]

    with (
        mock.patch.object(simulated, "simulated_cells", kept_cells),
        mock.patch.object(simulated, "side_instruments", kept_sides),
    ):
        yield witness


def _run(
    where: Ground, witness: Witness, meddle: Meddle | None = None
) -> tuple[dict[int, ShotResult], Path, str]:
    """(the shots that have a verdict, where they are stored, what ended the run). The caller removes the folder."""
    place = Path(tempfile.mkdtemp(prefix="harness-"))
    found: dict[int, ShotResult] = {}

    def watch(rig: Rig, _: str, index: int) -> None:
        witness.rigs.append(rig)
        if meddle is not None and index == where.order[0]:
            meddle(rig)

    campaign = Campaign(
        wired=where.wired,
        prepared=[where.one],
        run_seed=SEED,
        repeat=2,
        folder=RunFolder.create(place, "run", {}),
        workers=1,
        watch=watch,
    )
    ended = ""
    try:
        run_all(campaign, lambda _, result: found.__setitem__(result.index, result))
    except BaseException as error:  # noqa: BLE001 - this is what is looked for
        ended = f"{type(error).__name__} ended the run"
    return found, place / "run", ended


def play(
    where: Ground, outcome: Outcome, meddle: Meddle | None = None, holder: list[Witness] | None = None
) -> None:
    """Two shots, the first of which is struck by what the caller has set up, or by `meddle(rig)`; then all checks.

    `holder` is given the witness before the first shot.
    """
    with witnessed() as witness:
        if holder is not None:
            holder.append(witness)
        found, folder, ended = _run(where, witness, meddle)
        try:
            _check(outcome, where, witness, found, folder, ended)
        finally:
            shutil.rmtree(folder.parent, ignore_errors=True)


def _check(
    outcome: Outcome,
    where: Ground,
    witness: Witness,
    found: dict[int, ShotResult],
    folder: Path,
    ended: str,
) -> None:
    wrong, clean = outcome.wrong, CLEAN[where.name]
    if ended:
        wrong.append((Wrong.RUN_ENDED, ended))
    result, second = (found.get(index) for index in where.order)
    if second is None or second.judgement.verdict is not Verdict.PASS or second.digest != clean:
        said = (
            "no verdict" if second is None else "; ".join(reasons_words(second.judgement)) or "another trace"
        )
        wrong.append((Wrong.RUN_ENDED, f"the next shot: {said}"))
    on = witness.still_on(0)
    outcome.left_on = bool(on)
    if result is None:
        if on:
            wrong.append((Wrong.UNTOLD, f"{', '.join(on)}, and no verdict"))
        return
    outcome.verdict = result.judgement.verdict.name
    try:
        trace, _, _ = read_shot(folder / result.folder)
    except Exception as error:  # noqa: BLE001 - whatever it is, the evidence is gone
        wrong.append((Wrong.LOST, f"its evidence cannot be read: {error!r}"))
        return
    missed = any(True for _ in trace.of(SafeStateMissed))
    confirmed = any(mark.fact.readback for mark in trace.of(SafeStateReached))
    outcome.missed = missed
    told = any(isinstance(one.finding, SafeStateUnconfirmed) for one in result.judgement.reasons)
    passed = result.judgement.verdict in (Verdict.PASS, Verdict.GAP)
    if passed and (on or missed or not confirmed):
        wrong.append((Wrong.FALSE_PASS, ", ".join(on) or ("missed" if missed else "never confirmed")))
    if (on or not confirmed) and not (told and result.judgement.verdict is Verdict.ERROR):
        wrong.append((Wrong.UNTOLD, f"{', '.join(on) or 'not confirmed'}: {result.judgement.verdict.name}"))
    if on and confirmed and not missed:
        wrong.append((Wrong.UNTOLD, f"{', '.join(on)}, and the trace says they were read back as off"))

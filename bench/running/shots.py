"""One shot from start to evidence: build the rig, fire, measure, judge, write."""

import contextlib
import dataclasses
import gc
import hashlib
import os
import random
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bench.codec.database import Database
from bench.errors import RecordError
from bench.measure.finding.bench import CalibrationOverdue, NotMeasured
from bench.measure.finding.scenario import RigLacks
from bench.measure.finding.stimulus import ScenarioAtFault
from bench.measure.interval import Measurement
from bench.measure.measure import measure
from bench.measure.outputs_off import not_confirmed_safe
from bench.measure.plan import Plan
from bench.plant.chemistry import Chemistry
from bench.plant.reach import soc_reaching
from bench.record.codable import plan_to_dict, shot_to_dict
from bench.record.folder import RunFolder, shot_folder
from bench.record.latch import refuse_if_latched, refuse_if_not_kept
from bench.record.poison import poison, refuse_if_poisoned, rig_facts, stuck_fault
from bench.rig.rig import Rig
from bench.running.calibration import overdue_now
from bench.running.firing import Turn, stratum_of
from bench.running.held_rig import rig_of_ones_own
from bench.running.watching import watched_to_the_end
from bench.scenario.engine import Attempt, fire
from bench.scenario.model import Start
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.timing.host import run_on_host
from bench.timing.simulated import run_simulated
from bench.timing.stopping import is_a_stop, stop_is_noticed
from bench.trace.facts import DutIdentified
from bench.trace.timeline import Trace
from bench.trace.trouble import line_of, mark_error
from bench.units import NS_PER_S
from bench.verdict.judge import judge
from bench.verdict.result import Judgement, ShotResult, Verdict
from bench.wiring.at_fault import faults_of
from bench.wiring.common import Wired, why_not
from bench.wiring.core import clock_of_choice
from bench.wiring.simulated import build_simulated

_LONG_NS = 60 * NS_PER_S


@cache
def _reaching(chemistry: Path, voltage_v: float, current_a: float, after_s: float) -> float:
    return soc_reaching(Chemistry.load(chemistry), voltage_v=voltage_v, current_a=current_a, after_s=after_s)


def start_soc(wired: Wired, start: Start) -> float | None:
    """The SoC that a shot starts from, 0..1; None: the bench's own."""
    reaches = start.reaches
    if reaches is None or reaches.voltage_v is None:
        return start.soc
    after_s = reaches.after_ns / NS_PER_S
    return _reaching(wired.chemistry.path, reaches.voltage_v, reaches.current_a, after_s)


def shot_seed(run_seed: int, scenario_id: str, index: int) -> int:
    """Each shot has a stream of its own, so neither order nor number of the others matters."""
    digest = hashlib.sha256(f"{run_seed}/{scenario_id}/{index}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


def shot_phase_ns(prepared: Prepared, index: int, repeat: int, rng: random.Random) -> int:
    """Injection phases in equal strata, shuffled inside: every part of the sweep and of the DUT's cycle is visited."""
    swept_ns = max(prepared.scenario.sweep.phase_ns, prepared.plan.dut_cycle_ns)
    stratum_ns = max(1, swept_ns // max(1, repeat))
    return stratum_of(index, repeat) * stratum_ns + rng.randrange(stratum_ns)


OnRig = Callable[[Rig, str, int], None]
"""Told of a rig, the scenario's id and the shot's index before the shot is fired."""


def shoot(
    wired: Wired,
    prepared: Prepared,
    index: int,
    repeat: int,
    run_seed: int,
    folder: RunFolder | None,
    watch: OnRig | None = None,
    *,
    to_the_end: bool | None = None,
    place: int | None = None,
) -> ShotResult:
    """Fire one shot on the timebase the bench file names, and keep its evidence in `folder`.

    to_the_end: whether it is watched to the end of its window; None: as its place among the others says. place: in the
    firing order. It is kept, and changes nothing.
    """
    scenario = prepared.scenario
    seed = shot_seed(run_seed, scenario.id, index)
    turn = Turn(index=index, seed=seed, stratum=stratum_of(index, repeat), place=place)
    rng = random.Random(seed)
    phase_ns = shot_phase_ns(prepared, index, repeat, rng)
    if (why := why_not_driven(wired, prepared)) is not None:
        return not_driven(turn, phase_ns, why)
    if scenario.mismatch is not None:
        wired = wired.mismatched(scenario.mismatch)
    shot = Attempt(
        profile=wired.profile,
        start=scenario.start,
        steps=prepared.steps,
        plan=prepared.plan,
        phase_ns=phase_ns,
        to_the_end=watched_to_the_end(run_seed, scenario.id, index, repeat)
        if to_the_end is None
        else to_the_end,
    )
    refuse_if_poisoned(wired.config.record.rig)
    refuse_if_latched(wired.config.record.rig)
    with watched_over(wired, folder) as wired, _collector_paused():
        return _fired(wired, prepared, shot, turn, folder, watch, rng)


def why_not_driven(wired: Wired, prepared: Prepared) -> Judgement | None:
    """The verdict of a shot that is not fired: the rig lacks a capability, or the scenario is at fault."""
    scenario = prepared.scenario
    if missing := why_not(wired, scenario.needs, prepared.steps):
        return Judgement.of(Verdict.BLOCKED, RigLacks(lacking=tuple(missing)))
    if wrong := faults_of(wired, prepared):
        return Judgement.of(Verdict.ERROR, *(ScenarioAtFault(said=line) for line in wrong))
    config = wired.config
    if config.refuses_overdue and not config.simulated and (late := overdue_now(config)):
        return Judgement.of(Verdict.INCONCLUSIVE, *(CalibrationOverdue(said=line) for line in late))
    if scenario.mismatch is not None and wired.config.dut.start != "in_process":
        why = f"{scenario.mismatch.words}: this bench builds no firmware for another chemistry"
        return Judgement.of(Verdict.BLOCKED, RigLacks(lacking=(why,)))
    return None


@contextlib.contextmanager
def watched_over(wired: Wired, folder: RunFolder | None) -> Iterator[Wired]:
    """The same bench held and with a guard, where real instruments are driven and nobody watches over them yet."""
    if wired.guard is not None or wired.config.simulated:
        yield wired
        return
    from bench.wiring.guard import guarded

    beside = wired.config.record.folder / f"shots-{os.getpid()}" if folder is None else folder.path
    with rig_of_ones_own(wired) as own:
        held_by = () if own.hold is None else own.hold.descriptors
        with guarded(own.config, beside, held_by) as guard:
            yield dataclasses.replace(own, guard=guard)


def _fired(
    wired: Wired,
    prepared: Prepared,
    shot: Attempt,
    turn: Turn,
    folder: RunFolder | None,
    watch: OnRig | None,
    rng: random.Random,
) -> ShotResult:
    """Whatever fails, it is this shot's ERROR: those to come are fired, and the run has its result. A stop by the user
    goes on upwards.
    """
    scenario = prepared.scenario
    traces: list[Trace] = []
    whole = False

    async def main(clock: Any) -> None:
        nonlocal whole
        if wired.config.simulated:
            rig = build_simulated(wired, clock, start_soc(wired, scenario.start), rng, scenario.start)
        else:
            # Imported here: real links are not needed, and their libraries not loaded, in simulated time.
            from bench.wiring.real import build_real

            rig = await build_real(wired, clock, start_soc(wired, scenario.start), rng, scenario.start)
        traces.append(rig.trace)
        if watch is not None:
            watch(rig, scenario.id, turn.index)
        await fire(rig, shot)
        whole = True

    try:
        if wired.config.simulated:
            run_simulated(main, clock_of_choice())
        else:
            run_on_host(main, realtime_priority=wired.config.realtime_priority)
    except BaseException as error:  # of whatever type: one shot ends no run
        if not is_a_stop(error):
            _note_failure(traces, wired, error)
        elif not (whole and stop_is_noticed()):  # a stop that came when all was over must not cost the result
            if wired.config.simulated and _is_long(traces):
                traces.clear()  # nothing real was driven, and nobody waits until an hour is judged
            raise
    finally:
        if traces:
            result = _concluded(traces[0], wired, prepared, shot, turn, folder)
    return result


def _is_long(traces: list[Trace]) -> bool:
    """Judging a trace of that length takes longer than whoever stops it waits."""
    if not traces or not traces[0].marks:
        return False
    marks = traces[0].marks
    return marks[-1].t_ns - marks[0].t_ns > _LONG_NS


def _note_failure(traces: list[Trace], wired: Wired, error: BaseException) -> None:
    """In the shot's trace; in one of its own where the rig could not even be built."""
    if not traces:
        traces.append(Trace(timebase=Timebase.SIMULATED if wired.config.simulated else Timebase.HOST))
    trace = traces[0]
    mark_error(trace, trace.marks[-1].t_ns if trace.marks else 0, "shot", error)


def _concluded(
    trace: Trace,
    wired: Wired,
    prepared: Prepared,
    shot: Attempt,
    turn: Turn,
    folder: RunFolder | None,
) -> ShotResult:
    scenario, index = prepared.scenario, turn.index
    stuck = stuck_fault(trace)
    if stuck is not None and not wired.config.simulated:  # a simulated rig is built anew for every shot
        where = f"{scenario.id}, shot {index}"
        poison(wired.config.record.rig, stuck, {"shot": where, **rig_facts(wired.config)})
    result = conclude_shot(trace, prepared, wired, index, turn.seed, shot.phase_ns)
    result = dataclasses.replace(result, stratum=turn.stratum, place=turn.place)
    if folder is not None:
        try:
            folder.write_shot(scenario.id, index, trace, plan_to_dict(prepared.plan), shot_to_dict(result))
        except OSError as error:  # a full disk is no crash of the bench
            place = folder.path / shot_folder(scenario.id, index)
            raise RecordError(f"{place}: cannot be stored: {error.strerror or error}") from error
    refuse_if_not_kept(wired.config.record.rig, trace)
    return result


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """A pause of the garbage collector is 20 ms in which frames are lost (real) or time is wasted (simulated).

    The shot's rig is a ring of objects, a megabyte or more with its trace. It goes at once: left to the collector it
    would be among the old ones, which it hardly ever looks at.
    """
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        gc.enable()
        gc.unfreeze()


def conclude_shot(
    trace: Trace, prepared: Prepared, wired: Wired, index: int, seed: int, phase_ns: int
) -> ShotResult:
    """Measure and judge a finished (or cut short) trace."""
    measurement, judgement, error = judge_or_error(trace, prepared.plan, wired.databases)
    if error is not None:
        mark_error(trace, trace.marks[-1].t_ns if trace.marks else 0, "judge", error, traced=True)
    end_ns = trace.marks[-1].t_ns - trace.marks[0].t_ns if trace.marks else 0
    return ShotResult(
        index=index,
        seed=seed,
        phase_ns=phase_ns,
        judgement=judgement,
        measurement=measurement,
        digest=trace.digest(),
        folder=shot_folder(prepared.scenario.id, index),
        simulated_ns=end_ns,
        identity=next((mark.fact.identity for mark in trace.of(DutIdentified)), ""),
    )


def judge_trace(trace: Trace, plan: Plan, databases: Mapping[str, Database]) -> tuple[Measurement, Judgement]:
    """The one way from a trace to a verdict, for a shot just fired and for one stored years ago."""
    measurement = measure(trace, plan, databases)
    return measurement, judge(measurement, plan)


def judge_or_error(
    trace: Trace, plan: Plan, databases: Mapping[str, Database]
) -> tuple[Measurement | None, Judgement, BaseException | None]:
    """As `judge_trace`; a trace that cannot be judged is an ERROR, and the exception is told, too."""
    try:
        return *judge_trace(trace, plan, databases), None
    except BaseException as error:
        if is_a_stop(error):
            raise
        judgement = Judgement.of(Verdict.ERROR, NotMeasured(said=line_of(error)), *not_confirmed_safe(trace))
        return None, judgement, error


def not_driven(turn: Turn, phase_ns: int, judgement: Judgement) -> ShotResult:
    """The result of a shot for which nothing was driven."""
    return ShotResult(
        index=turn.index,
        seed=turn.seed,
        phase_ns=phase_ns,
        judgement=judgement,
        measurement=None,
        digest="",
        folder="",
        simulated_ns=0,
        stratum=turn.stratum,
        place=turn.place,
    )

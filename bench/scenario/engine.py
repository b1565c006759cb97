"""One shot: settle → arm observers → stimulate → observe → clear → safe. Everything done goes into the Trace."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from bench.config.profile import DutProfile
from bench.dut.ports import ended
from bench.errors import BenchError, UnidentifiedBuild
from bench.faults.asks import put_on, refuse_unprovided, take_off
from bench.measure.ending import EndedBy, Ending
from bench.measure.plan import Aim, Plan
from bench.rig.rig import Rig
from bench.rig.stages import LOOK_NS
from bench.rig.vehicle import PLANT_PERIOD_NS
from bench.scenario.diagnose import diagnose
from bench.scenario.fault_reset import reset_faults
from bench.scenario.follow import follow, hold_voltage
from bench.scenario.forbidden import state_of
from bench.scenario.memory import POLL_NS, forget_codes, hear_a_round, read_codes
from bench.scenario.model import (
    ConstantVoltage,
    Diagnose,
    Drive,
    FaultReset,
    Follow,
    Inject,
    Park,
    Request,
    Start,
    Step,
    Wait,
    longest_ns,
)
from bench.scenario.outlasted import Outlasted, refuse_outlasted
from bench.scenario.start_missed import StartMissed
from bench.scenario.until_state import until_state
from bench.scenario.watch import Watch
from bench.scenario.way_out import (
    MarkedAs,
    take_faults_off,
    tell_crash,
    tell_failures,
    tell_what_failed,
    tell_why_cancelled,
    walk_to_safety,
)
from bench.timing.clock import Phase, Timer
from bench.timing.looking import look_until
from bench.timing.stopping import is_a_stop
from bench.trace import facts
from bench.trace.events import PlantStage
from bench.trace.mark import Mark
from bench.trace.trouble import line_of
from bench.units import NS_PER_MS, NS_PER_S

SETTLE_NS = 200 * NS_PER_MS
STATE_NS = NS_PER_S  # how often the plant is told where a protection test has to end
TRUTH_NS = NS_PER_S  # how often the truth is told where an estimate is scored
ARMED_NS = 150 * NS_PER_MS  # the healthy DUT is heard with observers armed before anything is done to it
REFUSED_NS = NS_PER_S  # a refused request is watched for so much longer than the scenario holds it
LONGEST_SHOT_S = 120.0  # beside what its steps and its window last
OWNER = "scenario engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one attempt does: the scenario's resolved steps, its questions, and where in the DUT's cycle it injects.

    to_the_end: it is watched to the end of its window, also where all has been seen before.
    """

    profile: DutProfile
    start: Start
    steps: tuple[Step, ...]
    plan: Plan
    phase_ns: int
    to_the_end: bool = False


MARKED_AS: MarkedAs = {
    StartMissed: lambda error: facts.PreconditionMissed(
        reason=line_of(error), mode=getattr(error, "mode", None)
    ),
    UnidentifiedBuild: lambda error: facts.DutRefused(reason=line_of(error)),
    Outlasted: lambda error: cast(Outlasted, error).told,
}


async def fire(rig: Rig, shot: Attempt) -> None:
    """Run the shot to its end; the outcome is in `rig.trace`. Leaves the rig in its safe state in every case.

    Raises nothing but CancelledError, and that only where somebody outside wanted the shot to end.
    """
    trace, clock = rig.trace, rig.clock
    trace.mark(clock.now_ns(), facts.RunStarted(phase_ns=shot.phase_ns), "engine")
    try:
        await _told(rig, shot)
    except asyncio.CancelledError as ended:
        if tell_why_cancelled(rig, ended):
            raise
    finally:
        try:
            tell_failures(rig)
            tell_crash(rig)
        finally:
            await walk_to_safety(rig)
        tell_failures(rig)  # those of the way to the safe state
        trace.mark(clock.now_ns(), facts.RunEnded(), "engine")


async def _told(rig: Rig, shot: Attempt) -> None:
    """The shot, with whatever fails in it in its trace; only a cancellation, and the user's stop, go on upwards."""
    waits = shot.profile.waits
    waits_ns = waits.standby_ns + waits.closed_ns + waits.ready_ns
    longest_s = LONGEST_SHOT_S + (waits_ns + longest_ns(shot.steps) + shot.plan.window_ns) / NS_PER_S
    try:
        async with asyncio.timeout(longest_s + _observes_ns(shot.plan) / NS_PER_S):
            await _energised(rig, shot)
    except asyncio.CancelledError:
        raise
    except BaseException as failed:
        if is_a_stop(failed):
            raise
        tell_what_failed(rig, failed, MARKED_AS)


def _observes_ns(plan: Plan) -> int:
    return plan.end.observe_ns if plan.end is not None else 0


async def _energised(rig: Rig, shot: Attempt) -> None:
    async with rig.hardware.safety.watched() if rig.hardware.safety is not None else contextlib.nullcontext():
        await _driven(rig, shot)


async def _driven(rig: Rig, shot: Attempt) -> None:
    await rig.energise()
    async with asyncio.TaskGroup() as tasks:
        # Before the DUT is started: that may take seconds, and only a fed dead-man leaves the outputs on.
        follower = tasks.create_task(followed(rig))
        try:
            rig.plant.vehicle.fault_reset = int(shot.profile.fault_reset_at_start)
            refuse = shot.plan.aim is Aim.MUST_REFUSE
            for step in (
                shot.steps if refuse else ()
            ):  # what it says of itself is wrong from its first word on
                await _perform(rig, shot, step)
            for step in shot.steps:
                if isinstance(step, Inject) and step.before_start and not refuse:
                    await inject(rig, step)
            await rig.boot()
            closes_ns = await settle(rig, shot)
            if not refuse:
                await _observe(rig, shot, closes_ns)
        finally:
            follower.cancel()


async def followed(rig: Rig) -> None:
    """A task group takes a cancelled task for one that has ended well: nobody would feed the dead-man any more."""
    try:
        await rig.follow_plant()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise BenchError("the plant is no longer followed: what it waited for was cancelled") from None


async def settle(rig: Rig, shot: Attempt) -> int:
    """Hear the DUT, bring it into the start mode, set the load, let everything come to rest.

    Returns how long its slowest control took to close (ns).
    """
    profile = shot.profile
    state = profile.roles["state"]
    standby_ns = profile.waits.standby_ns
    await until_state(rig, profile, "standby", standby_ns, f"{state} was never heard in standby")
    rig.plant.vehicle.fault_reset = 0
    rig.trace.mark(rig.clock.now_ns(), facts.DutHeard(state="standby"), "engine")
    await rig.identify()  # before anything is asked of it: an unidentified build is refused
    await forget_codes(rig, profile)
    took_ns = 0
    for control in shot.start.control:
        took_ns = max(took_ns, await _obeys(rig, shot, control))
    mode = shot.start.mode
    if mode != "off":
        request(rig, mode, profile.modes[mode])
        await until_state(rig, profile, mode, profile.waits.closed_ns, f"the DUT did not enter {mode}", mode)
    _load(rig, shot.start.current_a)
    now_ns = rig.clock.now_ns()
    await rig.clock.sleep_until(now_ns + SETTLE_NS)
    await hear_a_round(rig, profile)
    rig.trace.mark(rig.clock.now_ns(), facts.PreconditionMet(mode=mode), "engine")
    return took_ns


async def _obeys(rig: Rig, shot: Attempt, mode: str) -> int:
    """The DUT enters a mode and leaves it again: what it refuses later, it does not refuse because it never obeys.

    Returns how long it took to enter it (ns).
    """
    profile, clock = shot.profile, rig.clock
    took = []
    for asked in (mode, "off"):
        begun_ns = clock.now_ns()
        request(rig, asked, profile.modes[asked])
        missed = f"as a control, the DUT did not enter {asked}"
        await until_state(rig, profile, state_of(asked), profile.waits.closed_ns, missed, asked)
        took.append(clock.now_ns() - begun_ns)
        await clock.sleep_until(clock.now_ns() + SETTLE_NS)
    return took[0]


async def _observe(rig: Rig, shot: Attempt, closes_ns: int) -> None:
    """closes_ns: how long this DUT takes to close."""
    clock, plan = rig.clock, shot.plan
    watch = Watch(rig, plan)
    rig.trace.mark(clock.now_ns(), facts.ObserversArmed(), "engine")
    await clock.sleep_until(clock.now_ns() + ARMED_NS + shot.phase_ns)
    stimulus_ns = clock.now_ns()
    rig.truth.tells_limits = any(one.full is not None for one in plan.estimates)
    ending = Ending(plan.end) if plan.end is not None else None
    timers = _watch_plant(rig, plan, ending, stimulus_ns)
    try:
        for step in shot.steps:
            if isinstance(step, Inject) and step.before_start:
                continue  # there since before the start
            await _perform(rig, shot, step, lambda: ending is not None and ending.by is not None)
        first = next((m.t_ns for m in _measured(rig, plan)), stimulus_ns)
        end_ns = first + plan.window_ns
        earliest_ns = 0
        if plan.aim is Aim.MUST_STAY_SAFE:  # the last step has asked the DUT to close
            earliest_ns = clock.now_ns() + max(plan.hold_ns, closes_ns) + REFUSED_NS
            end_ns = max(end_ns, earliest_ns)
        to_the_end = shot.to_the_end and plan.end is None
        ends_early = plan.aim is Aim.MUST_REACH or (plan.aim.asks_flag and not to_the_end)

        def is_over() -> bool:
            if not rig.dut.alive():
                raise ended(rig.dut)
            now_ns = clock.now_ns()
            if ends_early and watch.settled(now_ns) and _ran_away(rig, plan) and now_ns >= earliest_ns:
                return True
            # If not by the DUT: whether it should have reacted is for the verdict.
            return ending is not None and ending.by not in (None, EndedBy.CUT_OFF)

        await look_until(clock, end_ns, POLL_NS, is_over)
        rig.outputs.refuse_unfed()
        if plan.end is not None:
            await _look_after(rig, plan.end.observe_ns)
        if plan.dtc_status:
            code = None if plan.dtc_test is None else round(plan.dtc_test.value)
            await read_codes(rig, shot.profile, code)
    finally:
        for timer in timers:
            timer.cancel()
        rig.plant.fit.tell()
        rig.trace.mark(clock.now_ns(), facts.WindowClosed(), "engine")
    # Only here: on any other way out the outputs go off first, and a fault that cannot be cleared must not delay that.
    await take_faults_off(rig)


def _watch_plant(rig: Rig, plan: Plan, ending: Ending | None, first_ns: int) -> list[Timer]:
    """Timers that put the plant's truth into the trace, where the plan has questions about it."""
    clock, timers = rig.clock, []
    if plan.estimates:
        timers.append(clock.every(TRUTH_NS, Phase.OBSERVE, rig.truth.tell_truth, first_ns=first_ns))
    if plan.onset_runaway:
        timers.append(clock.every(LOOK_NS, Phase.OBSERVE, rig.truth.look_at_stages, first_ns=first_ns))
    if ending is not None:

        def tell_state() -> None:
            mark = rig.truth.tell_state()
            ending.hear(mark.t_ns, mark.fact)

        timers.append(clock.every(STATE_NS, Phase.OBSERVE, tell_state, first_ns=first_ns))
    return timers


async def _look_after(rig: Rig, observe_ns: int) -> None:
    """Watch one second longer than asked, because the end of the test is known to a second."""
    until_ns = rig.clock.now_ns() + observe_ns + STATE_NS
    while rig.clock.now_ns() < until_ns:
        await rig.clock.sleep_until(min(until_ns, rig.clock.now_ns() + STATE_NS))
        if not rig.dut.alive():
            raise ended(rig.dut)


def _ran_away(rig: Rig, plan: Plan) -> bool:
    """Whether the plant is where the scenario wants it: an alarm that is early waits for the fact."""
    if not plan.onset_runaway:
        return True
    return any(
        {(PlantStage.SIGNATURE, cell), (PlantStage.RUNAWAY, cell)} <= rig.truth.stages_reached
        for cell in plan.onset_runaway
    )


def _measured(rig: Rig, plan: Plan) -> Iterator[Mark[facts.StimulusCommanded]]:
    """The commands of the step that is measured, or of all where the plan names none."""
    marks = rig.trace.of(facts.StimulusCommanded)
    return (m for m in marks if plan.onset_step is None or m.fact.step in (plan.onset_step, None))


async def _perform(rig: Rig, shot: Attempt, step: Step, over: Callable[[], bool] = bool) -> None:
    clock = rig.clock
    match step:
        case Wait(duration_ns=duration_ns):
            await clock.sleep_until(clock.now_ns() + duration_ns)
        case Request(mode=mode, mode_value=value):
            request(rig, mode, value)
        case FaultReset(duration_ns=duration_ns):
            await reset_faults(rig, duration_ns)
        case Drive(current_a=current_a, step=place):
            await drive(rig, current_a, place)
        case Follow():
            await follow(rig, step, rig.plant.vehicle.mode_request == shot.profile.modes["charge"], over)
        case ConstantVoltage():
            await hold_voltage(rig, step)
        case Inject():
            await inject(rig, step)
        case Diagnose():
            await diagnose(rig, step)
        case Park():
            await _park(rig, shot, step)


async def inject(rig: Rig, step: Inject) -> None:
    """Make a fault real on the rig, and put command and readback into the trace."""
    clock, fault = rig.clock, step.fault
    commanded = facts.StimulusCommanded(fault=f"{step.kind}: {fault!r}", step=step.step, ttl_ns=step.ttl_ns)
    rig.trace.mark(clock.now_ns(), commanded, "engine")
    refuse_unprovided(fault, rig.provided)
    live = rig.faults.admit(step.kind, OWNER, step.ttl_ns, lambda: take_off(fault, rig.provided))
    actuation = await put_on(fault, rig.provided)
    confirmed = facts.StimulusConfirmed(
        readback=True,
        value=actuation.readback,
        low_ns=actuation.low_ns,
        high_ns=actuation.high_ns,
        step=step.step,
    )
    rig.trace.mark(clock.now_ns(), confirmed, "engine")
    if step.duration_ns is not None:
        until_ns = actuation.low_ns + step.duration_ns
        await clock.sleep_until(until_ns)
        late_ns = clock.now_ns() - until_ns
        await rig.faults.take_off(live)
        refuse_outlasted(step.kind, step.duration_ns, clock.now_ns() - actuation.low_ns, late_ns)


def request(rig: Rig, mode: str, value: int) -> None:
    """Ask the DUT for a mode. value: the one that the profile has for it."""
    rig.plant.vehicle.mode_request = value
    rig.trace.mark(rig.clock.now_ns(), facts.Requested(mode=mode, value=value), "engine")


async def _park(rig: Rig, shot: Attempt, step: Park) -> None:
    """Switch off and open the contactors, then let days pass for the pack alone. The DUT sleeps, so it does not
    notice them.
    """
    clock = rig.clock
    _load(rig, 0.0)
    request(rig, "off", step.mode_value)
    closed_ns, missed = shot.profile.waits.closed_ns, "to park, the DUT did not enter standby"
    await until_state(rig, shot.profile, "standby", closed_ns, missed, "off")
    await clock.sleep_until(clock.now_ns() + SETTLE_NS)
    rig.truth.let_days_pass(step.duration_ns)
    await clock.sleep_until(clock.now_ns() + SETTLE_NS)  # the outputs follow the pack


def _load(rig: Rig, current_a: float) -> None:
    """Positive: the vehicle draws it. Negative: the charger delivers it, within the limit it is told."""
    rig.plant.vehicle.load_a = max(0.0, current_a)
    rig.plant.vehicle.charge_a = max(0.0, -current_a)


async def drive(rig: Rig, current_a: float, place: int) -> None:
    """A load step is a stimulus like any other: commanded, then read back from the plant."""
    clock = rig.clock
    low_ns = clock.now_ns()
    rig.trace.mark(low_ns, facts.StimulusCommanded(fault=f"load of {current_a:g} A", step=place), "engine")
    _load(rig, current_a)
    await clock.sleep_until(low_ns + 2 * PLANT_PERIOD_NS)
    seen_a = rig.plant.pack.pack_current_a
    confirmed = facts.StimulusConfirmed(
        readback=abs(seen_a - current_a) <= 0.01 * max(1.0, abs(current_a)),
        value=f"{seen_a:.3f} A",
        step=place,
        low_ns=low_ns,
        high_ns=clock.now_ns(),
    )
    rig.trace.mark(clock.now_ns(), confirmed, "engine")

"""From a Trace and a Plan to a Measurement: onset, detection and safe state as intervals. A pure function."""

from collections.abc import Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any

from bench.codec.uds import status_mask
from bench.measure.accepted import Received, Receivers, receive, receive_flawless
from bench.measure.always.look import look
from bench.measure.always.once import told_once
from bench.measure.answer import Answer
from bench.measure.beyond_fit import left_the_fit
from bench.measure.calibration import calibrations
from bench.measure.clock_rate import rate_ppb, rate_why
from bench.measure.crash import crash_mark, killed_or_not_up, own_crash
from bench.measure.diagnosed import wrong_answers
from bench.measure.ending import find_end
from bench.measure.estimation import score
from bench.measure.finding.base import Finding
from bench.measure.finding.bench import DutRefused, PreconditionMissed
from bench.measure.finding.life import NotBegun
from bench.measure.finding.reach import MUST_REACH_PREFIX, StartModeMissed
from bench.measure.frames import Frames
from bench.measure.glitch import too_long_a_glitch
from bench.measure.held_stimulus import lost_again
from bench.measure.interval import Interval, LeftOut, Measurement
from bench.measure.lagging import doubts_of_late_plant, followed_reports
from bench.measure.life import check_length, listen_for_life
from bench.measure.misfit import misfits
from bench.measure.onset import find_onset
from bench.measure.outputs_off import not_confirmed_safe
from bench.measure.own_fault import (
    doubts_of,
    excuses_of,
    taken_off_early,
    without_own_frames,
    worst_lateness_ns,
)
from bench.measure.plan import Aim, Plan
from bench.measure.plant_stages import runaway_onset, spread_before
from bench.measure.probes import probes_seen
from bench.measure.protected import said_by_refused, wrong_protection
from bench.measure.questions import Codec
from bench.measure.reached import find_reached
from bench.measure.reaction import reactions
from bench.measure.refusal import check_refusal
from bench.measure.reports_heard import check_reports
from bench.measure.restart import find_restarts
from bench.measure.second_sender import second_senders
from bench.measure.shot import Seen, Shot, Told, latency
from bench.measure.stamp_order import stamps_out_of_order, stamps_used
from bench.measure.states import states_seen
from bench.measure.staying import watched_to_end
from bench.measure.stop_request import asked_to_stop_ns
from bench.measure.stored_codes import codes_before, status_of_the_code, tests_of_the_code
from bench.measure.unexpected import wrong_reports
from bench.measure.unknown_pages import unknown_pages
from bench.measure.window import Window, armed_window, told_by_marks, until
from bench.trace import facts
from bench.trace.events import BENCH, Kind
from bench.trace.timeline import Trace


def measure(trace: Trace, plan: Plan, decoders: Mapping[str, Codec]) -> Measurement:
    """All facts of one shot; times in ns on the trace's timebase. `decoders`: channel → Database.

    Raises ScenarioError where the plan names a channel, message or signal that the databases lack.
    """
    if crash_mark(trace) is not None:
        return _crash(trace, plan, decoders)
    if plan.aim is Aim.MUST_REFUSE:
        return _refusal(trace)
    unfit = misfits(trace, plan, decoders)
    if unfit and (missed := _kept_from_its_start(trace)):
        return replace(_nothing_measured(trace), broken=(missed,), misfits=tuple(unfit), not_begun=True)
    if (missed_start := _start_missed(trace)) is not None:
        second = second_senders(Frames.of(trace.frames), plan, decoders)
        return replace(missed_start, bench_faults=(*missed_start.bench_faults, *second))
    window = armed_window(trace)
    faults, anomalies = told_by_marks(trace)
    window, left_out = without_own_frames(window, plan, decoders)
    faults = [*faults, *second_senders(window.frames, plan, decoders)]
    told = Told(faults=[*faults, *window.faults], anomalies=[*anomalies, *left_out])
    told.faults.extend(stamps_out_of_order(trace, window))
    told.anomalies.extend([*unknown_pages(trace, plan, decoders), *followed_reports(trace)])
    window, received = _as_received(window, plan, decoders)
    refused = received.refused if plan.accepted_only else ()
    before = codes_before(trace, plan, decoders)
    told.anomalies.extend([*before.told, *left_the_fit(trace, window.start_ns)])
    dtc_tests = tests_of_the_code(plan, before)
    shot = Shot(
        trace=trace, window=window, plan=plan, decoders=decoders, refused=refused, dtc_tests=dtc_tests
    )
    onset = _onset(shot, told)
    answer = Answer(shot, onset, told)
    answer.hear()
    listen_for_life(shot, onset, told)
    check_reports(shot, onset, told)
    told.broken.extend([*find_restarts(shot, onset, decoders), *wrong_answers(trace)])
    check_length(shot, answer.detected, told)
    _check_protection(shot, received, told)
    if refused and plan.aim.asks_flag and onset is not None:
        told.broken.extend(said_by_refused(shot, answer.unanswered(), onset.interval.low_ns))
    core = replace(shot, window=until(window, answer.core_end_ns))
    reports = wrong_reports(core, onset, told.broken, before)
    if plan.only_expected:
        told.broken.extend(reports.wrong)
    told.anomalies.extend(reports.held)
    if plan.onset_runaway and onset is not None:
        alarm = answer.detected.interval if answer.detected else None
        told.broken.extend(spread_before(trace, plan.onset_runaway, alarm))
    seen_ns = answer.detected.interval.low_ns if answer.detected and plan.aim is Aim.MUST_TRIP else None
    told.faults.extend(lost_again(shot, window.end_ns if seen_ns is None else seen_ns))
    memory, problem = status_of_the_code(trace, plan)
    status = memory.status if memory is not None else None
    safe = answer.safe.interval if answer.safe and plan.aim is Aim.MUST_TRIP else None
    doubts = doubts_of(trace, core.window, plan, decoders, safe.high_ns if safe else None)
    doubts += _doubts_of_stimulus(shot, answer, told, safe, status or 0)
    if onset is not None:
        doubts += doubts_of_late_plant(trace, told.broken, onset.t_ns)
    if told.broken or answer.detected is not None:
        doubts += too_long_a_glitch(trace, window, plan, decoders)
    ppb = rate_ppb(trace)
    return Measurement(
        onset=onset.interval if onset else None,
        detected=answer.detected.interval if answer.detected else None,
        safe=answer.safe.interval if answer.safe else None,
        onset_first=onset.first if onset else None,
        onset_last=onset.last if onset else None,
        at_terminal=onset.terminal if onset else None,
        left_out=onset.left_out if onset else LeftOut.NOT_RECORDED,
        fdti=latency(onset, answer.detected, ppb),
        frti=latency(answer.detected, _handled(plan, answer), ppb),
        fhti=latency(onset, _handled(plan, answer), ppb),
        rate_ppb=ppb,
        rate_why=rate_why(trace),
        stamps=stamps_used(trace),
        calibrations=calibrations(trace, plan.onset_slope),
        states=states_seen(shot, onset) if plan.aim is Aim.MUST_TRIP else (),
        reactions=reactions(shot, onset, answer.safe, plan.announced, plan.opening),
        dtc_seen=answer.dtc_seen,
        held=answer.held,
        broken=tuple(told.broken),
        silent=tuple(told.silent),
        bench_faults=tuple(told.faults),
        anomalies=tuple(told.anomalies),
        observable_ns=answer.detected.interval.width_ns if answer.detected else None,
        doubts=tuple(doubts),
        excuses=tuple(excuses_of(trace, window)),
        misfits=tuple(unfit),
        bench_late_ns=worst_lateness_ns(trace),
        estimates=tuple(score(trace, asked, window, decoders) for asked in plan.estimates),
        probes=probes_seen(trace, window, onset.interval, plan.probes, decoders) if onset else (),
        end=None
        if plan.end is None
        else find_end(
            trace,
            plan.end,
            window,
            asked_to_stop_ns(trace, plan.end, window, decoders)
            if plan.end.stop_request
            else (answer.detected.interval.high_ns if answer.detected else None),
        ),
        dtc_status=status,
        dtc_status_problem=problem,
        dtc_occurrences=memory.occurrences if memory is not None else None,
        dtc_stood=before.read.get(round(plan.dtc_test.value)) if plan.dtc_test is not None else None,
        dtc_unclear=plan.dtc_test is not None and not dtc_tests,
        unsafe=not_confirmed_safe(trace),
        watched_to_end=watched_to_end(shot) if plan.aim.asks_flag else None,
        unexpected=() if plan.only_expected else reports.wrong,
        **told_once(look(shot, onset), plan, reports.wrong)._asdict(),
        **_phase(trace, plan, onset),
    )


def _doubts_of_stimulus(
    shot: Shot, answer: Answer, told: Told, safe: Interval | None, status: int
) -> list[Finding]:
    """Doubts where the stimulus was taken off early. status: of the demanded code, 0 where it is not stored."""
    plan = shot.plan
    if plan.aim.asks_flag:
        asked = status_mask(plan.dtc_status)
        lacking = status & asked != asked
        safe_ns = safe.low_ns if safe else None
        return taken_off_early(shot.trace, shot.window, safe_ns, bits_lacking=lacking)
    if told.broken or answer.detected is not None:
        return []  # a DUT that has tripped under less than was meant, has tripped
    return taken_off_early(shot.trace, shot.window, None, quiet=True)


def _onset(shot: Shot, told: Told) -> Seen | None:
    """The onset; None for a request, whose effect is told at once."""
    if shot.plan.aim is Aim.MUST_REACH:
        find_reached(shot, told)
        return None
    onset = runaway_onset(shot, told) if shot.plan.onset_runaway else find_onset(shot, told)
    check_refusal(shot, onset, told)
    if shot.plan.reached:
        find_reached(shot, told)
    return onset


def _handled(plan: Plan, answer: Answer) -> Seen | None:
    """When the DUT became safe. One that has been open all along needs no time to."""
    return None if plan.aim is Aim.MUST_STAY_SAFE else answer.safe


def _phase(trace: Trace, plan: Plan, onset: Seen | None) -> dict[str, Any]:
    """Where in the DUT's cycle the onset fell: the middle of its interval, counted from the DUT's boot."""
    booted = next(trace.of(facts.DutStarted), None)
    if booted is None or onset is None:
        return {}
    uptime_ns = (onset.interval.low_ns + onset.interval.high_ns) // 2 - booted.t_ns
    if plan.dut_cycle_ns <= 0:
        return {"dut_uptime_ns": uptime_ns}
    return {
        "dut_phase_ns": uptime_ns % plan.dut_cycle_ns,
        "dut_cycle_ns": plan.dut_cycle_ns,
        "dut_uptime_ns": uptime_ns,
    }


def _as_received(window: Window, plan: Plan, decoders: Mapping[str, Codec]) -> tuple[Window, Received]:
    """The window with the frames that can answer questions, and the verdicts of the DUT's receivers on all frames."""
    receivers = Receivers(plan.protected, decoders)
    received = receive_flawless(window.before, window.frames, receivers)
    if received is None:
        before = [seen for seen in window.before.only(receivers.names) if seen[3] != BENCH]
        received = receive(Frames.of(sorted(before, key=itemgetter(0))), window.frames, receivers)
    if plan.accepted_only and received.refused:
        window = replace(window, frames=received.accepted)
    return window, received


def _check_protection(shot: Shot, received: Received, told: Told) -> None:
    refused, passed = wrong_protection(received.counts)
    told.anomalies.extend([*refused, *passed])
    if shot.plan.e2e:
        told.broken.extend(refused)


def _crash(trace: Trace, plan: Plan, decoders: Mapping[str, Codec]) -> Measurement:
    """Whose doing the DUT's end was. What it did before decides nothing."""
    faults, _ = told_by_marks(trace)
    if plan.aim is Aim.MUST_REFUSE:  # by then it was to be refused
        faults = [one for one in faults if not isinstance(one, DutRefused)]
    outside = killed_or_not_up(trace)
    shot = Shot(trace=trace, window=armed_window(trace), plan=plan, decoders=decoders)
    return replace(
        _nothing_measured(trace),
        bench_faults=(*(() if outside is None else (outside,)), *faults),
        crashed=own_crash(shot),
    )


def _refusal(trace: Trace) -> Measurement:
    """Whether the bench has refused the DUT, and nothing else went wrong."""
    faults, _ = told_by_marks(trace)
    return replace(
        _nothing_measured(trace),
        bench_faults=tuple(one for one in faults if not isinstance(one, DutRefused)),
        refused=next((one for one in faults if isinstance(one, DutRefused)), None),
    )


def _start_missed(trace: Trace) -> Measurement | None:
    """What a DUT said that was heard and did not reach the mode it was asked for; None for any other DUT."""
    missed = next((m.fact for m in trace.of(facts.PreconditionMissed) if m.fact.mode is not None), None)
    if missed is None or missed.mode is None:
        return None
    faults, _ = told_by_marks(trace)
    said = StartModeMissed(
        mode=missed.mode, said=missed.reason, must_reach=f"{MUST_REACH_PREFIX}{missed.mode}"
    )
    return replace(
        _nothing_measured(trace),
        bench_faults=tuple(one for one in faults if not isinstance(one, PreconditionMissed)),
        start_missed=said,
    )


def _kept_from_its_start(trace: Trace) -> NotBegun | None:
    """Why the DUT was not where the scenario starts; None where it was, or where the bench had trouble."""
    kinds = {mark.kind for mark in trace.marks}
    if kinds & {Kind.OBSERVERS_ARMED, Kind.ERROR, Kind.ABORTED}:
        return None
    said = (
        mark.fact.reason
        for mark in trace.marks
        if isinstance(mark.fact, facts.PreconditionMissed | facts.DutRefused)
    )
    return next((NotBegun(said=one) for one in said), None)


def _nothing_measured(trace: Trace) -> Measurement:
    _, anomalies = told_by_marks(trace)
    return Measurement(
        onset=None,
        detected=None,
        safe=None,
        fdti=None,
        frti=None,
        fhti=None,
        dtc_seen=None,
        held=None,
        broken=(),
        silent=(),
        bench_faults=(),
        anomalies=tuple(anomalies),
        observable_ns=None,
        bench_late_ns=worst_lateness_ns(trace),
        unsafe=not_confirmed_safe(trace),
    )

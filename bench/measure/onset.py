"""The onset of a shot: the instant from which the stimulus is real at the DUT's terminals."""

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from bench.measure.calibration import calibrated, calibrations
from bench.measure.finding.stimulus import (
    NoReadback,
    NoStimulus,
    OnsetBeforeReadback,
    StimulusAlreadyPresent,
    StimulusNotCarried,
    StimulusUnproven,
)
from bench.measure.frames import Frames
from bench.measure.interval import BENCH_LATENESS, Interval, LeftOut, Term
from bench.measure.irregular import IrregularCodec, first_irregular, frames_asked
from bench.measure.lagging import lag_ends, lag_term
from bench.measure.onset_spread import spread_over
from bench.measure.plan import Aim
from bench.measure.questions import Address, Question, by_address, message_of
from bench.measure.shot import Seen, Shot, Told
from bench.measure.signal_test import SignalTest
from bench.measure.trip_band import across_the_band
from bench.trace.facts import StimulusCommanded, StimulusConfirmed
from bench.trace.irregular import Irregular
from bench.trace.mark import Mark


def find_onset(shot: Shot, told: Told) -> Seen | None:
    """None where nothing proves it; what that says of the bench is told among the faults."""
    commanded = shot.commanded()
    if commanded is None:
        told.faults.append(NoStimulus())
        return None
    confirmed = _confirmation(shot, told)
    onset = None
    if shot.plan.onset or shot.plan.onset_irregular:
        shown = _shown(shot, commanded, told)
        onset = spread_over(_irregular(shot, commanded, shown, told), shot.plan.onset_spread_ns)
        if shot.plan.onset_late:
            onset = across_the_band(onset, lambda early: _beyond(shot, early), shot.window.end_ns)
    elif confirmed is not None:
        onset = _actuated(confirmed)
    check_carried(shot, shot.forced_from_ns() or 0, told)
    if onset is None:
        asked = shot.plan.onset or shot.plan.onset_irregular
        if shot.plan.aim is Aim.MUST_TRIP or asked or confirmed is None:
            told.faults.append(StimulusUnproven())
    elif confirmed is not None and (onset.first or onset.interval).high_ns < _actuation(confirmed)[0]:
        told.faults.append(OnsetBeforeReadback())
    if onset is None:
        return None
    used = calibrations(shot.trace, shot.plan.onset_slope)
    return calibrated(_left_out(shot, onset, confirmed), used, commanded.t_ns)


def _left_out(shot: Shot, onset: Seen, confirmed: Mark[StimulusConfirmed] | None) -> Seen:
    """The onset with what lies before it and is in no latency."""
    plan = shot.plan
    if plan.onset and plan.onset_step is None:
        return replace(onset, left_out=LeftOut.COMMAND)
    if not plan.onset and not any(one.what is Irregular.NEXT for one in plan.onset_irregular):
        return replace(onset, left_out=LeftOut.NOTHING)  # a pin, a message that does not come, or is corrupt
    if confirmed is None or not confirmed.fact.readback or not plan.onset_at_once:
        as_sent = not plan.onset and all(one.signal is None for one in plan.onset_irregular)
        return replace(onset, left_out=LeftOut.NOTHING) if as_sent else onset
    low_ns, high_ns = _actuation(confirmed)
    return replace(onset, terminal=Interval(low_ns=low_ns, high_ns=high_ns), left_out=LeftOut.KNOWN)


def check_carried(shot: Shot, from_ns: int, told: Told) -> None:
    """Every value that was wanted at the DUT's terminals stands in a frame after the command."""
    open_ = by_address([Question(test, shot.decoders) for test in shot.plan.carried])
    seen: dict[int, list[float]] = {}
    frames = shot.window.frames
    for t_ns, channel, frame, _ in frames.each(open_, frames.place_at(from_ns)):
        questions = open_[channel, frame.can_id, frame.extended]
        for question in questions.copy():
            value = question.value(frame.data)
            if value is not None:
                seen.setdefault(id(question), []).append(value)
            if question.hear(t_ns, frame.data):
                questions.remove(question)
        if not any(open_.values()):
            break
    for question in (one for questions in open_.values() for one in questions):
        found, test = seen.get(id(question)), question.test
        wanted = sum(one.value for one in (test, *test.together)) / (1 + len(test.together))
        told.faults.append(
            StimulusNotCarried(
                message=test.message,
                signal=test.signal,
                wanted=wanted,
                lowest=min(found) if found else None,
                highest=max(found) if found else None,
            )
        )


def _confirmation(shot: Shot, told: Told) -> Mark[StimulusConfirmed] | None:
    marks = list(shot.confirmed())
    proven = next((mark for mark in marks if mark.fact.readback), None)
    if shot.plan.confirm_by_readback and proven is None:
        told.faults.append(NoReadback())
    if proven is not None or shot.plan.confirm_by_readback:
        return proven
    return next(iter(marks), None)


def _actuated(confirmed: Mark[StimulusConfirmed]) -> Seen:
    """A stimulus that no frame shows (a pin, a muted message): its actuation interval is the onset."""
    low_ns, high_ns = _actuation(confirmed)
    term = Term(name="onset", width_ns=high_ns - low_ns, note="actuation confirmed by readback")
    return Seen(interval=Interval(low_ns=low_ns, high_ns=high_ns), t_ns=high_ns, terms=(term,))


def _actuation(mark: Mark[StimulusConfirmed]) -> tuple[int, int]:
    low_ns = mark.t_ns - mark.u_ns if mark.fact.low_ns is None else mark.fact.low_ns
    high_ns = mark.t_ns + mark.u_ns if mark.fact.high_ns is None else mark.fact.high_ns
    return min(low_ns, high_ns), high_ns


def _shown(shot: Shot, commanded: Mark[StimulusCommanded], told: Told) -> list[Seen]:
    """The first frame after the command in which a question of the onset is true.

    Where several pages show the fault, also the first such frame of each other page that is due.
    """
    index = by_address([Question(test, shot.decoders) for test in shot.plan.onset])
    found: list[Seen] = []
    frames = shot.window.frames
    first = frames.place_at(commanded.t_ns)
    for address, asked in index.items():
        _hear_last_before(first, frames, address, asked)
    for t_ns, channel, frame, _ in frames.each(index, first):
        if found and t_ns > found[0].t_ns + _due_ns(shot):
            break
        questions = index[channel, frame.can_id, frame.extended]
        for question in questions.copy():
            held, held_ns = question.holds, question.last_ns
            if not question.hear(t_ns, frame.data):
                continue
            if held and held_ns is not None and held_ns < commanded.t_ns:
                held_ns = commanded.t_ns - held_ns
                told.faults.append(StimulusAlreadyPresent(test=question.test, held_ns=held_ns))
                return []
            questions.remove(question)
            found.append(_stamped(shot, question.test, t_ns, commanded.t_ns))
    return found


def _hear_last_before(place: int, frames: Frames, address: Address, questions: Iterable[Question]) -> None:
    """Show each question the last frame before this place that answers it: all that is kept of those frames."""
    stretch = frames.stretch(address)
    waiting = list(questions)
    for at in range(stretch.before(place) - 1, -1, -1):
        ((t_ns, _, frame, _),) = frames.at(stretch.places[at : at + 1])
        waiting = [one for one in waiting if one.hear(t_ns, frame[1]) is None]
        if not waiting:
            return


def _beyond(shot: Shot, early: Seen) -> Seen | None:
    """The first frame, from that of the earliest onset on, that shows the upper end of the DUT's tolerance."""
    index = by_address([Question(test, shot.decoders) for test in shot.plan.onset_late])
    frames = shot.window.frames
    for t_ns, channel, frame, _ in frames.each(index, frames.place_at(early.t_ns)):
        for question in index[channel, frame.can_id, frame.extended]:
            if question.hear(t_ns, frame.data):
                return _stamped(shot, question.test, t_ns, early.t_ns)
    return None


def _due_ns(shot: Shot) -> int:
    """How long after the first page the last one may come: half a cycle more, as frames wait for the bus."""
    return shot.plan.onset_spread_ns * 3 // 2


def _stamped(shot: Shot, test: SignalTest, t_ns: int, commanded_ns: int) -> Seen:
    """A frame that the bench plays shows it as it is; the DUT's own command may be told later than it was given."""
    channel = test.channel
    u_ns, late_ns = shot.half_widths(channel)
    half_ns = u_ns + late_ns
    shortest_ns, longest_ns = lag_ends(test)
    high_ns = max(commanded_ns, t_ns - shortest_ns)
    low_ns = max(commanded_ns, t_ns - longest_ns)
    terms = [
        Term(name="onset", width_ns=2 * u_ns, note=f"stamp on {channel}"),
        *lag_term(test, high_ns - low_ns),
    ]
    if late_ns:
        terms.append(Term(name=BENCH_LATENESS, width_ns=2 * late_ns, note="onset"))
    interval = Interval(low_ns=low_ns - half_ns, high_ns=high_ns + half_ns)
    return Seen(interval=interval, t_ns=t_ns, terms=tuple(terms))


def _irregular(shot: Shot, commanded: Mark[StimulusCommanded], shown: list[Seen], told: Told) -> list[Seen]:
    """Beside what signals show, the first that is irregular of each message that is asked for it; earliest first."""
    onsets = list(shown)
    if not shot.plan.onset_irregular:
        return onsets
    frames = frames_asked(shot.trace, shot.plan.onset_irregular, shot.decoders, shot.window.end_ns)
    for asked in shot.plan.onset_irregular:
        codec = cast(IrregularCodec, message_of(shot.decoders, asked.channel, asked.message))
        found = first_irregular(asked, codec, frames, commanded.t_ns, shot.window.end_ns)
        if found is None:
            continue
        if found.before is not None:
            told.faults.append(found.before)
            break
        u_ns, late_ns = shot.half_widths(asked.channel)
        low_ns = max(commanded.t_ns, found.low_ns) - u_ns - late_ns
        interval = Interval(low_ns=low_ns, high_ns=max(low_ns, found.high_ns + u_ns + late_ns))
        term = Term(name="onset", width_ns=interval.width_ns, note=found.note)
        onsets.append(Seen(interval=interval, t_ns=found.high_ns, terms=(term,)))
    onsets.sort(key=lambda one: one.interval.high_ns)
    due_ns = onsets[0].t_ns + _due_ns(shot) if onsets else 0
    return [one for one in onsets if one.t_ns <= due_ns]

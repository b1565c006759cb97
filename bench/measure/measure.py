"""From a Trace and a Plan to a Measurement: onset, detection and safe state as intervals. A pure function."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from operator import itemgetter
from typing import Any, cast

from bench.measure.estimation import score
from bench.measure.glitch import too_long_a_glitch
from bench.measure.interval import Interval, Latency, Measurement, Term
from bench.measure.irregular import IrregularCodec, first_irregular
from bench.measure.own_fault import doubts_of, worst_lateness_ns
from bench.measure.plan import Aim, Plan
from bench.measure.probes import probes_seen
from bench.measure.protected import wrong_protection
from bench.measure.questions import Address, Codec, Hearing, Question, by_address, message_of, words
from bench.measure.window import REFUSED, Window, armed_window, stamp_half_width, told_by_marks
from bench.trace.events import Kind, Mark
from bench.trace.timeline import Trace
from bench.units import format_ns


class _Seen:
    """An instant found, with the terms of its width."""

    __slots__ = ("interval", "t_ns", "terms")

    def __init__(self, interval: Interval, t_ns: int, terms: tuple[Term, ...]) -> None:
        self.interval = interval
        self.t_ns = t_ns
        self.terms = terms


class _Shot:
    """One pass over the window. Lives for one call of `measure`."""

    def __init__(self, trace: Trace, plan: Plan, decoders: Mapping[str, Codec]) -> None:
        self.trace = trace
        self.plan = plan
        self.decoders = decoders
        self.window: Window = armed_window(trace)
        self.faults, self.anomalies = told_by_marks(trace)
        self.faults.extend(self.window.faults)
        self.broken: list[str] = []
        self.silent: list[str] = []
        self.commanded: Mark | None = next(self._marks(Kind.STIMULUS_COMMANDED), None)
        self.onset: _Seen | None = None
        self.detected: _Seen | None = None
        self.safe: _Seen | None = None
        self.held: bool | None = None
        self.dtc_seen: bool | None = None

    def _marks(self, kind: Kind) -> Iterator[Mark]:
        """Marks of the measured step; of all steps where the plan names none."""
        step = self.plan.onset_step
        return (m for m in self.trace.of_kind(kind) if step is None or m.facts.get("step") in (step, None))

    # --- onset -------------------------------------------------------------------------------------------

    def find_onset(self) -> None:
        if self.commanded is None:
            self.faults.append("no stimulus was commanded")
            return
        confirmed = self._confirmation()
        if self.plan.onset or self.plan.onset_irregular:
            self._onset_from_frames(self.commanded)
            if self.plan.onset_irregular:
                self._onset_from_irregular(self.commanded)
        elif confirmed is not None:
            # A stimulus that no frame shows (a pin, a muted message): its actuation interval is the onset.
            low_ns, high_ns = _actuation(confirmed)
            self.onset = _Seen(
                Interval(low_ns=low_ns, high_ns=high_ns),
                high_ns,
                (Term(name="onset", width_ns=high_ns - low_ns, note="actuation confirmed by readback"),),
            )
        must_trip = self.plan.aim is Aim.MUST_TRIP
        if self.onset is None and (must_trip or confirmed is None):
            self.faults.append("no proof that the stimulus reached the DUT's terminals")
        elif (
            self.onset is not None
            and confirmed is not None
            and self.onset.interval.high_ns < _actuation(confirmed)[0]
        ):
            self.faults.append("the onset was seen before the readback says the stimulus was actuated")

    def _confirmation(self) -> Mark | None:
        marks = list(self._marks(Kind.STIMULUS_CONFIRMED))
        proven = next((mark for mark in marks if mark.facts.get("readback") is True), None)
        if self.plan.confirm_by_readback and proven is None:
            self.faults.append("the stimulus was not confirmed by readback")
        if proven is not None or self.plan.confirm_by_readback:
            return proven
        return next(iter(marks), None)

    def _onset_from_frames(self, commanded: Mark) -> None:
        questions = [Question(test, self.decoders) for test in self.plan.onset]
        index = by_address(questions)
        for t_ns, channel, frame, _ in self.window.frames:
            for question in index.get((channel, frame.can_id, frame.extended), ()):
                held, held_ns = question.holds, question.last_ns
                if not question.hear(t_ns, frame.data) or t_ns < commanded.t_ns:
                    continue
                if held and held_ns is not None and held_ns < commanded.t_ns:
                    self.faults.append(
                        f"stimulus was already present: {words(question.test)} held "
                        f"{format_ns(commanded.t_ns - held_ns)} before the command"
                    )
                    return
                u_ns, late_ns = stamp_half_width(self.trace, self.window, channel)
                half_ns = u_ns + late_ns
                terms = [Term(name="onset", width_ns=2 * u_ns, note=f"stamp on {channel}")]
                if late_ns:
                    terms.append(Term(name="bench lateness", width_ns=2 * late_ns, note="onset"))
                interval = Interval(low_ns=t_ns - half_ns, high_ns=t_ns + half_ns)
                self.onset = _Seen(interval, t_ns, tuple(terms))
                return

    def _onset_from_irregular(self, commanded: Mark) -> None:
        """The earliest of what is irregular, where no signal shows an earlier onset."""
        # From before the window too: a slow message may have come only once since the observers were armed.
        frames = sorted((f for f in self.trace.frames if f[0] <= self.window.end_ns), key=itemgetter(0))
        for asked in self.plan.onset_irregular:
            codec = cast(IrregularCodec, message_of(self.decoders, asked.channel, asked.message))
            found = first_irregular(asked, codec, frames, commanded.t_ns, self.window.end_ns)
            if found is None:
                continue
            if found.before is not None:
                self.faults.append(f"stimulus was already present: {found.before}")
                return
            u_ns, late_ns = stamp_half_width(self.trace, self.window, asked.channel)
            low_ns = max(commanded.t_ns, found.low_ns) - u_ns - late_ns
            interval = Interval(low_ns=low_ns, high_ns=max(low_ns, found.high_ns + u_ns + late_ns))
            if self.onset is None or interval.high_ns < self.onset.interval.high_ns:
                terms = [Term(name="onset", width_ns=interval.width_ns, note=found.note)]
                self.onset = _Seen(interval, found.high_ns, tuple(terms))

    # --- the DUT's answer --------------------------------------------------------------------------------

    def find_answer(self) -> None:
        trip = self.plan.aim is Aim.MUST_TRIP
        if trip and self.onset is None:
            return  # nothing to count from: already a bench fault
        plan = self.plan
        from_ns = self.window.start_ns
        if trip and self.onset is not None:
            # Where two stamps overlap the order is unknown, and an effect in the overlap followed its cause.
            from_ns = self.onset.interval.low_ns - self._widest_half_width()
        detection = [Question(test, self.decoders) for test in plan.detection]
        safe = [Question(test, self.decoders) for test in plan.safe_state] if trip else []
        forbidden = [Question(test, self.decoders) for test in plan.forbidden]
        dtc = [Question(plan.dtc_test, self.decoders)] if plan.dtc_test is not None else []
        index = {
            at: Hearing(asked) for at, asked in by_address([*detection, *safe, *forbidden, *dtc]).items()
        }
        hearings = list(index.values())
        roles = {id(q): role for role, group in enumerate((detection, safe, forbidden, dtc)) for q in group}
        early: set[int] = set()
        self.dtc_seen = False if dtc else None
        passed = False  # the first frame after onset was met
        for t_ns, channel, frame, _ in self.window.frames:
            hearing = index.get((channel, frame[0], frame[2]))
            after = t_ns >= from_ns
            if after and not passed:
                passed = True
                for one in hearings:
                    one.settle()
                    one.changed = True
                if safe and self._at_onset(safe, from_ns) and not early:
                    self.broken.append("safe state already held before the fault")
            elif hearing is None or hearing.repeats(t_ns, frame[1]):
                continue
            for one in hearings:
                one.settle()
            for question in hearing.questions if hearing is not None else ():
                role = roles[id(question)]
                said_no_ns = question.no_ns
                answer = question.hear(t_ns, frame[1])
                if answer and not after and role in (0, 3) and id(question) not in early:
                    early.add(id(question))
                    self.broken.append(f"reported before the fault: {words(question.test)}")
                elif answer and after:
                    others = [one.no_ns for one in detection if one is not question]
                    self._answered(role, question, t_ns, said_no_ns, others, forbidden)
            if after and safe:
                self._watch_safe(safe, t_ns)
        for one in hearings:
            one.settle()
        if safe:
            self._close_hold(safe)
        self._tell_torn([*detection, *safe, *forbidden, *dtc])

    def check_protection(self) -> None:
        refused, passed = wrong_protection(self.window.frames, self.plan.protected, self.decoders)
        self.anomalies += [*refused, *passed]
        if self.plan.e2e:
            self.broken += refused

    def _tell_torn(self, questions: list[Question]) -> None:
        torn = {q.test.message: q for q in questions if q.torn}
        for message, question in torn.items():
            frames = "1 frame" if question.torn == 1 else f"{question.torn} frames"
            self.anomalies.append(
                f"{frames} of {message} could not be read: payload of {question.torn_length} bytes"
            )

    def _widest_half_width(self) -> int:
        widths = (sum(stamp_half_width(self.trace, self.window, channel)) for channel in self.decoders)
        return max(widths, default=0)

    def _at_onset(self, safe: list[Question], from_ns: int) -> bool:
        """Did every safe-state test hold by the onset?"""
        return all(q.holds is True and q.yes_ns is not None and q.yes_ns < from_ns for q in safe)

    def _answered(
        self,
        role: int,
        question: Question,
        t_ns: int,
        said_no_ns: int | None,
        others: list[int | None],
        forbidden: list[Question],
    ) -> None:
        if role == 0 and self.detected is None:
            # Several signals may tell the same knowledge: the last time that any of them denied it is the last good.
            denied = [no_ns for no_ns in (said_no_ns, *others) if no_ns is not None]
            self.detected = self._seen(question, t_ns, max(denied, default=None))
        elif role == 2 and question in forbidden:
            forbidden.remove(question)  # told once, at its first occurrence
            self.broken.append(f"{words(question.test)} at {self._since_onset(t_ns)}")
        elif role == 3:
            self.dtc_seen = True

    def _since_onset(self, t_ns: int) -> str:
        if self.onset is not None:
            start_ns, name = self.onset.t_ns, "onset"
        elif self.commanded is not None:
            start_ns, name = self.commanded.t_ns, "the command"
        else:
            start_ns, name = self.window.start_ns, "arming"
        if t_ns < start_ns:
            return f"{format_ns(start_ns - t_ns)} before {name}"
        return f"+{format_ns(t_ns - start_ns)} after {name}"

    def _seen(self, question: Question, t_ns: int, no_ns: int | None) -> _Seen:
        """Last good to first bad, each widened by its stamp; never earlier than the cause."""
        u_ns, late_ns = stamp_half_width(self.trace, self.window, question.test.channel)
        half_ns = u_ns + late_ns
        start = self.onset.interval.low_ns if self.onset is not None else self.window.start_ns
        good_ns = start if no_ns is None else no_ns - half_ns
        low_ns = max(start, good_ns)
        high_ns = max(low_ns, t_ns + half_ns)
        cycle_ns = max(0, t_ns - max(start, start if no_ns is None else no_ns))
        terms = [
            Term(name="DUT reporting cycle", width_ns=cycle_ns, note=question.test.message),
            Term(name="stamp", width_ns=2 * u_ns, note=question.test.channel),
        ]
        if late_ns:
            terms.append(Term(name="bench lateness", width_ns=2 * late_ns, note=question.test.channel))
        return _Seen(Interval(low_ns=low_ns, high_ns=high_ns), t_ns, tuple(terms))

    # --- safe state --------------------------------------------------------------------------------------

    def _watch_safe(self, safe: list[Question], t_ns: int) -> None:
        if self.safe is None:
            if all(q.holds for q in safe):
                seen = [self._seen(q, q.yes_ns if q.yes_ns is not None else t_ns, q.no_ns) for q in safe]
                last = max(seen, key=lambda one: one.interval.high_ns)
                low_ns = max(one.interval.low_ns for one in seen)
                self.safe = _Seen(Interval(low_ns=low_ns, high_ns=last.interval.high_ns), t_ns, last.terms)
        elif self.held is None and t_ns <= self.safe.t_ns + self.plan.hold_ns:
            lost = next((q for q in safe if q.holds is False), None)
            if lost is not None:
                self.held = False
                self.broken.append(
                    f"safe state was not held: {words(lost.test)} no longer at {self._since_onset(t_ns)}, "
                    f"{format_ns(t_ns - self.safe.t_ns)} after it was reached"
                )

    def _close_hold(self, safe: list[Question]) -> None:
        if self.safe is None or self.held is False:
            return
        end_ns = self.safe.t_ns + self.plan.hold_ns
        if self.window.end_ns < end_ns:
            self.faults.append(
                f"the window closed {format_ns(end_ns - self.window.end_ns)} before the hold time had passed"
            )
            return
        # Holding must be witnessed: a message that fell silent proves nothing.
        mute = [q for q in safe if q.cycle_ns and (q.last_ns or 0) + 3 * q.cycle_ns < end_ns]
        for question in mute:
            self.silent.append(f"{question.test.message} fell silent while the safe state had to be held")
        self.held = None if mute else True

    # --- life signs --------------------------------------------------------------------------------------

    def listen_for_life(self) -> None:
        stamps_of: dict[Address, list[int]] = {}
        beats: list[tuple[str, str, int, Address]] = []
        for channel, message, longest_ns in self.plan.heard:
            codec = message_of(self.decoders, channel, message)
            address = (channel, codec.can_id, codec.extended)
            stamps_of[address] = []
            beats.append((channel, message, longest_ns, address))
        for t_ns, channel, frame, _ in self.window.frames:
            found = stamps_of.get((channel, frame[0], frame[2]))
            if found is not None:
                found.append(t_ns)
        for channel, message, longest_ns, address in beats:
            u_ns, late_ns = stamp_half_width(self.trace, self.window, channel)
            stamps = stamps_of[address]
            if not stamps:
                self.silent.append(f"{message} was never heard on {channel}")
                self.faults.append(
                    f"{message} was never heard on {channel}: nothing shows that the DUT was alive"
                )
                continue
            edges = [self.window.start_ns, *stamps, self.window.end_ns]
            gap_ns, at_ns = max((b - a, a) for a, b in pairwise(edges))
            if gap_ns - 2 * (u_ns + late_ns) > longest_ns:
                self.silent.append(
                    f"{message} silent for {format_ns(gap_ns)} from {self._since_onset(at_ns)}; "
                    f"longest allowed {format_ns(longest_ns)}"
                )

    def check_length(self) -> None:
        """Nothing seen counts only if one looked for the whole of the promised time."""
        if self.commanded is None or (self.plan.aim is Aim.MUST_TRIP and self.detected is not None):
            return
        looked_ns = self.window.end_ns - self.commanded.t_ns
        if looked_ns < self.plan.window_ns:
            self.faults.append(
                f"the window closed {format_ns(looked_ns)} after the stimulus; "
                f"expected {format_ns(self.plan.window_ns)}"
            )


def _actuation(mark: Mark) -> tuple[int, int]:
    low, high = mark.facts.get("low_ns"), mark.facts.get("high_ns")
    low_ns = int(low) if isinstance(low, int | float) else mark.t_ns - mark.u_ns
    high_ns = int(high) if isinstance(high, int | float) else mark.t_ns + mark.u_ns
    return min(low_ns, high_ns), high_ns


def _latency(start: _Seen | None, end: _Seen | None) -> Latency | None:
    if start is None or end is None:
        return None
    return Latency(interval=end.interval.since(start.interval), terms=(*start.terms, *end.terms))


def measure(trace: Trace, plan: Plan, decoders: Mapping[str, Codec]) -> Measurement:
    """All facts of one shot; times in ns on the trace's timebase. `decoders`: channel → Database.

    Raises ScenarioError where the plan names a channel, message or signal that the databases lack.
    """
    if plan.aim is Aim.MUST_REFUSE:
        return _refusal(trace)
    shot = _Shot(trace, plan, decoders)
    shot.find_onset()
    shot.find_answer()
    shot.listen_for_life()
    shot.check_length()
    shot.check_protection()
    doubts = doubts_of(trace, shot.window, plan, decoders)
    if shot.broken or shot.detected is not None:
        doubts += too_long_a_glitch(trace, shot.window, plan, decoders)
    return Measurement(
        onset=shot.onset.interval if shot.onset else None,
        detected=shot.detected.interval if shot.detected else None,
        safe=shot.safe.interval if shot.safe else None,
        fdti=_latency(shot.onset, shot.detected),
        frti=_latency(shot.detected, shot.safe),
        fhti=_latency(shot.onset, shot.safe),
        dtc_seen=shot.dtc_seen,
        held=shot.held,
        broken=tuple(shot.broken),
        silent=tuple(shot.silent),
        bench_faults=tuple(shot.faults),
        anomalies=tuple(shot.anomalies),
        observable_ns=shot.detected.interval.width_ns if shot.detected else None,
        doubts=tuple(doubts),
        bench_late_ns=worst_lateness_ns(trace),
        estimates=tuple(score(trace, asked, shot.window, decoders) for asked in plan.estimates),
        probes=probes_seen(trace, shot.window, shot.onset.interval, plan.probes, decoders)
        if shot.onset
        else (),
        **_dtc_status(trace, plan),
    )


def _refusal(trace: Trace) -> Measurement:
    """Nothing of the DUT is measured: whether the bench has refused it, and nothing else went wrong."""
    faults, anomalies = told_by_marks(trace)
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
        bench_faults=tuple(text for text in faults if not text.startswith(REFUSED)),
        anomalies=tuple(anomalies),
        observable_ns=None,
        bench_late_ns=worst_lateness_ns(trace),
        refused=next((str(mark.facts.get("reason")) for mark in trace.of_kind(Kind.DUT_REFUSED)), None),
    )


def _dtc_status(trace: Trace, plan: Plan) -> dict[str, Any]:
    """What the DUT's memory said of the demanded code when it was asked, as the marks tell."""
    if not plan.dtc_status or plan.dtc_test is None:
        return {}
    marks = list(trace.of_kind(Kind.DTC_READ))
    problem = next((str(mark.facts["problem"]) for mark in marks if "problem" in mark.facts), None)
    code = round(plan.dtc_test.value)
    status = next((mark.facts["status"] for mark in marks if mark.facts.get("code") == code), None)
    if not marks:
        problem = "it was never asked"
    return {"dtc_status": status, "dtc_status_problem": problem}

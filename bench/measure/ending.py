"""What ended a protection test, and whether the time of observation after it stayed quiet. From the plant's marks."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from bench.measure.finding.base import Finding
from bench.measure.finding.plant import CellHarmed, ClosedAgain, InsulationLost, InsulationLowBefore
from bench.measure.signal_test import SignalTest
from bench.measure.window import Window
from bench.trace.events import PlantStage
from bench.trace.facts import PlantState, StageReached
from bench.trace.mark import Mark
from bench.trace.timeline import Trace

ISOLATION_OHM_PER_V = 100.0  # GB 38031-2025 after a protection test, UN R100 for a d.c. bus
ISOLATION_WITH_AC_OHM_PER_V = 500.0  # both, where an a.c. circuit hangs on the bus


class EndedBy(StrEnum):
    """What can end a protection test."""

    CUT_OFF = "cut-off"
    SIGNAL = "signal"
    STABLE = "stable"
    HOTTER = "hotter"
    SHARE = "share"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuestion:
    """Any of these ends the test; then `observe_ns` follow in which nothing may happen. None or False: is no end.

    cut_off: the pack's path opens. signal: the DUT asks for the current to stop, known by all of `stop_request`;
    where that is empty (evidence of earlier releases), it reports the flag. stable_k over stable_ns: the hottest cell
    moves by less. hotter_c: the hottest cell is above. share: of the nominal pack voltage. after_ns: since the
    stimulus. sound_before: the insulation is asked for before the test, too.
    """

    observe_ns: int
    cut_off: bool = False
    signal: bool = False
    stable_k: float | None = None
    stable_ns: int | None = None
    hotter_c: float | None = None
    share: float | None = None
    after_ns: int | None = None
    stop_request: tuple[SignalTest, ...] = ()
    sound_before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndFound:
    """by: what ended it; at_ns: the instant; None: nothing did.

    observed_ns: how long was looked after it. problems: what happened that may not.
    """

    question: EndQuestion
    by: EndedBy | None = None
    at_ns: int | None = None
    observed_ns: int = 0
    problems: tuple[Finding, ...] = ()


class Ending:
    """Hears the PLANT_STATE marks one after the other. `by`, `at_ns`: the first end that is not the DUT's word."""

    def __init__(self, question: EndQuestion) -> None:
        self._asked = question
        self._first_ns: int | None = None
        self._was_closed = False
        self._hottest: deque[tuple[int, float]] = deque()
        self.by: EndedBy | None = None
        self.at_ns: int | None = None

    def hear(self, t_ns: int, state: PlantState) -> None:
        if self._first_ns is None:
            self._first_ns = t_ns
        ended = self._ends(t_ns, self._first_ns, state)
        self._was_closed = state.closed
        if ended is not None and self.by is None:
            self.by, self.at_ns = ended, t_ns

    def _ends(self, t_ns: int, first_ns: int, state: PlantState) -> EndedBy | None:
        asked = self._asked
        if asked.cut_off and self._was_closed and not state.closed:
            return EndedBy.CUT_OFF
        if asked.hotter_c is not None and state.hottest_c > asked.hotter_c:
            return EndedBy.HOTTER
        if asked.share is not None and state.pack_v <= asked.share * state.nominal_v:
            return EndedBy.SHARE
        if asked.after_ns is not None and t_ns - first_ns >= asked.after_ns:
            return EndedBy.TIME
        if asked.stable_k is not None and asked.stable_ns is not None:
            return self._stable(t_ns, first_ns, state.hottest_c, asked.stable_k, asked.stable_ns)
        return None

    def _stable(
        self, t_ns: int, first_ns: int, hottest_c: float, within_k: float, over_ns: int
    ) -> EndedBy | None:
        kept = self._hottest
        kept.append((t_ns, hottest_c))
        while kept[0][0] < t_ns - over_ns:
            kept.popleft()
        if t_ns - first_ns < over_ns:
            return None
        temps_c = [temp_c for _, temp_c in kept]
        return EndedBy.STABLE if max(temps_c) - min(temps_c) < within_k else None


def find_end(trace: Trace, asked: EndQuestion, window: Window, signalled_ns: int | None) -> EndFound:
    """signalled_ns: when the DUT had given its signal for certain. Pure."""
    states = [m for m in trace.of(PlantState) if window.start_ns <= m.t_ns <= window.end_ns]
    ending = Ending(asked)
    for mark in states:
        ending.hear(mark.t_ns, mark.fact)
    by, at_ns = ending.by, ending.at_ns
    if asked.signal and signalled_ns is not None and (at_ns is None or signalled_ns < at_ns):
        by, at_ns = EndedBy.SIGNAL, signalled_ns
    return EndFound(
        question=asked,
        by=by,
        at_ns=at_ns,
        observed_ns=0 if at_ns is None else window.end_ns - at_ns,
        problems=tuple(_problems(trace, window, states, at_ns, before=asked.sound_before)),
    )


def _required(state: PlantState) -> float:
    return ISOLATION_WITH_AC_OHM_PER_V if state.ac_circuit else ISOLATION_OHM_PER_V


def _problems(
    trace: Trace, window: Window, states: list[Mark[PlantState]], at_ns: int | None, *, before: bool
) -> list[Finding]:
    """No venting, no runaway in the whole test; after its end no closing again. Insulation holds before and after."""
    found: list[Finding] = [
        CellHarmed(cell=mark.fact.cell, stage=mark.fact.stage)
        for mark in trace.of(StageReached)
        if mark.fact.stage is not PlantStage.SIGNATURE and window.start_ns <= mark.t_ns <= window.end_ns
    ]
    first = states[0].fact if before and states else None
    if first is not None and first.iso_ohm_per_v < _required(first):
        found.append(InsulationLowBefore(ohm_per_v=first.iso_ohm_per_v, required=_required(first)))
    if at_ns is None:
        return found
    opened = closed_again = leaky = False
    for mark in states:
        if mark.t_ns < at_ns:
            continue
        after_ns = mark.t_ns - at_ns
        if opened and mark.fact.closed and not closed_again:
            closed_again = True
            found.append(ClosedAgain(after_end_ns=after_ns))
        opened = opened or not mark.fact.closed
        ohm_per_v = mark.fact.iso_ohm_per_v
        if ohm_per_v < _required(mark.fact) and not leaky:
            leaky = True
            found.append(InsulationLost(ohm_per_v=ohm_per_v, after_end_ns=after_ns))
    return found

"""What ended a protection test, and whether the time of observation after it stayed quiet. From the plant's marks."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from bench.measure.window import Window
from bench.trace.events import Kind, Mark, PlantStage, Scalar
from bench.trace.timeline import Trace
from bench.units import format_ns

CUT_OFF = "cut-off"
ISOLATION_OHM_PER_V = 100.0  # GB 38031-2025 after a protection test, UN R100 for a d.c. bus


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuestion:
    """Any of these ends the test; then `observe_ns` follow in which nothing may happen. None or False: is no end.

    cut_off: the pack's path opens. signal: the DUT reports. stable_k over stable_ns: the hottest cell moves by less.
    hotter_c: the hottest cell is above. share: of the nominal pack voltage. after_ns: since the stimulus.
    """

    observe_ns: int
    cut_off: bool = False
    signal: bool = False
    stable_k: float | None = None
    stable_ns: int | None = None
    hotter_c: float | None = None
    share: float | None = None
    after_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndFound:
    """by: what ended it, in words; at_ns: the instant; "" and None: nothing did.

    observed_ns: how long was looked after it. problems: what happened that may not.
    """

    question: EndQuestion
    by: str = ""
    at_ns: int | None = None
    observed_ns: int = 0
    problems: tuple[str, ...] = ()


class Ending:
    """Hears the PLANT_STATE marks one after the other. `by`, `at_ns`: the first end that is not the DUT's word."""

    def __init__(self, question: EndQuestion) -> None:
        self._asked = question
        self._first_ns: int | None = None
        self._was_closed = False
        self._hottest: deque[tuple[int, float]] = deque()
        self.by = ""
        self.at_ns: int | None = None

    def hear(self, t_ns: int, facts: Mapping[str, Scalar]) -> None:
        if self._first_ns is None:
            self._first_ns = t_ns
        ended = self._ends(t_ns, self._first_ns, facts)
        self._was_closed = bool(facts["closed"])
        if ended and not self.by:
            self.by, self.at_ns = ended, t_ns

    def _ends(self, t_ns: int, first_ns: int, facts: Mapping[str, Scalar]) -> str:
        asked = self._asked
        hottest_c, pack_v, nominal_v = (
            float(facts[key] or 0.0) for key in ("hottest_c", "pack_v", "nominal_v")
        )
        if asked.cut_off and self._was_closed and not facts["closed"]:
            return CUT_OFF
        if asked.hotter_c is not None and hottest_c > asked.hotter_c:
            return f"hottest cell above {asked.hotter_c:g} degC"
        if asked.share is not None and pack_v <= asked.share * nominal_v:
            return f"pack at {100 * asked.share:g} % of its nominal voltage"
        if asked.after_ns is not None and t_ns - first_ns >= asked.after_ns:
            return f"{format_ns(asked.after_ns)} have passed"
        if asked.stable_k is not None and asked.stable_ns is not None:
            return self._stable(t_ns, first_ns, hottest_c, asked.stable_k, asked.stable_ns)
        return ""

    def _stable(self, t_ns: int, first_ns: int, hottest_c: float, within_k: float, over_ns: int) -> str:
        kept = self._hottest
        kept.append((t_ns, hottest_c))
        while kept[0][0] < t_ns - over_ns:
            kept.popleft()
        if t_ns - first_ns < over_ns:
            return ""
        temps_c = [temp_c for _, temp_c in kept]
        if max(temps_c) - min(temps_c) < within_k:
            return f"temperature stable within {within_k:g} K for {format_ns(over_ns)}"
        return ""


def find_end(trace: Trace, asked: EndQuestion, window: Window, signalled_ns: int | None) -> EndFound:
    """signalled_ns: when the DUT had reported for certain. Pure."""
    states = [m for m in trace.of_kind(Kind.PLANT_STATE) if window.start_ns <= m.t_ns <= window.end_ns]
    ending = Ending(asked)
    for mark in states:
        ending.hear(mark.t_ns, mark.facts)
    by, at_ns = ending.by, ending.at_ns
    if asked.signal and signalled_ns is not None and (at_ns is None or signalled_ns < at_ns):
        by, at_ns = "signal", signalled_ns
    return EndFound(
        question=asked,
        by=by,
        at_ns=at_ns,
        observed_ns=0 if at_ns is None else window.end_ns - at_ns,
        problems=tuple(_problems(trace, window, states, at_ns)),
    )


def _problems(trace: Trace, window: Window, states: list[Mark], at_ns: int | None) -> list[str]:
    """No venting, no runaway in the whole test; after its end no closing again, and the insulation holds."""
    found = [
        f"cell {mark.facts['cell']}: {mark.facts['stage']}"
        for mark in trace.of_kind(Kind.PLANT_STAGE)
        if mark.facts["stage"] != PlantStage.SIGNATURE and window.start_ns <= mark.t_ns <= window.end_ns
    ]
    if at_ns is None:
        return found
    opened = closed_again = leaky = False
    for mark in states:
        if mark.t_ns < at_ns:
            continue
        after = f"{format_ns(mark.t_ns - at_ns)} after the end"
        if opened and mark.facts["closed"] and not closed_again:
            closed_again = True
            found.append(f"the contactors closed again {after}")
        opened = opened or not mark.facts["closed"]
        ohm_per_v = float(mark.facts["iso_ohm_per_v"] or 0.0)
        if ohm_per_v < ISOLATION_OHM_PER_V and not leaky:
            leaky = True
            found.append(f"insulation at {ohm_per_v:.0f} ohm/V {after}")
    return found

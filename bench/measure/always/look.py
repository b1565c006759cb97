"""Whether what always holds has held in one shot: a pure function of its frames and the plan."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.errors import ScenarioError
from bench.measure.accepted import MOST_MISSED
from bench.measure.always.asked import Condition, Form, How, ShownQuantity, Statement
from bench.measure.always.columns import Flags, Floats, ShotColumns, Sweeps, ToldSeries
from bench.measure.always.events import Doings
from bench.measure.always.held import held_since
from bench.measure.always.real_time import in_real_time
from bench.measure.always.tests import answers
from bench.measure.finding.always import (
    LimitAboveBound,
    StatementUnjudged,
    ToldOtherThanShown,
    WhyUnjudged,
    WrongOneNamed,
)
from bench.measure.finding.base import Finding, When
from bench.measure.frames import Frames
from bench.measure.shot import Seen, Shot
from bench.timing.clock import Timebase
from bench.trace.facts import StimulusCommanded

_DOINGS = (Form.CAUSED, Form.INHIBITED, Form.ORDERED, Form.CODES, Form.HEALED, Form.COUNTED)


class Looked(NamedTuple):
    """always: statements that did not hold. always_unjudged: statements that nothing could show, and why."""

    always: tuple[Finding, ...] = ()
    always_unjudged: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unjudged:
    """Why none of a statement's frames were judged, or some were not. of: the message or quantity at fault."""

    why: WhyUnjudged
    of: str


def look(shot: Shot, onset: Seen | None) -> Looked:
    """Every statement of the plan, on the frames of the armed window. What was shown before it counts, too."""
    always = shot.plan.always
    if always is None:
        return Looked()
    if shot.trace.timebase is not Timebase.SIMULATED:
        always = in_real_time(always)
    whole = shot.trace.frames.columns()
    if not whole.in_order:
        whole = whole.taken(np.argsort(whole.t_ns, kind="stable"))
    begun_ns = {
        one.quantity: shot.window.start_ns - _back_ns(one, always.statements) for one in always.sources
    }
    frames = Frames(whole)
    columns = ShotColumns(shot.window.frames, frames, shot.decoders, begun_ns)
    columns.read(signals_of(always.statements))
    eye = _Eye(
        shot=shot,
        columns=columns,
        sources={one.quantity: one for one in always.sources},
        disturbed={one.quantity for one in always.sources if _is_disturbed(one, always.disturbed)},
        disturbed_ns=next((mark.t_ns for mark in shot.trace.of(StimulusCommanded)), shot.window.end_ns),
        onset=onset,
        doings=Doings(
            shot=shot,
            onset=onset,
            columns=columns,
            whole=ShotColumns(frames, frames, shot.decoders, {}),
        ),
        restarted=always.disturbed,
    )
    broken: list[Finding] = []
    unjudged: list[Finding] = []
    for statement in always.statements:
        for found in eye.judge(statement):
            (unjudged if isinstance(found, StatementUnjudged) else broken).append(found)
    return Looked(tuple(broken), tuple(unjudged))


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The told frames `first` to before `last` that can be judged, and what each of them may tell.

    sweeps: (sweeps x frames), the one going on, the last one done, and those before it. clear: whether all of these
    are clear readings. late: frames that came after the stimulus had disturbed what the DUT was shown. Frames before
    `first` came before the DUT can have known anything.
    """

    first: int
    last: int
    late: int
    sweeps: NDArray[np.intp]
    clear: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class _Eye:
    shot: Shot
    columns: ShotColumns
    sources: Mapping[str, ShownQuantity]
    disturbed: Container[str]
    disturbed_ns: int
    onset: Seen | None
    doings: Doings
    restarted: Container[tuple[str, str]]
    views: dict[tuple[str | int, ...], _View] = field(default_factory=dict)

    def judge(self, statement: Statement) -> Iterable[Finding]:
        """What did not hold, and what could not be judged."""
        if statement.form in _DOINGS:
            if ("", "") in self.restarted:
                return [self._unjudged(statement, WhyUnjudged.DISTURBED, "everything", 0, 0)]
            return self.doings.judge(statement)
        told = statement.told
        series = self.columns.series(told.channel, told.message, told.signal)
        if not len(series.t_ns):
            why = WhyUnjudged.LENGTHS_VARY if series.uneven else WhyUnjudged.NEVER_TOLD
            return [self._unjudged(statement, why, told.message, 0, 0)]
        match statement.form:
            case Form.TELLS:
                return self._tells(statement, series)
            case Form.NAMES:
                return self._names(statement, series)
            case Form.AT_MOST:
                return self._at_most(statement, series)
        raise AssertionError(statement.form)

    def _unjudged(
        self, statement: Statement, why: WhyUnjudged, of: str, frames: int, judged: int
    ) -> StatementUnjudged:
        return StatementUnjudged(statement=statement.name, why=why, of=of, frames=frames, judged=judged)

    def _tells(self, statement: Statement, series: ToldSeries) -> list[Finding]:
        sweeps = self._sweeps(statement.quantity)
        if (nothing := self._not_shown(statement, sweeps, series)) is not None:
            return nothing
        view = self._view(statement, sweeps, series)
        shown = _of_sweeps(sweeps, statement.how)[view.sweeps]
        told = statement.told
        low = np.clip(np.fmin.reduce(shown), told.low, told.high)
        high = np.clip(np.fmax.reduce(shown), told.low, told.high)
        said = series.values[view.first : view.last] * told.gain
        wrong = view.clear & ((said < low - statement.tolerance) | (said > high + statement.tolerance))
        found: list[Finding] = []
        if wrong.any():
            at = int(wrong.argmax())
            found.append(
                ToldOtherThanShown(
                    statement=statement.name, signal=told.signal, said=float(said[at]), low=float(low[at]),
                    high=float(high[at]), unit=told.unit, when=self._when(series, view.first + at),
                    frames=int(wrong.sum()), judged=int(view.clear.sum()),
                )
            )  # fmt: skip
        return found + self._unclear(statement, view)

    def _names(self, statement: Statement, series: ToldSeries) -> list[Finding]:
        """The one named was shown, within the delay, at least what the least extreme of those sweeps was."""
        sweeps = self._sweeps(statement.quantity)
        if (nothing := self._not_shown(statement, sweeps, series)) is not None:
            return nothing
        view = self._view(statement, sweeps, series)
        sign = 1.0 if statement.how is How.HIGHEST else -1.0
        said = np.rint(series.values[view.first : view.last]).astype(np.int64) - statement.index_from + 1
        order = np.argsort(sweeps.numbers)
        column = order[np.minimum(sweeps.numbers.searchsorted(said, sorter=order), len(order) - 1)]
        known = sweeps.numbers[column] == said
        bound = np.fmin.reduce((sign * _of_sweeps(sweeps, statement.how))[view.sweeps])
        own = np.fmax.reduce(sign * sweeps.values[view.sweeps, column])
        wrong = view.clear & (~known | (own < bound - statement.tolerance))
        found: list[Finding] = []
        if wrong.any():
            at = int(wrong.argmax())
            there = bool(known[at])
            found.append(
                WrongOneNamed(
                    statement=statement.name, signal=statement.told.signal,
                    said=int(series.values[view.first + at]), value=sign * float(own[at]) if there else None,
                    bound=sign * float(bound[at]), unit=statement.told.unit,
                    when=self._when(series, view.first + at), frames=int(wrong.sum()),
                    judged=int(view.clear.sum()),
                )
            )  # fmt: skip
        return found + self._unclear(statement, view)

    def _at_most(self, statement: Statement, series: ToldSeries) -> list[Finding]:
        judged: Flags = np.ones(len(series.t_ns), np.bool_)
        if statement.condition is not None:
            held = self._held(statement.condition, series.t_ns)
            if isinstance(held, _Unjudged):
                return [self._unjudged(statement, held.why, held.of, len(series.t_ns), 0)]
            judged = held
        said = series.values * statement.told.gain
        wrong = judged & (said > statement.bound + statement.tolerance)
        if not wrong.any():
            return []
        first = int(wrong.argmax())
        return [
            LimitAboveBound(
                statement=statement.name, signal=statement.told.signal, said=float(said[first]),
                bound=statement.bound, when=self._when(series, first),
                unit=statement.told.unit, frames=int(wrong.sum()), judged=int(judged.sum()),
            )
        ]  # fmt: skip

    def _held(self, condition: Condition, at_ns: NDArray[np.int64]) -> Flags | _Unjudged:
        """Whether, at each instant, the condition has held for its time until then, without a break."""
        if condition.quantity:
            sweeps = self._sweeps(condition.quantity)
            if not len(sweeps.begun_ns):
                return _Unjudged(
                    why=WhyUnjudged.LENGTHS_VARY if sweeps.uneven else WhyUnjudged.NEVER_SHOWN,
                    of=condition.quantity,
                )
            shown = _of_sweeps(sweeps, condition.how)
            high = condition.how is How.HIGHEST
            if condition.quantity in self.disturbed:
                return _Unjudged(why=WhyUnjudged.DISTURBED, of=condition.quantity)
            true = sweeps.clear & ((shown >= condition.value) if high else (shown <= condition.value))
            return held_since(
                sweeps.done_ns, true, at_ns, condition.since_ns, MOST_MISSED * condition.cycle_ns
            )
        found = np.zeros(len(at_ns), np.bool_)
        uneven: _Unjudged | None = None
        for test in condition.tests:
            series = self.columns.series(test.channel, test.message, test.signal)
            if series.uneven:
                uneven = _Unjudged(why=WhyUnjudged.LENGTHS_VARY, of=test.message)
            true = answers(test, series.values)
            found |= held_since(
                series.t_ns, true, at_ns, condition.since_ns, MOST_MISSED * condition.cycle_ns
            )
        return uneven if uneven is not None and not found.any() else found

    def _not_shown(self, statement: Statement, sweeps: Sweeps, series: ToldSeries) -> list[Finding] | None:
        if len(sweeps.begun_ns):
            return None
        why = WhyUnjudged.LENGTHS_VARY if sweeps.uneven else WhyUnjudged.NEVER_SHOWN
        return [self._unjudged(statement, why, statement.quantity, len(series.t_ns), 0)]

    def _sweeps(self, quantity: str) -> Sweeps:
        """Raises ScenarioError for a quantity that the plan does not describe."""
        if quantity not in self.sources:
            raise ScenarioError(f"plan: found quantity '{quantity}'; expected one that it says how to read")
        return self.columns.sweeps(self.sources[quantity])

    def _when(self, series: ToldSeries, at: int) -> When:
        return self.shot.when(int(series.t_ns[at]), self.onset)

    def _view(self, statement: Statement, sweeps: Sweeps, series: ToldSeries) -> _View:
        """The same for all statements about one quantity in one message of the DUT."""
        key = (statement.quantity, *statement.told.place, statement.sweeps, statement.late_ns)
        known = self.views.get(key)
        if known is None:
            known = self.views[key] = self._viewed(statement, sweeps, series)
        return known

    def _viewed(self, statement: Statement, sweeps: Sweeps, series: ToldSeries) -> _View:
        first = int(series.t_ns.searchsorted(sweeps.done_ns[0] + statement.late_ns, "right"))
        last = len(series.t_ns)
        if statement.quantity in self.disturbed:
            last = max(first, int(series.t_ns.searchsorted(self.disturbed_ns)))
        at_ns = series.t_ns[first:last]
        places = np.empty((statement.sweeps + 1, len(at_ns)), np.intp)
        places[0] = sweeps.begun_ns.searchsorted(at_ns, "right") - 1
        places[1] = sweeps.done_ns.searchsorted(at_ns, "right") - 1
        for back in range(1, statement.sweeps):
            places[back + 1] = places[1] - back
        places = np.maximum(places, 0)
        clear: Flags = np.logical_and.reduce(sweeps.clear[places])
        return _View(first=first, last=last, late=len(series.t_ns) - last, sweeps=places, clear=clear)

    def _unclear(self, statement: Statement, view: _View) -> list[Finding]:
        """What could not be judged; nothing where there was nothing to judge."""
        judged = int(view.clear.sum())
        lacking = len(view.clear) - judged
        found: list[Finding] = []
        if lacking:
            found.append(
                self._unjudged(statement, WhyUnjudged.NO_READING, statement.quantity, lacking, judged)
            )
        if view.late:
            found.append(
                self._unjudged(statement, WhyUnjudged.DISTURBED, statement.quantity, view.late, judged)
            )
        if not len(view.clear) and not view.late:
            found.append(self._unjudged(statement, WhyUnjudged.TOO_EARLY, statement.quantity, view.first, 0))
        return found


def _back_ns(source: ShownQuantity, statements: Sequence[Statement]) -> int:
    """How long before the armed window what was shown may still be told, and a sweep more."""
    back = [0]
    for one in statements:
        if one.quantity == source.quantity:
            back.append(one.late_ns + (one.sweeps + 1) * source.cycle_ns)
        if one.condition is not None and one.condition.quantity == source.quantity:
            back.append(one.condition.since_ns + 2 * source.cycle_ns)
    return max(back) + source.cycle_ns


def _is_disturbed(source: ShownQuantity, disturbed: Sequence[tuple[str, str]]) -> bool:
    """Whether any of these is what shows it, or what shows whether it is a reading at all."""
    shown = {(one.channel, one.message) for one in source.shown_in}
    shown |= {(one.channel, one.message) for one in source.doubts}
    return any(
        (not channel or channel == where) and (not message or message == name)
        for channel, message in disturbed
        for where, name in shown
    )


def _of_sweeps(sweeps: Sweeps, how: How) -> Floats:
    """One value for each sweep. All NaN gives NaN: such a sweep is not clear."""
    values = sweeps.values
    if how is How.ONLY:
        only: Floats = values[:, 0]
        return only
    if how is How.MEAN:
        mean: Floats = values.mean(axis=1)
        return mean
    reduced: Floats = (np.fmax if how is How.HIGHEST else np.fmin).reduce(values, axis=1)
    return reduced


def signals_of(statements: Sequence[Statement]) -> list[tuple[str, str, str]]:
    """Everything of the DUT that these ask."""
    found = [(one.told.channel, one.told.message, one.told.signal) for one in statements if one.told.signal]
    for one in statements:
        found += [(test.channel, test.message, test.signal) for test in one.tests]
        if one.form is Form.INHIBITED:
            found += [(test.channel, test.message, test.signal) for test in one.causes]
        if one.status:
            found.append((*one.told.place, one.status))
        if one.condition is not None:
            found += [(test.channel, test.message, test.signal) for test in one.condition.tests]
    return list(dict.fromkeys(found))

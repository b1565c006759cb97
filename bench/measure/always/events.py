"""What a DUT may not do: without a cause, while it says that it must not, in another order, or with a dead counter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.measure.accepted import MOST_MISSED
from bench.measure.always.asked import CodeOf, Form, Statement
from bench.measure.always.columns import Flags, ShotColumns, ToldSeries
from bench.measure.always.held import held_since
from bench.measure.always.tests import answers
from bench.measure.finding.always import (
    CodeWithoutFlag,
    DoneThoughInhibited,
    FailedThoughHealed,
    FramesUnacceptable,
    OpenedInWrongOrder,
    OutputWithoutCause,
)
from bench.measure.finding.base import Finding
from bench.measure.shot import Seen, Shot
from bench.measure.signal_test import SignalTest

_TEST_FAILED = 1  # bit 0 of the status byte, ISO 14229-1 D.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Doings:
    """columns: of the armed window; whole: the DUT's frames of the whole shot."""

    shot: Shot
    onset: Seen | None
    columns: ShotColumns
    whole: ShotColumns

    def judge(self, statement: Statement) -> Iterator[Finding]:
        """What did not hold, each once with its first instant."""
        match statement.form:
            case Form.CAUSED:
                yield from self._caused(statement)
            case Form.INHIBITED:
                yield from self._inhibited(statement)
            case Form.ORDERED:
                yield from self._ordered(statement)
            case Form.CODES:
                yield from self._codes(statement)
            case Form.HEALED:
                yield from self._healed(statement)
            case Form.COUNTED:
                yield from self._counted(statement)

    def _true(self, columns: ShotColumns, test: SignalTest) -> tuple[ToldSeries, Flags]:
        series = columns.series(test.channel, test.message, test.signal)
        return series, answers(test, series.values)

    def _caused(self, statement: Statement) -> Iterator[Finding]:
        """Every frame that says so comes after a frame with one of the causes, or shortly before it."""
        causes_ns = min((self._first_ns(one) for one in statement.causes), default=np.inf)
        for test in statement.tests:
            series, true = self._true(self.columns, test)
            wrong = true & (series.t_ns + statement.late_ns < causes_ns)
            if wrong.any():
                at_ns = int(series.t_ns[wrong.argmax()])
                if at_ns + statement.late_ns > self.shot.window.end_ns:
                    continue  # its cause may be told after the window
                yield OutputWithoutCause(
                    statement=statement.name, signal=test.signal, when=self.shot.when(at_ns, self.onset),
                    frames=int(wrong.sum()),
                )  # fmt: skip

    def _first_ns(self, test: SignalTest) -> float:
        series, true = self._true(self.whole, test)
        return float(series.t_ns[true.argmax()]) if true.any() else np.inf

    def _inhibited(self, statement: Statement) -> Iterator[Finding]:
        for test in statement.tests:
            series, true = self._true(self.columns, test)
            began = np.flatnonzero(true[1:] & ~true[:-1]) + 1
            if not len(began):
                continue
            at_ns = series.t_ns[began]
            inhibited = np.zeros(len(began), np.bool_)
            for cause in statement.causes:
                told, said = self._true(self.columns, cause)
                inhibited |= held_since(told.t_ns, said, at_ns, statement.late_ns, 0)
            if inhibited.any():
                first_ns = int(at_ns[inhibited.argmax()])
                yield DoneThoughInhibited(
                    statement=statement.name, test=test, when=self.shot.when(first_ns, self.onset)
                )

    def _ordered(self, statement: Statement) -> Iterator[Finding]:
        first, other = statement.tests
        series, one = self._true(self.columns, first)
        _, two = self._true(self.columns, other)
        if len(one) != len(two) or len(one) < 2:
            return
        wrong = one[1:] & ~two[1:] & one[:-1] & two[:-1]
        if wrong.any():
            at_ns = int(series.t_ns[1:][wrong.argmax()])
            yield OpenedInWrongOrder(
                statement=statement.name, first=first.signal, other=other.signal,
                when=self.shot.when(at_ns, self.onset),
            )  # fmt: skip

    def _codes(self, statement: Statement) -> Iterator[Finding]:
        told = statement.told
        series = self.columns.series(told.channel, told.message, told.signal)
        for one, at_ns in self._told_codes(statement.codes, series):
            known_ns = min((self._first_ns(test) for test in one.tests), default=np.inf)
            last_ns = at_ns + statement.late_ns
            if known_ns > last_ns and last_ns <= self.shot.window.end_ns:
                yield CodeWithoutFlag(
                    statement=statement.name,
                    dtc=one.code,
                    flag=one.flag,
                    when=self.shot.when(at_ns, self.onset),
                )

    def _told_codes(self, codes: Sequence[CodeOf], series: ToldSeries) -> Iterator[tuple[CodeOf, int]]:
        """Each code told in the window and not before it, with its first instant."""
        before = self._codes_before(codes, series)
        values, firsts = np.unique(series.values, return_index=True)
        by_code = {one.code: one for one in codes}
        for value, first in zip(values.tolist(), firsts.tolist()):
            one = by_code.get(round(value))
            if one is not None and one.code not in before:
                yield one, int(series.t_ns[first])

    def _codes_before(self, codes: Sequence[CodeOf], series: ToldSeries) -> set[int]:
        if not codes or not len(series.t_ns):
            return set()
        place = codes[0].told
        whole = self.whole.series(*place)
        told = whole.values[whole.t_ns < self.shot.window.start_ns]
        return {round(value) for value in np.unique(told).tolist()}

    def _healed(self, statement: Statement) -> Iterator[Finding]:
        told = statement.told
        series = self.columns.series(told.channel, told.message, told.signal)
        status = self.columns.series(told.channel, told.message, statement.status)
        if len(status.t_ns) != len(series.t_ns):
            return
        failed = (status.values.astype(np.int64) & _TEST_FAILED) > 0
        by_code = {one.code: one for one in statement.codes}
        for value in np.unique(series.values[failed]).tolist():
            one = by_code.get(round(value))
            if one is None:
                continue
            where = np.flatnonzero(failed & (series.values == value))
            set_ns = min((self._first_ns(test) for test in one.tests), default=np.inf)
            wrong = series.t_ns[where] > set_ns  # a code may be told just before its flag
            for test in one.tests:
                flag, set_ = self._true(self.columns, test)
                wrong &= held_since(flag.t_ns, ~set_, series.t_ns[where], statement.late_ns, 0)
            if wrong.any():
                at_ns = int(series.t_ns[where[wrong.argmax()]])
                yield FailedThoughHealed(
                    statement=statement.name,
                    dtc=one.code,
                    flag=one.flag,
                    when=self.shot.when(at_ns, self.onset),
                )

    def _counted(self, statement: Statement) -> Iterator[Finding]:
        first_ns: dict[int, tuple[int, int]] = {}
        for t_ns, _, frame, _ in self.shot.refused:
            at_ns, count = first_ns.get(frame.can_id, (t_ns, 0))
            first_ns[frame.can_id] = (at_ns, count + 1)
        for can_id, (at_ns, count) in first_ns.items():
            if count <= MOST_MISSED:  # a receiver lets as many pass; each is an anomaly
                continue
            yield FramesUnacceptable(
                statement=statement.name, can_id=can_id, when=self.shot.when(at_ns, self.onset), frames=count
            )

"""Watches a running shot for its natural end, so that simulated time is not spent after everything has been seen.

Only an aid: verdicts come from measuring the finished Trace.
"""

import operator
from collections.abc import Callable

from bench.codec.heard import heard
from bench.measure.plan import Plan
from bench.measure.signal_test import SignalTest
from bench.rig.rig import Rig
from bench.units import NS_PER_MS

_OPS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_MARGIN_NS = (
    100 * NS_PER_MS
)  # so that the hold time lies inside the observed window also after rounding to a cycle


class Watch:
    """Follows the safe state's tests; `settled` once they have all held for the plan's hold time."""

    def __init__(self, rig: Rig, plan: Plan) -> None:
        self._rig = rig
        self._hold_ns = plan.hold_ns
        self._tests = [self._compiled(test) for test in plan.safe_state]
        self._any_detection = [self._compiled(test) for test in plan.detection]
        self._since_ns: int | None = None
        self._detected = False

    def settled(self, now_ns: int) -> bool:
        self._rig.view.update()
        self._detected = self._detected or any(test() for test in self._any_detection)
        if not (self._detected and self._tests and all(test() for test in self._tests)):
            self._since_ns = None
            return False
        if self._since_ns is None:
            self._since_ns = now_ns
        return now_ns - self._since_ns >= self._hold_ns + _MARGIN_NS

    def _compiled(self, test: SignalTest) -> Callable[[], bool]:
        message = self._rig.databases[test.channel][test.message]
        key = (test.channel, message.can_id)
        read, compare = heard(message.reader(test.signal)), _OPS[test.op]
        latest = self._rig.view.latest

        def holds() -> bool:
            seen = latest.get(key)
            value = read(seen.frame.data) if seen is not None else None
            return value is not None and compare(value, test.value)

        return holds

"""After the hold: what has opened stays open for as long as the shot is watched.

Every shot is watched for a moment after the hold, and a share of them to the end of their window. What the DUT reports
in that time decides nothing: a fault that is left as it is has consequences that no scenario names.
"""

from collections.abc import Sequence

from bench.measure.finding.standing import SafeStateLeft
from bench.measure.questions import Question
from bench.measure.shot import Seen, Shot
from bench.trace.facts import Requested
from bench.units import NS_PER_MS

LOOKED_AFTER_HOLD_NS = (
    100 * NS_PER_MS
)  # so that the hold lies inside the window also after rounding to a cycle


class Staying:
    """Told of the frames after the hold. left: the first output that left the safe state; None: none did."""

    def __init__(self, shot: Shot, asked: Sequence[Question]) -> None:
        self._shot = shot
        self._asked = asked
        self.left: SafeStateLeft | None = None

    def hear(self, t_ns: int, safe: Seen, onset: Seen | None) -> None:
        if self.left is not None or self._was_asked(safe.t_ns, t_ns):
            return
        gone = next((question for question in self._asked if question.holds is False), None)
        if gone is not None:
            when = self._shot.when(t_ns, onset)
            self.left = SafeStateLeft(test=gone.test, when=when, after_ns=t_ns - safe.t_ns)

    def _was_asked(self, since_ns: int, t_ns: int) -> bool:
        """Whether the bench itself has asked the DUT for something since it was safe: a mode, a fault reset."""
        return any(since_ns < mark.t_ns <= t_ns for mark in self._shot.trace.of(Requested))


def watched_to_end(shot: Shot) -> bool | None:
    """Whether a must-trip shot was watched for the whole of its window; None: nothing was commanded."""
    commanded = shot.commanded()
    return None if commanded is None else shot.window.end_ns - commanded.t_ns >= shot.plan.window_ns

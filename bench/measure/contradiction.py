"""Frames of one message that contradict each other within a cycle: yes, no and yes again."""

from bench.measure.finding.standing import FramesContradict
from bench.measure.questions import Question


class Contradictions:
    """Reads each frame that answers differently from the frame before. A message without a cycle has no
    contradictions.

    A change may come at any instant, also between two frames of the cycle. A change that is taken back within one
    cycle is no contradiction.
    """

    def __init__(self) -> None:
        self._left_ns: dict[int, int] = {}  # the last frame with the answer that the present one has replaced
        self._at_ns: dict[str, set[int]] = {}

    def changed(self, question: Question, t_ns: int, before_ns: int) -> None:
        """before_ns: of the last frame that answered otherwise."""
        left_ns = self._left_ns.get(id(question))
        self._left_ns[id(question)] = before_ns
        if left_ns is not None and 2 * (t_ns - left_ns) <= 3 * question.cycle_ns:
            self._at_ns.setdefault(question.test.message, set()).add(t_ns)

    def told(self) -> list[FramesContradict]:
        return [FramesContradict(message=message, count=len(at)) for message, at in self._at_ns.items()]

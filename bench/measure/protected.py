"""What is wrong with the DUT's frames under E2E protection, and what only such frames said."""

from collections.abc import Iterable, Mapping

from bench.codec.e2e import Status
from bench.measure.accepted import ACCEPTED
from bench.measure.finding.life import FrameSkipped, Mistake, ProtectionBroken
from bench.measure.finding.standing import SaidByRefusedFrames
from bench.measure.questions import Question
from bench.measure.shot import Shot
from bench.measure.signal_test import SignalTest

_MISTAKES = {
    Status.WRONG_CRC: Mistake.WRONG_CRC,
    Status.REPEATED: Mistake.COUNTER_STANDS,
    Status.WRONG_SEQUENCE: Mistake.COUNTER_JUMPS,
    Status.OK_SOME_LOST: Mistake.COUNTER_SKIPS,
}


def wrong_protection(
    counts: Mapping[tuple[str, Status], int],
) -> tuple[list[ProtectionBroken], list[FrameSkipped]]:
    """(what no receiver would accept, what it would let pass), one per message and kind of mistake."""
    refused: list[ProtectionBroken] = []
    passed: list[FrameSkipped] = []
    for (message, status), count in counts.items():
        mistake = _MISTAKES[status]
        if status in ACCEPTED:
            passed.append(FrameSkipped(message=message, mistake=mistake, count=count))
        else:
            refused.append(ProtectionBroken(message=message, mistake=mistake, count=count))
    return refused, passed


def said_by_refused(shot: Shot, tests: Iterable[SignalTest], from_ns: int) -> list[SaidByRefusedFrames]:
    """What the refused frames of the window said from `from_ns` on, of the tests that no accepted one has answered."""
    found = []
    for test in tests:
        question = Question(test, shot.decoders)
        said = [
            seen
            for seen in shot.refused
            if seen[0] >= from_ns and (seen[1], seen[2][0], seen[2][2]) == question.address
        ]
        count = sum(bool(question.hear(seen[0], seen[2][1])) for seen in said)
        if count:
            found.append(SaidByRefusedFrames(test=test, count=count))
    return found

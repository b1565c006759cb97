"""What the DUT sends under E2E protection, checked as a receiver would: CRC, and a counter that moves by one."""

from collections.abc import Iterable, Mapping
from typing import Protocol, cast

from bench.codec.e2e import Checker, Protection, Status
from bench.measure.finding.life import FrameSkipped, Mistake, ProtectionBroken
from bench.measure.questions import Codec, message_of
from bench.trace.events import FrameSeen

# A frame or two lost on the bus are not the sender's doing; AUTOSAR's receivers let them pass as well.
_TOLERATED = (Status.OK, Status.INITIAL, Status.OK_SOME_LOST)
_MISTAKES = {
    Status.WRONG_CRC: Mistake.WRONG_CRC,
    Status.REPEATED: Mistake.COUNTER_STANDS,
    Status.WRONG_SEQUENCE: Mistake.COUNTER_JUMPS,
    Status.OK_SOME_LOST: Mistake.COUNTER_SKIPS,
}


class ProtectedCodec(Protocol):
    """What this needs of one message (bench.codec.database.Message has it)."""

    @property
    def can_id(self) -> int: ...
    @property
    def extended(self) -> bool: ...
    @property
    def protection(self) -> Protection | None: ...


def wrong_protection(
    frames: Iterable[FrameSeen], asked: Iterable[tuple[str, str]], decoders: Mapping[str, Codec]
) -> tuple[list[ProtectionBroken], list[FrameSkipped]]:
    """(what no receiver would accept, what it would let pass), one per message and kind of mistake."""
    checkers: dict[tuple[str, int, bool], Checker] = {}
    names: dict[tuple[str, int, bool], str] = {}
    for channel, message in asked:
        codec = cast(ProtectedCodec, message_of(decoders, channel, message))
        if codec.protection is not None:
            address = (channel, codec.can_id, codec.extended)
            checkers[address] = Checker(codec.protection)
            names[address] = message
    counts: dict[tuple[str, Status], int] = {}
    for _, channel, frame, _ in frames:
        address = (channel, frame[0], frame[2])
        checker = checkers.get(address)
        if checker is None:
            continue
        status = checker.check(frame[1])
        if status > Status.INITIAL:
            key = names[address], status
            counts[key] = counts.get(key, 0) + 1
    refused: list[ProtectionBroken] = []
    passed: list[FrameSkipped] = []
    for (message, status), count in counts.items():
        mistake = _MISTAKES[status]
        if status in _TOLERATED:
            passed.append(FrameSkipped(message=message, mistake=mistake, count=count))
        else:
            refused.append(ProtectionBroken(message=message, mistake=mistake, count=count))
    return refused, passed

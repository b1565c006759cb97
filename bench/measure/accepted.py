"""Which frames of the DUT a receiver accepts: one with a wrong CRC, or a wrong counter, answers no question.

A receiver begins a series anew where it must: with the first frame, and after a silence in which more frames were
missed than it tolerates (a restart of the DUT, a bus that was cut or jammed). So frames that were lost on the bus do
not make the next one wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from bench.codec.e2e import Checker, Protection, Status
from bench.measure.frames import Frames
from bench.measure.questions import Address, Codec, message_of
from bench.trace.events import FrameSeen

MOST_MISSED = 3  # counts at once: so many frames may be lost on the way, as AUTOSAR's receivers let pass
ACCEPTED = (Status.OK, Status.INITIAL, Status.OK_SOME_LOST)


class ProtectedCodec(Protocol):
    """What this needs of one message (bench.codec.database.Message has it)."""

    @property
    def can_id(self) -> int: ...
    @property
    def extended(self) -> bool: ...
    @property
    def cycle_ns(self) -> int: ...
    @property
    def protection(self) -> Protection | None: ...


class Receiver:
    """One message as its receiver sees it. Frames in the order of their stamps. valid_ns: of the last right CRC."""

    __slots__ = ("_checker", "_cycle_ns", "_protection", "valid_ns")

    def __init__(self, protection: Protection, cycle_ns: int) -> None:
        self._protection = protection
        self._checker = Checker(protection, MOST_MISSED)
        self._cycle_ns = cycle_ns
        self.valid_ns: int | None = None

    def missed_since(self, t_ns: int) -> int | None:
        """When the first frame was due of a silence that ends at `t_ns`; None: it is none yet."""
        if self.valid_ns is None or not self._cycle_ns:
            return None
        silence_ns = t_ns - self.valid_ns
        over = 2 * silence_ns > (2 * MOST_MISSED + 1) * self._cycle_ns
        return self.valid_ns + self._cycle_ns if over else None

    def begin_anew(self) -> None:
        self._checker = Checker(self._protection, MOST_MISSED)

    def check(self, t_ns: int, data: bytes) -> Status:
        if self.missed_since(t_ns) is not None:
            self.begin_anew()
        status = self._checker.check(data)
        if status is not Status.WRONG_CRC:
            self.valid_ns = t_ns
        return status


class Receivers:
    """The receivers of several messages, given by (channel, message)."""

    def __init__(self, asked: Iterable[tuple[str, str]], decoders: Mapping[str, Codec]) -> None:
        self.names: dict[Address, str] = {}
        self._receivers: dict[Address, Receiver] = {}
        for channel, message in asked:
            codec = cast(ProtectedCodec, message_of(decoders, channel, message))
            if codec.protection is not None:
                address = (channel, codec.can_id, codec.extended)
                self.names[address] = message
                self._receivers[address] = Receiver(codec.protection, codec.cycle_ns)

    def check(self, seen: FrameSeen) -> Status | None:
        """None: the message is under no protection."""
        t_ns, channel, frame, _ = seen
        receiver = self._receivers.get((channel, frame[0], frame[2]))
        if receiver is None:
            return None
        missed_ns = receiver.missed_since(t_ns)
        if (
            missed_ns is not None
        ):  # a restart is one of all messages, and a slow one shows no silence of its own
            for one in self._receivers.values():
                if one.valid_ns is not None and one.valid_ns <= missed_ns:
                    one.begin_anew()
        return receiver.check(t_ns, frame[1])

    def accept(self, seen: FrameSeen) -> bool:
        status = self.check(seen)
        return status is None or status in ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What the frames of a window are worth. counts: by message and status, of all but good ones."""

    accepted: Frames
    refused: tuple[FrameSeen, ...]
    counts: Mapping[tuple[str, Status], int]


def receive(before: Frames, frames: Frames, receivers: Receivers) -> Received:
    """before: what came before the window, which the receivers have heard as well; both in order of their stamps."""
    for seen in before.only(receivers.names):
        receivers.check(seen)
    names = receivers.names
    refused: list[FrameSeen] = []
    good: list[bool] = []  # of each protected frame
    counts: dict[tuple[str, Status], int] = {}
    for seen in frames.only(names):
        status = receivers.check(seen)
        good.append(status is None or status in ACCEPTED)
        if status is not None and status > Status.INITIAL:
            key = names[seen[1], seen[2][0], seen[2][2]], status
            counts[key] = counts.get(key, 0) + 1
        if not good[-1]:
            refused.append(seen)
    if not refused:
        return Received(accepted=frames, refused=(), counts=counts)
    fine = iter(good)
    accepted = [seen for seen in frames if (seen[1], seen[2][0], seen[2][2]) not in names or next(fine)]
    return Received(accepted=Frames(accepted), refused=tuple(refused), counts=counts)

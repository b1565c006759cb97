"""Which frames of the DUT a receiver accepts: one with a wrong CRC, or a wrong counter, answers no question.

A receiver begins a series anew where it must: with the first frame, and after a silence in which more frames were
missed than it tolerates (a restart of the DUT, a bus that was cut or jammed). So frames that were lost on the bus do
not make the next one wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from bench.codec.e2e import Checker, Protection, Status
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
    """One message as its receiver sees it. Frames in the order of their stamps."""

    __slots__ = ("_checker", "_patience_ns", "_protection", "_valid_ns")

    def __init__(self, protection: Protection, cycle_ns: int) -> None:
        self._protection = protection
        self._checker = Checker(protection, MOST_MISSED)
        self._patience_ns = cycle_ns * MOST_MISSED + cycle_ns // 2
        self._valid_ns: int | None = None  # of the last frame with a right CRC

    def check(self, t_ns: int, data: bytes) -> Status:
        last_ns = self._valid_ns
        if last_ns is not None and self._patience_ns and t_ns - last_ns > self._patience_ns:
            self._checker = Checker(self._protection, MOST_MISSED)
        status = self._checker.check(data)
        if status is not Status.WRONG_CRC:
            self._valid_ns = t_ns
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
        return None if receiver is None else receiver.check(t_ns, frame[1])

    def accept(self, seen: FrameSeen) -> bool:
        status = self.check(seen)
        return status is None or status in ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What the frames of a window are worth. counts: by message and status, of all but good ones."""

    accepted: tuple[FrameSeen, ...]
    refused: tuple[FrameSeen, ...]
    counts: Mapping[tuple[str, Status], int]


def receive(before: Iterable[FrameSeen], frames: Iterable[FrameSeen], receivers: Receivers) -> Received:
    """before: what came before the window, which the receivers have heard as well."""
    for seen in before:
        receivers.check(seen)
    accepted: list[FrameSeen] = []
    refused: list[FrameSeen] = []
    counts: dict[tuple[str, Status], int] = {}
    for seen in frames:
        status = receivers.check(seen)
        if status is not None and status > Status.INITIAL:
            key = receivers.names[seen[1], seen[2][0], seen[2][2]], status
            counts[key] = counts.get(key, 0) + 1
        (accepted if status is None or status in ACCEPTED else refused).append(seen)
    return Received(accepted=tuple(accepted), refused=tuple(refused), counts=counts)

"""Which frames of the DUT a receiver accepts. A frame with a wrong CRC or a wrong counter answers no question.

A receiver starts a new series with the first frame. It also starts one after a silence in which it missed more frames
than it tolerates: after a restart of the DUT, or on a bus that was cut or jammed. So a frame that was lost on the bus
does not make the next frame wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np

from bench.codec.e2e import Checker, Protection, Status
from bench.codec.e2e_columns import flawless
from bench.measure.frames import Frames
from bench.measure.questions import Address, Codec, message_of
from bench.trace.events import BENCH, FrameSeen

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

    __slots__ = ("_checker", "_cycle_ns", "protection", "valid_ns")

    def __init__(self, protection: Protection, cycle_ns: int) -> None:
        self.protection = protection
        self._checker = Checker(protection, MOST_MISSED)
        self._cycle_ns = cycle_ns
        self.valid_ns: int | None = None

    def missed_since(self, t_ns: int) -> int | None:
        """The instant (ns) at which the first missing frame was due, for a silence that ends at `t_ns`. None: no
        frame is missing yet.
        """
        if self.valid_ns is None or not self._cycle_ns:
            return None
        return self.valid_ns + self._cycle_ns if self.misses(t_ns - self.valid_ns) else None

    def misses(self, silence_ns: int) -> bool:
        """Whether more frames are missed in such a silence than are tolerated."""
        return bool(self._cycle_ns) and 2 * silence_ns > (2 * MOST_MISSED + 1) * self._cycle_ns

    def begin_anew(self) -> None:
        self._checker = Checker(self.protection, MOST_MISSED)

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
        self.by_address: dict[Address, Receiver] = {}
        for channel, message in asked:
            codec = cast(ProtectedCodec, message_of(decoders, channel, message))
            if codec.protection is not None:
                address = (channel, codec.can_id, codec.extended)
                self.names[address] = message
                self.by_address[address] = Receiver(codec.protection, codec.cycle_ns)

    def check(self, seen: FrameSeen) -> Status | None:
        """None: the message is under no protection."""
        t_ns, channel, frame, _ = seen
        receiver = self.by_address.get((channel, frame[0], frame[2]))
        if receiver is None:
            return None
        missed_ns = receiver.missed_since(t_ns)
        if (
            missed_ns is not None
        ):  # a restart is one of all messages, and a slow one shows no silence of its own
            for one in self.by_address.values():
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
    places: list[int] = []  # of the refused ones
    counts: dict[tuple[str, Status], int] = {}
    for place, seen in frames.news(dict.fromkeys(names)):
        status = receivers.check(seen)
        if status is not None and status > Status.INITIAL:
            key = names[seen[1], seen[2][0], seen[2][2]], status
            counts[key] = counts.get(key, 0) + 1
        if status is not None and status not in ACCEPTED:
            refused.append(seen)
            places.append(place)
    if not refused:
        return Received(accepted=frames, refused=(), counts=counts)
    accepted = frames.but(np.array(places, np.intp))
    return Received(accepted=accepted, refused=tuple(refused), counts=counts)


def receive_flawless(before: Frames, frames: Frames, receivers: Receivers) -> Received | None:
    """The same at once where nothing is wrong with any frame, as is usual; None: they have to be heard one by one.

    before: in any order, with those of the bench; where that matters, the answer is None.
    """
    if BENCH in before.senders(receivers.names):
        return None
    for address, receiver in receivers.by_address.items():
        parts = [one for one in (before.stretch(address), frames.stretch(address)) if len(one.places)]
        rows = [one.rows for one in parts if one.rows is not None]
        if not parts:
            continue
        if len(rows) < len(parts) or len({one.shape[1] for one in rows}) > 1:
            return None
        steps_ns = np.diff(np.concatenate([one.t_ns for one in parts]))
        if (steps_ns < 0).any() or receiver.misses(int(steps_ns.max(initial=0))):
            return None
        if not flawless(receiver.protection, np.concatenate(rows)):
            return None
    return Received(accepted=frames, refused=(), counts={})

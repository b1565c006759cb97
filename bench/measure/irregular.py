"""The first irregular frame of a message after a command: a wrong frame, or the absence of a frame that was due.

An absence has no frame. Its instant is the first due time at which no frame came. The message's jitter before the
command gives the width of that instant.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter
from typing import Protocol

from bench.codec.e2e import Protection
from bench.codec.heard import heard
from bench.errors import ScenarioError
from bench.measure.finding.base import Finding
from bench.measure.finding.stimulus import MessageAlreadyIrregular, MessageGapBefore, MessageUnheardBefore
from bench.measure.frames import Frames
from bench.measure.questions import Codec, address_of
from bench.trace.events import FrameSeen
from bench.trace.irregular import Irregular, Irregularity
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, format_ns

ON_ITS_WAY_NS = 10 * NS_PER_MS  # a frame may have to wait for a sweep of 24 others at 500 kbit/s
SAMPLED_NS = NS_PER_MS  # before the end of the first frame of its sweep


class IrregularCodec(Protocol):
    """What this needs of one message (bench.codec.database.Message has it)."""

    @property
    def can_id(self) -> int: ...
    @property
    def extended(self) -> bool: ...
    @property
    def length(self) -> int: ...
    @property
    def cycle_ns(self) -> int: ...
    @property
    def protection(self) -> Protection | None: ...
    def reader(self, signal: str, /) -> Callable[[bytes], float | None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The instant as [low_ns, high_ns] by stamps alone, and why it is so wide. `before`: it was so at the command."""

    low_ns: int
    high_ns: int
    note: str
    before: Finding | None = None


def frames_asked(
    trace: Trace, asked: Iterable[Irregularity], decoders: Mapping[str, Codec], end_ns: int
) -> list[FrameSeen]:
    """All of these messages until `end_ns`, in order of their stamps.

    From before the window too: a slow message may have come only once since the observers were armed.
    """
    addresses = [address_of(decoders, one.channel, one.message) for one in asked]
    frames = Frames.of(trace.frames).only(addresses)
    return sorted((one for one in frames if one[0] <= end_ns), key=itemgetter(0))


def first_irregular(
    asked: Irregularity, codec: IrregularCodec, frames: Sequence[FrameSeen], commanded_ns: int, end_ns: int
) -> Found | None:
    """Frames in order of their stamps. Raises ScenarioError for a question that cannot be asked of this message."""
    stamps = _stamped(asked, codec, frames)
    earlier = [(t_ns, data) for t_ns, data in stamps if t_ns < commanded_ns]
    later = [(t_ns, data) for t_ns, data in stamps if t_ns >= commanded_ns]
    if asked.what is Irregular.MISSING:
        return _missing(asked, codec, earlier, [t_ns for t_ns, _ in later], end_ns)
    if asked.what is Irregular.NEXT:
        whole = replace(asked, signal=None)
        sent = [t_ns for t_ns, _ in _stamped(whole, codec, frames)]
        return _next(asked, codec, earlier[-1:] + later, sent, commanded_ns)
    if asked.what is Irregular.SOONER:
        return _sooner(asked, codec, earlier, later)
    wrong = _frame_test(asked, codec)
    previous: bytes | None = None
    for t_ns, data in earlier:
        if wrong(previous, data):
            return Found(
                low_ns=t_ns, high_ns=t_ns, note="", before=MessageAlreadyIrregular(message=asked.message)
            )
        previous = data
    for t_ns, data in later:
        if wrong(previous, data):
            return Found(low_ns=t_ns, high_ns=t_ns, note=f"first {asked.message} with a wrong {asked.what}")
        previous = data
    return None


def _stamped(
    asked: Irregularity, codec: IrregularCodec, frames: Sequence[FrameSeen]
) -> list[tuple[int, bytes]]:
    carries = heard(codec.reader(asked.signal)) if asked.signal is not None else None
    found = []
    for t_ns, channel, frame, _ in frames:
        if channel != asked.channel or frame.can_id != codec.can_id or frame.extended != codec.extended:
            continue
        if carries is not None and carries(frame.data) is None:
            continue
        found.append((t_ns, frame.data))
    return found


def _cycle_ns(asked: Irregularity, codec: IrregularCodec) -> int:
    return codec.cycle_ns if asked.cycle_ns is None else asked.cycle_ns


def _missing(
    asked: Irregularity,
    codec: IrregularCodec,
    earlier: list[tuple[int, bytes]],
    later: list[int],
    end_ns: int,
) -> Found | None:
    cycle_ns = _cycle_ns(asked, codec)
    gaps = [after - before for (before, _), (after, _) in pairwise(earlier)]
    if not earlier:
        return Found(low_ns=0, high_ns=0, note="", before=MessageUnheardBefore(message=asked.message))
    shortest_ns, longest_ns = min([*gaps, cycle_ns]), max([*gaps, cycle_ns])
    if longest_ns >= 2 * cycle_ns:
        return Found(
            low_ns=0,
            high_ns=0,
            note="",
            before=MessageGapBefore(message=asked.message, gap_ns=longest_ns),
        )
    seen = [earlier[-1][0], *later, end_ns]
    # Longer than it ever waited for the bus: half a cycle beyond the longest gap before the command.
    missed_ns = longest_ns + cycle_ns // 2
    for last_ns, next_ns in pairwise(seen):
        if next_ns - last_ns > missed_ns:
            return Found(
                low_ns=last_ns + shortest_ns,
                high_ns=last_ns + longest_ns,
                note=f"{asked.message} was due and did not come; its cycle was {format_ns(shortest_ns)} to "
                f"{format_ns(longest_ns)} before",
            )
    return None


def _next(
    asked: Irregularity,
    codec: IrregularCodec,
    frames: list[tuple[int, bytes]],
    sent: list[int],
    commanded_ns: int,
) -> Found | None:
    """The first frame that was built after the command. `frames`: the frames from the last one before the command on.

    The pages of a sweep without gaps are built together, when the first of them is sent. Any other frame is built
    when it is sent, and it may have waited for the bus. A frame that was begun too near to the command to decide
    makes the interval wider, unless its value decides.
    """
    possible: int | None = None
    cycle_ns = _cycle_ns(asked, codec)
    together = _made_together(asked, sent, cycle_ns)
    waits_ns = SAMPLED_NS if together else ON_ITS_WAY_NS
    moved = _moves(asked, codec)
    previous: bytes | None = None
    for t_ns, data in frames:
        before, previous = previous, data
        if t_ns < commanded_ns:
            continue
        began_ns = _began(sent, t_ns, cycle_ns) if together else t_ns
        shows = moved(before, data) if moved is not None and before is not None else None
        if began_ns - waits_ns >= commanded_ns or shows:
            # A value that has not moved where it had to tells nothing: it may be at the end of its range.
            low_ns = t_ns if shows or possible is None else possible
            return Found(low_ns=low_ns, high_ns=t_ns, note=f"first {asked.message} after the command")
        if began_ns >= commanded_ns and possible is None:
            possible = t_ns
    return None


def _moves(asked: Irregularity, codec: IrregularCodec) -> Callable[[bytes, bytes], bool] | None:
    """(frame before, this frame) to whether the signal has moved by the step; None: no frame tells."""
    if asked.signal is None or (asked.step is None and asked.step_share is None):
        return None
    read, step, share = heard(codec.reader(asked.signal)), asked.step or 0.0, asked.step_share or 0.0

    def moved(before: bytes, data: bytes) -> bool:
        was, now = read(before), read(data)
        return was is not None and now is not None and abs(now - was) >= max(step, share * abs(was)) > 0.0

    return moved


def _made_together(asked: Irregularity, sent: list[int], cycle_ns: int) -> bool:
    """Whether the frames are pages of sweeps, each made up as a whole. Unknown: where there is rest between sweeps."""
    if asked.gap_ns:
        return False
    steps_ns = [after - before for before, after in pairwise(sent)]
    sweeps = any(step_ns < cycle_ns // 8 for step_ns in steps_ns)
    return sweeps and (asked.gap_ns is not None or any(step_ns >= cycle_ns // 8 for step_ns in steps_ns))


def _began(sent: list[int], t_ns: int, cycle_ns: int) -> int:
    """The first frame of the sweep that the frame at `t_ns` belongs to. No sweep is longer than its cycle."""
    place = bisect_right(sent, t_ns) - 1
    while place > 0 and sent[place] - sent[place - 1] < cycle_ns // 8 and t_ns - sent[place - 1] < cycle_ns:
        place -= 1
    return sent[place]


def _sooner(
    asked: Irregularity,
    codec: IrregularCodec,
    earlier: list[tuple[int, bytes]],
    later: list[tuple[int, bytes]],
) -> Found | None:
    cycle_ns = _cycle_ns(asked, codec)
    last_ns = earlier[-1][0] if earlier else None
    for t_ns, _ in later:
        if last_ns is not None and t_ns - last_ns < cycle_ns // 2:
            return Found(low_ns=t_ns, high_ns=t_ns, note=f"first {asked.message} within half a cycle")
        last_ns = t_ns
    return None


def _frame_test(asked: Irregularity, codec: IrregularCodec) -> Callable[[bytes | None, bytes], bool]:
    """(frame before, this frame) to whether this one is irregular."""
    if asked.what is Irregular.LENGTH:
        return lambda _, data: len(data) != codec.length
    protection = codec.protection
    if protection is None:
        raise ScenarioError(
            f"plan: {asked.message} has no E2E protection in its DBC; expected some to ask for a wrong {asked.what}"
        )
    if asked.what is Irregular.CRC:
        return lambda _, data: not protection.crc_fits(data)

    def jumped(previous: bytes | None, data: bytes) -> bool:
        if previous is None or min(len(previous), len(data)) < protection.shortest:
            return False
        return (protection.counter_of(previous) + 1) % protection.counters != protection.counter_of(data)

    return jumped

"""Whether the DUT started again in mid-shot, or as another build: by what its profile names of that.

An uptime that goes back, a reset counter that changes, a message that it sends only when it starts. From when it was
heard until the window is closed.
"""

from collections.abc import Iterator, Mapping

from bench.measure.finding.life import BuildChanged, DutRestarted
from bench.measure.questions import Codec, MessageCodec, message_of
from bench.measure.restart_sign import RestartSign, Sign
from bench.measure.shot import Seen, Shot
from bench.trace.facts import DutHeard

_END = 0.05  # of its range: an uptime that goes from the last of it to the first has overflowed


def find_restarts(
    shot: Shot, onset: Seen | None, decoders: Mapping[str, Codec]
) -> list[DutRestarted | BuildChanged]:
    """The first of each sign."""
    heard = next(shot.trace.of(DutHeard), None)
    if heard is None:
        return []
    found = (
        _first(shot, one, heard.t_ns, onset, decoders) for one in (*shot.plan.restarts, *shot.plan.builds)
    )
    return [one for one in found if one is not None]


def _first(
    shot: Shot, asked: RestartSign, from_ns: int, onset: Seen | None, decoders: Mapping[str, Codec]
) -> DutRestarted | BuildChanged | None:
    codec = message_of(decoders, asked.channel, asked.message)
    before: float | None = None
    # A build may be named long before it is next; what a DUT names until it is heard may be its bootloader's.
    since_ns = 0 if asked.sign is Sign.BUILD else from_ns
    for t_ns, value in _values(shot, asked, codec, since_ns):
        if t_ns < from_ns:
            before = value
            continue
        if asked.sign is Sign.BOOT or (before is not None and _started_anew(asked, before, value)):
            since = shot.when(t_ns, onset)
            if asked.sign is Sign.BUILD and before is not None:
                return BuildChanged(
                    message=asked.message, signal=asked.signal, since=since, before=before, after=value
                )
            return DutRestarted(
                sign=asked.sign,
                message=asked.message,
                signal=asked.signal,
                since=since,
                before=before,
                after=value,
            )
        before = value
    return None


def _values(shot: Shot, asked: RestartSign, codec: MessageCodec, from_ns: int) -> Iterator[tuple[int, float]]:
    """The values in the window's frames that a receiver accepts, and in all frames before the window.

    Without those that tell of no restart: a value as the one before, or an uptime that goes on.
    """
    read = codec.reader(asked.signal)
    address = (asked.channel, codec.can_id, codec.extended)
    # A time goes on from frame to frame: it is news where it falls. Anything else is news by its change.
    falls = asked.sign is Sign.UPTIME
    mask = codec.rising_mask(asked.signal) if falls else codec.mask([asked.signal])
    for frames, since_ns in ((shot.window.before, from_ns), (shot.window.frames, None)):
        stretch = frames.stretch(address)
        if since_ns is not None:
            stretch = stretch.since(since_ns)
        for t_ns, _, frame, _ in frames.in_turn(stretch.falls(mask) if falls else stretch.news(mask)):
            try:
                value = read(frame[1])
            except ValueError:  # too short
                continue
            if value is not None:
                yield t_ns, value


def _started_anew(asked: RestartSign, before: float, value: float) -> bool:
    if asked.sign in (Sign.RESET_COUNT, Sign.BUILD):
        return value != before
    overflowed = (
        asked.highest is not None and before >= (1 - _END) * asked.highest and value <= _END * asked.highest
    )
    return value < before and not overflowed

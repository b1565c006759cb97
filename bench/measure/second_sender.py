"""Two nodes that send one message: what the DUT was shown, or what it said, is then not known."""

from collections.abc import Mapping

from bench.measure.finding.base import Finding
from bench.measure.finding.bench import SecondSender
from bench.measure.frames import Frames
from bench.measure.plan import Plan
from bench.measure.questions import Codec, address_of
from bench.trace.events import BENCH


def second_senders(frames: Frames, plan: Plan, decoders: Mapping[str, Codec]) -> list[Finding]:
    """One for each identifier that came from more than one node.

    What the bench itself sent of the DUT's messages is told as own frames. Where a bus does not say who sent a frame,
    all that the bench has not sent is the DUT's: two others cannot be told apart there.
    """
    own = {address_of(decoders, channel, message) for channel, message in plan.own}
    senders: dict[tuple[str, int, bool], set[str]] = {}
    for channel, can_id, extended, sender in frames.sources():
        if sender != BENCH or (channel, can_id, extended) not in own:
            senders.setdefault((channel, can_id, extended), set()).add(sender)
    return [
        SecondSender(channel=channel, can_id=can_id, senders=", ".join(sorted(those)))
        for (channel, can_id, _), those in sorted(senders.items())
        if len(those) > 1
    ]

"""Frames of the DUT that are shorter or longer than its DBC says: no receiver can be sure of what they carry."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Protocol, cast

from bench.codec.heard import carried_length
from bench.measure.finding.life import FrameMisfit
from bench.measure.identity import Same
from bench.measure.plan import Plan
from bench.measure.questions import Address, Codec, message_of
from bench.trace.timeline import Trace

PLAYED = ("bench", "afe")  # what the bench itself sends, perhaps short on purpose


class SizedCodec(Protocol):
    """What this needs of one message (bench.codec.database.Message has it)."""

    @property
    def can_id(self) -> int: ...
    @property
    def extended(self) -> bool: ...
    @property
    def cycle_ns(self) -> int: ...
    @property
    def length(self) -> int: ...


def misfits(trace: Trace, plan: Plan, decoders: Mapping[str, Codec]) -> list[FrameMisfit]:
    """One per message and length, of the whole shot."""
    sizes = {
        (channel, codec.can_id, codec.extended): (name, codec.length)
        for (channel, name), codec in of_the_dut(plan, decoders).items()
    }
    counts: dict[tuple[Address, int], int] = {}
    for channel, sender, can_id, extended, fd, length, count in _lengths(trace):
        address = (channel, can_id, extended)
        known = sizes.get(address)
        if known is None or length == known[1] or sender in PLAYED:
            continue
        if length != carried_length(known[1], fd):
            counts[address, length] = counts.get((address, length), 0) + count
    return [
        FrameMisfit(message=sizes[address][0], length=length, expected_length=sizes[address][1], count=count)
        for (address, length), count in counts.items()
    ]


def _lengths(trace: Trace) -> Iterator[tuple[str, str, int, bool, bool, int, int]]:
    """channel, sender, can_id, extended, fd, bytes of payload, how many frames."""
    columns = trace.frames.columns()
    for (channel, sender, can_id, extended, fd, _, length), rows in zip(columns.table, columns.data):
        yield channel, sender, can_id, extended, fd, length, len(rows)


def of_the_dut(plan: Plan, decoders: Mapping[str, Codec]) -> dict[tuple[str, str], SizedCodec]:
    """What the plan asks of the DUT, and the cyclic messages of the same sender by the DBC.

    Diagnostics are not among them: ISO-TP frames may be as short as what they say.
    """
    return _of_the_dut(Same(plan), Same(decoders))


@lru_cache(maxsize=512)  # a library's plans
def _of_the_dut(of: Same[Plan], by: Same[Mapping[str, Codec]]) -> dict[tuple[str, str], SizedCodec]:
    plan, decoders = of.it, by.it
    asked = [(channel, message) for channel, message, _ in plan.heard]
    tests = (*plan.detection, *plan.safe_state, *plan.forbidden)
    asked += [(test.channel, test.message) for test in tests]
    if plan.dtc_test is not None:
        asked.append((plan.dtc_test.channel, plan.dtc_test.message))
    asked += [(one.channel, one.message) for one in plan.estimates]
    found = {one: cast(SizedCodec, message_of(decoders, *one)) for one in asked}
    senders = {name for channel, message, _ in plan.heard for name in _senders(decoders, channel, message)}
    for channel, database in decoders.items():
        for codec in getattr(database, "messages", ()) if senders else ():
            if codec.cycle_ns and senders & set(codec.senders):
                found[channel, codec.name] = codec
    return found


def _senders(decoders: Mapping[str, Codec], channel: str, message: str) -> tuple[str, ...]:
    names: tuple[str, ...] = getattr(message_of(decoders, channel, message), "senders", ())
    return names

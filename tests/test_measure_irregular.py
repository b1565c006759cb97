"""The first frame that is wrong by itself, or that did not come: exact instants, on either side of every bound."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.codec.e2e import Profile1
from bench.errors import ScenarioError
from bench.measure.finding.stimulus import MessageAlreadyIrregular, MessageGapBefore, MessageUnheardBefore
from bench.measure.irregular import Found, first_irregular
from bench.trace.events import CanFrame, FrameSeen
from bench.trace.irregular import Irregular, Irregularity

MS = 1_000_000
LOST = Irregularity(channel="vehicle", message="VCU", what=Irregular.MISSING)


class Codec:
    """Eight bytes every 20 ms under profile 1."""

    can_id, extended, length, cycle_ns = 0x310, False, 8, 20 * MS
    protection: Any = Profile1(0x1234)

    def reader(self, signal: str) -> Any:
        assert signal == "Page"
        return lambda data: float(data[2]) if data[3] else None


class Bare(Codec):
    protection = None


def frame(
    at_ms: float,
    *,
    counter: int | None = None,
    data: bytes | None = None,
    can_id: int = 0x310,
    channel: str = "vehicle",
    extended: bool = False,
) -> FrameSeen:
    if data is None:
        payload = bytearray(8)
        Codec.protection.protect(payload, 0 if counter is None else counter)
        data = bytes(payload)
    return FrameSeen(round(at_ms * MS), channel, CanFrame(can_id, data, extended), "vcu")


def sent(*at_ms: float) -> list[FrameSeen]:
    return [frame(at, counter=n) for n, at in enumerate(at_ms)]


def found(asked: Irregularity, frames: list[FrameSeen], commanded_ms: float = 50, end_ms: float = 400) -> Any:
    return first_irregular(asked, Codec(), frames, round(commanded_ms * MS), round(end_ms * MS))


@pytest.mark.parametrize(
    ("earlier", "later", "end_ms", "between_ms"),
    [
        ((0, 20, 40), (60, 80), 400, (100, 100)),  # due 20 ms after the last
        ((0, 20, 40), (), 400, (60, 60)),
        ((0, 21, 40), (60,), 400, (79, 81)),  # gaps of 19 and 21 ms before: as wide as that
        ((0, 20, 40), (60, 80, 110), 125, None),  # 30 ms are one cycle and a half, no more
        ((0, 20, 40), (60, 80, 110.1), 125, (100, 100)),
        ((0, 20, 40), (60, 80), 110, None),  # looked too short a time
        ((0, 20, 40), (60, 80), 110.1, (100, 100)),
        ((0, 35, 49), (60, 104), 130, None),  # it had waited 35 ms before: 45 are nothing new
        ((0, 35, 49), (60, 106), 130, (74, 95)),
        ((40,), (60,), 400, (80, 80)),  # nothing but the DBC's cycle to go by
    ],
)
def test_what_did_not_come_was_due_a_cycle_after_the_last(
    earlier: tuple[float, ...],
    later: tuple[float, ...],
    end_ms: float,
    between_ms: tuple[float, float] | None,
) -> None:
    seen = found(LOST, sent(*earlier, *later), end_ms=end_ms)
    if between_ms is None:
        assert seen is None
        return
    assert (seen.low_ns / MS, seen.high_ns / MS, seen.before) == (*between_ms, None)
    gaps = [b - a for a, b in itertools.pairwise(earlier)] + [20]
    assert seen.note.startswith("VCU was due and did not come; its cycle was ")
    assert f"{min(gaps):.1f} ms to {max(gaps):.1f} ms" in seen.note


def test_a_message_that_was_no_cyclic_one_before_the_command_proves_nothing() -> None:
    never = Found(low_ns=0, high_ns=0, note="", before=MessageUnheardBefore(message="VCU"))
    assert found(LOST, sent(60, 80)) == never, "at the command itself is after it"
    assert found(LOST, sent(50, 70)) == never
    gap = Found(low_ns=0, high_ns=0, note="", before=MessageGapBefore(message="VCU", gap_ns=40 * MS))
    assert found(LOST, sent(0, 40)) == gap, "two cycles"
    assert found(LOST, sent(0, 39.9), end_ms=100).before is None


def test_the_cycle_of_the_plan_counts_before_that_of_the_dbc() -> None:
    slow = replace(LOST, cycle_ns=100 * MS)
    assert found(slow, sent(40), end_ms=190) is None
    seen = found(slow, sent(40), end_ms=190.1)
    assert (seen.low_ns, seen.high_ns) == (140 * MS, 140 * MS)


def test_only_the_frames_of_that_message_that_carry_the_signal_are_heard() -> None:
    others = [
        frame(75, channel="sense"),
        frame(75, can_id=0x311),
        frame(75, extended=True),
    ]
    frames = sorted([*sent(0, 20, 40, 60), *others], key=lambda one: one.t_ns)
    assert found(LOST, frames).low_ns == 80 * MS
    paged = [
        frame(at, data=bytes((0, 0, 7, page, 0, 0, 0, 0))) for at, page in ((0, 1), (20, 1), (40, 1), (60, 0))
    ]
    assert found(replace(LOST, signal="Page"), paged).low_ns == 60 * MS


SOON = replace(LOST, what=Irregular.SOONER)


@pytest.mark.parametrize(
    ("times", "at_ms"),
    [
        ((0, 20, 40, 60, 65), 65),
        ((0, 20, 40, 60, 70), None),  # half a cycle is not less than half
        ((0, 20, 40, 60, 69.9), 69.9),
        ((0, 20, 45, 51), 51),  # counted from the last one before the command, too
        ((0, 5, 45, 65), None),  # before the command nobody asks
        ((60, 80), None),
        ((55, 60), 60),
    ],
)
def test_a_frame_within_half_a_cycle_of_the_last(times: tuple[float, ...], at_ms: float | None) -> None:
    seen = found(SOON, sent(*times))
    if at_ms is None:
        assert seen is None
    else:
        at_ns = round(at_ms * MS)
        assert seen == Found(low_ns=at_ns, high_ns=at_ns, note="first VCU within half a cycle")


def test_a_wrong_crc_a_jump_of_the_counter_and_another_length_are_told_by_their_own_frame() -> None:
    good = sent(0, 20, 40, 60)
    torn = frame(80, data=bytes((good[0].frame.data[0] ^ 1, *good[0].frame.data[1:])))
    for what, bad in (
        (Irregular.CRC, torn),
        (Irregular.COUNTER, frame(80, counter=5)),  # 4 is due
        (Irregular.COUNTER, frame(80, counter=3)),
        (Irregular.LENGTH, frame(80, data=bytes(7))),
        (Irregular.LENGTH, frame(80, data=bytes(9))),
    ):
        asked = replace(LOST, what=what)
        assert found(asked, good) is None
        expected = Found(low_ns=80 * MS, high_ns=80 * MS, note=f"first VCU with a wrong {what}")
        assert found(asked, [*good, bad]) == expected
        before = Found(
            low_ns=80 * MS, high_ns=80 * MS, note="", before=MessageAlreadyIrregular(message="VCU")
        )
        assert found(asked, [*good, bad], commanded_ms=90) == before
        assert found(asked, [*good, bad], commanded_ms=80) == expected, "at the command is after it"


def test_a_counter_turns_over_and_a_frame_too_short_for_one_says_nothing_of_it() -> None:
    asked = replace(LOST, what=Irregular.COUNTER)
    round_ = [frame(20 * n, counter=n % 15) for n in range(40)]
    assert found(asked, round_, end_ms=900) is None
    assert found(asked, [*sent(0, 20, 40), frame(60, data=b"\x01"), frame(80, counter=9)]) is None
    short = frame(60, data=sent(0, 0, 0, 0)[3].frame.data[:2])  # as short as counter and CRC allow
    assert found(asked, [*sent(0, 20, 40), short]) is None
    assert found(asked, [*sent(0, 20, 40), frame(60, data=short.frame.data[:1] + b"\x09")]) is not None
    assert found(asked, [frame(60, counter=7)]) is None, "the first frame follows none"


def test_protection_that_the_dbc_does_not_have_cannot_be_asked_for() -> None:
    for what in (Irregular.CRC, Irregular.COUNTER):
        with pytest.raises(ScenarioError, match=f"VCU has no E2E protection .* wrong {what}"):
            first_irregular(replace(LOST, what=what), Bare(), [], 0, 1)
    assert first_irregular(replace(LOST, what=Irregular.LENGTH), Bare(), [], 0, 1) is None


@given(st.lists(st.integers(-2, 2), min_size=3, max_size=12), st.integers(0, 9), st.integers(-2, 2))
def test_the_instant_at_which_a_frame_was_due_lies_in_the_interval(
    jitter_ms: list[int], lost_at: int, jitter_of_the_lost_ms: int
) -> None:
    """The grid is kept, each frame waits a little: the lost one would have come within what was seen before."""
    start = len(jitter_ms)
    on_time = [20 * n + jitter for n, jitter in enumerate(jitter_ms)]
    times = [*on_time, *(20 * (start + n) for n in range(lost_at))]
    due_ms = 20 * (start + lost_at)
    seen = found(LOST, sent(*times), commanded_ms=20 * start - 10, end_ms=due_ms + 200)
    gaps = [b - a for a, b in itertools.pairwise(on_time)]
    assert seen.low_ns == (times[-1] + min([*gaps, 20])) * MS
    assert seen.high_ns == (times[-1] + max([*gaps, 20])) * MS

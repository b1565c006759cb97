"""Frames looked up by message are those that a look at every frame finds."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bench.codec.e2e import Profile1, Status
from bench.measure.accepted import ACCEPTED, Received, Receivers, receive
from bench.measure.frames import Frames
from bench.trace.events import CanFrame, FrameSeen

CHANNELS, IDS = ("vehicle", "sense"), (1, 2, 3)
ADDRESSES = [
    (channel, can_id, extended) for channel in CHANNELS for can_id in IDS for extended in (False, True)
]

PROTECTION = Profile1(7)


def _protected(counter: int) -> bytes:
    data = bytearray(3)
    PROTECTION.protect(data, counter)
    return bytes(data)


seen = st.builds(
    FrameSeen,
    st.integers(0, 40).map(lambda tenths: tenths * 10_000_000),
    st.sampled_from(CHANNELS),
    st.builds(
        CanFrame,
        st.sampled_from(IDS),
        st.integers(0, 5).map(_protected) | st.binary(max_size=3),
        st.booleans(),
    ),
    st.sampled_from(("bench", "dut")),
)
in_order = st.lists(seen, max_size=60).map(lambda found: Frames.of(sorted(found, key=lambda one: one[0])))


def _address(one: FrameSeen) -> tuple[str, int, bool]:
    return one.channel, one.frame.can_id, one.frame.extended


@given(in_order, st.lists(st.sampled_from(ADDRESSES), max_size=5))
def test_only_these_messages_in_their_order(frames: Frames, asked: list[tuple[str, int, bool]]) -> None:
    assert frames.only(asked) == [one for one in frames if _address(one) in asked]
    assert frames.last_stamps(asked) == {_address(one): one.t_ns for one in frames if _address(one) in asked}


@dataclass(frozen=True)
class _Message:
    can_id: int
    extended: bool
    cycle_ns: int
    protection: Profile1


def _receivers() -> Receivers:
    messages = {f"m{n}": _Message(n, False, 10_000_000, PROTECTION) for n in IDS[:2]}
    return Receivers([("vehicle", name) for name in messages], {"vehicle": messages})


def _one_by_one(before: Frames, frames: Frames, receivers: Receivers) -> Received:
    """As it was done before frames were looked up by message."""
    for one in before:
        receivers.check(one)
    accepted, refused = [], []
    counts: dict[tuple[str, Status], int] = {}
    for one in frames:
        status = receivers.check(one)
        if status is not None and status > Status.INITIAL:
            key = receivers.names[_address(one)], status
            counts[key] = counts.get(key, 0) + 1
        (accepted if status is None or status in ACCEPTED else refused).append(one)
    return Received(accepted=Frames.of(accepted), refused=tuple(refused), counts=counts)


@given(in_order, in_order)
def test_receivers_accept_what_they_accepted_frame_by_frame(before: Frames, frames: Frames) -> None:
    assert receive(before, frames, _receivers()) == _one_by_one(before, frames, _receivers())


@given(in_order, st.integers(-70, 70), st.integers(-70, 70), st.sampled_from((None, 1, 2, -1)))
def test_a_part_of_them_is_the_part_of_a_list(
    frames: Frames, first: int, last: int, step: int | None
) -> None:
    listed = list(frames)
    assert frames[first:last:step] == listed[first:last:step]
    assert [frames[place] for place in range(-len(listed), len(listed))] == listed * 2
    cut = frames.between(2, len(listed))
    assert (list(cut), cut[:2]) == (listed[2:], listed[2:4])
    assert list(frames.until(200_000_000)) == [one for one in listed if one.t_ns <= 200_000_000]


words = st.sampled_from([0, 1, 2, 3, 255, 256, 2**24 - 1]) | st.integers(0, 2**24 - 1)


@given(st.lists(words, max_size=40), st.integers(0, 40), st.sampled_from([8, 7]))
def test_where_a_number_falls_is_seen_without_looking_at_each_frame(
    numbers: list[int], from_ns: int, length: int
) -> None:
    """Beside the ends, each fall with the frame before it; payloads of no eight bytes are all given."""
    rows = [(7 + (number << 16)).to_bytes(length, "little") for number in numbers]
    found = Frames.of(FrameSeen(at, "vehicle", CanFrame(1, row), "dut") for at, row in enumerate(rows))
    stretch = found.stretch(("vehicle", 1, False)).since(from_ns)
    assert [one.frame.data for one in found.in_turn(stretch.places)] == rows[from_ns:]
    given_at = stretch.falls((0xFFFFFF << 16).to_bytes(length, "little")).tolist()
    there = range(from_ns, len(rows))
    falls = {at for at in there[1:] if numbers[at] < numbers[at - 1]}
    wanted = set(there) if length != 8 else {*there[:1], *there[-1:], *falls, *(at - 1 for at in falls)}
    assert given_at == sorted(wanted)


def test_few_frames_and_many_are_the_same_frames() -> None:
    seen_ones = [
        FrameSeen(at, CHANNELS[at % 2], CanFrame(IDS[at % 3], bytes([at]) * (at % 4)), "dut")
        for at in range(90)
    ]
    found = Frames.of(seen_ones)
    assert list(found) == seen_ones
    for first in range(90):
        assert found[first : first + 5] == seen_ones[first : first + 5]

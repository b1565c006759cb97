"""Frame times against a reference that writes every frame down bit by bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LinkError
from bench.links.bit_timing import arbitration_key, classic_bits, fd_bits, frame_time_ns, intermission_ns
from bench.trace.events import CanFrame

FD_LENGTHS = (*range(9), 12, 16, 20, 24, 32, 48, 64)


def bits_of(value: int, width: int) -> list[int]:
    return [value >> shift & 1 for shift in range(width - 1, -1, -1)]


def head(frame: CanFrame) -> list[int]:
    """SOF to the bit before the reserved bits."""
    if frame.extended:
        return [0, *bits_of(frame.can_id >> 18, 11), 1, 1, *bits_of(frame.can_id & 0x3FFFF, 18), 0]
    return [0, *bits_of(frame.can_id, 11), 0, 0]


def payload(frame: CanFrame) -> list[int]:
    return [bit for byte in frame.data for bit in bits_of(byte, 8)]


def crc15(bits: list[int]) -> list[int]:
    crc = 0
    for bit in bits:
        inverted = bit ^ (crc >> 14 & 1)
        crc = crc << 1 & 0x7FFF
        if inverted:
            crc ^= 0x4599
    return bits_of(crc, 15)


def stuff(bits: list[int]) -> list[list[int]]:
    """Each bit with the stuff bit that follows it, if any."""
    sent: list[list[int]] = []
    wire: list[int] = []
    for bit in bits:
        group = [bit]
        wire.append(bit)
        if len(wire) >= 5 and len(set(wire[-5:])) == 1:
            group.append(1 - bit)
            wire.append(1 - bit)
        sent.append(group)
    return sent


def reference_classic(frame: CanFrame) -> int:
    bits = [*head(frame), *([0, 0] if frame.extended else [0]), *bits_of(len(frame.data), 4), *payload(frame)]
    return sum(map(len, stuff(bits + crc15(bits)))) + 1 + 1 + 1 + 7 + 3


def reference_fd(frame: CanFrame) -> tuple[int, int]:
    start = [*head(frame), 1, 0, int(frame.bitrate_switch)]
    if not frame.extended:
        assert start[13] == 0
    groups = stuff([*start, 0, *bits_of(FD_LENGTHS.index(len(frame.data)), 4), *payload(frame)])
    groups[-1] = groups[-1][:1]  # the fixed stuff bit takes the place of a dynamic one there
    nominal = sum(map(len, groups[: len(start)])) - (len(groups[len(start) - 1]) - 1)
    dynamic = sum(map(len, groups)) - nominal
    crc = 17 if len(frame.data) <= 16 else 21
    fixed = 1 + (4 + crc) // 4
    return nominal + 1 + 1 + 7 + 3, dynamic + fixed + 4 + crc + 1


def runny_bytes(length: st.SearchStrategy[int]) -> st.SearchStrategy[bytes]:
    """Bytes that stuff a lot, and any others."""
    byte = st.one_of(st.sampled_from([0x00, 0xFF, 0x0F, 0xF0, 0x3C, 0x78, 0x87]), st.integers(0, 255))
    return length.flatmap(lambda n: st.lists(byte, min_size=n, max_size=n).map(bytes))


identifiers = st.one_of(
    st.tuples(st.integers(0, 0x7FF), st.just(False)), st.tuples(st.integers(0, (1 << 29) - 1), st.just(True))
)


@given(identifiers, runny_bytes(st.integers(0, 8)))
def test_classic_length_is_that_of_the_written_out_frame_and_within_the_bound(
    identifier: tuple[int, bool], data: bytes
) -> None:
    frame = CanFrame(identifier[0], data, identifier[1])
    g = 54 if frame.extended else 34
    assert classic_bits(frame) == reference_classic(frame)
    assert (
        g + 8 * len(data) + 13 <= classic_bits(frame) <= g + 8 * len(data) + 13 + (g + 8 * len(data) - 1) // 4
    )


@given(identifiers, runny_bytes(st.sampled_from(FD_LENGTHS)), st.booleans())
def test_fd_length_is_that_of_the_written_out_frame(
    identifier: tuple[int, bool], data: bytes, switch: bool
) -> None:
    frame = CanFrame(identifier[0], data, identifier[1], True, switch)
    assert fd_bits(frame) == reference_fd(frame)


def most_bits_conceivable(extended: bool) -> int:
    """Eight data bytes: the most bits with the fixed bits of the header in place and every other bit free."""
    free: int | None = None
    base = [free] * 11
    fields = [0, *base, 1, 1, *[free] * 18, 0, 0, 0] if extended else [0, *base, 0, 0, 0]
    fields += [1, 0, 0, 0, *[free] * 79]
    best = {(1, 0): 0}
    for field in fields:
        following: dict[tuple[int, int], int] = {}
        for (bit, run), count in best.items():
            for new in (0, 1) if field is None else (field,):
                length, last, stuffed = (run + 1 if new == bit and run else 1), new, count
                if length == 5:
                    length, last, stuffed = 1, 1 - new, count + 1
                following[last, length] = max(following.get((last, length), 0), stuffed)
        best = following
    return len(fields) + max(best.values()) + 13


@pytest.mark.parametrize(
    ("frame", "bits", "formula"),
    [
        (CanFrame(0x078, bytes.fromhex("3c3c3c3c3c7c3c3c")), 132, 135),
        (CanFrame(0x0E0B87FC, bytes.fromhex("3c3c3c3c3c3c3c3c"), True), 156, 160),
    ],
)
def test_the_longest_frame(frame: CanFrame, bits: int, formula: int) -> None:
    # The textbook bound is never reached: RTR, IDE, reserved bits and DLC of 8 bytes break the worst pattern.
    assert classic_bits(frame) == reference_classic(frame) == bits
    assert bits <= most_bits_conceivable(frame.extended) < formula


def test_an_empty_frame_and_rates() -> None:
    frame = CanFrame(0x555, b"")
    bits = reference_classic(frame)
    assert frame_time_ns(frame, 500_000) == bits * 2_000
    assert frame_time_ns(frame, 1_000_000, 8_000_000) == bits * 1_000
    assert intermission_ns(500_000) == 6_000
    fast = CanFrame(0x555, bytes(64), False, True, True)
    nominal, data = fd_bits(fast)
    assert frame_time_ns(fast, 500_000, 2_000_000) == nominal * 2_000 + data * 500
    plain = fast._replace(bitrate_switch=False)
    assert frame_time_ns(plain, 500_000, 2_000_000) == sum(fd_bits(plain)) * 2_000


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (CanFrame(0x800, b""), "identifier 0x800"),
        (CanFrame(1 << 29, b"", True), "29 bits"),
        (CanFrame(0x1, bytes(9)), "at most 8"),
        (CanFrame(0x1, bytes(9), False, True), "12, 16"),
    ],
)
def test_content_no_frame_can_hold_is_refused(frame: CanFrame, words: str) -> None:
    with pytest.raises(LinkError, match=words):
        frame_time_ns(frame, 500_000)


@given(st.lists(identifiers, min_size=2, max_size=8))
def test_arbitration_order_is_that_of_the_bits_on_the_wire(these: list[tuple[int, bool]]) -> None:
    frames = [CanFrame(can_id, b"", extended) for can_id, extended in these]
    by_key = sorted(frames, key=arbitration_key)
    by_bits = sorted(frames, key=lambda frame: head(frame)[:33] + [0] * (33 - len(head(frame))))
    assert [head(frame) for frame in by_key] == [head(frame) for frame in by_bits]

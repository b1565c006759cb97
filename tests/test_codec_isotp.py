"""ISO-TP: every payload survives; a lost, repeated or strange frame is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.codec import isotp


@given(st.binary(min_size=1, max_size=isotp.MOST_BYTES))
def test_every_payload_survives_its_frames(payload: bytes) -> None:
    parts = isotp.Reassembler()
    frames = isotp.segment(payload)
    assert all(len(frame) == 8 for frame in frames)
    done = [parts.feed(frame) for frame in frames]
    assert done[-1] == payload and not any(done[:-1])


def test_known_frames() -> None:
    assert isotp.segment(b"\x22\xf1\x89") == [bytes.fromhex("0322f189cccccccc")]
    first, second = isotp.segment(bytes(range(10)))
    assert (first, second) == (bytes.fromhex("100a000102030405"), bytes.fromhex("2106070809cccccc"))
    assert isotp.flow_control(isotp.FlowStatus.WAIT, 4, 20) == bytes.fromhex("310414cccccccccc")


@given(st.integers(0, 20))
def test_a_lost_frame_is_never_a_payload(lost: int) -> None:
    frames = isotp.segment(bytes(150))
    del frames[1 + lost % (len(frames) - 1)]
    parts = isotp.Reassembler()
    try:
        assert not any(parts.feed(frame) for frame in frames)
    except isotp.IsoTpError as error:
        assert "lost or repeated" in str(error)


@pytest.mark.parametrize(
    ("raw", "gap_ns"), [(0, 0), (127, 127_000_000), (0xF1, 100_000), (0xF9, 900_000), (0x80, 127_000_000)]
)
def test_separation_times(raw: int, gap_ns: int) -> None:
    flow = isotp.read_flow_control(bytes((0x30, 2, raw)))
    assert flow is not None and (flow.block, flow.gap_ns) == (2, gap_ns)


@pytest.mark.parametrize("text", ["00cccccccccccccc", "09cccccccccccccc", "1005000102030405", "100a00"])
def test_frames_that_cannot_be(text: str) -> None:
    with pytest.raises(isotp.IsoTpError, match="expected"):
        isotp.Reassembler().feed(bytes.fromhex(text))


@given(st.lists(st.binary(max_size=8), max_size=20))
def test_garbage_is_nothing_or_a_clear_error(frames: list[bytes]) -> None:
    parts = isotp.Reassembler()
    for frame in frames:
        try:
            parts.feed(frame)
            isotp.read_flow_control(frame)
        except isotp.IsoTpError as error:
            assert "expected" in str(error) or "was lost" in str(error)

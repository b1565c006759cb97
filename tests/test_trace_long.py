"""A long shot's frames: deflated behind the last minutes, the same for whoever asks, and in bounded memory."""

import random
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_run import sample_run

import bench.trace.buffer as buffers
from bench.record.columns import pack, unpack
from bench.stored.lab_files import LONGEST_NS, shots_for_lab
from bench.trace.buffer import ROW_SIZE, FrameBuffer
from bench.trace.events import CanFrame, FrameSeen
from bench.trace.refill import buffer_of
from bench.trace.sealing import sealed, unsealed


def some(count: int) -> list[FrameSeen]:
    """Two senders on two buses, payloads of 0 to 64 bytes."""
    rng = random.Random(7)
    found = []
    for number in range(count):
        length = rng.choice((0, 3, 8, 8, 8, 24, 64))
        frame = CanFrame(rng.choice((1, 2, 0x700)), rng.randbytes(length), False, length > 8)
        found.append(FrameSeen(number * 1_000, rng.choice("ab"), frame, rng.choice(("dut", "bench"))))
    return found


@pytest.fixture
def sealing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an hour, with few frames."""
    monkeypatch.setattr(buffers, "_SEALED", 64)
    monkeypatch.setattr(buffers, "_MOST_OPEN", 128 * ROW_SIZE)


def filled(frames: list[FrameSeen]) -> FrameBuffer:
    """Asked for its newest frames again and again, as by a bench that follows a shot."""
    found = FrameBuffer()
    for number, seen in enumerate(frames):
        found.append(seen)
        if number % 50 == 49:
            assert found.since(number - 9, {1, 2, 0x700}) == frames[number - 9 : number + 1]
    return found


@pytest.mark.usefixtures("sealing")
def test_a_long_shot_holds_less_and_says_the_same() -> None:
    frames = some(1_000)
    found = filled(frames)

    assert len(found._rows) <= 178 * ROW_SIZE  # the others are deflated
    assert len(found) == len(frames)
    assert list(found) == frames
    assert [found[at] for at in (0, 63, 64, 500, 999, -1)] == [frames[at] for at in (0, 63, 64, 500, 999, -1)]
    for places in (
        slice(0, 10),
        slice(60, 70),
        slice(60, 700),
        slice(900, None),
        slice(5, 900, 7),
        slice(9, 3),
    ):
        assert found[places] == frames[places]
    assert found.since(0, {0x700}) == [one for one in frames if one.frame.can_id == 0x700]
    assert found.since(10, {1}, 300) == [one for one in frames[10:300] if one.frame.can_id == 1]


@pytest.mark.usefixtures("sealing")
def test_its_columns_and_its_record_are_those_of_a_short_one() -> None:
    frames = some(1_000)
    columns, known = filled(frames).columns(), FrameBuffer(frames)
    buffers._SEALED = 1 << 16

    assert pack(columns) == pack(known.columns())
    assert list(buffer_of(unpack(pack(columns), columns.table, 1_000))) == frames


def test_frames_that_were_read_can_be_added_to() -> None:
    frames = some(100)
    found = buffer_of(FrameBuffer(frames).columns())
    found.append(frames[3])

    assert len(found) == 101
    assert list(found) == [*frames, frames[3]]
    assert pack(found.columns()) == pack(FrameBuffer([*frames, frames[3]]).columns())


def test_pieces_of_columns_are_the_frames_in_their_order() -> None:
    frames = some(300)
    pieces = FrameBuffer(frames).columns().pieces(64)

    assert [seen for one in pieces for seen in buffer_of(one)] == frames


def test_a_shot_of_more_than_ten_minutes_is_not_laid_out_for_lab_tools() -> None:
    run = sample_run()
    scenario = run.scenarios[0]
    first, *others = scenario.shots
    longer = replace(scenario, shots=(replace(first, simulated_ns=LONGEST_NS + 1), *others))

    laid_out = [*shots_for_lab(replace(run, scenarios=(scenario,)))]
    assert first.folder in laid_out
    assert [*shots_for_lab(replace(run, scenarios=(longer,)))] == [
        one for one in laid_out if one != first.folder
    ]


@given(st.lists(st.integers(0, 40), max_size=200), st.integers(0, 2**32))
def test_rows_come_out_of_their_seal_as_they_were(kinds: list[int], seed: int) -> None:
    rng = random.Random(seed)
    rows = b"".join(
        struct.pack(
            "<qIIBB8s", rng.randrange(-(2**63), 2**63), kind % 3, kind, kind % 8, kind % 65, rng.randbytes(8)
        )
        for kind in kinds
    )
    assert unsealed(sealed(rows)) == rows


def test_cyclic_traffic_takes_less_than_a_byte_a_frame() -> None:
    """65,536 frames of 40 messages with a counter each: less than a byte a frame, of the 26 of a row."""
    found = FrameBuffer()
    for number in range(1 << 16):
        turn, at = divmod(number, 40)
        frame = CanFrame(0x100 + at, bytes([turn % 256, at, 0, 0, 0, 0, 0, turn % 16]))
        found.append(FrameSeen(turn * 10_000_000 + at * 230_000, "vehicle", frame, "bench"))
    rows = bytes(found._rows)
    packed = sealed(rows)
    assert len(packed) < len(found) and unsealed(packed) == rows
    with pytest.raises(ValueError, match="65537 rows; expected 65536 at most"):
        sealed(rows + rows[:ROW_SIZE])


@pytest.mark.usefixtures("sealing")
def test_frames_that_nobody_looks_at_while_the_core_logs_them_are_sealed() -> None:
    """As in an hour in which nothing is due in Python: the clock empties the log, and shortens what it has."""
    found = FrameBuffer(some(1_000))
    found.shorten()
    assert len(found._rows) < 256 * ROW_SIZE and list(found) == some(1_000)

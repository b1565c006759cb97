"""The ruler answers exactly when it says it does."""

from hypothesis import given
from hypothesis import strategies as st

from bench.trace.events import CanFrame
from firmware_stubs.ruler import ANSWER_ID, STIMULUS_ID, TRUTH_ID, Ruler


def stimulus(shot: int, delay_us: int) -> CanFrame:
    return CanFrame(STIMULUS_ID, shot.to_bytes(2, "little") + delay_us.to_bytes(4, "little"))


@given(
    shots=st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 2**32 - 1)), min_size=1, max_size=20),
    jitter_ns=st.integers(0, 10**6),
    seed=st.integers(0, 2**32),
)
def test_every_shot_is_answered_once_at_its_instant(
    shots: list[tuple[int, int]], jitter_ns: int, seed: int
) -> None:
    ruler = Ruler((), jitter_ns, seed)
    for shot, (now_ns, delay_us) in enumerate(shots):
        ruler.receive(now_ns, "vehicle", stimulus(shot, delay_us))
    answered = set()
    while (due_ns := ruler.next_due_ns()) is not None:
        assert not ruler.step(due_ns - 1)
        frames = ruler.step(due_ns)
        assert [frame.can_id for _, frame in frames[:2]] == [ANSWER_ID, TRUTH_ID]
        for _, frame in frames[1::2]:
            shot = int.from_bytes(frame.data[:2], "little")
            received_ns, delay_us = shots[shot]
            told_ns = int.from_bytes(frame.data[2:], "little")
            assert told_ns == due_ns - received_ns
            assert 0 <= told_ns - delay_us * 1000 <= jitter_ns
            answered.add(shot)
    assert answered == set(range(len(shots)))


def test_programmed_delays_go_before_the_asked_one_and_come_in_turn() -> None:
    ruler = Ruler((5_000_000, 7_000_000), 0, 1)
    assert [ruler.delay_ns(shot, 1) for shot in range(4)] == [5_000_000, 7_000_000, 5_000_000, 7_000_000]


def test_jitter_is_the_seed_s_and_nothing_else_s() -> None:
    one, same, other = Ruler((), 10**6, 1), Ruler((), 10**6, 1), Ruler((), 10**6, 2)
    delays = [one.delay_ns(shot, 0) for shot in range(50)]
    assert delays == [same.delay_ns(shot, 0) for shot in reversed(range(50))][::-1]
    assert delays != [other.delay_ns(shot, 0) for shot in range(50)]
    assert len(set(delays)) > 40


def test_other_frames_are_not_answered() -> None:
    ruler = Ruler()
    for frame in (
        CanFrame(0x501, bytes(6)),
        CanFrame(STIMULUS_ID, bytes(5)),
        CanFrame(STIMULUS_ID, bytes(6), True),
    ):
        ruler.receive(0, "vehicle", frame)
    assert ruler.next_due_ns() is None

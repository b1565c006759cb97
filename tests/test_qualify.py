"""The ruler: what counts as contained, missed or undecided; then the real thing, simulated and on a loopback bus."""

import json
import math
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bench.cli.main import app
from bench.errors import ConfigError
from bench.links.bit_timing import frame_time_ns, intermission_ns
from bench.measure.interval import Interval
from bench.proof.qualify import (
    BITRATE,
    CYCLE_NS,
    DELAYS_NS,
    JITTER_NS,
    RulerShot,
    bunched_words,
    delay_of,
    failures,
    quantile_ns,
    ruler_shots,
    stimulus_frame,
)
from bench.proof.qualify_real import qualify_real
from bench.proof.qualify_simulated import qualify_simulated
from bench.timing.rate import ClockPair
from bench.trace.events import CanFrame, FrameSeen
from firmware_stubs.ruler import (
    answer_frame,
    by_the_second_clock,
    reference_frame,
    returned_frame,
    truth_frame,
)

SECOND_NS = 10**9
OPTIONS = {"channel": f"239.255.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF}"}
PORT = 20_000 + os.getpid() % 20_000


def seen(t_ns: int, frame: CanFrame) -> FrameSeen:
    return FrameSeen(t_ns, "vehicle", frame, "someone")


def one_shot(
    shot: int, answer_ns: int, truth_ns: int, returned_ns: int | None = None, start_ns: int = SECOND_NS
) -> list[FrameSeen]:
    frames = [
        seen(start_ns, stimulus_frame(shot, delay_of(shot))),
        seen(start_ns + answer_ns, answer_frame(shot)),
        seen(start_ns + answer_ns, truth_frame(shot, truth_ns)),
    ]
    if returned_ns is not None:
        frames.append(seen(start_ns + answer_ns, returned_frame(shot, returned_ns)))
    return frames


@given(
    truth_ns=st.integers(10**6, 10**9),
    u_ns=st.integers(0, 10**6),
    early=st.floats(-1, 1),
    late=st.floats(-1, 1),
)
def test_stamps_within_their_half_width_contain_the_truth(
    truth_ns: int, u_ns: int, early: float, late: float
) -> None:
    moved_ns = round(late * u_ns) - round(early * u_ns)
    shots, errors = ruler_shots(one_shot(0, truth_ns + moved_ns, truth_ns), [0], u_ns, None, {})
    assert not errors
    assert shots[0].contained
    assert not shots[0].missed
    assert shots[0].measured.width_ns == 4 * u_ns or shots[0].measured.low_ns == 0


@given(
    truth_ns=st.integers(10**7, 10**9),
    u_ns=st.integers(0, 10**6),
    beyond_ns=st.integers(1, 10**6),
    late=st.booleans(),
)
def test_one_nanosecond_beyond_the_half_widths_is_a_miss(
    truth_ns: int, u_ns: int, beyond_ns: int, late: bool
) -> None:
    off_ns = 2 * u_ns + beyond_ns if late else -(2 * u_ns + beyond_ns)
    shots, _ = ruler_shots(one_shot(0, truth_ns + off_ns, truth_ns), [0], u_ns, None, {})
    assert shots[0].missed
    assert not shots[0].contained
    assert shots[0].error_ns == off_ns


def test_a_ruler_interrupted_while_sending_leaves_the_shot_undecided_but_excuses_no_early_stamp() -> None:
    u_ns, truth_ns, returned_ns = 1_000, 10_000_000, 10_900_000
    late = one_shot(0, truth_ns + 500_000, truth_ns, returned_ns)
    too_late = one_shot(1, returned_ns + 2_001, truth_ns, returned_ns)
    early = one_shot(2, truth_ns - 2_001, truth_ns, returned_ns)
    shots, _ = ruler_shots([*late, *too_late, *early], range(3), u_ns, None, {})
    assert [(shot.contained, shot.undecided, shot.missed) for shot in shots] == [
        (False, True, False),
        (False, False, True),
        (False, False, True),
    ]


@pytest.mark.parametrize("name, index", [("stimulus", 0), ("answer", 1), ("truth", 2)])
@pytest.mark.parametrize("times", [0, 2])
def test_a_lost_or_doubled_frame_is_an_error_and_no_shot(name: str, index: int, times: int) -> None:
    whole, broken = one_shot(0, 2_000_000, 2_000_000), one_shot(1, 2_000_000, 2_000_000)
    broken[index : index + 1] = [broken[index]] * times
    shots, errors = ruler_shots([*whole, *broken], range(2), 0, None, {})
    assert [shot.number for shot in shots] == [0]
    assert errors == (f"shot 1: {name} seen {times} times; expected once",)


@given(shot=st.integers(0, 65535), truth_ns=st.integers(2_000_000, 2**40))
def test_time_on_the_wire_is_taken_off_the_answer(shot: int, truth_ns: int) -> None:
    wire_ns = frame_time_ns(answer_frame(shot), BITRATE) - intermission_ns(BITRATE)
    frames = one_shot(shot, truth_ns + wire_ns, truth_ns)
    with_timing, _ = ruler_shots(frames, [shot], 0, BITRATE, {})
    without, _ = ruler_shots(frames, [shot], 0, None, {})
    assert with_timing[0].contained
    assert without[0].error_ns == wire_ns
    assert without[0].missed


@given(
    values=st.lists(st.integers(0, 10**9), min_size=1, max_size=50), share=st.sampled_from([0.5, 0.99, 1.0])
)
def test_a_quantile_is_one_of_the_values_and_enough_do_not_exceed_it(values: list[int], share: float) -> None:
    found = quantile_ns(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < math.ceil(share * len(values))
    assert quantile_ns([], share) is None


def test_two_hundred_simulated_shots_are_exact() -> None:
    series = qualify_simulated(200, 7)
    assert series.sound
    assert (series.contained, series.u_ns, series.errors) == (200, 0, ())
    assert {shot.error_ns for shot in series.shots} == {0}
    for shot in series.shots:
        assert 0 <= shot.truth_ns - DELAYS_NS[shot.number % 4] <= JITTER_NS
    assert len({shot.truth_ns for shot in series.shots}) > 150
    assert qualify_simulated(200, 7) == series
    assert qualify_simulated(200, 8).shots != series.shots


def test_on_a_loaded_simulated_bus_the_ruler_waits_and_the_bench_is_exact_all_the_same() -> None:
    idle, series = qualify_simulated(40, 7), qualify_simulated(40, 7, 2_000)
    assert series.sound and {shot.error_ns for shot in series.shots} == {0}
    later = [loaded.truth_ns - alone.truth_ns for loaded, alone in zip(series.shots, idle.shots, strict=True)]
    longest_ns = frame_time_ns(CanFrame(0x600, bytes(8)), BITRATE) + 20_000  # stuff bits
    assert min(later) == 0 and 0 < max(later) <= longest_ns, "at most one frame that is on the wire"
    assert sum(one > 0 for one in later) > 10


def test_a_lost_answer_is_an_error_of_the_series() -> None:
    series = qualify_simulated(6, 1, lost=frozenset({3}))
    assert series.errors == ("shot 3: answer seen 0 times; expected once",) and not series.sound


def test_what_does_not_qualify_is_told_by_shot() -> None:
    good = qualify_simulated(4, 1)
    wrong = replace(
        good.shots[2], truth_ns=good.shots[2].truth_ns + 1, returned_ns=good.shots[2].truth_ns + 1
    )
    missed = replace(good, shots=(*good.shots[:2], wrong, good.shots[3]))
    short = replace(good, shots=good.shots[:3])
    faulty = replace(good, errors=("the kernel dropped 3 frames",))
    assert good.sound
    assert not any(one.sound for one in (missed, short, faulty, replace(good, asked=0, shots=())))
    assert not failures(good)
    assert len(failures(missed)) == 1
    assert "shot 2 missed" in failures(missed)[0]
    assert failures(faulty) == ["simulated idle: ERROR the kernel dropped 3 frames"]


def test_the_command_tells_the_same_as_json_and_as_a_table() -> None:
    told = CliRunner().invoke(app, ["qualify", "--time", "simulated", "--shots", "8", "--json"])
    assert told.exit_code == 0
    series, loaded = json.loads(told.stdout)["series"]
    assert (series["condition"], loaded["condition"]) == ("idle", "2000 frames/s")
    assert loaded["load_per_s"] > 1_900 and loaded["contained"] == 8, (
        "arbitration moves no interval off the truth"
    )
    assert (series["contained"], series["asked"], series["sound"]) == (8, 8, True)
    assert series["enough"] is False, "eight shots are a look"
    assert all(shot["low_ns"] == shot["truth_ns"] == shot["high_ns"] for shot in series["shots"])
    table = CliRunner().invoke(app, ["qualify", "--time", "simulated", "--shots", "8"])
    assert table.exit_code == 0
    assert "8/8" in table.stdout


def test_the_command_refuses_an_unknown_time() -> None:
    result = CliRunner().invoke(app, ["qualify", "--time", "soon"])
    assert isinstance(result.exception, ConfigError)
    assert "'soon'" in str(result.exception)


@pytest.mark.real_time
@pytest.mark.slow
def test_real_shots_contain_the_truth_beside_a_naive_script_that_cannot_be_early() -> None:
    (series,) = qualify_real("udp_multicast", OPTIONS, BITRATE, 20, 3, (0,), port=PORT)
    assert failures(series) == []
    assert series.contained == 20
    for shot in series.shots:
        assert shot.naive_ns is None or shot.naive_ns > shot.truth_ns - 1_000
    assert sum(shot.naive_ns is not None for shot in series.shots) > 10
    apart = [
        abs(shot.reference_ns - shot.truth_ns) / shot.truth_ns for shot in series.shots if shot.reference_ns
    ]
    assert len(apart) == 20 and max(apart) < 0.001, (
        "by both clocks, which a daemon may slew against each other"
    )
    assert "CLOCK_MONOTONIC_RAW" in series.reference


@pytest.mark.real_time
def test_other_traffic_is_on_the_bus_and_counted() -> None:
    (series,) = qualify_real("udp_multicast", OPTIONS, BITRATE, 3, 3, (500,), port=PORT + 1)
    assert series.condition == "500 frames/s"
    assert 400 < series.load_per_s < 600
    assert len(series.shots) == 3


def test_a_ruler_whose_shots_all_come_at_one_phase_of_the_bench_qualifies_nothing() -> None:
    """200 intervals that hold the truth at one instant of the bench's cycle are copies of one."""
    series = qualify_simulated(200, 1)
    assert series.enough and series.spread_p is not None and series.spread_p > 0.001
    at_once = tuple(replace(one, stimulus_ns=one.number * CYCLE_NS + 7) for one in series.shots)
    copies = replace(series, shots=at_once)
    assert copies.sound and copies.bunched and not copies.enough
    assert "bunched phases of the bench's cycle" in bunched_words(copies.spread_p)
    assert bunched_words(series.spread_p) == bunched_words(None) == ""
    assert replace(series, shots=()).spread_p is None


@pytest.mark.parametrize(
    ("midpoint_us", "own_us"), [(99, 1), (100, 0), (130, 0), (140, 0), (141, 1), (400, 260)]
)
def test_the_bench_s_own_error_is_what_lies_outside_the_ruler_s_send_call(
    midpoint_us: int, own_us: int
) -> None:
    """The answer left between 100 and 140 us: nobody knows when, so nothing in between is an error of the bench."""
    middle = midpoint_us * 1_000
    shot = RulerShot(
        number=0, truth_ns=100_000, returned_ns=140_000, naive_ns=middle,
        measured=Interval(low_ns=middle - 150_000, high_ns=middle + 150_000),
    )  # fmt: skip
    assert shot.own_error_ns == shot.naive_own_error_ns == own_us * 1_000
    assert replace(shot, naive_ns=None).naive_own_error_ns is None
    assert replace(shot, returned_ns=0).own_error_ns == abs(middle - 100_000), (
        "a ruler that told no end of its call"
    )


def test_the_second_clock_s_word_on_a_delay_is_kept_beside_the_truth() -> None:
    frames = [*one_shot(0, 2_000_000, 2_000_000), seen(SECOND_NS + 1, reference_frame(0, 2_001_000))]
    shots, errors = ruler_shots([*frames, *one_shot(1, 2_000_000, 2_000_000)], range(2), 0, None, {})
    assert not errors and [one.reference_ns for one in shots] == [2_001_000, None]


@given(
    start_ns=st.integers(0, 10**12),
    delay_ns=st.integers(10**6, 10**9),
    ppm=st.integers(-2_000, 2_000),
    before_ns=st.integers(-(10**6), 10**6),
    after_ns=st.integers(-(10**6), 10**6),
)
def test_a_delay_by_the_second_clock_does_not_depend_on_when_both_were_looked_at(
    start_ns: int, delay_ns: int, ppm: int, before_ns: int, after_ns: int
) -> None:
    def look(host_ns: int) -> ClockPair:
        return ClockPair(host_ns, 77 + host_ns + host_ns * ppm // 10**6, 1)

    told = by_the_second_clock(
        start_ns, look(start_ns + before_ns), start_ns + delay_ns, look(start_ns + delay_ns + after_ns)
    )
    assert abs(told - delay_ns * (1 + ppm / 10**6)) < 2 + 2 * 2_000  # 1 ms from an instant, at 2,000 ppm

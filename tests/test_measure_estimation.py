"""What the DUT says of its charge against what is true, figure by figure, on traces made by hand."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measure.estimate import EstimateFound, EstimateQuestion
from bench.measure.estimation import samples_of, score
from bench.measure.finding.plant import (
    EstimateAbsent,
    EstimateNotConverged,
    EstimateOff,
    EstimatePerhapsConverged,
    EstimateStale,
    EstimateStraddles,
    Figure,
    TruthTooFew,
)
from bench.measure.frames import Frames
from bench.measure.window import Window
from bench.timing.clock import Timebase
from bench.trace.events import CanFrame
from bench.trace.facts import Truth
from bench.trace.timeline import Trace
from bench.verdict.estimates import judge_estimate

S = 1_000_000_000
ASKED = EstimateQuestion(
    name="state of charge",
    truth="soc",
    channel="vehicle",
    message="Pack",
    signal="Soc",
    gain=0.01,
    resolution=0.0005,
    cycle_ns=S // 10,
    after_ns=0,
)
WHOLE = Window(start_ns=0, end_ns=10**15, frames=Frames.of(), late_ns=0, faults=())


class Codec:
    """0.01 % a bit in bytes 0 and 1; 0xFFFF is no value."""

    can_id, extended, length, cycle_ns = 0x110, False, 2, S // 10

    def reader(self, signal: str) -> Any:
        assert signal == "Soc"

        def read(data: bytes) -> float | None:
            raw = int.from_bytes(data, "little")
            return None if raw == 0xFFFF else raw / 100

        return read


DECODERS: Any = {"vehicle": {"Pack": Codec()}}


def trace_of(
    truths: list[tuple[int, float]],
    frames: list[tuple[int, float]],
    *,
    soh: float = 1.0,
    lapsed: dict[int, int] | None = None,
    cells: float = 0.0,
) -> Trace:
    trace = Trace(timebase=Timebase.SIMULATED)
    for t_ns, said in frames:
        trace.frame(t_ns, "vehicle", CanFrame(0x110, round(said * 100).to_bytes(2, "little")), "dut")
        trace.frame(t_ns, "vehicle", CanFrame(0x111, b"\x01\x00"), "dut")
        trace.frame(t_ns, "vehicle", CanFrame(0x110, b"\x02\x00", extended=True), "other")
        trace.frame(t_ns, "sense", CanFrame(0x110, b"\x02\x00"), "afe")
    for t_ns, true in truths:
        fact = Truth(
            soc=true,
            soh=soh,
            current_a=0.0,
            soc_low=true - cells / 2,
            soc_high=true + cells / 2,
            lapsed_ns=(lapsed or {}).get(t_ns),
        )
        trace.mark(t_ns, fact, "plant")
    return trace


def scored(trace: Trace, asked: EstimateQuestion = ASKED, window: Window = WHOLE) -> EstimateFound:
    return score(trace, asked, window, DECODERS)


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 99)), min_size=5, max_size=20
    ),
    st.integers(0, 4),
)
def test_every_figure_is_that_of_numpy(rows: list[tuple[int, int, int]], after_s: int) -> None:
    """A truth each second, and a frame so many milliseconds before it."""
    truths = [((n + 1) * S, true / 10_000) for n, (true, _, _) in enumerate(rows)]
    frames = [((n + 1) * S - age * 1_000_000, said / 100) for n, (_, said, age) in enumerate(rows)]
    trace = trace_of(truths, frames, cells=0.02)
    found = scored(trace, replace(ASKED, after_ns=after_s * S))
    kept = slice(after_s, None)
    true = np.array([one[1] for one in truths])
    error = np.array([0.01 * one[1] for one in frames]) - true
    if len(rows) - after_s < 5:
        assert found.lacking == TruthTooFew(estimate="state of charge", count=len(rows) - after_s, expected=5)
        return
    ages = np.array([one[2] for one in rows]) / 1000
    u = ASKED.resolution + np.abs(np.diff(true, prepend=true[0])) * np.minimum(1, ages)
    assert found.n == len(rows) - after_s
    assert found.rms == pytest.approx(math.sqrt(np.mean(error[kept] ** 2)))
    assert found.max_abs == pytest.approx(np.abs(error[kept]).max())
    worst = round(found.worst_ns / S) - 1
    assert abs(error[worst]) == pytest.approx(found.max_abs) and worst >= after_s
    assert found.bias == pytest.approx(error[kept].mean())
    assert (found.first, found.last) == pytest.approx((error[0], error[-1]))
    assert found.u == pytest.approx(u[kept].max())
    assert found.span_ns == (len(rows) - after_s - 1) * S
    day = (error[-1] - error[after_s]) * 86_400 / (len(rows) - after_s - 1)
    assert found.drift_per_day == pytest.approx(day)
    assert found.spread == pytest.approx(0.02)
    assert (found.inside_ns, found.maybe_ns) == (None, None)


def steady(errors: list[float], **more: Any) -> Trace:
    """At 50 %, one frame with each truth."""
    at = [(n + 1) * S for n in range(len(errors))]
    return trace_of([(t, 0.5) for t in at], [(t, 50 + 100 * error) for t, error in zip(at, errors)], **more)


def test_inside_the_band_for_good_counts_from_the_first_truth_and_u_on_either_side() -> None:
    band = replace(ASKED, band=0.03)
    found = scored(steady([0.05, 0.04, 0.01, 0.04, 0.02, 0.0, 0.0]), band)
    assert (found.inside_ns, found.maybe_ns) == (4 * S, 4 * S), "it left the band once more"
    found = scored(steady([0.05, 0.0303, 0.02, 0.02, 0.02]), band)
    assert (found.inside_ns, found.maybe_ns) == (2 * S, 1 * S), "3.03 % good to 0.05 % is perhaps inside"
    found = scored(steady([0.05, 0.0297, 0.02, 0.02, 0.02]), band)
    assert (found.inside_ns, found.maybe_ns) == (2 * S, 1 * S)
    found = scored(steady([0.0] * 5), band)
    assert (found.inside_ns, found.maybe_ns) == (0, 0)
    found = scored(steady([0.0] * 4 + [0.05]), band)
    assert (found.inside_ns, found.maybe_ns) == (None, None)


def test_health_is_compared_with_health_and_days_that_lapse_are_days() -> None:
    asked = replace(ASKED, truth="soh")
    assert scored(steady([0.3] * 5, soh=0.8), asked).max_abs == pytest.approx(0.0, abs=1e-12)
    day_ns = 86_400 * S
    lapsed = {n * S: 2 * day_ns for n in (3, 4, 5)}
    at = [(n, 0.5 if n < 3 * S else 0.4) for n in (S, 2 * S, 3 * S, 4 * S, 5 * S)]
    trace = trace_of(at, [(t - S // 20, 50.0) for t, _ in at], lapsed=lapsed)
    found = scored(trace)
    assert found.span_ns == 4 * S + 2 * day_ns
    assert found.drift_per_day == pytest.approx(0.1 * day_ns / (4 * S + 2 * day_ns))
    assert found.u == pytest.approx(ASKED.resolution), (
        "what moved in days that nobody saw is no age of a frame"
    )


def test_a_frame_too_old_or_without_a_value_is_told_and_nothing_is_scored() -> None:
    at = [(n * S, 0.5) for n in range(1, 7)]
    late = trace_of(at, [(t - 3 * S // 10, 50.0) for t, _ in at])
    assert scored(late).problem is None, "three cycles"
    older = trace_of(at, [(t - 3 * S // 10 - 1, 50.0) for t, _ in at])
    stale = EstimateStale(estimate="state of charge", message="Pack", age_ns=3 * S // 10 + 1)
    assert scored(older) == EstimateFound(question=ASKED, problem=stale)
    never = EstimateStale(estimate="state of charge", message="Pack", age_ns=S)
    assert scored(trace_of(at, [])).problem == never
    absent = EstimateAbsent(estimate="state of charge", message="Pack", signal="Soc")
    assert scored(trace_of(at, [(t, 655.35) for t, _ in at])).problem == absent


def test_only_truths_inside_the_window_count_and_frames_in_order_of_their_stamps() -> None:
    trace = steady([0.5, 0.01, 0.02, 0.03, 0.02, 0.01, 0.5])
    window = replace(WHOLE, start_ns=2 * S, end_ns=6 * S)
    found = scored(trace, window=window)
    assert (found.n, found.max_abs) == (5, pytest.approx(0.03))
    trace.frames = trace.frames[::-1]
    assert scored(trace, window=window) == found
    samples, problem = samples_of(trace, ASKED, window, DECODERS)
    assert problem is None and [one.t_ns for one in samples] == [n * S for n in range(2, 7)]


def judged(limits: dict[str, Any], **figures: Any) -> tuple[list[Any], list[Any]]:
    fails: list[Any] = []
    questions: list[Any] = []
    judge_estimate(EstimateFound(question=replace(ASKED, **limits), n=9, **figures), fails, questions)
    return fails, questions


NAME = "state of charge"


@pytest.mark.parametrize(
    ("limit", "figure", "which"),
    [("rms", "rms", Figure.RMS), ("max", "max_abs", Figure.LARGEST)],
)
def test_a_figure_is_held_against_its_limit_with_its_u(limit: str, figure: str, which: Figure) -> None:
    def at(value: float) -> tuple[list[Any], list[Any]]:
        return judged({limit: 0.25}, u=0.125, **{figure: value})

    assert at(0.125) == ([], [])
    open_ = EstimateStraddles(estimate=NAME, figure=which, value=0.25, u=0.125, limit=0.25)
    assert at(0.25) == ([], [open_])
    assert at(0.375) == ([], [replace(open_, value=0.375)]), "exactly at the limit with its u"
    off = EstimateOff(estimate=NAME, figure=which, value=0.5, u=0.125, limit=0.25)
    assert at(0.5) == ([off], [])


def test_a_drift_has_the_u_of_both_its_ends() -> None:
    day_ns = 86_400 * S
    assert judged({"drift_per_day": 0.5}, drift_per_day=-0.25, u=0.125, span_ns=day_ns) == ([], [])
    fails, (open_,) = judged({"drift_per_day": 0.5}, drift_per_day=-0.375, u=0.125, span_ns=day_ns)
    assert not fails
    assert open_ == EstimateStraddles(estimate=NAME, figure=Figure.DRIFT, value=0.375, u=0.25, limit=0.5)
    (off,), questions = judged({"drift_per_day": 0.5}, drift_per_day=-0.875, u=0.125, span_ns=2 * day_ns)
    assert not questions
    assert off == EstimateOff(estimate=NAME, figure=Figure.DRIFT, value=0.875, u=0.125, limit=0.5)


def test_convergence_is_certain_open_or_failed() -> None:
    def after(inside_ns: int | None, maybe_ns: int | None) -> tuple[list[Any], list[Any]]:
        limits = {"band": 0.03, "converge_ns": 100}
        return judged(limits, inside_ns=inside_ns, maybe_ns=maybe_ns, u=0.001, first=0.1, last=0.02)

    assert after(100, 90) == ([], [])
    perhaps = EstimatePerhapsConverged(estimate=NAME, band=0.03, within_ns=100, u=0.001, first=0.1, last=0.02)
    assert after(101, 100) == ([], [perhaps])
    assert after(None, 100) == ([], [perhaps])
    late = EstimateNotConverged(estimate=NAME, band=0.03, within_ns=100, took_ns=101, first=0.1, last=0.02)
    assert after(120, 101) == ([late], [])
    assert after(None, None) == ([replace(late, took_ns=None)], [])
    assert judged({"band": 0.03}) == ([], []), "a band without a time is only told"

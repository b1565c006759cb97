"""The fuse against points of its sheets, with the 10 % in current that such curves are given with."""

import math

import pytest

from bench.plant.fuse import CURVE, Fuse

RATED_A = 300.0
# Multiple of the rating, and pre-arcing time in s: fuses for semiconductors of the 350 A class.
POINTS = [(2.1, 10.0), (2.9, 1.0), (4.0, 0.1), (6.3, 0.01)]


def melted_after_s(current_a: float, dt_s: float, at_most_s: float) -> float:
    fuse = Fuse(rated_a=RATED_A)
    passed_s = 0.0
    while not fuse.blown and passed_s < at_most_s:
        fuse.advance(dt_s, current_a)
        passed_s += dt_s
    return passed_s if fuse.blown else math.inf


@pytest.mark.parametrize(("share", "time_s"), POINTS)
def test_it_melts_within_ten_percent_of_the_current_at_the_points_of_its_curve(
    share: float, time_s: float
) -> None:
    dt_s = time_s / 500
    assert melted_after_s(0.9 * share * RATED_A, dt_s, 1.05 * time_s) == math.inf
    assert melted_after_s(1.1 * share * RATED_A, dt_s, time_s) <= time_s
    assert melted_after_s(share * RATED_A, dt_s, 2 * time_s) == pytest.approx(time_s, rel=0.02)


@pytest.mark.parametrize("share", [20.0, 30.0, 60.0])
def test_a_dead_short_melts_it_with_no_more_than_the_sheets_square_of_current_by_time(share: float) -> None:
    time_s = melted_after_s(share * RATED_A, 1e-6, 0.1)
    per_rating_s = time_s * share**2
    assert 0.5 * 280 / 50**2 < per_rating_s < 280 / 50**2


def test_it_carries_its_rating_and_opens_at_twice_of_it() -> None:
    assert melted_after_s(RATED_A, 1.0, 4 * 3600.0) == math.inf
    assert melted_after_s(-2.0 * RATED_A, 0.1, 120.0) < 120.0


def test_overloads_add_up_and_a_pause_lets_it_cool() -> None:
    fuse = Fuse(rated_a=RATED_A)
    for _ in range(2):
        fuse.advance(0.06, 4.0 * RATED_A)  # 60 % of what melts it, each
    assert fuse.blown
    fuse.replace()
    fuse.advance(0.06, 4.0 * RATED_A)
    for _ in range(300):
        fuse.advance(1.0, 0.5 * RATED_A)
    fuse.advance(0.06, 4.0 * RATED_A)
    assert not fuse.blown


def test_every_point_of_the_curve_names_its_source() -> None:
    assert all(time.source and time.confidence for _, time in CURVE)
    shares = [share for share, _ in CURVE]
    times = [time.value for _, time in CURVE]
    assert shares == sorted(shares) and times == sorted(times, reverse=True)

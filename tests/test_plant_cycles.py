"""Drive cycles, recorded samples and the car between them: road load by hand, currents by column, mistakes by line."""

import math
from pathlib import Path

import pytest

from bench.errors import ConfigError
from bench.plant.drive_cycle import COLUMNS, cycle_names, find_cycle, read_cycle
from bench.plant.load_trace import LoadTrace
from bench.plant.samples import mistakes_of
from bench.plant.vehicle import Vehicle

# The car of its docstring: curb and cargo, Cd A, rolling, drivetrain times motor, auxiliaries.
MASS_KG, ROTATING, DRAG_M2, ROLLING, DRIVE, AUX_W = 1436.0, 1.04, 0.33 * 2.357, 0.007, 0.98 * 0.86, 250.0


def wheel_w(speed_m_s: float, acceleration_m_s2: float) -> float:
    """Newton's second law on the level, with air of 1.2 kg/m3."""
    inertia_n = MASS_KG * ROTATING * acceleration_m_s2
    return (inertia_n + 0.6 * DRAG_M2 * speed_m_s**2 + MASS_KG * 9.81 * ROLLING) * speed_m_s


@pytest.mark.parametrize("speed_m_s", [0.5, 1.0, 10.0, 30.0])
@pytest.mark.parametrize("acceleration_m_s2", [0.0, 0.4, 1.5])
def test_driving_takes_the_wheels_power_over_the_drives_efficiency_and_the_auxiliaries(
    speed_m_s: float, acceleration_m_s2: float
) -> None:
    due_w = wheel_w(speed_m_s, acceleration_m_s2) / DRIVE + AUX_W
    assert Vehicle().battery_power_w(speed_m_s, acceleration_m_s2) == pytest.approx(due_w, rel=1e-12)


@pytest.mark.parametrize(("speed_m_s", "share"), [(2.0, 0.0), (10 / 3.6, 0.0), (2.8, 0.6), (25.0, 0.6)])
def test_braking_gives_six_tenths_back_above_ten_km_h_and_nothing_below(
    speed_m_s: float, share: float
) -> None:
    due_w = wheel_w(speed_m_s, -2.0) * share * DRIVE + AUX_W
    assert Vehicle().battery_power_w(speed_m_s, -2.0) == pytest.approx(due_w, rel=1e-12)


def test_a_car_that_stands_takes_its_auxiliaries_only() -> None:
    assert Vehicle().battery_power_w(0.0, 1.0) == AUX_W
    assert Vehicle().battery_power_w(0.0, -1.0) == AUX_W


def test_between_two_samples_the_car_has_their_mean_speed_and_their_slope() -> None:
    found = Vehicle().powers_w([0.0, 2.0, 3.0], [10.0, 14.0, 14.0])
    assert found == pytest.approx([wheel_w(12.0, 2.0) / DRIVE + AUX_W, wheel_w(14.0, 0.0) / DRIVE + AUX_W])


def test_a_pack_of_another_capacity_sees_the_same_c_rate() -> None:
    assert Vehicle().current_a(35_700.0, 50.0) == pytest.approx(100.0)
    assert Vehicle().current_a(35_700.0, 25.0) == pytest.approx(50.0)
    assert Vehicle(pack_capacity_ah=100.0).current_a(35_700.0, 50.0) == pytest.approx(50.0)


# -- files ------------------------------------------------------------------------------------------------------------


def written(folder: Path, text: str, name: str = "my.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_cycle_has_the_first_comment_as_its_source_and_holds_its_samples(tmp_path: Path) -> None:
    path = written(
        tmp_path, "\n# # of a test bench \n# second\n time_s , current_a\n\n1,5\n# in between\n2,-7\n3.5,0\n"
    )
    cycle = read_cycle(path)
    assert (cycle.path, cycle.source, cycle.column) == (path, "of a test bench", "current_a")
    assert (cycle.times_s, cycle.values) == ((1.0, 2.0, 3.5), (5.0, -7.0, 0.0))
    assert read_cycle(written(tmp_path, "time_s,c_rate\n0,1\n1,2\n")).source == ""


@pytest.mark.parametrize(
    ("column", "values", "current_a"),
    [
        ("current_a", (5.0, -7.0, 9.0), (5.0, -7.0)),
        ("c_rate", (1.0, -0.5, 9.0), (80.0, -40.0)),
        ("power_kw", (35.7, -71.4, 9.0), (160.0, -320.0)),
    ],
)
def test_a_sample_holds_until_the_next_and_the_last_ends_it(
    tmp_path: Path, column: str, values: tuple[float, ...], current_a: tuple[float, ...]
) -> None:
    rows = "".join(f"{1.0 + 0.5 * k},{value}\n" for k, value in enumerate(values))
    trace = read_cycle(written(tmp_path, f"time_s,{column}\n{rows}")).load(80.0)
    assert trace.times_ns == (0, 500_000_000, 1_000_000_000)
    assert trace.current_a == pytest.approx(current_a)
    assert trace.speed_kmh == ()


@pytest.mark.parametrize(
    ("column", "factor"), [("speed_m_s", 1.0), ("speed_kmh", 1 / 3.6), ("speed_mph", 1609.344 / 3600)]
)
def test_speeds_become_the_power_of_the_car_over_the_packs_voltage(
    tmp_path: Path, column: str, factor: float
) -> None:
    trace = read_cycle(written(tmp_path, f"time_s,{column}\n0,36\n1,36\n2,40\n")).load(50.0)
    speeds = [36.0 * factor, 36.0 * factor, 40.0 * factor]
    due_a = [
        (wheel_w((v0 + v1) / 2, v1 - v0) / DRIVE + AUX_W) / 357.0
        for v0, v1 in ((speeds[0], speeds[1]), (speeds[1], speeds[2]))
    ]
    assert trace.current_a == pytest.approx(due_a, rel=1e-9)
    assert trace.speed_kmh == pytest.approx([3.6 * one for one in speeds[:2]])
    light = read_cycle(tmp_path / "my.csv").load(50.0, Vehicle(mass_kg=700.0))
    assert light.current_a[1] < trace.current_a[1]


def test_the_cycles_of_the_house_are_found_by_name_and_others_beside(tmp_path: Path) -> None:
    assert cycle_names() == ("fast_charge", "udds", "us06", "wltc_3b")
    assert find_cycle("udds", tmp_path).name == "udds.csv"
    assert find_cycle("my.csv", written(tmp_path, "x").parent) == tmp_path / "my.csv"
    with pytest.raises(ValueError) as told:
        find_cycle("us60", tmp_path)
    assert str(told.value) == (
        "found 'us60'; expected one of fast_charge, udds, us06, wltc_3b, or a CSV file seen from "
        f"{tmp_path}; did you mean 'us06'?"
    )


_EITHER = "time_s and one of speed_mph, speed_kmh, speed_m_s, power_kw, c_rate, current_a"
_MEANT = "; did you mean 'current_a'?"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# only\n", f": found no line but comments; expected {_EITHER}"),
        ("\n# c\ntime_s,amps,x\n", f" [line 3]: found columns 'time_s,amps,x'; expected {_EITHER}"),
        ("time,current_a\n", f" [line 1]: found columns 'time,current_a'; expected {_EITHER}{_MEANT}"),
        ("time_s,curent_a\n", f"[line 1]: found columns 'time_s,curent_a'; expected {_EITHER}{_MEANT}"),
        ("time_s,c_rate\n0,1,2\n", " [line 2]: found 3 values; expected 2, as the header has columns"),
        ("time_s,c_rate\n#\n0,x\n", " [line 3]: found '0,x'; expected two numbers"),
        ("time_s,c_rate\n1_0,1\n", " [line 2]: found '1_0,1'; expected two numbers"),
        ('time_s,c_rate\n"0,1\n', " [line 2]: found unexpected end of data; expected one row of CSV"),
        ("time_s,c_rate\n0,1\n", " [line 2]: found 1 samples of c_rate; expected at least 2"),
        ("time_s,c_rate\n", " [line 1]: found 0 samples of c_rate; expected at least 2"),
        ("time_s,c_rate\n0,1\n#\n1,inf\n", " [line 4]: found c_rate inf at 1 s; expected a finite number"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_one_line_with_file_line_found_and_expected(
    tmp_path: Path, text: str, told: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        read_cycle(path)
    assert str(raised.value).startswith(str(path)) and str(raised.value).endswith(told)
    assert len(str(raised.value).splitlines()) == 1
    assert COLUMNS[-1] == "current_a"


# -- samples ----------------------------------------------------------------------------------------------------------


def wrong(times_s: list[float], values: list[float] | None = None, **asked: float) -> list[str]:
    values = [0.0] * len(times_s) if values is None else values
    return mistakes_of(times_s, values, lambda k: f"row {k}", "current", **asked)


def test_samples_that_a_load_may_follow_are_said_to_have_no_mistake() -> None:
    assert wrong([0.0, 1.0]) == []
    assert wrong([0.0, 1.0, 2.5, 3.5]) == [], "one and a half of the usual step is no gap"
    assert wrong([0.0, 1.0, 9.0], longest_gap_s=8.0) == []


def test_each_mistake_of_samples_is_told_where_it_is() -> None:
    assert wrong([]) == ["row 0: found 0 samples of current; expected at least 2"]
    assert wrong([0.0]) == ["row 0: found 1 samples of current; expected at least 2"]
    assert wrong([0.0, math.inf]) == ["row 1: found time inf; expected a finite number of seconds"]
    assert wrong([0.0, 1.0], [1.0, math.nan]) == ["row 1: found current nan at 1 s; expected a finite number"]
    assert wrong([0.0, 1.0, 1.0]) == ["row 2: found time 1 s after 1 s; expected times that advance"]
    assert wrong([0.0, 2.0, 1.5, 3.0]) == ["row 2: found time 1.5 s after 2 s; expected times that advance"]
    assert wrong([0.0, 1.0, 2.0, 3.501]) == [
        "row 3: found a gap of 1.501 s in current after 2 s; expected steps of at most 1.5 s (most are 1 s)"
    ]
    assert wrong([0.0, 1.0, 9.0], longest_gap_s=7.0) == [
        "row 2: found a gap of 8 s in current after 1 s; expected steps of at most 7 s (most are 4.5 s)"
    ]


# -- traces -----------------------------------------------------------------------------------------------------------

HOUR_NS = 3600 * 10**9
TRACE = LoadTrace(times_ns=(5, 5 + HOUR_NS, 5 + 3 * HOUR_NS), current_a=(10.0, -2.0), speed_kmh=(30.0, 0.0))


def test_a_traces_charge_is_current_times_time() -> None:
    assert TRACE.lasts_ns == 3 * HOUR_NS
    assert TRACE.charge_ah == pytest.approx(10.0 * 1.0 - 2.0 * 2.0)
    assert TRACE.scaled(-0.5).current_a == (-5.0, 1.0)
    assert TRACE.scaled(-0.5).times_ns == TRACE.times_ns


def test_a_trace_held_within_bounds_says_for_how_long_it_was() -> None:
    assert TRACE.within(-2.0, 10.0) == (TRACE, 0)
    held, cut_ns = TRACE.within(-1.0, 20.0)
    assert (held.current_a, cut_ns) == ((10.0, -1.0), 2 * HOUR_NS)
    held, cut_ns = TRACE.within(-3.0, 9.0)
    assert (held.current_a, cut_ns, held.speed_kmh) == ((9.0, -2.0), HOUR_NS, (30.0, 0.0))


def test_a_part_of_a_trace_begins_at_nothing_and_holds_what_touches_it() -> None:
    trace = LoadTrace(times_ns=(0, 10, 30, 40), current_a=(1.0, 2.0, 3.0))
    inner = trace.part(10, 30)
    assert (inner.times_ns, inner.current_a, inner.speed_kmh) == ((0, 20), (2.0,), ())
    wider = trace.part(9, 31)
    assert (wider.times_ns, wider.current_a) == ((0, 1, 21, 22), (1.0, 2.0, 3.0))
    assert trace.part(0, 99).times_ns == (0, 10, 30, 40)
    shown = LoadTrace(times_ns=(0, 10, 30), current_a=(1.0, 2.0), speed_kmh=(7.0, 8.0)).part(12, 20)
    assert (shown.times_ns, shown.current_a, shown.speed_kmh) == ((0, 8), (2.0,), (8.0,))


def test_a_repeated_trace_goes_on_where_it_ended() -> None:
    twice = LoadTrace(times_ns=(0, 10, 30), current_a=(1.0, 2.0), speed_kmh=(3.0, 4.0)).repeated(3)
    assert twice.times_ns == (0, 10, 30, 40, 60, 70, 90)
    assert twice.current_a == (1.0, 2.0) * 3 and twice.speed_kmh == (3.0, 4.0) * 3


def test_a_folder_is_no_cycle(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found a folder; expected CSV text, a plain file"):
        read_cycle(tmp_path)

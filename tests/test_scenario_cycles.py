"""Drive cycles and charging: the schedules are the regulations', the load fits the pack, and a wrong file is told."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from trip_scenario import write_trip

from bench.errors import ConfigError, ScenarioError
from bench.plant.drive_cycle import cycle_names, find_cycle, read_cycle
from bench.plant.load_trace import LoadTrace
from bench.plant.vehicle import Vehicle
from bench.rig.capabilities import Sensors
from bench.running.load import load_rig, load_scenarios, select_scenarios
from bench.running.shots import shoot
from bench.scenario.model import Follow
from bench.scenario.prepare import Prepared
from bench.trace.facts import StimulusConfirmed
from bench.units import NS_PER_S
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
CHEMISTRIES = ("nmc", "lfp", "na_ion", "na_nfm", "zn_chitosan")


@pytest.fixture
def trip(tmp_path: Path) -> Callable[..., Path]:
    """Writes a scenario that drives a cycle, and a CSV beside it where one is given."""

    def write(cycle: str, csv: str | None = None, more: str = "") -> Path:
        folder = tmp_path / "scenarios"
        folder.mkdir(exist_ok=True)
        if csv is not None:
            (folder / cycle).write_text(csv)
        return write_trip(folder, f'do = "cycle"\ncycle = "{cycle}"\n{more}', "5 s")

    return write


@pytest.mark.parametrize(
    ("name", "seconds", "km", "top_kmh"),
    [("us06", 600, 12.89, 129.2), ("udds", 1369, 11.99, 91.2), ("wltc_3b", 1800, 23.266, 131.3)],
)
def test_the_schedules_are_those_of_the_regulations(
    name: str, seconds: int, km: float, top_kmh: float
) -> None:
    """Duration, distance (speed held for a second) and top speed, as EPA and UNECE publish them."""
    cycle = read_cycle(find_cycle(name, ROOT))
    kmh = 1.609344 if cycle.column == "speed_mph" else 1.0
    assert cycle.times_s == tuple(map(float, range(seconds + 1)))
    assert sum(cycle.values) * kmh / 3600 == pytest.approx(km, abs=0.01)
    assert max(cycle.values) * kmh == pytest.approx(top_kmh, abs=0.1)


def test_the_car_uses_as_much_as_small_electric_cars_do() -> None:
    """Fuel economy labels of such cars: 16 to 20 kWh per 100 miles in the city test, at the plug; less at the pack."""
    trace = read_cycle(find_cycle("udds", ROOT)).load(capacity_ah=50.0)
    kwh_per_100_miles = trace.charge_ah * Vehicle().pack_voltage_v / 1000 / 7.45 * 100
    assert 14 < kwh_per_100_miles < 22
    assert min(trace.current_a) < -20  # it recuperates


def test_a_trace_is_cut_repeated_and_held_without_losing_a_sample() -> None:
    trace = LoadTrace(times_ns=(0, 10, 30, 40), current_a=(1.0, 200.0, -90.0), speed_kmh=(0.0, 5.0, 6.0))
    part = trace.part(5, 35)
    assert (part.times_ns, part.current_a, part.speed_kmh) == (
        (0, 5, 25, 30),
        (1.0, 200.0, -90.0),
        (0.0, 5.0, 6.0),
    )
    assert part.repeated(2).times_ns == (0, 5, 25, 30, 35, 55, 60)
    held, cut_ns = trace.within(-50.0, 120.0)
    assert (held.current_a, cut_ns) == ((1.0, 120.0, -50.0), 30)


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_every_cycle_stays_within_what_the_pack_bears(chemistry: str) -> None:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", chemistry)
    prepared, _ = load_scenarios(wired, [ROOT / "scenarios" / "cycles"], None, long=True)
    limits = wired.thresholds()
    follows = [step for one in prepared for step in one.steps if isinstance(step, Follow)]
    recorded = {"recorded_trip.csv PackCurrent_mA"}
    assert {step.name for step in follows} == set(cycle_names()) | recorded
    for step in follows:
        assert max(step.trace.current_a) <= limits["oc_continuous"]
        assert min(step.trace.current_a) >= -0.6 * limits["oc_charge"]


@pytest.mark.parametrize("chemistry", ["nmc", "zn_chitosan"])
def test_a_good_bms_stays_quiet_on_the_road(chemistry: str, trip: Callable[..., Path]) -> None:
    """The plant carries what the cycle asks for, and the car says how fast it is."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", chemistry)
    (one,) = load_scenarios(wired, [trip("us06", more='from = "40 s"\nuntil = "52 s"')], None)[0]
    seen: list[float] = []
    speeds: set[float] = set()

    def watch(rig: object, *_: object) -> None:
        shown = rig.provided.give(Sensors)  # type: ignore[attr-defined]

        def look() -> None:
            speeds.add(shown.read("vehicle_speed") or 0.0)

        rig.clock.every(NS_PER_S, 5, look, first_ns=0)  # type: ignore[attr-defined]
        rig.trace.on_mark(
            lambda m: seen.append(m.fact.readback) if isinstance(m.fact, StimulusConfirmed) else None
        )  # type: ignore[attr-defined]

    result = shoot(wired, one, 0, 1, 1, None, watch)
    assert result.judgement.verdict is Verdict.PASS
    assert seen == [True]
    assert len(speeds) > 3


@pytest.mark.slow
def test_the_long_lane_is_left_out_unless_it_is_asked_for(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    assert "us06-city" in prepared
    assert "drive-wltc" not in prepared
    assert "drive-wltc" in {one.scenario.id for one in load_scenarios(wired, None, None, long=True)[0]}
    assert [one.scenario.id for one in load_scenarios(wired, None, "drive-wltc")[0]] == ["drive-wltc"]


def test_a_folder_does_not_ask_for_the_long_lane_but_a_named_file_does(wired: Wired, tmp_path: Path) -> None:
    folder = ROOT / "scenarios" / "cycles"
    selected = select_scenarios(wired, [folder], None)
    assert "us06-city" in {one.scenario.id for one in selected.prepared}
    assert {one.scenario.lane for one in selected.prepared} == {"short"}
    assert "drive-wltc" in selected.left_out
    whole = select_scenarios(wired, [folder], None, long=True)
    assert "drive-wltc" in {one.scenario.id for one in whole.prepared} and not whole.left_out
    named = select_scenarios(wired, [folder, folder / "drive_wltc.toml"], None)
    assert {one.scenario.id for one in named.prepared if one.scenario.lane == "long"} == {"drive-wltc"}
    shutil.copy(folder / "drive_wltc.toml", tmp_path)
    with pytest.raises(ScenarioError, match="long lane only; expected --long, or a file"):
        select_scenarios(wired, [tmp_path], None)


GOOD = "time_s,current_a\n0,1\n1,2\n2,3\n3,0\n"
WRONG = {
    "unknown name": ("us60", None, "", "a_trip.toml:11", "did you mean 'us06'"),
    "not a number": ("my.csv", GOOD.replace("2,3", "2,x"), "", "my.csv [line 4]", "found '2,x'"),
    "NaN": ("my.csv", GOOD.replace("2,3", "2,nan"), "", "my.csv [line 4]", "found current_a nan at 2 s"),
    "time goes back": (
        "my.csv",
        GOOD.replace("2,3", "0.5,3"),
        "",
        "my.csv [line 4]",
        "found time 0.5 s after 1 s",
    ),
    "gap": (
        "my.csv",
        GOOD.replace("3,0", "9,0"),
        "",
        "my.csv [line 5]",
        "found a gap of 7 s in current_a after 2 s",
    ),
    "column": (
        "my.csv",
        GOOD.replace("current_a", "curent_a"),
        "",
        "my.csv [line 1]",
        "did you mean 'current_a'",
    ),
    "short row": ("my.csv", GOOD.replace("2,3", "2"), "", "my.csv [line 4]", "found 1 values"),
    "empty": ("my.csv", "# nothing\n", "", "my.csv", "no line but comments"),
    "one sample": ("my.csv", "time_s,c_rate\n0,1\n", "", "my.csv", "found 1 samples"),
    "part": (
        "us06",
        None,
        'until = "11 min"',
        "[step[1].until]",
        "found 0 ns to 660.00 s of a cycle of 600.00 s",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_cycle_is_one_clear_line(case: str, wired: Wired, trip: Callable[..., Path]) -> None:
    cycle, csv, more, place, told = WRONG[case]
    with pytest.raises((ScenarioError, ConfigError)) as wrong:
        load_scenarios(wired, [trip(cycle, csv, more)], None)
    (line,) = str(wrong.value).splitlines()
    assert place in line
    assert told in line
    assert "expected" in line

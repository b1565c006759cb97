"""What a resistor at a pole and a climate chamber promise, over each kind of line, and what a bench does with them."""

import random
import shutil
from pathlib import Path

import pytest
from instrument_lanes import Desk, Kind, on_desk
from small_bench import ROOT, hil_here, run_folders, small_bench

from bench.config.options import Options
from bench.errors import InstrumentError
from bench.instruments.meatest_decade.driver import MeatestDecade
from bench.instruments.meatest_decade.sim import MeatestDecadeSim
from bench.instruments.played_lines import attach_lines
from bench.instruments.weiss_simserv.driver import WeissSimserv
from bench.instruments.weiss_simserv.kind import KIND as CHAMBER
from bench.record.folder import open_run, read_shot
from bench.rig import capabilities as cap
from bench.running.load import load_rig
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace import facts
from bench.units import NS_PER_S
from bench.wiring.simulated import build_simulated


def _decade(device: object, clock: object, _: object) -> MeatestDecadeSim:
    sim = MeatestDecadeSim()
    attach_lines(sim, device, clock)  # type: ignore[arg-type]
    return sim


DECADE = Kind(driver=MeatestDecade, play=_decade)
DOOR = Options({"door_input": 3})
SIMSERV = Kind(
    driver=lambda link, clock: WeissSimserv(link, clock, door_input=3),
    play=lambda device, clock, _: CHAMBER.play(device, clock, DOOR),
)
every_lane = pytest.mark.parametrize("lane", ["simulated", "pty", "tcp"])


@every_lane
def test_a_resistor_is_connected_read_back_and_taken_away(lane: str) -> None:
    async def check(desk: Desk) -> None:
        box, sim = desk.driver, desk.sim
        assert "MEATEST" in await box.identify()
        seen = await box.connect(35_000.0)
        assert (sim.on, sim.ohm) == (True, 35_000.0)
        assert seen.low_ns < seen.high_ns and seen.note == "35000 ohm"
        await box.safe()
        assert not sim.on

    on_desk(DECADE, lane, check)


def test_a_resistor_that_cannot_or_does_not_is_told() -> None:
    async def check(desk: Desk) -> None:
        await desk.driver.connect(50_000.0)
        with pytest.raises(InstrumentError, match=r"-222.*the instrument refused"):
            await desk.driver.connect(10.0)
        assert not desk.sim.on, "the old value is gone before a new one is asked for"
        desk.sim.stuck = True
        with pytest.raises(InstrumentError, match="its terminals did not switch"):
            await desk.driver.connect(50_000.0)
        desk.tear()
        with pytest.raises(InstrumentError):
            await desk.driver.safe()

    on_desk(DECADE, "simulated", check)


@every_lane
def test_a_chamber_takes_set_point_and_gradient_and_stops(lane: str) -> None:
    async def check(desk: Desk) -> None:
        chamber, sim = desk.driver, desk.sim
        assert "VT 4002" in await chamber.identify()
        assert await chamber.run_to(60.0, 0.5) == pytest.approx(25.0, abs=0.1)
        assert (sim.running, sim.set_c) == (True, 60.0)
        if lane == "simulated":  # 0.5 K/s
            await desk.clock.sleep_until(desk.clock.now_ns() + 20 * NS_PER_S)
            assert await chamber.temperature_c() == pytest.approx(35.0, abs=0.2)
        await chamber.safe()
        assert not sim.running

    on_desk(SIMSERV, lane, check)


def test_a_chamber_that_refuses_is_open_or_does_not_stop_is_told() -> None:
    async def check(desk: Desk) -> None:
        with pytest.raises(InstrumentError, match="refused the command"):
            await desk.driver.run_to(400.0, 0.1)
        desk.sim.door_open = True
        assert await desk.driver.door_open()
        with pytest.raises(InstrumentError, match="its door is open"):
            await desk.driver.run_to(60.0, 0.1)
        assert not desk.sim.running
        desk.sim.door_open = False
        await desk.driver.run_to(60.0, 0.1)
        desk.sim.stuck = True
        with pytest.raises(InstrumentError, match="it did not switch"):
            await desk.driver.safe()

    on_desk(SIMSERV, "simulated", check)


# --- on a bench -----------------------------------------------------------------------------------------------


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(small_bench(tmp_path))
    (tmp_path / "scenarios" / "isolation").mkdir()
    shutil.copy(ROOT / "scenarios/isolation/insulation_loss_plus_pole.toml", tmp_path / "scenarios/isolation")
    return tmp_path


def _with_box(folder: Path, pole: str) -> None:
    file = folder / "hil_config.toml"
    file.write_text(f'{file.read_text()}\n[instrument.leak]\nkind = "meatest_decade"\npole = "{pole}"\n')


def test_a_bench_with_a_resistor_sets_the_leak_there_and_reads_it_back(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_box(bench, "plus")
    assert hil_here("run", "-k", "insulation-loss-plus-pole", "--repeat", "1", "--workers", "1") == 0
    capsys.readouterr()
    (run,) = run_folders(bench)
    shot = next(one for one in open_run(run).shots() if "--" not in str(one))
    marks = list(read_shot(shot)[0].of(facts.StimulusConfirmed))
    assert marks and all(mark.fact.value.startswith("plus ") for mark in marks)
    assert all((mark.fact.low_ns or 0) < (mark.fact.high_ns or 0) for mark in marks), "it takes its time"


def test_a_leak_at_a_pole_without_a_resistor_is_an_error(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_box(bench, "minus")
    assert hil_here("run", "-k", "insulation-loss-plus-pole", "--repeat", "1", "--workers", "1") == 3
    assert "found no resistor at plus" in " ".join(capsys.readouterr().out.split())


def test_a_bench_with_a_chamber_sets_it_and_stops_it(bench: Path) -> None:
    file = bench / "hil_config.toml"
    file.write_text(f'{file.read_text()}\n[instrument.chamber]\nkind = "weiss_simserv"\n')
    wired = load_rig(file, None, None, None, None)

    async def main(clock: SimulatedClock) -> None:
        rig = build_simulated(wired, clock, None, random.Random(1))
        await rig.energise()
        try:
            chamber = rig.provided.give(cap.Chamber)
            seen = await chamber.climb(60.0, 0.5)
            assert seen.readback == "set to 60 degC, 25 degC in the chamber"
            assert seen.low_ns < seen.high_ns
            await clock.sleep_until(clock.now_ns() + 10 * NS_PER_S)
            assert await chamber.chamber.temperature_c() == pytest.approx(30.0, abs=0.3)
            assert rig.plant.pack.ambient_c == pytest.approx(30.0, abs=1.0), "the plant follows"
            await chamber.back_to_room()
        finally:
            await rig.safe()

    run_simulated(main)

"""A relay across a real contactor: named in the bench file, told by `hil list faults`, read back in a shot."""

import json
import random
from pathlib import Path

import pytest
from small_bench import hil_here, small_bench

from bench import Bench, Verdict
from bench.config.bench_file import load_bench
from bench.config.instrument_kinds import RELAYS
from bench.config.options import Options
from bench.errors import ConfigError, InstrumentError
from bench.instruments.numato_relay.kind import KIND
from bench.links.simulated_serial import SimulatedSerial
from bench.record.shot import marks_of
from bench.rig.providers.bridged_contactors import Bridge, BridgedContactors
from bench.rig.providers.plant_contactors import PlantContactors
from bench.rig.providers.rig_timers import RigTimers
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.facts import SafeStateReached, StimulusCleared, StimulusConfirmed
from bench.wiring.common import build_pack

WELD = "weld-plus-at-opening"


def bench_with(folder: Path, *keys: str, more: str = "") -> Path:
    file = small_bench(folder) / "hil_config.toml"
    card = '\n[instrument.bridges]\nkind = "numato_relay"\nport = "virtual"\n'
    file.write_text(file.read_text() + card + "\n".join(keys) + "\n" + more)
    return file


@pytest.fixture(scope="module")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bench_with(tmp_path_factory.mktemp("bridged"), "across_plus = 3", "across_minus = 4")


def test_a_weld_runs_on_it_and_its_readback_names_card_and_relay(bridged: Path) -> None:
    run = Bench.open(bridged).run(WELD, repeat=1, workers=1)
    assert run.verdict is Verdict.PASS
    shot = run.folder / "scenarios" / WELD / "shot-000"
    (confirmed,) = [mark.fact for mark in marks_of(shot, StimulusConfirmed)]
    assert confirmed.readback and "relay 3 of 'bridges' closed across plus; closed: plus" in str(
        confirmed.value
    )
    assert list(marks_of(shot, StimulusCleared)) and list(marks_of(shot, SafeStateReached))


def test_in_simulated_time_a_card_with_a_real_port_is_played_and_its_port_left_alone(
    bridged: Path, tmp_path: Path
) -> None:
    port = tmp_path / "card"
    port.write_text("nobody opens it")
    file = bridged.with_name("real_port.toml")
    card = bridged.read_text().split("[instrument.bridges]")[1].split("[")[0]
    file.write_text(bridged.read_text().replace(card, card.replace('"virtual"', f'"{port}"')))
    run = Bench.open(file, time="simulated").run(WELD, repeat=1, workers=1)
    assert run.verdict is Verdict.PASS
    assert port.read_text() == "nobody opens it"


def test_the_list_of_faults_says_who_provides_contactors(
    bridged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hil_here("list", "faults", "--json", "--config", str(bridged)) == 0
    told = {one["fault"]: one for one in json.loads(capsys.readouterr().out)["faults"]}
    by = "Numato relay across plus and minus, plant model"
    assert told["contactor_weld"]["provided_by"] == {"Contactors": by}
    assert told["contactor_slow"]["provided_by"] == {"ContactorMechanics": "plant model"}


def test_relays_close_and_open_with_the_weld_and_one_that_sticks_is_told(bridged: Path) -> None:
    wired = Bench.open(bridged).wired

    async def main(clock: SimulatedClock) -> None:
        line = SimulatedSerial(clock, "card", 9600)
        asked = Options({RELAYS.name: 8})
        card, sim = KIND.drive(line.host, clock, asked), KIND.play(line.device, clock, asked)
        pack, timers = build_pack(wired, None, random.Random(1)), RigTimers(clock)
        plant = PlantContactors(pack=pack, timers=timers)
        bridges = {"plus": Bridge(card=card, relay=3, card_name="bridges")}
        on = BridgedContactors(bridges=bridges, plant=plant, timers=timers)

        def energised() -> list[int]:
            return [number for number, state in enumerate(sim.contacts(clock.now_ns()), 1) if state]

        pack.contactors.plus.closed = pack.contactors.minus.closed = True
        begun_ns = clock.now_ns()
        done = await on.weld(("plus", "minus"))
        assert energised() == [3] and done.low_ns == begun_ns < done.high_ns == clock.now_ns()
        await on.heal(("plus", "minus"))
        assert energised() == []
        await on.close("plus")
        assert energised() == [3]
        await on.heal(("plus",))
        sim.stick(3, clock.now_ns())
        with pytest.raises(InstrumentError, match="relay 3"):
            await on.weld(("plus",))

    run_simulated(main)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (("across_plus = 9",), "across_plus]: found 9 of 8 relays; expected a relay of the card"),
        (("across_plus = 2", "across_minus = 2"), "across_minus]: found 2, which is in `across_plus`"),
        (("opens = [1, 2]", "across_plus = 2"), "found 2, whose relay is in a cell's wire"),
        (
            (
                "across_plus = 1",
                '[instrument.more]\nkind = "devantech_relay"\nport = "virtual"\nacross_plus = 1',
            ),
            "more.across_plus]: found a second relay across it, beside that of 'bridges'",
        ),
    ],
)
def test_what_is_wrong_with_it_is_told(tmp_path: Path, keys: tuple[str, ...], told: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        load_bench(bench_with(tmp_path, *keys))
    assert told in str(wrong.value)


@pytest.mark.slow
def test_a_weld_runs_on_it_in_real_time(tmp_path: Path) -> None:
    file = bench_with(tmp_path, "across_plus = 3", "across_minus = 4")
    run = Bench.open(file, time="real").run(WELD, repeat=1)
    assert run.verdict is Verdict.PASS, run.result
    (confirmed,) = [
        mark.fact for mark in marks_of(run.folder / "scenarios" / WELD / "shot-000", StimulusConfirmed)
    ]
    assert "relay 3 of 'bridges' closed across plus" in str(confirmed.value)
